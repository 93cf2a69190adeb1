/* SPDX-License-Identifier: MIT
 *
 * Files that hand everything on to other files (forward.h). O_NONBLOCK is that of the file behind.
 */
#include <errno.h>

#include "vfs/forward.h"
#include "vfs/open.h"

static const struct forward *target(const struct file *f)
{
    return f->data;
}

static ssize_t forward_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct file *in = target(f)->in;

    return in->ops->readv ? in->ops->readv(in, iov, n, pos) : -EINVAL;
}

static ssize_t forward_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct file *out = target(f)->out;

    return out->ops->writev ? out->ops->writev(out, iov, n, pos) : -EINVAL;
}

/* That of the two files which says what the file is. */
static struct file *behind(const struct file *f)
{
    return (f->flags & FILE_ACCESS) == 1 ? target(f)->out : target(f)->in;
}

/* A file that is open both ways waits for input only: output to the console never has to wait long.
 */
static int forward_poll(struct file *f, struct wait_queue **q)
{
    int both = (f->flags & FILE_ACCESS) == 2 ? target(f)->out->ops->poll(target(f)->out, q) : 0;

    return behind(f)->ops->poll(behind(f), q) | both;
}

static long forward_ioctl(struct file *f, unsigned long request, long arg)
{
    struct file *to = behind(f);

    return to->ops->ioctl ? to->ops->ioctl(to, request, arg) : -ENOTTY;
}

static const struct file_ops forward_ops = {
    .readv = forward_readv,
    .writev = forward_writev,
    .poll = forward_poll,
    .ioctl = forward_ioctl,
    .release = file_free,
};

void forward_open(struct file *f, const struct forward *to)
{
    f->ops = &forward_ops;
    f->data = (void *)to;
    f->kind = FILE_STREAM | (behind(f)->kind & FILE_TERMINAL);
}
