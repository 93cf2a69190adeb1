/* SPDX-License-Identifier: MIT
 *
 * Open files of the RAM file system. */
#include <errno.h>
#include <fcntl.h>

#include "ram/internal.h"

#define TRANSFER_MAX 0x7ffff000u /* as file_ops say */

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE  0x01
#define FALLOC_FL_PUNCH_HOLE 0x02
#endif
#ifndef FALLOC_FL_ZERO_RANGE
#define FALLOC_FL_ZERO_RANGE 0x10
#endif

#define ALL_SEALS                                                                                  \
    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

/* The first access after a change is recorded, later ones are not. */
static void touch_access(struct file *f)
{
    struct inode *in = f->inode;

    if ((in->atime <= in->mtime || in->atime <= in->ctime) && !(f->flags & O_NOATIME))
        in->atime = clock_wall();
}

static __attribute__((noinline, cold)) bool ends_beyond(uint64_t off, const struct iovec *iov,
                                                        int n)
{
    for (int i = 0; i < n; i++)
        off += iov[i].iov_len;
    return off > INT64_MAX;
}

/* Whether a transfer would pass the greatest offset that there is. */
static inline bool passes_end(uint64_t off, const struct iovec *iov, int n)
{
    return unlikely(off > INT64_MAX - TRANSFER_MAX) && ends_beyond(off, iov, n);
}

static ssize_t file_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct ram_inode *ri = to_ram(f->inode);
    uint64_t off = *pos;
    ssize_t done = 0;

    if (passes_end(off, iov, n))
        return -EINVAL;
    for (int i = 0; i < n && off < ri->inode.size; i++) {
        size_t len = min_size(iov[i].iov_len, ri->inode.size - off);
        data_read(ri, off, iov[i].iov_base, len);
        off += len;
        done += (ssize_t)len;
    }
    *pos = off;
    touch_access(f);
    return done;
}

static size_t file_in_place(struct file *f, uint64_t off, const char **at)
{
    const struct ram_inode *ri = to_ram(f->inode);
    uint64_t end = ri->inode.size < ri->data.lower_size ? ri->inode.size : ri->data.lower_size;

    if (ri->data.root != SLOT_EMPTY || off >= end)
        return 0;
    touch_access(f);
    *at = ri->data.lower + off;
    return end - off;
}

/* How much of (n) bytes the seals let a write put at (off): with F_SEAL_GROW what lies in pages
 * that end inside the file, if not all. */
static size_t sealed_room(const struct ram_inode *ri, uint64_t off, size_t n)
{
    uint64_t size = ri->inode.size, whole = align_down(size, PAGE_SIZE);

    if (ri->inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return 0;
    if (!(ri->inode.seals & F_SEAL_GROW) || off + n <= size)
        return n;
    return whole > off ? whole - off : 0;
}

/* Writes (n) bytes at (off) and moves the end of the file along. Returns their number, or fewer
 * with *err set. */
static size_t write_at(struct ram_inode *ri, uint64_t off, const char *buf, size_t n, int *err)
{
    if (n > (uint64_t)INT64_MAX - off) {
        n = (uint64_t)INT64_MAX - off;
        *err = -EFBIG;
    }
    if (unlikely(off + n > file_size_limit) && n > 0) {
        if (off >= file_size_limit) {
            *err = file_too_big();
            return 0;
        }
        n = file_size_limit - off;
    }
    uint64_t size = ri->inode.size;
    if (unlikely(ri->inode.seals & ~F_SEAL_SEAL)) {
        size_t room = sealed_room(ri, off, n);
        if (room < n)
            *err = -EPERM;
        n = room;
        if (n == 0)
            return 0;
    }
    if (off + n > size)
        data_wipe_tail(ri);
    size_t done = data_write(ri, off, buf, n, err);
    if (done > 0 && off + done > size) {
        ri->inode.size = off + done;
        if (unlikely(ri->inode.mappings))
            mapping_grown(&ri->inode, size);
    }
    return done;
}

static ssize_t file_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct ram_inode *ri = to_ram(f->inode);
    uint64_t off = f->flags & O_APPEND ? ri->inode.size : *pos;
    size_t total = 0;
    int err = 0;

    if (passes_end(*pos, iov, n))
        return -EINVAL;
    for (int i = 0; i < n; i++) {
        size_t done = write_at(ri, off, iov[i].iov_base, iov[i].iov_len, &err);
        off += done;
        total += done;
        if (unlikely(done < iov[i].iov_len))
            break;
    }
    if (total == 0)
        return err;
    *pos = off;
    touch(ri);
    return (ssize_t)total;
}

