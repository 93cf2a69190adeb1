-- Closures, varargs, coroutines, goto, integer and float arithmetic.
local function counter() local n = 0; return function() n = n + 1; return n end end
local c1, c2 = counter(), counter()
print(c1(), c1(), c2(), c1())
local function sum(...) local s = 0; for _, v in ipairs({ ... }) do s = s + v end; return s, select("#", ...) end
print(sum(1, 2, 3), (sum()), sum(table.unpack({ 4, 5 })))
local function tail(n) if n == 0 then return "done" end; return tail(n - 1) end
print(tail(1000000))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end; return "end" end)
print(gen(), gen(), gen(), gen())
local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(a * c)
    error({ code = d + e })
end)
print(coroutine.resume(co, 2, 3)); print(coroutine.resume(co, 10))
local ok, err = coroutine.resume(co, 4, 5); print(ok, err.code, coroutine.status(co), coroutine.resume(co))
print(coroutine.isyieldable(), coroutine.running())
local function permutations(t, n)
    if n == 0 then coroutine.yield(table.concat(t)) end
    for i = 1, n do t[i], t[n] = t[n], t[i]; permutations(t, n - 1); t[i], t[n] = t[n], t[i] end
end
local all = {}
for p in coroutine.wrap(function() permutations({ "a", "b", "c" }, 3) end) do all[#all + 1] = p end
print(table.concat(all, " "))
local many = {}
for i = 1, 2000 do many[i] = coroutine.wrap(function() local s = i; while true do s = s + coroutine.yield(s) end end); many[i]() end
local total = 0
for i = 1, 2000 do total = total + many[i](i) end
print(total)
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end; io.write(i, j, " ") ::continue:: end end
print()
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, 2 ^ 10, 1 << 62, ~0, 5 & 3 | 8 ~ 1, "10" + 5, 10 / 2)
print(math.maxinteger + 1 == math.mininteger, math.type(1), math.type(1.0), math.type("1"), 1 == 1.0, 0x7fffffffffffffff, 0x1p4)
print(math.floor(-3.5), math.ceil(3.2), math.fmod(-7, 3), math.tointeger(5.0), math.ult(1, -1), math.huge, -math.huge, 0 / 0 ~= 0 / 0)
print(math.sin(1), math.exp(1), math.log(8, 2), math.sqrt(2), math.abs(math.mininteger), tostring(1e15), 2 ^ 53, 1e16, 0.1)
math.randomseed(42); local r = math.random(100); math.randomseed(42); print(r == math.random(100), pcall(math.random, 2, 1))
