/* SPDX-License-Identifier: MIT
 *
 * One system call that Pith does not have, for programs linked with pith cc --allow-missing: says
 * so once and answers ENOSYS. Compiled once for each such call, with -DCALL=name, into
 * libpith-missing.a. */
#include <errno.h>
#include <stdbool.h>

#include "base/log.h"
#include "pith_calls.h"

#define JOIN(a, b)  a##b
#define NAME(call)  JOIN(pith_sys_, call)
#define TEXT_(call) #call
#define TEXT(call)  TEXT_(call)

long NAME(CALL)(long a, long b, long c, long d, long e, long f)
{
    static bool said;

    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    if (!said) {
        said = true;
        log_line("system call " TEXT(CALL) " does not exist here: ENOSYS (called from 0x%lx)",
                 (unsigned long)__builtin_return_address(0));
    }
    return -ENOSYS;
}
