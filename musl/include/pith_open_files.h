/* SPDX-License-Identifier: MIT
 *
 * Included before those of libc's files that go through the list of open files: what has no function
 * that opens one has no list, and nothing that guards it. */
#include "stdio_impl.h"

#pragma weak __ofl_lock
#pragma weak __ofl_unlock

static inline FILE **__pith_ofl_lock(void)
{
    static FILE *none;

    return __ofl_lock ? __ofl_lock() : &none;
}

static inline void __pith_ofl_unlock(void)
{
    if (__ofl_unlock)
        __ofl_unlock();
}

#define __ofl_lock   __pith_ofl_lock
#define __ofl_unlock __pith_ofl_unlock
