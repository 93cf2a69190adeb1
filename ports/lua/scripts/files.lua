-- io and os on files: modes, lines, seeking, buffering, temporary files, errors; run in a folder it may write to.
local name = os.tmpname()
print(type(name), name:match("^/tmp/lua_") ~= nil, os.remove(name))
local f = assert(io.open("t.txt", "w"))
print(io.type(f), f:write("first line\n", 2, " ", 3.5, "\n", "third"), f:seek("cur"), f:seek("set", 3), f:close(), io.type(f))
for line in io.lines("t.txt") do print("[" .. line .. "]") end
f = io.open("t.txt", "r+")
print(f:read("l"), f:read("n"), f:read("n"), f:read(1), f:read("a"), f:read("a"), f:read("l"))
print(f:seek("set"), f:read(5), f:seek("end"), f:write("\nappended"), f:seek("set", 0), #f:read("a"))
f:close()
f = io.open("t.txt", "a+"); f:write("more"); f:seek("set", 0); print(f:read("L")); f:close()
print(pcall(f.read, f)); print(io.open("none/x", "w")); print(pcall(io.open, "t.txt", "zz"))
f = io.open("big.bin", "wb")
f:setvbuf("full", 100000)
local chunk = {}
for i = 0, 255 do chunk[#chunk + 1] = string.char(i) end
chunk = table.concat(chunk)
for _ = 1, 4000 do f:write(chunk) end
print(f:seek("cur"), f:close())
f = io.open("big.bin", "rb")
local bytes, sum = 0, 0
while true do
    local piece = f:read(4099)
    if not piece then break end
    bytes, sum = bytes + #piece, (sum * 31 + piece:byte(-1)) % 1000000007
end
print(bytes, sum, f:seek("set", 257), f:read(3):byte(1, -1)); f:close()
f = io.open("lines", "w")
for i = 1, 20000 do f:write(i, "\n") end
f:close()
local total = 0
for n in io.lines("lines", "n") do total = total + n end
print(total)
print(os.rename("lines", "renamed"), io.open("lines"), os.remove("renamed"), os.remove("none"), os.rename("none", "x"))
local t = io.tmpfile(); t:write("temporary"); t:seek("set"); print(t:read("a")); t:close()
local saved = io.output(); io.output("out.txt"); io.write("through io.output"); io.close(); io.output(saved)
print(io.input("out.txt"):read("a")); io.close(io.input()); io.input(io.stdin)
io.stderr:write(""); io.stdout:setvbuf("no"); print(io.read("n", "l", "L", 3, "a")); print(io.read("l"), io.read(0))
print(os.time({ year = 2024, month = 2, day = 29, hour = 12 }), os.date("!%Y-%m-%d %H:%M:%S", 86400), os.date("!*t", 0).year)
print(os.time() > 1600000000, os.clock() >= 0, os.getenv("NONE"), os.getenv("GIVEN"), os.setlocale(), os.difftime(5, 3))
print(pcall(os.date, "%Ez", 0)); print(os.setlocale("C"), os.setlocale("nonsense") == nil)
os.exit(37, true)
