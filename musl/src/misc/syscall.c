/* SPDX-License-Identifier: MIT
 *
 * syscall(2) for numbers known only at run time; with a constant, <sys/syscall.h> calls by name. */
#define _BSD_SOURCE
#include <stdarg.h>
#include <unistd.h>
#include "pith_libc.h"
#include "syscall.h"

#undef syscall

long __pith_syscall_ret(unsigned long r)
{
    return __syscall_ret(r);
}

long syscall(long n, ...)
{
    long a[6];
    va_list ap;

    /* Six are fetched whatever was passed: the caller's registers hold something. */
    va_start(ap, n);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    return __syscall_ret(pith_syscall_dyn(n, a[0], a[1], a[2], a[3], a[4], a[5]));
}