static int file_map(struct file *f, bool shared, void *at, size_t len, uint64_t first)
{
    touch_access(f);
    return mapping_of_file(f, shared, at, len, first);
}

static int nothing_to_sync(struct file *f)
{
    (void)f;
    return 0;
}

static int file_allocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
    struct ram_inode *ri = to_ram(f->inode);
    uint64_t end = off + len, size = ri->inode.size;
    bool keep = mode & FALLOC_FL_KEEP_SIZE;
    int kind = mode & ~FALLOC_FL_KEEP_SIZE;
    int err = 0;

    if ((kind & FALLOC_FL_PUNCH_HOLE && !keep) ||
        (kind && kind != FALLOC_FL_PUNCH_HOLE && kind != FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    if (kind != FALLOC_FL_PUNCH_HOLE && end > size && end > file_size_limit)
        return file_too_big();
    if ((kind && ri->inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) ||
        (kind != FALLOC_FL_PUNCH_HOLE && end > size && ri->inode.seals & F_SEAL_GROW))
        return -EPERM;
    if (kind)
        err = data_punch(ri, off, end);
    if (!err && kind != FALLOC_FL_PUNCH_HOLE)
        err = data_allocate(ri, off, end);
    if (!err && kind != FALLOC_FL_PUNCH_HOLE && end > size) {
        if (keep)
            ri->data.keep_tail = true;
        else
            data_truncate(ri, end);
    }
    if (err)
        data_trim(ri);
    else
        touch(ri);
    return err;
}

/* F_ADD_SEALS (fcntl(2)). */
static long add_seals(struct file *f, unsigned seals)
{
    struct inode *in = f->inode;

    if (!(f->flags & (O_WRONLY | O_RDWR)))
        return -EPERM;
    if (seals & ~ALL_SEALS)
        return -EINVAL;
    if (in->seals & F_SEAL_SEAL)
        return -EPERM;
    if (seals & F_SEAL_WRITE && !(in->seals & F_SEAL_WRITE) && in->mappings &&
        mapping_is_writable(in))
        return -EBUSY;
    if (seals & F_SEAL_EXEC && in->mode & 0111)
        seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
    in->seals |= seals;
    return 0;
}

static long file_control(struct file *f, int command, long arg)
{
    switch (command) {
    case F_ADD_SEALS:
        return add_seals(f, (unsigned)arg);
    case F_GET_SEALS:
        return f->inode->seals;
    default:
        return -EBADF;
    }
}

static int64_t file_seek_data(struct file *f, uint64_t off, bool hole)
{
    struct ram_inode *ri = to_ram(f->inode);

    if (off >= ri->inode.size)
        return -ENXIO;
    int64_t found = data_seek(ri, off, hole);
    if (found >= 0)
        return found;
    return hole ? (int64_t)ri->inode.size : -ENXIO;
}

static void file_release(struct file *f)
{
    if (f->flags & (O_WRONLY | O_RDWR))
        data_trim(to_ram(f->inode));
    file_free(f);
}

const struct file_ops ram_file_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .in_place = file_in_place,
    .control = file_control,
    .fsync = nothing_to_sync,
    .map = file_map,
    .allocate = file_allocate,
    .seek_data = file_seek_data,
    .release = file_release,
};

static ssize_t dir_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)iov, (void)n, (void)pos;
    return -EISDIR;
}

static int dir_readdir(struct file *f, uint64_t *pos, readdir_fn fn, void *arg)
{
    touch_access(f);
    return dir_read(f, pos, fn, arg);
}

const struct file_ops ram_dir_ops = {
    .readv = dir_readv,
    .readdir = dir_readdir,
    .fsync = nothing_to_sync,
    .release = file_free,
};
