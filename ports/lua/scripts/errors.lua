-- Errors: pcall, error values, levels, tracebacks, runtime errors and their messages, assert, xpcall.
print(pcall(error, "plain")); print(pcall(error, { 1 })); print(pcall(error)); print(pcall(error, "level", 2))
local function f() local x = nil; return x.field end
print(pcall(f)); print(pcall(function() return 1 + {} end)); print(pcall(function() return #5 end))
print(pcall(function() return "a" < 1 end)); print(pcall(function() undefinedfunction() end))
print(pcall(function() return 1 // 0 end)); print(pcall(function() return 1 % 0 end)); print(1 / 0)
print(pcall(function() local t = setmetatable({}, { __index = function(_, k) error("no " .. k) end }); return t.x end))
print(select(2, pcall(assert, false, "assertion")), select(2, pcall(assert, nil)), pcall(assert, 1, 2))
print(xpcall(function() error("handled") end, function(m) return "handler got " .. m end))
print(select(2, xpcall(f, debug.traceback)))
print(load("x = = 1")); print(load("return 1 +", "chunk")); print(load("for"))
local function deep(n) return 1 + deep(n + 1) end
local ok, message = pcall(deep, 1)
print(ok, message:match("stack overflow"))
print(pcall(string.rep)); print(pcall(setmetatable, 1, 2)); print(pcall(ipairs)); print(tostring(print):match("^builtin") or "function")
local env = { print = print }
print(load("y = 5; return y", "c", "t", env)(), env.y, y)
print(pcall(load, "return 1", "c", "b")); print(load("return ...", "varargs")(7, 8))
local dumped = string.dump(function(a) return a * 2 end)
print(load(dumped, "binary", "b")(21), load(dumped, "binary", "t"))
local info = debug.getinfo(f, "S"); print(info.what, info.linedefined, debug.getinfo(1, "l").currentline)
local hits = 0
debug.sethook(function() hits = hits + 1 end, "l")
local _ = 1
_ = 2
debug.sethook()
print(hits)
