/* SPDX-License-Identifier: MIT
 *
 * fcntl(2) with commands that make a file send signals: <bits/pith_fcntl.h> says what else there is. */
#include <fcntl.h>
#include <stdarg.h>

/* Whoever names it has files that send signals in the image (libos/posix/async.c). */
extern const void *const pith_async_parts[];

int __pith_fcntl_async(int fd, int command, ...);
int __pith_fcntl(int fd, int command, ...);

int __pith_fcntl_async(int fd, int command, ...)
{
    va_list list;

    __asm__ volatile("" : : "r"(pith_async_parts));
    va_start(list, command);
    unsigned long arg = va_arg(list, unsigned long);
    va_end(list);
    return __pith_fcntl(fd, command, arg);
}
