/* SPDX-License-Identifier: MIT
 *
 * Writing, positions, and descriptors themselves. Small programs use little else, so nothing here
 * leads to paths, file systems, or what only reading needs (read.c). */
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "iface/hold.h"
#include "iface/notify.h"
#include "pith_calls.h"
#include "posix/io.h"
#include "thread/sched.h"

/* The operation of a file that was opened for it but cannot do it. */
ssize_t no_transfer(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)iov, (void)n, (void)pos;
    return -EINVAL;
}

static inline long transfer(struct file *f, transfer_fn fn, const struct iovec *iov, int n,
                            uint64_t *pos)
{
    file_hold(f);
    long done = fn(f, iov, n, pos);
    if (done > 0)
        notify_access(f->inode, fn == f->ops->writev);
    file_put(f);
    return done;
}

static inline bool usable(const struct iovec *iov, bool write)
{
    return write ? user_readable(iov->iov_base, iov->iov_len)
                 : user_writable(iov->iov_base, iov->iov_len);
}

/* A transfer of which not one byte can be stored or fetched: EFAULT, unless there is nothing to
 * read. */
static long transfer_nothing(struct file *f, transfer_fn fn, const uint64_t *pos, bool write)
{
    char byte;
    struct iovec iov = {&byte, 1};
    uint64_t at = *pos;

    if (write || !(f->kind & FILE_SEEKABLE))
        return -EFAULT;
    long got = transfer(f, fn, &iov, 1, &at);
    return got > 0 ? -EFAULT : got;
}

/* A transfer of a vector that the program may not access as a whole: what comes before that goes.
 * But nothing of it is written to a pipe or the like, where a write is often one message. */
static __attribute__((cold)) long transfer_part(struct file *f, transfer_fn fn,
                                                const struct iovec *iov, int n, uint64_t *pos,
                                                bool write)
{
    size_t before = 0;
    long done = 0;
    int i = 0;

    if (write && f->kind & FILE_SINK)
        return transfer(f, fn, iov, n, pos);
    if (write && !(f->kind & FILE_SEEKABLE))
        return -EFAULT;
    for (; i < n && usable(&iov[i], write); i++)
        before += iov[i].iov_len;
    if (before > 0) {
        done = transfer(f, fn, iov, i, pos);
        if (done < 0 || (size_t)done < before || !(f->kind & FILE_SEEKABLE))
            return done;
    }
    struct iovec last = {iov[i].iov_base, user_prefix(iov[i].iov_base, iov[i].iov_len, !write)};
    long more =
        last.iov_len > 0 ? transfer(f, fn, &last, 1, pos) : transfer_nothing(f, fn, pos, write);
    return more > 0 || done == 0 ? done + more : done;
}

long transfer_one(struct file *f, transfer_fn fn, long buf, long n, uint64_t *pos, bool write)
{
    struct iovec iov = {(void *)buf, (size_t)n};

    /* One comparison for all that is not usual: nothing, too much, and what is negative. */
    if (unlikely((size_t)n - 1 >= RW_MAX)) {
        if (!user_range(buf, (size_t)n))
            return -EFAULT;
        iov.iov_len = min_size((size_t)n, RW_MAX);
    }
    if (likely(usable(&iov, write)))
        return transfer(f, fn, &iov, 1, pos);
    return user_range(buf, (size_t)n) ? transfer_part(f, fn, &iov, 1, pos, write) : -EFAULT;
}

long pith_sys_write(long fd, long buf, long n)
{
    return io_plain(fd, buf, n, true);
}

#define FEW_PARTS 8

/* Transfers a vector, which was checked and nobody changes. Of one that adds up to more than RW_MAX
 * only as many whole parts as fit, or a part of the first. */
