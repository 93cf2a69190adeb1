/* SPDX-License-Identifier: MIT
 *
 * splice, tee and vmsplice. */
#include <limits.h>

#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/splice.h"
#include "vfs/vector.h"

#define FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

/* One side of a splice. */
struct side {
    struct file *file;
    struct pipe *pipe; /* or NULL */
    off_t *off;        /* of the program, or NULL */
    uint64_t pos;
};

/* Fills in all but the file, where (off) is the program's pointer. 0; -ESPIPE, -EFAULT. */
static long side_start(struct side *s, long off)
{
    s->pipe = pipe_from(s->file);
    s->off = (off_t *)off;
    if (s->pipe && off)
        return -ESPIPE;
    if (off && !user_writable(s->off, sizeof(*s->off)))
        return -EFAULT;
    s->pos = off ? (uint64_t)*s->off : s->file->pos;
    return 0;
}

static void side_end(struct side *s)
{
    if (s->off)
        *s->off = (off_t)s->pos;
    else if (!s->pipe)
        s->file->pos = s->pos;
}

/* Whether the file of (s), which is no pipe, can be spliced. */
static bool side_sound(const struct side *s,
                       ssize_t (*op)(struct file *, const struct iovec *, int, uint64_t *))
{
    return op && file_splices(s->file) && (int64_t)s->pos >= 0 &&
           !(s->off && !(s->file->kind & FILE_SEEKABLE)) &&
           !(s->file->inode && S_ISDIR(s->file->inode->mode));
}

static long do_splice(struct side *in, struct side *out, size_t n, unsigned flags)
{
    unsigned nonblock = flags & SPLICE_F_NONBLOCK;

    if (!file_reads(in->file) || !file_writes(out->file))
        return -EBADF;
    nonblock |= in->pipe ? in->file->flags & O_NONBLOCK : 0;
    nonblock |= out->pipe ? out->file->flags & O_NONBLOCK : 0;
    if (in->pipe && out->pipe)
        return in->pipe == out->pipe ? -EINVAL
                                     : splice_pipes(in->pipe, out->pipe, n, nonblock, false);
    if (in->pipe) {
        if (!side_sound(out, out->file->ops->writev) || out->file->flags & O_APPEND)
            return -EINVAL;
        return splice_out(in->pipe, out->file, &out->pos, n, nonblock);
    }
    if (!out->pipe || !side_sound(in, in->file->ops->readv))
        return -EINVAL;
    return splice_in(in->file, &in->pos, out->pipe, n, nonblock);
}

static long splice_once(long in_fd, long in_off, long out_fd, long out_off, long n, long flags)
{
    struct side in = {.file = file_get(in_fd)}, out = {.file = file_get(out_fd)};

    if (n == 0)
        return 0;
    if ((unsigned)flags & ~FLAGS)
        return -EINVAL;
    if (!in.file || !out.file)
        return -EBADF;
    long r = side_start(&in, in_off);
    if (!r)
        r = side_start(&out, out_off);
    if (r)
        return r;
    file_hold(in.file);
    file_hold(out.file);
    r = do_splice(&in, &out, min_size((size_t)n, RW_MAX), (unsigned)flags);
    if (r > 0) {
        side_end(&in);
        side_end(&out);
        notify_access(in.file->inode, false);
        notify_access(out.file->inode, true);
    }
    file_put(in.file);
    file_put(out.file);
    return r;
}

long pith_sys_splice(long in_fd, long in_off, long out_fd, long out_off, long n, long flags)
{
    HOLD;
    long r;

    do
        r = splice_once(in_fd, in_off, out_fd, out_off, n, flags);
    while (call_again(r));
    return r;
}

static long tee_once(long in_fd, long out_fd, long n, long flags)
{
    struct file *in = file_get(in_fd), *out = file_get(out_fd);

    if ((unsigned)flags & ~FLAGS)
        return -EINVAL;
    if (n == 0)
        return 0;
    if (!in || !out || !file_reads(in) || !file_writes(out))
        return -EBADF;
    struct pipe *from = pipe_from(in), *to = pipe_from(out);
    if (!from || !to || from == to)
        return -EINVAL;
    bool nonblock = flags & SPLICE_F_NONBLOCK || (in->flags | out->flags) & O_NONBLOCK;
    file_hold(in);
    file_hold(out);
    long r = splice_pipes(from, to, min_size((size_t)n, RW_MAX), nonblock, true);
    file_put(in);
    file_put(out);
    return r;
}

long pith_sys_tee(long in_fd, long out_fd, long n, long flags)
{
    HOLD;
    long r;

    do
        r = tee_once(in_fd, out_fd, n, flags);
    while (call_again(r));
    return r;
}

/* Checks a vector of memory that is to be read, or written. 0; -EINVAL, -EFAULT. */
static long check_vector(const struct iovec *iov, long n, bool written)
{
    if (n < 0 || n > IOV_MAX)
        return -EINVAL;
    if (!user_readable(iov, (size_t)n * sizeof(*iov)))
        return -EFAULT;
    for (long i = 0; i < n; i++) {
        if ((ssize_t)iov[i].iov_len < 0)
            return -EINVAL;
        if (written ? !user_writable(iov[i].iov_base, iov[i].iov_len)
                    : !user_readable(iov[i].iov_base, iov[i].iov_len))
            return -EFAULT;
    }
    return 0;
}

/* Writes what fits as soon as there is room for some of it. */
static long vmsplice_in(struct pipe *p, const struct iovec *iov, int n, bool nonblock)
{
    long err = vector_total(iov, n) ? pipe_wait_room(p, iov, n, nonblock) : 0;

    return err ? err : pipe_write(p, iov, n, true, false);
}

static long vmsplice_once(long fd, long vector, long n, long flags)
{
    const struct iovec *iov = (const struct iovec *)vector;
    struct file *f = file_get(fd);
    struct pipe *p = f ? pipe_from(f) : NULL;
    bool nonblock = flags & SPLICE_F_NONBLOCK;

    if ((unsigned)flags & ~FLAGS)
        return -EINVAL;
    if (!f)
        return -EBADF;
    long r = check_vector(iov, n, !file_writes(f));
    if (r || vector_total(iov, (int)n) == 0)
        return r;
    if (!p)
        return -EBADF;
    file_hold(f);
    r = file_writes(f) ? vmsplice_in(p, iov, (int)n, nonblock)
                       : pipe_read(p, iov, (int)n, nonblock);
    file_put(f);
    return r;
}

long pith_sys_vmsplice(long fd, long vector, long n, long flags)
{
    HOLD;
    long r;

    do
        r = vmsplice_once(fd, vector, n, flags);
    while (call_again(r));
    return r;
}
