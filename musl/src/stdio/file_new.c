/* SPDX-License-Identifier: MIT
 *
 * A FILE for an open descriptor. Fopen needs no more, as it opens with all that (mode) asks for;
 * fdopen has fcntl with it. Whether it is a terminal is a question of its own, as for stdout. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libc.h"
#include "pith_libc.h"
#include "stdio_impl.h"

struct file_with_buffer {
    FILE file;
    unsigned char buffer[UNGET + BUFSIZ];
};

FILE *__pith_file_new(int fd, const char *mode)
{
    struct file_with_buffer *whole = malloc(sizeof(*whole));
    if (!whole)
        return NULL;
    int flags = __fmodeflags(mode), access = flags & O_ACCMODE;
    whole->file = (FILE){
        .fd = fd,
        .flags = (access == O_RDONLY   ? F_NOWR
                  : access == O_WRONLY ? F_NORD
                                       : 0) |
                 (flags & O_APPEND ? F_APP : 0),
        .buf = whole->buffer + UNGET,
        .buf_size = BUFSIZ,
        .lbf = access != O_RDONLY && fd_is_terminal(fd) ? '\n' : EOF,
        .lock = libc.threaded ? 0 : -1,
        .read = __stdio_read,
        .write = __stdio_write,
        .seek = __stdio_seek,
        .close = __stdio_close,
    };
    return __ofl_add(&whole->file);
}
