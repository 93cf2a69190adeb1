/* SPDX-License-Identifier: MIT
 *
 * System calls of the host for what runs once the guest has been entered: libc's would set errno,
 * which is found through the thread pointer, and in a process that is the guest's from then on
 * (reports take it back: guest_take_thread_pointer). For the same reason the monitor's stack
 * protector uses a global canary (module.mk). */
#ifndef PITH_MONITOR_SYS_H
#define PITH_MONITOR_SYS_H

#include <sys/syscall.h>

/* Returns what the kernel does: a result, or a negative error number. */
static inline long sys6(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long sys4(long number, long a, long b, long c, long d)
{
    return sys6(number, a, b, c, d, 0, 0);
}

static inline long sys3(long number, long a, long b, long c)
{
    return sys6(number, a, b, c, 0, 0, 0);
}

#endif
