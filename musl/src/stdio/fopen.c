/* SPDX-License-Identifier: MIT
 *
 * Fopen without fcntl: the call that opens the file says all. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pith_libc.h"
#include "stdio_impl.h"

FILE *fopen(const char *restrict name, const char *restrict mode)
{
    if (*mode == '\0' || !strchr("arw", *mode)) {
        errno = EINVAL;
        return NULL;
    }
    int fd = sys_open(name, __fmodeflags(mode), 0666);
    if (fd < 0)
        return NULL;
    FILE *f = __pith_file_new(fd, mode);
    if (!f)
        __syscall(SYS_close, fd);
    return f;
}
weak_alias(fopen, fopen64);
