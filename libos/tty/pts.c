/* SPDX-License-Identifier: MIT
 *
 * /dev/ptmx, and the file system /dev/pts: a name for each pair whose master is open. Inode numbers
 * and devices are Linux's. Part of images whose program has a string with "ptmx" or "dev/pts", or
 * calls libc's functions for them (docs/decisions/0070). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "tty/pty.h"
#include "vfs/fd.h"
#include "vfs/open.h"
#include "vfs/tree.h"

#define MASTER_DEVICE makedev(5, 2)
#define SLAVE_MAJOR   136

enum { INO_ROOT = 1, INO_PTMX, INO_FIRST };

/* The group "tty", to which systems give their terminals. */
#define TTY_GROUP 5

static int open_ptmx(struct inode *inode, struct file *f)
{
    (void)inode;
    return pty_open_master(f);
}

const struct tree_node *pty_nodes(const struct tree_node *dev)
{
    static const struct tree_node own[] = {
        {.name = "ptmx", .mode = S_IFCHR | 0666, .rdev = MASTER_DEVICE, .open = open_ptmx},
        {.name = "pts", .mode = S_IFDIR | 0755},
    };
    struct tree_node *n = heap_alloc(sizeof(*n));

    if (!n)
        return NULL;
    *n = *dev;
    return tree_add(n, own, ARRAY_LEN(own)) ? n : NULL;
}

static struct inode root, ptmx;

static struct pty *pty_of(struct inode *inode)
{
    return container_of(inode, struct pty, inode);
}

/* Writes (n) into (buf) of at least 10 bytes. */
static struct name name_of(char *buf, unsigned n)
{
    char *end = buf + 10, *at = end;

    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    return (struct name){at, (size_t)(end - at)};
}

static int pts_lookup(struct inode *dir, struct name name, struct inode **out)
{
    char buf[10];

    (void)dir;
    *out = name.len == 4 && memcmp(name.text, "ptmx", 4) == 0 ? &ptmx : NULL;
    for (struct pty *p = pty_list; p && !*out; p = p->next) {
        struct name own = name_of(buf, p->number);
        if (own.len == name.len && memcmp(own.text, name.text, own.len) == 0)
            *out = &p->inode;
    }
    if (!*out)
        return -ENOENT;
    inode_hold(*out);
    return 0;
}

static ssize_t pts_name_of(struct inode *inode, char *buf, struct inode **parent)
{
    char digits[10];
    struct name name = {"ptmx", 4};

    *parent = &root;
    if (inode->nlink == 0)
        return -ENOENT;
    if (inode != &ptmx)
        name = name_of(digits, pty_of(inode)->number);
    memcpy(buf, name.text, name.len);
    return (ssize_t)name.len;
}

/* Positions: 0 ".", 1 "..", 2 ptmx, then by number. */
static int pts_readdir(struct file *f, uint64_t *pos, readdir_fn fn, void *arg)
{
    static const struct name fixed[] = {{".", 1}, {"..", 2}, {"ptmx", 4}};
    char buf[10];

    (void)f;
    for (; *pos < ARRAY_LEN(fixed); ++*pos) {
        bool dir = *pos < 2;
        if (!fn(arg, fixed[*pos], dir ? INO_ROOT : INO_PTMX, (dir ? S_IFDIR : S_IFCHR) >> 12,
                *pos + 1))
            return 0;
    }
    for (struct pty *p = pty_list; p; p = p->next) {
        uint64_t at = ARRAY_LEN(fixed) + p->number;
        if (at < *pos)
            continue;
        if (!fn(arg, name_of(buf, p->number), p->inode.ino, S_IFCHR >> 12, at + 1))
            return 0;
        *pos = at + 1;
    }
    return 0;
}

static ssize_t dir_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)f, (void)iov, (void)n, (void)pos;
    return -EISDIR;
}

static const struct file_ops dir_ops = {
    .readv = dir_readv,
    .readdir = pts_readdir,
    .release = file_free,
};

static int dir_open(struct inode *inode, struct file *f)
{
    (void)inode;
    f->ops = &dir_ops;
    f->kind = FILE_SEEKABLE;
    return 0;
}

static int slave_open(struct inode *inode, struct file *f)
{
    return pty_open_slave(pty_of(inode), f, f->flags & O_NOCTTY);
}

static void slave_evict(struct inode *inode)
{
    heap_free(pty_of(inode), sizeof(struct pty));
}

static const struct inode_ops root_ops = {
    .lookup = pts_lookup,
    .setattr = inode_take_attr,
    .open = dir_open,
};

static const struct inode_ops ptmx_ops = {
    .name = pts_name_of,
    .setattr = inode_take_attr,
    .open = open_ptmx,
};

static const struct inode_ops slave_inode_ops = {
    .name = pts_name_of,
    .setattr = inode_take_attr,
    .open = slave_open,
    .evict = slave_evict,
};

static int pts_start(struct fs *fs);

static int pts_statfs(struct fs *fs, struct statfs *st)
{
    (void)fs;
    st->f_type = 0x1cd1; /* DEVPTS_SUPER_MAGIC */
    return 0;
}

struct fs pts_fs = {
    .type = "devpts", .dev = makedev(0, 7), .start = pts_start, .statfs = pts_statfs};

static void set_up(struct inode *inode, const struct inode_ops *ops, uint64_t ino, mode_t mode)
{
    inode->ops = ops;
    inode->fs = &pts_fs;
    inode->refs = 1;
    inode->nlink = S_ISDIR(mode) ? 2 : 1;
    inode->ino = ino;
    inode->mode = mode;
    inode->atime = inode->mtime = inode->ctime = inode->btime = clock_wall();
}

static int pts_start(struct fs *fs)
{
    set_up(&root, &root_ops, INO_ROOT, S_IFDIR | 0755);
    set_up(&ptmx, &ptmx_ops, INO_PTMX, S_IFCHR | 0);
    ptmx.rdev = MASTER_DEVICE;
    fs->root = &root;
    return 0;
}

void pts_name(struct pty *p)
{
    struct cred who = cred_current();

    set_up(&p->inode, &slave_inode_ops, INO_FIRST + p->number, S_IFCHR | 0620);
    p->inode.rdev = makedev(SLAVE_MAJOR, p->number);
    p->inode.uid = who.fsuid;
    p->inode.gid = TTY_GROUP;
}

void pts_unname(struct pty *p)
{
    p->inode.nlink = 0;
}

long pts_open_peer(struct pty *p, int flags)
{
    const int kept = (int)FILE_ACCESS | O_NONBLOCK | O_APPEND | O_SYNC;
    struct file *f = file_alloc((unsigned)(flags & kept));

    if (!f)
        return -ENOMEM;
    int err = pty_open_slave(p, f, flags & O_NOCTTY);
    if (err) {
        file_free(f);
        return err;
    }
    f->inode = &p->inode;
    inode_hold(f->inode);
    int fd = fd_install(f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}
