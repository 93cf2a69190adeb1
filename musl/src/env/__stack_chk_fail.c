/* SPDX-License-Identifier: MIT
 *
 * What -fstack-protector code uses. The canary is in the thread's struct pthread, at %fs:40. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "pthread_impl.h"
#include "libc.h"
#include "pith_libc.h"

/* libos/iface/plat.h: ends the machine with a crash report of the caller. */
_Noreturn void plat_crash(int sig, const char *reason);

uintptr_t __stack_chk_guard;

/* (entropy): 16 random bytes, AT_RANDOM. */
void __init_ssp(void *entropy)
{
    if (entropy)
        memcpy(&__stack_chk_guard, entropy, sizeof(__stack_chk_guard));
    else
        __stack_chk_guard = (uintptr_t)&__stack_chk_guard * 0x9e3779b97f4a7c15;

    /* A zero byte stops string functions from reading or writing the canary. It is the second, so
     * that a string that is one byte too long is noticed too. */
    __stack_chk_guard &= ~(uintptr_t)0xff00;
    __pthread_self()->canary = __stack_chk_guard;
}

_Noreturn void __stack_chk_fail(void)
{
    plat_crash(SIGABRT, "stack smashing detected");
}
