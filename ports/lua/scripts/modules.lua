-- require: packed modules, package tables, preload, searchers, errors.
local here = arg[0]:match("^(.*)/") or "."
package.path = here .. "/modules/?.lua"
local stack = require("stack")
local s = stack.new(); s:push(1); s:push("two"); print(s:pop(), s:pop(), s:pop(), require("stack") == stack)
package.preload.virtual = function(name, extra) return { name = name, extra = extra } end
print(require("virtual").name, require("virtual").extra, package.loaded.virtual ~= nil, #package.searchers)
print(select(2, pcall(require, "missing.module"))); print(pcall(require, "broken"))
print(package.searchpath("stack", package.path) == here .. "/modules/stack.lua", package.config:sub(1, 1))
print(package.loadlib("/none.so", "f") == nil, #arg, arg[1], arg[2], ...)
print(dofile(here .. "/modules/stack.lua") ~= stack, loadfile(here .. "/none.lua"))
