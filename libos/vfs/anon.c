/* SPDX-License-Identifier: MIT
 *
 * Open files without inode. */
#include <fcntl.h>

#include "vfs/open.h"

struct file *file_anonymous(const struct file_ops *ops, void *data, unsigned flags)
{
    struct file *f = data ? file_alloc(flags & (FILE_ACCESS | O_NONBLOCK)) : NULL;

    if (!f)
        return NULL;
    f->ops = ops;
    f->data = data;
    f->kind = FILE_NO_POSITION;
    f->mode = 0600;
    return f;
}
