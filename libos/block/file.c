/* SPDX-License-Identifier: MIT
 *
 * A transfer goes through the program's vector in steps: pieces of memory that hold whole blocks,
 * at a position where one begins, are handed to the disk as they are; everything else goes through
 * the disk's bounce buffer, and a write of part of a block reads the block first. Nothing is
 * cached. Each disk has a lock, held for a whole read, write or flush: other threads may run while
 * the driver waits, and neither the buffer nor the driver serves two at once. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>

#include "base/log.h"
#include "block/file.h"
#include "iface/lock.h"
#include "iface/user.h"
#include "mm/page.h"

#define PIECES 16

#define DISKS_MAX 8

static struct disk_file {
    struct blkdev *dev; /* NULL: not opened yet */
    char *bounce;       /* bounce_len bytes, once needed */
    struct lock lock;   /* for (bounce) and the driver */
} disks[DISKS_MAX];

/* A read or write as far as it has come. */
struct transfer {
    struct disk_file *disk;
    enum blk_op op;
    uint64_t pos;
    size_t left; /* bytes; the vector holds at least as many */
    const struct iovec *iov;
    size_t offset; /* in *iov */
};

static void advance(struct transfer *t, size_t n)
{
    t->pos += n;
    t->left -= n;
    while (n > 0) {
        size_t step = min_size(n, t->iov->iov_len - t->offset);
        t->offset += step;
        n -= step;
        if (t->offset == t->iov->iov_len) {
            t->iov++;
            t->offset = 0;
        }
    }
}

static size_t block_mask(const struct transfer *t)
{
    return t->disk->dev->block_size - 1;
}

/* Bytes that go through the bounce buffer at once: whole pages and blocks. */
static size_t bounce_len(const struct transfer *t)
{
    return max_size(t->disk->dev->block_size, 4 * PAGE_SIZE);
}

/* Carries out one request. */
static int request(struct transfer *t, enum blk_op op, uint64_t pos, const struct iovec *iov,
                   unsigned n)
{
    struct blkdev *dev = t->disk->dev;
    struct blk_request r = {.op = op, .first = pos / dev->block_size, .iov = iov, .n = n};

    return dev->ops->transfer(dev, &r, 1);
}

/* How many of (n) bytes at (p) lie before the first page of a file's mapping: what that shows is,
 * on a machine of its own, elsewhere for a device (plat_share). */
static size_t before_mapping(const char *p, size_t n)
{
    size_t at = 0;

    while (at < n && page_use_at(p + at) != PAGE_FILE)
        at += PAGE_SIZE - ((uintptr_t)p + at) % PAGE_SIZE;
    return min_size(at, n);
}

/* Gathers from here on the pieces of whole blocks; the last one is cut to that. Returns their
 * number, and the bytes in (*len). */
static unsigned whole_blocks(const struct transfer *t, struct iovec *pieces, size_t *len)
{
    const struct iovec *v = t->iov;
    size_t offset = t->offset, left = t->left;
    unsigned n = 0;

    *len = 0;
    if (t->pos & block_mask(t))
        return 0;
    for (; n < PIECES && left > 0; v++, offset = 0) {
        size_t have = min_size(v->iov_len - offset, left);
        size_t take = before_mapping((char *)v->iov_base + offset, have) & ~block_mask(t);
        if (take > 0)
            pieces[n++] = (struct iovec){(char *)v->iov_base + offset, take};
        *len += take;
        left -= take;
        if (take < have)
            break;
    }
    return n;
}

/* Copies (n) bytes between the program's vector, from here on, and (buf). */
static void copy(const struct transfer *t, char *buf, size_t n)
{
    const struct iovec *v = t->iov;
    size_t offset = t->offset;

    for (; n > 0; v++, offset = 0) {
        size_t step = min_size(n, v->iov_len - offset);
        char *program = (char *)v->iov_base + offset;
        memcpy(t->op == BLK_READ ? program : buf, t->op == BLK_READ ? buf : program, step);
        buf += step;
        n -= step;
    }
}

/* One step through the bounce buffer. Returns the bytes done. */
static ssize_t bounce(struct transfer *t)
{
    size_t mask = block_mask(t);
    size_t skip = t->pos & mask;
    size_t n = min_size(t->left, bounce_len(t) - skip);
    size_t here = t->iov->iov_len - t->offset;

    if (!t->disk->bounce)
        t->disk->bounce = page_alloc(bounce_len(t) / PAGE_SIZE);
    if (!t->disk->bounce)
        return -ENOMEM;
    /* Only up to the next block's begin, where the memory behind it can be used as it is. */
    if (skip > 0 && here > mask + 1 - skip + mask)
        n = min_size(n, mask + 1 - skip);
    struct iovec whole = {t->disk->bounce, (skip + n + mask) & ~mask};
    if (t->op == BLK_READ || skip + n < whole.iov_len || skip > 0) {
        int err = request(t, BLK_READ, t->pos - skip, &whole, 1);
        if (err)
            return err;
    }
    copy(t, t->disk->bounce + skip, n);
    int err = t->op == BLK_WRITE ? request(t, BLK_WRITE, t->pos - skip, &whole, 1) : 0;
    return err ? err : (ssize_t)n;
}

