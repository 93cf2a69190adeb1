/* SPDX-License-Identifier: MIT
 *
 * fcntl(2) with any command, leases among them: <bits/pith_fcntl.h> says what else there is. */
#include <fcntl.h>
#include <stdarg.h>

#undef fcntl

/* Whoever names it has leases of files in the image (libos/posix/lease.c). */
extern const void *const pith_lease_parts[];

int fcntl(int fd, int command, ...);
int __pith_fcntl_async(int fd, int command, ...);

int fcntl(int fd, int command, ...)
{
    va_list list;

    __asm__ volatile("" : : "r"(pith_lease_parts));
    va_start(list, command);
    unsigned long arg = va_arg(list, unsigned long);
    va_end(list);
    return __pith_fcntl_async(fd, command, arg);
}
