/* SPDX-License-Identifier: MIT
 *
 * ioctl(2): what is the same for all files, and the rest for each to answer. */
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iface/cred.h"
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

#define PROC_BLOCK 1024

/* FIOQSIZE: what a file has of the memory. */
static long give_size(const struct inode *in, long arg)
{
    int64_t *size = (int64_t *)arg;

    if (!S_ISREG(in->mode) && !S_ISDIR(in->mode) && !S_ISLNK(in->mode))
        return -ENOTTY;
    if (!user_writable(size, sizeof(*size)))
        return -EFAULT;
    *size = (int64_t)in->blocks * 512;
    return 0;
}

/* FS_IOC_SETFLAGS: no file here has a flag of chattr(1). */
static long take_attributes(const struct inode *in, const int *flags)
{
    if (!user_readable(flags, sizeof(*flags)))
        return -EFAULT;
    if (*flags)
        return -EOPNOTSUPP;
    return may_as_owner(in);
}

/* What Linux's file systems in memory answer about files and directories. -ENOTTY: nothing. */
static long file_request(struct inode *in, unsigned request, long arg)
{
    bool kept = in->fs->xattrs && (S_ISREG(in->mode) || S_ISDIR(in->mode));

    switch (request) {
    case FIGETBSZ:
        return user_give_int(arg, strcmp(in->fs->type, "proc") == 0 ? PROC_BLOCK : (int)PAGE_SIZE);
    case FIOQSIZE:
        return give_size(in, arg);
    case FIBMAP:
        if (!S_ISREG(in->mode))
            return -ENOTTY;
        return cred_may(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
    case FS_IOC_GETFLAGS:
        return kept ? user_give_int(arg, 0) : -ENOTTY;
    case FS_IOC_SETFLAGS:
        return kept ? take_attributes(in, (const int *)arg) : -ENOTTY;
    case FICLONE:
    case FICLONERANGE:
        return kept && S_ISREG(in->mode) ? -EOPNOTSUPP : -ENOTTY;
    default:
        return -ENOTTY;
    }
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
    long r = f->ops->ioctl ? f->ops->ioctl(f, (unsigned)request, arg) : -ENOTTY;
    return r == -ENOTTY && f->inode ? file_request(f->inode, (unsigned)request, arg) : r;
}
