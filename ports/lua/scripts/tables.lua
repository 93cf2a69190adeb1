-- Tables and metatables.
local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t); print(table.concat(t, " "))
table.sort(t, function(a, b) return a > b end); print(table.concat(t, " "))
table.insert(t, 7); table.insert(t, 1, 0); print(table.concat(t, " "), table.remove(t), table.remove(t, 1), #t)
print(table.unpack({ 1, 2, nil, 4 }, 1, 4)); print(select("#", table.unpack({}, 1, 3)), select(-1, "a", "b"))
print(table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), ","), table.pack(1, nil, 3).n, next({}))
local n, keys = 0, {}
for i = 1, 50000 do keys["key" .. i] = i end
for _, v in pairs(keys) do n = n + v end
for i = 1, 50000, 2 do keys["key" .. i] = nil end
local left = 0
for _ in pairs(keys) do left = left + 1 end
print(n, left)
local Point = {}
Point.__index = Point
Point.__add = function(a, b) return Point.new(a.x + b.x, a.y + b.y) end
Point.__eq = function(a, b) return a.x == b.x and a.y == b.y end
Point.__lt = function(a, b) return a.x < b.x end
Point.__le = function(a, b) return a.x <= b.x end
Point.__tostring = function(p) return "(" .. p.x .. "," .. p.y .. ")" end
Point.__len = function() return 2 end
Point.__call = function(p, k) return p[k] end
Point.__concat = function(a, b) return tostring(a) .. "~" .. tostring(b) end
Point.__unm = function(p) return Point.new(-p.x, -p.y) end
function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end
local a, b = Point.new(1, 2), Point.new(3, 4)
print(tostring(a + b), a == Point.new(1, 2), a < b, a <= b, #a, a("y"), a .. b, tostring(-a))
local log = setmetatable({}, { __index = function(_, k) return k * 2 end, __newindex = function(s, k, v) rawset(s, k, v + 1) end })
log[1] = 10; print(log[1], log[21], rawget(log, 21), rawlen({ 1, 2 }), rawequal(a, a))
local locked = setmetatable({}, { __metatable = "locked", __pairs = function() return function(_, k) if not k then return 1, "only" end end, nil, nil end })
print(getmetatable(locked), pcall(setmetatable, locked, {}))
for k, v in pairs(locked) do print(k, v) end
do
    local order = {}
    do
        local c <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = "closed " .. tostring(e) end })
        local k <const> = 5
        order[#order + 1] = "inside " .. k
    end
    print(table.concat(order, ", "))
end
