/* SPDX-License-Identifier: MIT
 *
 * Fdopen: what (mode) asks for that the descriptor may lack, and a FILE. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pith_libc.h"
#include "stdio_impl.h"

FILE *__fdopen(int fd, const char *mode)
{
    if (*mode == '\0' || !strchr("arw", *mode)) {
        errno = EINVAL;
        return NULL;
    }
    int wanted = __fmodeflags(mode);
    FILE *f = __pith_file_new(fd, mode);
    if (!f)
        return NULL;
    if (wanted & O_CLOEXEC)
        __syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    if (wanted & O_APPEND) {
        long flags = __syscall(SYS_fcntl, fd, F_GETFL);
        if (flags >= 0 && !(flags & O_APPEND))
            __syscall(SYS_fcntl, fd, F_SETFL, flags | O_APPEND);
    }
    return f;
}
weak_alias(__fdopen, fdopen);