static long transfer_parts(struct file *f, transfer_fn fn, const struct iovec *iov, long n,
                           uint64_t *pos, bool write)
{
    size_t total = 0;
    bool all_usable = true;
    int fits = 0;

    for (long i = 0; i < n; i++) {
        if (fits == i && iov[i].iov_len <= RW_MAX - total) {
            total += iov[i].iov_len;
            all_usable = all_usable && usable(&iov[i], write);
            fits++;
        }
    }
    if (f->kind & FILE_SEEKABLE && *pos > INT64_MAX - total)
        return -EINVAL;
    if (fits == 0)
        return transfer_one(f, fn, (long)iov[0].iov_base, RW_MAX, pos, write);
    if (likely(all_usable))
        return transfer(f, fn, iov, fits, pos);
    return transfer_part(f, fn, iov, fits, pos, write);
}

/* A copy is transferred, since other threads may change the vector while the call sleeps. Without
 * the scheduler there are no others. */
long transfer_vector(struct file *f, transfer_fn fn, long vector, long n, uint64_t *pos, bool write)
{
    struct iovec few[FEW_PARTS], *iov = few;
    size_t size = (size_t)n * sizeof(*iov);
    long err = vector_check((const struct iovec *)vector, n, false);

    if (err || n == 0)
        return err;
    if (n > FEW_PARTS && !sched_room)
        return transfer_parts(f, fn, (const struct iovec *)vector, n, pos, write);
    if (n > FEW_PARTS)
        iov = sched_room(size);
    if (!iov)
        return -ENOMEM;
    memcpy(iov, (const void *)vector, size);
    long done = transfer_parts(f, fn, iov, n, pos, write);
    if (iov != few)
        sched_room_free(iov, size);
    return done;
}

long pith_sys_writev(long fd, long vector, long n)
{
    return io_vector(fd, vector, n, true);
}

long pith_sys_pwrite64(long fd, long buf, long n, long off)
{
    return io_plain_at(fd, buf, n, off, true);
}

/* The upper half of the offset is empty on 64-bit machines. */
long pith_sys_pwritev(long fd, long vector, long n, long off, long high)
{
    (void)high;
    return io_vector_at(fd, vector, n, off, true);
}

/* SEEK_DATA and SEEK_HOLE. A file that does not know of holes is all data. */
static int64_t seek_data(struct file *f, int64_t off, bool hole)
{
    if (off < 0)
        return -ENXIO;
    if (f->ops->seek_data)
        return f->ops->seek_data(f, (uint64_t)off, hole);
    uint64_t size = f->inode ? f->inode->size : 0;
    if ((uint64_t)off >= size)
        return -ENXIO;
    return hole ? (int64_t)size : off;
}

long pith_sys_lseek(long fd, long off, long whence)
{
    HOLD;
    struct file *f = file_get(fd);
    int64_t base = 0;

    if (!f)
        return -EBADF;
    if (whence < SEEK_SET || whence > SEEK_HOLE)
        return -EINVAL;
    if (f->kind & FILE_NO_POSITION)
        return 0;
    if (!(f->kind & FILE_SEEKABLE))
        return -ESPIPE;
    if (whence > SEEK_CUR && (!f->inode || S_ISDIR(f->inode->mode)))
        return -EINVAL;
    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        off = seek_data(f, off, whence == SEEK_HOLE);
        if (off < 0)
            return off;
    } else if (whence == SEEK_CUR) {
        base = (int64_t)f->pos;
    } else if (whence == SEEK_END) {
        if (f->inode->ops->refresh)
            f->inode->ops->refresh(f->inode);
        base = (int64_t)f->inode->size;
    }
    if (__builtin_add_overflow(base, off, &base) || base < 0)
        return -EINVAL;
    f->pos = (uint64_t)base;
    return base;
}

/* Bytes on their way from one file to another. */
#define COPY_BYTES 8192

#define DEV_NULL makedev(1, 3) /* can be read, but not spliced */

struct copy {
    struct file *in, *out;
    uint64_t *in_pos, *out_pos;
};

/* The next bytes of the input, at most (n), as a buffer: where they lie, or else in (buf). Returns
 * their number, and whether they stay (*in_place). */
