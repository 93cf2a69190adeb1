/* SPDX-License-Identifier: MIT
 *
 * Many Lua states, each in a thread of its own, compute at once; each must find what it finds alone.
 * Prints "N states ok". */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lauxlib.h"
#include "lualib.h"

#define STATES 16

/* Tables, strings, coroutines and garbage; the answer depends on the number in (n). */
static const char script[] =
    "local sum, parts = 0, {}\n"
    "local co = coroutine.wrap(function() for i = 1, 1e9 do coroutine.yield(i * n) end end)\n"
    "for i = 1, 5000 do\n"
    "    sum = sum + co()\n"
    "    parts[#parts + 1] = ('%x'):format(sum):rep(3)\n"
    "    if i % 1000 == 0 then collectgarbage() end\n"
    "end\n"
    "table.sort(parts)\n"
    "assert(sum == n * 5000 * 5001 // 2 and #table.concat(parts) > 5000)\n"
    "return pcall(error, 'state ' .. n)\n";

static void *state(void *number)
{
    lua_State *l = luaL_newstate();
    long n = (long)number;
    char expected[32];
    int good;

    if (!l)
        return NULL;
    luaL_openlibs(l);
    lua_pushinteger(l, n);
    lua_setglobal(l, "n");
    snprintf(expected, sizeof expected, "state %ld", n);
    good = luaL_dostring(l, script) == LUA_OK && !lua_toboolean(l, -2) &&
           strcmp(lua_tostring(l, -1), expected) == 0;
    if (!good)
        fprintf(stderr, "state %ld: %s\n", n, lua_tostring(l, -1));
    lua_close(l);
    return good ? number : NULL;
}

int main(void)
{
    pthread_t threads[STATES];
    int good = 0;

    for (long i = 0; i < STATES; i++)
        if (pthread_create(&threads[i], NULL, state, (void *)(i + 1)) != 0)
            return 1;
    for (long i = 0; i < STATES; i++) {
        void *result;
        good += pthread_join(threads[i], &result) == 0 && result == (void *)(i + 1);
    }
    printf("%d states ok\n", good);
    return good != STATES;
}
