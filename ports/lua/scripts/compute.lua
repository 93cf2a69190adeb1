-- Longer computations, whose results are known only to the interpreter: sieve, n-body, matrices, queens, JSON, Life.
local function sieve(n)
    local composite, count = {}, 0
    for i = 2, n do
        if not composite[i] then count = count + 1; for j = i * i, n, i do composite[j] = true end end
    end
    return count
end
print(sieve(200000))
local bodies = { { 0, 0, 0, 0, 0, 0, 39.5 }, { 4.84, -1.16, -0.10, 0.61, 2.81, -0.02, 0.037 }, { 8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011 } }
for _ = 1, 20000 do
    for i = 1, #bodies do
        local a = bodies[i]
        for j = i + 1, #bodies do
            local b = bodies[j]
            local dx, dy, dz = a[1] - b[1], a[2] - b[2], a[3] - b[3]
            local d2 = dx * dx + dy * dy + dz * dz
            local mag = 0.001 / (d2 * d2 ^ 0.5)
            a[4], a[5], a[6] = a[4] - dx * b[7] * mag, a[5] - dy * b[7] * mag, a[6] - dz * b[7] * mag
            b[4], b[5], b[6] = b[4] + dx * a[7] * mag, b[5] + dy * a[7] * mag, b[6] + dz * a[7] * mag
        end
    end
    for _, a in ipairs(bodies) do a[1], a[2], a[3] = a[1] + 0.001 * a[4], a[2] + 0.001 * a[5], a[3] + 0.001 * a[6] end
end
print(("%.9f %.9f %.9f"):format(bodies[1][1], bodies[2][2], bodies[3][3]))
local function queens(n)
    local count, cols, d1, d2 = 0, {}, {}, {}
    local function place(r)
        if r > n then count = count + 1; return end
        for c = 1, n do
            if not (cols[c] or d1[r + c] or d2[r - c + n]) then
                cols[c], d1[r + c], d2[r - c + n] = true, true, true
                place(r + 1)
                cols[c], d1[r + c], d2[r - c + n] = nil, nil, nil
            end
        end
    end
    place(1)
    return count
end
print(queens(8))
local function json(v)
    if type(v) == "table" then
        if #v > 0 then
            local parts = {}
            for i, x in ipairs(v) do parts[i] = json(x) end
            return "[" .. table.concat(parts, ",") .. "]"
        end
        local keys, parts = {}, {}
        for k in pairs(v) do keys[#keys + 1] = k end
        table.sort(keys)
        for i, k in ipairs(keys) do parts[i] = ("%q:%s"):format(k, json(v[k])) end
        return "{" .. table.concat(parts, ",") .. "}"
    end
    return type(v) == "string" and ("%q"):format(v) or tostring(v)
end
print(json({ name = "pith", sizes = { 1, 2.5, { deep = true } }, empty = {} }))
local alive = {}
for _, p in ipairs({ "1,0", "2,1", "0,2", "1,2", "2,2" }) do alive[p] = true end
for _ = 1, 40 do
    local near = {}
    for p in pairs(alive) do
        local x, y = p:match("(-?%d+),(-?%d+)")
        for dx = -1, 1 do for dy = -1, 1 do
            if dx ~= 0 or dy ~= 0 then local q = (x + dx) .. "," .. (y + dy); near[q] = (near[q] or 0) + 1 end
        end end
    end
    local next_alive = {}
    for p, n in pairs(near) do if n == 3 or (n == 2 and alive[p]) then next_alive[p] = true end end
    alive = next_alive
end
local cells = {}
for p in pairs(alive) do cells[#cells + 1] = p end
table.sort(cells); print(table.concat(cells, " "))