static long next_bytes(const struct copy *c, size_t n, char buf[COPY_BYTES], struct iovec *iov,
                       bool *in_place)
{
    uint64_t pos = *c->in_pos;
    const char *at;
    size_t len = c->in->ops->in_place ? c->in->ops->in_place(c->in, pos, &at) : 0;

    *in_place = len > 0;
    if (len > 0) {
        *iov = (struct iovec){(char *)(uintptr_t)at, min_size(len, n)};
        return (long)iov->iov_len;
    }
    *iov = (struct iovec){buf, min_size(n, COPY_BYTES)};
    long got = c->in->ops->readv(c->in, iov, 1, &pos);
    iov->iov_len = got > 0 ? (size_t)got : 0;
    return got;
}

/* Copies (n) bytes or up to the end of the input. Returns their number, or what went wrong before
 * the first. */
static long copy(const struct copy *c, size_t n)
{
    char buf[COPY_BYTES];
    long done = 0, err = 0;

    file_hold(c->in);
    file_hold(c->out);
    while ((size_t)done < n && !err) {
        struct iovec iov;
        bool in_place;
        long got = next_bytes(c, n - (size_t)done, buf, &iov, &in_place);
        if (got <= 0) {
            err = got;
            break;
        }
        /* A short write leaves the rest in the input. */
        long put = in_place && c->out->ops->write_in_place
                       ? c->out->ops->write_in_place(c->out, iov.iov_base, iov.iov_len)
                       : c->out->ops->writev(c->out, &iov, 1, c->out_pos);
        if (put < 0)
            err = put;
        else
            done += put;
        if (put > 0)
            *c->in_pos += (uint64_t)put;
        if (put < got)
            break;
    }
    if (done > 0) {
        notify_access(c->in->inode, false);
        notify_access(c->out->inode, true);
    }
    file_put(c->in);
    file_put(c->out);
    return done > 0 ? done : err;
}

long pith_sys_sendfile(long out_fd, long in_fd, long offset, long n)
{
    HOLD;
    struct file *in = file_get(in_fd), *out = file_get(out_fd);
    off_t *off = (off_t *)offset;

    if (off && !user_readable(off, sizeof(*off)))
        return -EFAULT;
    if (!in || !file_reads(in))
        return -EBADF;
    if (off && !(in->kind & FILE_SEEKABLE))
        return -ESPIPE;
    if (n < 0 || (off && *off < 0))
        return -EINVAL;
    if (!out || !file_writes(out))
        return -EBADF;
    if (out->flags & O_APPEND || !in->ops->readv || !out->ops->writev || !file_splices(out) ||
        !(in->kind & FILE_SEEKABLE))
        return -EINVAL;
    if (n == 0)
        return 0;
    if (in->inode && (S_ISDIR(in->inode->mode) || in->inode->rdev == DEV_NULL))
        return -EINVAL;
    uint64_t pos = off ? (uint64_t)*off : 0;
    struct copy c = {in, out, off ? &pos : &in->pos, &out->pos};
    long done = copy(&c, min_size((size_t)n, RW_MAX));
    if (off && !user_writable(off, sizeof(*off)))
        return -EFAULT;
    if (off)
        *off = (off_t)pos;
    return done;
}

/* Whether copy_file_range copies between such files. 0; -EISDIR, -EINVAL, -EBADF, -EXDEV. */
static long check_copy(const struct file *in, const struct file *out)
{
    if ((in->inode && S_ISDIR(in->inode->mode)) || (out->inode && S_ISDIR(out->inode->mode)))
        return -EISDIR;
    if (!in->inode || !S_ISREG(in->inode->mode) || !out->inode || !S_ISREG(out->inode->mode))
        return -EINVAL;
    if (!file_reads(in) || !file_writes(out) || out->flags & O_APPEND)
        return -EBADF;
    return in->inode->fs == out->inode->fs ? 0 : -EXDEV;
}

