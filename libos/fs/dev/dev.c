/* SPDX-License-Identifier: MIT
 *
 * /dev: null, zero, full, random, urandom, console and tty, the usual links, and the directories
 * shm and pts, which other file systems may be mounted on. Device numbers are Linux's. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "dev/dev.h"
#include "random/random.h"
#include "vfs/forward.h"
#include "vfs/tree.h"

static size_t total_of(const struct iovec *iov, int n)
{
    size_t total = 0;

    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    return total;
}

static ssize_t read_nothing(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)iov, (void)n, (void)pos;
    return 0;
}

static ssize_t read_zeros(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)pos;
    for (int i = 0; i < n; i++)
        memset(iov[i].iov_base, 0, iov[i].iov_len);
    return (ssize_t)total_of(iov, n);
}

static ssize_t read_random(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)pos;
    for (int i = 0; i < n; i++)
        random_bytes(iov[i].iov_base, iov[i].iov_len);
    return (ssize_t)total_of(iov, n);
}

static ssize_t swallow(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)pos;
    return (ssize_t)total_of(iov, n);
}

static ssize_t write_full(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)pos;
    return total_of(iov, n) ? -ENOSPC : 0;
}

#define RNDGETENTCNT 0x80045200ul

static long random_ioctl(struct file *f, unsigned long request, long arg)
{
    (void)f;
    if (request != RNDGETENTCNT)
        return -EINVAL;
    *(int *)arg = 256;
    return 0;
}

static const struct file_ops null_ops = {
    .readv = read_nothing, .writev = swallow, .release = file_free};
static const struct file_ops zero_ops = {
    .readv = read_zeros, .writev = swallow, .release = file_free};
static const struct file_ops full_ops = {
    .readv = read_zeros, .writev = write_full, .release = file_free};
static const struct file_ops random_ops = {
    .readv = read_random, .writev = swallow, .ioctl = random_ioctl, .release = file_free};

static int open_as(struct file *f, const struct file_ops *ops)
{
    f->ops = ops;
    f->kind = FILE_SEEKABLE | FILE_NO_POSITION;
    return 0;
}

static int open_null(struct inode *inode, struct file *f)
{
    (void)inode;
    return open_as(f, &null_ops);
}

static int open_zero(struct inode *inode, struct file *f)
{
    (void)inode;
    return open_as(f, &zero_ops);
}

static int open_full(struct inode *inode, struct file *f)
{
    (void)inode;
    return open_as(f, &full_ops);
}

static int open_random(struct inode *inode, struct file *f)
{
    (void)inode;
    return open_as(f, &random_ops);
}

static struct forward console;

static int open_console(struct inode *inode, struct file *f)
{
    (void)inode;
    console = (struct forward){stdio_files[0], stdio_files[1]};
    forward_open(f, &console);
    return 0;
}

/* The terminal that standard input is, if it is one. */
static int open_tty(struct inode *inode, struct file *f)
{
    if (!S_ISCHR(stdio_files[0]->mode))
        return -ENXIO;
    return open_console(inode, f);
}

#define CHAR_DEVICE(device, major, minor, opens)                                                   \
    {                                                                                              \
        .name = device, .mode = S_IFCHR | 0666, .rdev = makedev(major, minor), .open = opens       \
    }
#define LINK(link, to)                                                                             \
    {                                                                                              \
        .name = link, .mode = S_IFLNK | 0777, .target = to                                         \
    }

static const struct tree_node devices[] = {
    CHAR_DEVICE("null", 1, 3, open_null),       CHAR_DEVICE("zero", 1, 5, open_zero),
    CHAR_DEVICE("full", 1, 7, open_full),       CHAR_DEVICE("random", 1, 8, open_random),
    CHAR_DEVICE("urandom", 1, 9, open_random),  CHAR_DEVICE("tty", 5, 0, open_tty),
    CHAR_DEVICE("console", 5, 1, open_console), LINK("fd", "/proc/self/fd"),
    LINK("stdin", "/proc/self/fd/0"),           LINK("stdout", "/proc/self/fd/1"),
    LINK("stderr", "/proc/self/fd/2"),          {.name = "shm", .mode = S_IFDIR | S_ISVTX | 0777},
};

static const struct tree_node root = {
    .name = "",
    .mode = S_IFDIR | 0755,
    .children = devices,
    .count = ARRAY_LEN(devices),
};

static int dev_start(struct fs *fs)
{
    return tree_start(fs, &root);
}

struct fs dev_fs = {.type = "devtmpfs", .dev = makedev(0, 5), .start = dev_start};
