local stack = {}
stack.__index = stack
function stack.new() return setmetatable({ n = 0 }, stack) end
function stack:push(v) self.n = self.n + 1; self[self.n] = v end
function stack:pop()
    if self.n == 0 then return nil, "empty" end
    local v = self[self.n]
    self[self.n], self.n = nil, self.n - 1
    return v
end
return stack
