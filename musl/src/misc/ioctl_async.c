/* SPDX-License-Identifier: MIT
 *
 * ioctl(2) with any request: <bits/pith_ioctl.h> says what else there is. */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include "syscall.h"

#undef ioctl

/* Of libos/posix/async.c. */
long pith_async_ioctl(long fd, unsigned request, long arg);

int ioctl(int fd, int request, ...);
int __pith_ioctl(int fd, int request, ...);

int ioctl(int fd, int request, ...)
{
    va_list list;

    va_start(list, request);
    void *arg = va_arg(list, void *);
    va_end(list);
    long r = pith_async_ioctl(fd, (unsigned)request, (long)arg);
    return r == -ENOSYS ? __pith_ioctl(fd, request, arg) : (int)__syscall_ret((unsigned long)r);
}
