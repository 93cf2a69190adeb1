/* SPDX-License-Identifier: MIT
 *
 * The descriptor table as a program finds it that only uses descriptors 0 to 2: all that a
 * small image links of the descriptors. fd_alloc.c makes and closes them. */
#include "vfs/fd.h"

/* stdio_files is never written through this: fd_alloc.c copies the table before its first change.
 */
struct fd_table fd_table = {
    .files = (struct file **)stdio_files,
    .size = ARRAY_LEN(stdio_files),
    .limit = FD_LIMIT_DEFAULT,
};

bool fd_is_terminal(int fd)
{
    const struct file *f = fd_get(fd);

    return f && f->kind & FILE_TERMINAL;
}
