/* SPDX-License-Identifier: MIT
 *
 * One system call that Pith does not have, for programs linked with pith cc --allow-missing: says
 * so once and answers ENOSYS. Compiled once for each such call, with -DCALL=name, into
 * libpith-missing.a. */
#include <errno.h>
#include <stdbool.h>

#include "base/log.h"

#define TEXT_(call) #call
#define TEXT(call)  TEXT_(call)

/* Whatever the call's arguments are. */
long missing(void) __asm__("pith_sys_" TEXT(CALL));

long missing(void)
{
    static bool said;

    if (!said) {
        said = true;
        log_line("system call " TEXT(CALL) " does not exist here: ENOSYS (called from 0x%lx)",
                 (unsigned long)__builtin_return_address(0));
    }
    return -ENOSYS;
}
