/* SPDX-License-Identifier: MIT
 *
 * The first write to stdout finds out whether it is a terminal: by a question of its own, as ioctl
 * would bring what all files can be asked. */
#include "stdio_impl.h"
#include "pith_libc.h"

size_t __stdout_write(FILE *f, const unsigned char *buf, size_t len)
{
    f->write = __stdio_write;
    if (!(f->flags & F_SVB) && !fd_is_terminal(f->fd))
        f->lbf = -1;
    return __stdio_write(f, buf, len);
}
