/* SPDX-License-Identifier: MIT
 *
 * exit, by one thread: another one that calls it meanwhile waits for the end of the program. The
 * same one, from a function that exit calls, goes on with the functions that are left. */
#include <stdint.h>
#include <stdlib.h>
#include "libc.h"
#include "pthread_impl.h"

static void nothing(void)
{
}

/* Defined by what needs them. */
weak_alias(nothing, __funcs_on_exit);
weak_alias(nothing, __stdio_exit);
weak_alias(nothing, _fini);

extern weak hidden void (*const __fini_array_start[])(void);
extern weak hidden void (*const __fini_array_end[])(void);

static void run_fini(void)
{
    for (void (*const *f)(void) = __fini_array_end; f > __fini_array_start;)
        (*--f)();
    _fini();
}
weak_alias(run_fini, __libc_exit_fini);

_Noreturn void exit(int code)
{
    static volatile int owner;
    int self = __pthread_self()->tid;
    int before = a_cas(&owner, 0, self);

    while (before && before != self)
        __futexwait(&owner, before, 1);
    __funcs_on_exit();
    __libc_exit_fini();
    __stdio_exit();
    _Exit(code);
}
