-- Garbage collection: weak tables, finalisers, modes, large allocations that come and go.
collectgarbage(); collectgarbage()
local before = collectgarbage("count")
do
    local keep = {}
    for i = 1, 200000 do keep[i] = { i, tostring(i) } end
    print(#keep, collectgarbage("count") > before + 1000)
end
collectgarbage(); collectgarbage()
print(collectgarbage("count") < before + 500)
local weak = setmetatable({}, { __mode = "v" })
weak[1], weak.kept = {}, print
collectgarbage(); print(weak[1], weak.kept == print)
local ephemeron = setmetatable({}, { __mode = "k" })
do local k = {}; ephemeron[k] = { k } end
collectgarbage(); print(next(ephemeron))
local finalised = 0
for i = 1, 1000 do setmetatable({}, { __gc = function() finalised = finalised + 1 end }) end
collectgarbage(); collectgarbage(); print(finalised)
print(collectgarbage("generational"), collectgarbage("incremental"), collectgarbage("isrunning"))
local s = ("x"):rep(20 * 1024 * 1024); print(#s); s = nil; collectgarbage()
for round = 1, 20 do local t = {}; for i = 1, 20000 do t[i] = ("s" .. i):rep(3) end end
print(collectgarbage("step", 1000000))
setmetatable({}, { __gc = function() print("finaliser at the end") end })
