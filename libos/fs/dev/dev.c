/* SPDX-License-Identifier: MIT
 *
 * /dev: null, zero, full, random, urandom, console and tty, the usual links, the socket log
 * (net/unix), and the directory shm, which another file system may be mounted on; ptmx and pts in
 * images with pseudo-terminals (tty/pts.c); where the machine
 * has disks, vda, vdb ... and a link to each by its name in disk/by-id, as udev makes them for
 * virtio disks. Device numbers are Linux's. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "block/file.h"
#include "dev/dev.h"
#include "iface/user.h"
#include "mm/heap.h"
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
    (void)f, (void)iov, (void)n, (void)pos;
    return -ENOSPC;
}

#define RNDGETENTCNT 0x80045200ul

static long random_ioctl(struct file *f, unsigned long request, long arg)
{
    (void)f;
    if (request != RNDGETENTCNT)
        return -EINVAL;
    return user_give_int(arg, 256);
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
    if (ops != &random_ops)
        f->kind |= FILE_SINK;
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

/* The terminal that controls the program: that which standard input is, if it is one, or a
 * pseudo-terminal. */
static int open_tty(struct inode *inode, struct file *f)
{
    int err = control_open ? control_open(f) : console_controls() ? 1 : -ENXIO;

    return err > 0 ? open_console(inode, f) : err;
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
    {.name = "log", .mode = S_IFSOCK | 0666},
};

static const struct tree_node root = {
    .name = "",
    .mode = S_IFDIR | 0755,
    .children = devices,
    .count = ARRAY_LEN(devices),
};

/* Linux numbers the disks of virtio from here on, by 16, to have numbers for their partitions. */
#define DISK_MAJOR  254
#define DISK_MINORS 16
#define DISKS_MAX   8

static int open_disk(struct inode *inode, struct file *f)
{
    return block_file_open(minor(inode->rdev) / DISK_MINORS, f);
}

/* The nodes of a machine with disks. */
struct disk_nodes {
    struct tree_node root, by_id;
    struct tree_node devices[ARRAY_LEN(devices) + DISKS_MAX + 1]; /* the last one is "disk" */
    struct tree_node links[DISKS_MAX];
    struct {
        char name[4];      /* vda */
        char target[10];   /* ../../vda */
        char link[7 + 21]; /* virtio-NAME */
    } text[DISKS_MAX];
};

static void add_disk(struct disk_nodes *n, unsigned i, const struct blkdev *disk)
{
    const char name[] = {'v', 'd', (char)('a' + i), '\0'};

    memcpy(n->text[i].name, name, sizeof(name));
    n->devices[n->root.count++] = (struct tree_node){
        .name = n->text[i].name,
        .mode = S_IFBLK | 0660,
        .rdev = makedev(DISK_MAJOR, i * DISK_MINORS),
        .open = open_disk,
    };
    size_t len = strnlen(disk->name, sizeof(n->text[i].link) - sizeof("virtio-"));
    if (len == 0)
        return;
    memcpy(n->text[i].target, "../../", 6);
    memcpy(n->text[i].target + 6, name, sizeof(name));
    memcpy(n->text[i].link, "virtio-", 7);
    memcpy(n->text[i].link + 7, disk->name, len);
    n->links[n->by_id.count++] = (struct tree_node){
        .name = n->text[i].link, .mode = S_IFLNK | 0777, .target = n->text[i].target};
}

/* The root of a machine with disks, made once; NULL: out of memory. */
static const struct tree_node *root_with_disks(void)
{
    struct disk_nodes *n = heap_alloc(sizeof(*n));
    struct blkdev *disk;
    int err;

    if (!n)
        return NULL;
    memcpy(n->devices, devices, sizeof(devices));
    n->root = root;
    n->root.children = n->devices;
    n->by_id = (struct tree_node){.name = "by-id", .mode = S_IFDIR | 0755, .children = n->links};
    for (unsigned i = 0; i < DISKS_MAX && (err = blkdev_get(i, &disk)) != -ENODEV; i++)
        if (!err)
            add_disk(n, i, disk);
    n->devices[n->root.count++] = (struct tree_node){
        .name = "disk", .mode = S_IFDIR | 0755, .children = &n->by_id, .count = 1};
    return &n->root;
}

int device_open(struct inode *inode, struct file *f)
{
    const struct tree_node *n = dev_fs.root ? to_tree(dev_fs.root)->node : &root;

    for (unsigned i = 0; i < n->count; i++) {
        const struct tree_node *d = &n->children[i];
        if ((d->mode & S_IFMT) == (inode->mode & S_IFMT) && d->rdev == inode->rdev)
            return d->open(inode, f);
    }
    return -ENXIO;
}

static int dev_start(struct fs *fs)
{
    struct blkdev *first;
    const struct tree_node *nodes = &root;

    if (blkdev_get(0, &first) != -ENODEV)
        nodes = root_with_disks();
    if (nodes && pty_nodes)
        nodes = pty_nodes(nodes);
    return nodes ? tree_start(fs, nodes) : -ENOMEM;
}

struct fs dev_fs = {.type = "devtmpfs", .dev = makedev(0, 5), .start = dev_start};
