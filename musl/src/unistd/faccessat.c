/* SPDX-License-Identifier: MIT
 *
 * faccessat is one call. Musl's own, for kernels without faccessat2, asks a process that it clones. */
#include <unistd.h>
#include "syscall.h"

int faccessat(int fd, const char *filename, int amode, int flag)
{
    if (flag)
        return syscall(SYS_faccessat2, fd, filename, amode, flag);
    return syscall(SYS_faccessat, fd, filename, amode);
}