static ssize_t run(struct transfer *t)
{
    struct iovec pieces[PIECES];
    size_t total = t->left;

    while (t->left > 0) {
        /* Empty elements hold nothing to go on with. */
        for (; t->iov->iov_len == t->offset; t->iov++)
            t->offset = 0;
        size_t len;
        unsigned n = whole_blocks(t, pieces, &len);
        ssize_t done = n > 0 ? request(t, t->op, t->pos, pieces, n) : bounce(t);
        if (done == -EOPNOTSUPP) { /* not this memory */
            n = 0;
            done = bounce(t);
        }
        if (done < 0)
            return t->left < total ? (ssize_t)(total - t->left) : done;
        advance(t, n > 0 ? len : (size_t)done);
    }
    return (ssize_t)total;
}

static uint64_t size_of(const struct blkdev *dev)
{
    return dev->blocks * dev->block_size;
}

/* Starts a transfer at (pos), cut at the end of the disk. */
static struct transfer begin(struct file *f, enum blk_op op, const struct iovec *iov, int n,
                             uint64_t pos)
{
    struct disk_file *disk = f->data;
    uint64_t size = size_of(disk->dev);
    uint64_t left = 0;

    for (int i = 0; i < n; i++)
        left += iov[i].iov_len;
    left = pos < size ? min_size(left, size - pos) : 0;
    return (struct transfer){.disk = disk, .op = op, .pos = pos, .left = left, .iov = iov};
}

static void take(struct disk_file *disk)
{
    lock_take(&disk->lock, "another thread's use of a disk");
}

/* Returns when all that was written has reached stable storage. */
static int flush(struct disk_file *disk)
{
    take(disk);
    int err = disk->dev->ops->flush(disk->dev);
    lock_give(&disk->lock);
    return err;
}

static ssize_t disk_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct transfer t = begin(f, BLK_READ, iov, n, *pos);
    take(t.disk);
    ssize_t got = run(&t);
    lock_give(&t.disk->lock);

    if (got > 0)
        *pos += (uint64_t)got;
    return got;
}

static ssize_t disk_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct disk_file *disk = f->data;
    struct transfer t = begin(f, BLK_WRITE, iov, n, *pos);
    bool empty = true;

    for (int i = 0; i < n; i++)
        empty = empty && iov[i].iov_len == 0;
    if (empty)
        return 0;
    if (t.left == 0)
        return -ENOSPC;
    take(disk);
    ssize_t put = run(&t);
    lock_give(&disk->lock);
    if (put <= 0)
        return put;
    *pos += (uint64_t)put;
    int err = f->flags & O_DSYNC ? flush(disk) : 0;
    return err ? err : put;
}

static int disk_fsync(struct file *f)
{
    return flush(f->data);
}

/* Stores the lowest (size) bytes of (value) for the program. */
static long give(long result, uint64_t value, size_t size)
{
    if (!user_writable((void *)result, size))
        return -EFAULT;
    memcpy((void *)result, &value, size);
    return 0;
}

static long disk_ioctl(struct file *f, unsigned long command, long arg)
{
    struct blkdev *dev = ((struct disk_file *)f->data)->dev;

    switch (command) {
    case BLKGETSIZE64:
        return give(arg, size_of(dev), sizeof(uint64_t));
    case BLKGETSIZE:
        return give(arg, size_of(dev) / 512, sizeof(long));
    case BLKSSZGET:
    case BLKPBSZGET:
    case BLKBSZGET:
    case BLKIOMIN:
        return give(arg, dev->block_size, sizeof(int));
    case BLKROGET:
        return give(arg, dev->read_only, sizeof(int));
    case BLKFLSBUF:
        return flush(f->data);
    default:
        return -ENOTTY;
    }
}

static const struct file_ops disk_ops = {
    .readv = disk_readv,
    .writev = disk_writev,
    .ioctl = disk_ioctl,
    .fsync = disk_fsync,
    .release = file_free,
};

int block_file_open(unsigned index, struct file *f)
{
    struct blkdev *dev;

    if (index >= DISKS_MAX)
        return -ENXIO;
    int err = blkdev_get(index, &dev);
    if (err)
        return err == -ENODEV ? -ENXIO : err;
    if (dev->read_only && (f->flags & O_ACCMODE) != O_RDONLY)
        return -EROFS;
    struct disk_file *disk = &disks[index];
    disk->dev = dev;
    f->ops = &disk_ops;
    f->kind = FILE_SEEKABLE;
    f->data = disk;
    f->inode->size = size_of(dev); /* for lseek from the end */
    return 0;
}

void block_sync(void)
{
    for (unsigned i = 0; i < DISKS_MAX; i++)
        if (disks[i].dev && flush(&disks[i]))
            log_line("disk %u cannot be flushed", i);
}