long pith_sys_copy_file_range(long in_fd, long in_off, long out_fd, long out_off, long n,
                              long flags)
{
    HOLD;
    struct file *in = file_get(in_fd), *out = file_get(out_fd);
    off_t *offs[2] = {(off_t *)in_off, (off_t *)out_off};

    if (!in || !out)
        return -EBADF;
    for (int i = 0; i < 2; i++)
        if (offs[i] && !user_readable(offs[i], sizeof(*offs[i])))
            return -EFAULT;
    uint64_t pos[2] = {offs[0] ? (uint64_t)*offs[0] : in->pos,
                       offs[1] ? (uint64_t)*offs[1] : out->pos};
    if (flags)
        return -EINVAL;
    long err = check_copy(in, out);
    if (err)
        return err;
    /* In the order of Linux, where an input that ends before makes the range shorter. */
    if (pos[0] + (size_t)n < pos[0] || pos[1] + (size_t)n < pos[1])
        return -EOVERFLOW;
    if ((int64_t)pos[0] < 0 || (int64_t)pos[1] < 0)
        return -EINVAL;
    size_t left = pos[0] < in->inode->size ? in->inode->size - pos[0] : 0;
    size_t len = min_size(min_size((size_t)n, left), RW_MAX);
    if (len > 0 && pos[1] == INT64_MAX)
        return -EFBIG;
    if (in->inode == out->inode && pos[0] < pos[1] + len && pos[1] < pos[0] + len)
        return -EINVAL;
    if (len == 0)
        return 0;
    struct copy c = {in, out, offs[0] ? &pos[0] : &in->pos, offs[1] ? &pos[1] : &out->pos};
    long done = copy(&c, len);
    for (int i = 0; i < 2; i++) {
        if (offs[i] && !user_writable(offs[i], sizeof(*offs[i])))
            return -EFAULT;
        if (offs[i])
            *offs[i] = (off_t)pos[i];
    }
    return done;
}

long pith_sys_close(long fd)
{
    HOLD;
    return fd_close(fd);
}

/* One more descriptor for (f), from (min) on. */
static long duplicate(struct file *f, unsigned min, bool cloexec)
{
    file_hold(f);
    int fd = fd_install(f, min, cloexec);
    if (fd < 0)
        file_put(f);
    return fd;
}

long pith_sys_dup(long fd)
{
    HOLD;
    struct file *f = fd_get(fd);

    return f ? duplicate(f, 0, false) : -EBADF;
}

static long replace(long old, long fd, bool cloexec)
{
    struct file *f = fd_get(old);

    if (!f)
        return -EBADF;
    file_hold(f);
    int r = fd_replace(f, (unsigned)fd, cloexec);
    if (r < 0)
        file_put(f);
    return r;
}

long pith_sys_dup2(long old, long fd)
{
    HOLD;
    if ((int)old == (int)fd)
        return fd_get(old) ? (int)fd : -EBADF;
    return replace(old, fd, false);
}

long pith_sys_dup3(long old, long fd, long flags)
{
    HOLD;
    if (flags & ~O_CLOEXEC || (int)old == (int)fd)
        return -EINVAL;
    return replace(old, fd, flags & O_CLOEXEC);
}

#define CLOSE_RANGE_UNSHARE_FLAG (1u << 1)
#define CLOSE_RANGE_CLOEXEC_FLAG (1u << 2)

long pith_sys_close_range(long first, long last, long flags)
{
    HOLD;
    unsigned from = (unsigned)first, to = (unsigned)last;

    if (flags & ~(long)(CLOSE_RANGE_UNSHARE_FLAG | CLOSE_RANGE_CLOEXEC_FLAG) || from > to)
        return -EINVAL;
    for (unsigned fd = from; fd <= to && fd < fd_table.size; fd++) {
        if (!fd_table.files[fd])
            continue;
        if (flags & CLOSE_RANGE_CLOEXEC_FLAG)
            fd_set_cloexec(fd, true);
        else
            fd_close((long)fd);
    }
    return 0;
}
