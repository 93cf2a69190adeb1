-- Strings: patterns, formats, packing, searching, UTF-8.
for word, n in ("one=1, two=22, three=333"):gmatch("(%a+)=(%d+)") do print(word, n) end
print(("hello world"):gsub("o", "0"), ("abc"):rep(3, "-"), ("x"):byte(), #("a\0b"))
print(("%5.2f|%-8s|%08d|%x|%q|%g|%i"):format(3.14159, "left", 42, 255, "quo\"te\n", 1e100, 7))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
print(("nested (a (b) c) end"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"))
print(("abc"):gsub("%w", { a = "1", b = false }), ("abc"):gsub("", "-"), ("hello"):gsub("l+", string.upper))
print(pcall(string.rep, "x", 1 << 40), pcall(string.gsub, "x", "(", ""))
print(("x"):rep(0), ("%d"):format(3.0), pcall(string.format, "%d", 3.5))
local packed = string.pack("<i4 >i8 z s2 d", -5, 1 << 40, "zero", "counted", 0.5)
print(#packed, string.unpack("<i4 >i8 z s2 d", packed))
for p, c in utf8.codes("aä€😀") do io.write(p, ":", c, " ") end
print(utf8.char(97, 228, 8364, 128512), utf8.len("aä€😀"), utf8.len("\xff"), utf8.offset("aä€", 3))
print(("a,b,,c"):find(",", 1, true), ("%bxy"):len(), ("ABC"):lower(), (" trim "):match("^%s*(.-)%s*$"))
local big = {}
for i = 1, 20000 do big[i] = string.char(i % 26 + 97) end
big = table.concat(big)
local _, count = big:gsub("abc", "")
print(#big, count, big:reverse():sub(-5), tostring(nil) .. tostring(true))
