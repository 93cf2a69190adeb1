/* SPDX-License-Identifier: MIT
 *
 * ioctl(2): what is the same for all files, and the rest for each to answer. */
#include <sys/ioctl.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/files.h"

LINKS(console_ioctl);

/* Sets the status flags in (which) to those of (flags). */
static void set_flags(struct file *f, unsigned which, unsigned flags)
{
    f->flags = (f->flags & ~which) | (flags & which);
}

/* FIONREAD of a file that does not answer itself: what is left of it. */
static long bytes_left(const struct file *f, long arg)
{
    if (!f->inode || !S_ISREG(f->inode->mode))
        return -ENOTTY;
    return user_give_int(arg, (int)(f->inode->size - f->pos));
}

long pith_sys_ioctl(long fd, long request, long arg)
{
    HOLD;
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    switch ((unsigned)request) {
    case FIOCLEX:
    case FIONCLEX:
        fd_set_cloexec((unsigned)fd, (unsigned)request == FIOCLEX);
        return 0;
    case FIONBIO:
        if (!user_readable((int *)arg, sizeof(int)))
            return -EFAULT;
        set_flags(f, O_NONBLOCK, *(int *)arg ? O_NONBLOCK : 0);
        return 0;
    case FIONREAD:
        if (!f->ops->ioctl)
            return bytes_left(f, arg);
        break;
    default:
        break;
    }
    return f->ops->ioctl ? f->ops->ioctl(f, (unsigned)request, arg) : -ENOTTY;
}
