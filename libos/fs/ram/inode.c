/* SPDX-License-Identifier: MIT
 *
 * Inodes of the RAM file system: making, naming and freeing them, and taking them in from the
 * read-only file system below. A name holds its inode. An inode of the file system below that has
 * several names is kept on a list too while any is left, since not all of them may have been taken
 * in. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>

#include "iface/cred.h"
#include "iface/plat.h"
#include "mm/heap.h"
#include "ram/internal.h"
#include "random/random.h"

/* Linked where a FIFO can be made. */
#pragma weak fifo_open

static const struct inode_ops file_inode_ops, dir_inode_ops;

/* A new inode that its caller holds. */
static struct ram_inode *inode_alloc(struct ram_fs *rfs, mode_t mode)
{
    struct ram_inode *ri = heap_alloc(sizeof *ri);

    if (!ri)
        return NULL;
    struct inode *in = &ri->inode;
    in->ops = S_ISDIR(mode) ? &dir_inode_ops : &file_inode_ops;
    in->fs = &rfs->fs;
    in->refs = 1;
    in->nlink = 1;
    in->mode = mode;
    in->atime = in->mtime = in->ctime = in->btime = clock_wall();
    in->seals = F_SEAL_SEAL;
    ri->lower = NO_LOWER;
    return ri;
}

static struct ram_inode **shared_bucket(struct ram_fs *rfs, uint32_t ino)
{
    return &rfs->shared[ino % RAM_SHARED_BUCKETS];
}

static void shared_remove(struct ram_inode *ri)
{
    struct ram_inode **link = shared_bucket(ram_fs_of(ri), ri->lower);

    while (*link != ri)
        link = &(*link)->shared_next;
    *link = ri->shared_next;
    ri->shared = false;
    inode_put(&ri->inode);
}

/* One name of (ri) less. */
static void drop_link(struct ram_inode *ri)
{
    ri->inode.ctime = clock_wall();
    if (ri->inode.nlink > 0)
        ri->inode.nlink--;
    if (ri->inode.nlink == 0 && ri->shared)
        shared_remove(ri);
}

/* Makes the inode for (ino) of the file system below, with attributes (st). */
static int lower_inode(struct ram_fs *rfs, uint32_t ino, const struct lower_stat *st,
                       struct ram_inode **out)
{
    const struct lower *lower = rfs->lower;
    const char *data = NULL;
    int err = S_ISDIR(st->mode) ? 0 : lower->ops->data(lower, ino, &data);

    if (err)
        return err;
    struct ram_inode *ri = inode_alloc(rfs, st->mode);
    if (!ri)
        return -ENOMEM;
    ri->lower = ino;
    ri->inode.ino = (uint64_t)ino + 1;
    ri->inode.nlink = st->nlink;
    ri->inode.uid = st->uid;
    ri->inode.gid = st->gid;
    ri->inode.atime = ri->inode.mtime = ri->inode.ctime = ri->inode.btime =
        st->mtime > INT64_MAX / NSEC_PER_SEC || st->mtime < 0 ? 0 : st->mtime * NSEC_PER_SEC;
    if (S_ISDIR(st->mode)) {
        ri->dir.lower = ino;
        ri->dir.whole = false;
    } else if (S_ISLNK(st->mode)) {
        ri->inode.size = st->size;
        ri->symlink = (struct ram_symlink){data, st->size, false};
    } else {
        ri->inode.size = st->size;
        ri->data.lower = data;
        ri->data.lower_size = st->size;
    }
    *out = ri;
    return 0;
}

/* The inode (ino) of the file system below as the child of (dir), held for the caller. */
static int take_in(struct ram_inode *dir, uint32_t ino, struct ram_inode **out)
{
    struct ram_fs *rfs = ram_fs_of(dir);
    struct ram_inode **bucket = shared_bucket(rfs, ino);
    struct lower_stat st;
    int err = rfs->lower->ops->stat(rfs->lower, ino, &st);

    if (err)
        return err;
    bool shared = !S_ISDIR(st.mode) && st.nlink > 1;
    for (struct ram_inode *ri = shared ? *bucket : NULL; ri; ri = ri->shared_next) {
        if (ri->lower == ino) {
            inode_hold(&ri->inode);
            *out = ri;
            return 0;
        }
    }
    err = lower_inode(rfs, ino, &st, out);
    if (err)
        return err;
    if (S_ISDIR(st.mode)) {
        inode_hold(&dir->inode);
        (*out)->inode.parent = &dir->inode;
    }
    if (shared) {
        inode_hold(&(*out)->inode);
        (*out)->shared = true;
        (*out)->shared_next = *bucket;
        *bucket = *out;
    }
    return 0;
}

/* Finds (name), which has no entry yet, in the directory below and gives it one. */
static int lower_entry(struct ram_inode *dir, struct name name, uint32_t hash,
                       struct ram_entry **out)
{
    const struct lower *lower = ram_fs_of(dir)->lower;
    struct ram_inode *ri;
    uint32_t ino;
    int err = lower->ops->lookup(lower, dir->dir.lower, name, &ino);

    if (!err)
        err = take_in(dir, ino, &ri);
    if (err)
        return err;
    *out = dir_add(dir, name, hash, ri);
    inode_put(&ri->inode);
    return *out ? 0 : -ENOMEM;
}

/* The entry called (name), with its inode taken in. */
static int find(struct ram_inode *dir, struct name name, struct ram_entry **out)
{
    uint32_t hash = dir_hash(dir, name);
    struct ram_entry *e = dir_find(dir, name, hash);

    if (unlikely(!e)) {
        if (dir->dir.whole)
            return -ENOENT;
        return lower_entry(dir, name, hash, out);
    }
    if (unlikely(!e->inode)) {
        int err = take_in(dir, e->lower, &e->inode);
        if (err) {
            e->inode = NULL;
            return err;
        }
    }
    *out = e;
    return 0;
}

static int ram_lookup(struct inode *dir, struct name name, struct inode **out)
{
    struct ram_entry *e;
    int err = find(to_ram(dir), name, &e);

    if (err)
        return err;
    e->inode->entry = e;
    inode_hold(&e->inode->inode);
    *out = &e->inode->inode;
    return 0;
}

/* What a change of (dir) needs: all names known, and the directory still there. */
static int prepare(struct ram_inode *dir)
{
    if (dir->inode.nlink == 0)
        return -ENOENT;
    return dir_complete(dir);
}

/* A new inode as (what) says, in directory (dir) but without a name, held for the caller. */
static int make_inode(struct ram_inode *dir, const struct inode_new *what, struct ram_inode **out)
{
    struct ram_fs *rfs = ram_fs_of(dir);
    char *target = NULL;

    if (rfs->inodes >= rfs->max_inodes)
        return -ENOSPC;
    if (S_ISLNK(what->mode)) {
        target = heap_alloc(what->target_len);
        if (!target)
            return -ENOMEM;
        memcpy(target, what->target, what->target_len);
    }
    struct ram_inode *ri = inode_alloc(rfs, what->mode);
    if (!ri) {
        heap_free(target, what->target_len);
        return -ENOMEM;
    }
    rfs->inodes++;
    ri->inode.ino = rfs->next_ino++;
    ri->inode.rdev = what->rdev;
    struct cred own = cred_current();
    ri->inode.uid = own.fsuid;
    ri->inode.gid = own.fsgid;
    if (dir->inode.mode & S_ISGID) {
        ri->inode.gid = dir->inode.gid;
        if (S_ISDIR(what->mode))
            ri->inode.mode |= S_ISGID;
    }
    if (target) {
        ri->symlink = (struct ram_symlink){target, what->target_len, true};
        ri->inode.size = what->target_len;
    }
    if (S_ISDIR(what->mode)) {
        ri->dir.lower = NO_LOWER;
        ri->dir.whole = true;
        ri->inode.nlink = 2;
        inode_hold(&dir->inode);
        ri->inode.parent = &dir->inode;
    }
    *out = ri;
    return 0;
}

static int ram_create(struct inode *inode, struct name name, const struct inode_new *what,
                      struct inode **out)
{
    struct ram_inode *dir = to_ram(inode), *ri;
    int err = prepare(dir);

    if (!err)
        err = make_inode(dir, what, &ri);
    if (err)
        return err;
    if (name.len == 0) {
        ri->inode.nlink = 0;
        ri->linkable = !what->nameless;
    } else if (!dir_add(dir, name, dir_hash(dir, name), ri)) {
        inode_put(&ri->inode);
        return -ENOMEM;
    } else {
        if (S_ISDIR(what->mode))
            dir->inode.nlink++;
        touch(dir);
    }
    *out = &ri->inode;
    return 0;
}

static int ram_link(struct inode *inode, struct name name, struct inode *target)
{
    struct ram_inode *dir = to_ram(inode);
    int err = prepare(dir);

    if (!err && target->nlink == 0 && !to_ram(target)->linkable)
        err = -ENOENT;
    if (err)
        return err;
    if (!dir_add(dir, name, dir_hash(dir, name), to_ram(target)))
        return -ENOMEM;
    to_ram(target)->linkable = false;
    target->nlink++;
    target->ctime = clock_wall();
    touch(dir);
    return 0;
}

/* Whether directory (ri) may go. 0; -ENOTEMPTY, -ENOMEM, -EIO. */
static int check_empty(struct ram_inode *ri)
{
    if (!S_ISDIR(ri->inode.mode))
        return 0;
    int err = dir_complete(ri);
    if (err)
        return err;
    return ri->dir.live ? -ENOTEMPTY : 0;
}

/* A name of (ri) in (dir) is about to go: count it. */
static void lose_name(struct ram_inode *dir, struct ram_inode *ri)
{
    if (S_ISDIR(ri->inode.mode)) {
        ri->inode.nlink = 0;
        dir->inode.nlink--;
        ri->inode.ctime = clock_wall();
    } else {
        drop_link(ri);
    }
}

static int ram_unlink(struct inode *inode, struct name name, struct inode *victim)
{
    struct ram_inode *dir = to_ram(inode), *ri = to_ram(victim);
    struct ram_entry *e;
    int err = prepare(dir);

    if (!err)
        err = check_empty(ri);
    if (!err)
        err = find(dir, name, &e);
    if (err)
        return err;
    touch(dir);
    lose_name(dir, ri);
    dir_remove(e);
    return 0;
}

/* Directory (ri), if it is one, is in (to) from now on and no longer in (from). */
static void change_parent(struct ram_inode *ri, struct ram_inode *from, struct ram_inode *to)
{
    if (!S_ISDIR(ri->inode.mode) || from == to)
        return;
    from->inode.nlink--;
    to->inode.nlink++;
    inode_hold(&to->inode);
    ri->inode.parent = &to->inode;
    inode_put(&from->inode);
}

static void set_entry(struct ram_entry *e, struct ram_inode *ri)
{
    e->inode = ri;
    e->type = ri->inode.mode & S_IFMT;
    ri->entry = e;
    ri->inode.ctime = clock_wall();
}

/* The inode of entry (old) becomes (target)'s; what that had loses a name. Cannot fail. */
static void replace(struct ram_entry *old, struct ram_entry *target)
{
    struct ram_inode *to = target->dir, *over = target->inode;

    lose_name(to, over);
    if (over->entry == target)
        over->entry = NULL;
    set_entry(target, old->inode);
    inode_put(&over->inode);
}

/* Entry (e) has no inode any more: it becomes (white)'s, or goes if that is NULL. */
static void leave(struct ram_entry *e, struct ram_inode *white)
{
    e->inode = NULL;
    if (white)
        set_entry(e, white);
    else
        dir_remove(e);
}

static int ram_rename(struct inode *from, struct name old, struct inode *what, struct inode *to,
                      struct name name, struct inode *over, unsigned flags)
{
    static const struct inode_new device = {.mode = S_IFCHR};
    struct ram_inode *src = to_ram(from), *dst = to_ram(to), *ri = to_ram(what), *white = NULL;
    struct ram_entry *e, *target = NULL;
    int err = prepare(src);

    if (!err)
        err = prepare(dst);
    if (!err)
        err = find(src, old, &e);
    if (!err && over)
        err = find(dst, name, &target);
    if (!err && over && !(flags & RENAME_EXCHANGE))
        err = check_empty(to_ram(over));
    if (!err && flags & RENAME_WHITEOUT)
        err = make_inode(src, &device, &white);
    if (err)
        return err;
    if (flags & RENAME_EXCHANGE) {
        set_entry(target, ri);
        set_entry(e, to_ram(over));
        change_parent(ri, src, dst);
        change_parent(to_ram(over), dst, src);
    } else if (over) {
        replace(e, target);
        leave(e, white);
        change_parent(ri, src, dst);
    } else if (dir_add(dst, name, dir_hash(dst, name), ri)) {
        inode_put(&ri->inode);
        leave(e, white);
        change_parent(ri, src, dst);
        ri->inode.ctime = clock_wall();
    } else {
        if (white)
            inode_put(&white->inode);
        return -ENOMEM;
    }
    touch(src);
    touch(dst);
    return 0;
}

static ssize_t ram_readlink(struct inode *inode, char *buf, size_t size)
{
    const struct ram_symlink *link = &to_ram(inode)->symlink;
    size_t n = min_size(size, link->len);

    memcpy(buf, link->target, n);
    return (ssize_t)n;
}

static ssize_t ram_name(struct inode *inode, char *buf, struct inode **parent)
{
    const struct ram_entry *e = to_ram(inode)->entry;

    if (!e)
        return -ENOENT;
    memcpy(buf, e->name, e->len);
    *parent = &e->dir->inode;
    return e->len;
}

static bool may_resize(const struct inode *inode, uint64_t size)
{
    return !((size < inode->size && inode->seals & F_SEAL_SHRINK) ||
             (size > inode->size && inode->seals & F_SEAL_GROW));
}

static int ram_setattr(struct inode *inode, const struct inode_attr *attr)
{
    if (attr->which & ATTR_SIZE && !may_resize(inode, attr->size))
        return -EPERM;
    if (attr->which & ATTR_MODE && inode->seals & F_SEAL_EXEC && (attr->mode ^ inode->mode) & 0111)
        return -EPERM;
    if (attr->which & ATTR_SIZE) {
        data_truncate(to_ram(inode), attr->size);
        inode->mtime = clock_wall();
    }
    return inode_take_attr(inode, attr);
}

static char *ram_share(struct inode *inode, uint64_t first, uint64_t *n)
{
    return data_share(to_ram(inode), first, n);
}

static int ram_open(struct inode *inode, struct file *file)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        file->ops = &ram_file_ops;
        file->kind = FILE_SEEKABLE;
        return 0;
    case S_IFDIR:
        file->ops = &ram_dir_ops;
        file->kind = FILE_SEEKABLE;
        return 0;
    case S_IFIFO:
        return fifo_open ? fifo_open(inode, file) : -ENXIO;
    case S_IFCHR:
    case S_IFBLK:
        return device_open ? device_open(inode, file) : -ENXIO;
    default:
        return -ENXIO;
    }
}

static void ram_evict(struct inode *inode)
{
    struct ram_inode *ri = to_ram(inode);

    if (S_ISREG(inode->mode))
        data_free(ri);
    else if (S_ISDIR(inode->mode))
        dir_free(ri);
    else if (S_ISLNK(inode->mode) && ri->symlink.own)
        heap_free((char *)ri->symlink.target, ri->symlink.len);
    if (inode->xattrs)
        xattrs_free(inode);
    if (ri->lower == NO_LOWER)
        ram_fs_of(ri)->inodes--;
    heap_free(ri, sizeof *ri);
}

static const struct inode_ops file_inode_ops = {
    .readlink = ram_readlink,
    .share = ram_share,
    .name = ram_name,
    .setattr = ram_setattr,
    .open = ram_open,
    .evict = ram_evict,
};

static const struct inode_ops dir_inode_ops = {
    .lookup = ram_lookup,
    .create = ram_create,
    .link = ram_link,
    .unlink = ram_unlink,
    .rename = ram_rename,
    .name = ram_name,
    .setattr = ram_setattr,
    .open = ram_open,
    .evict = ram_evict,
};

static int ram_statfs(struct fs *fs, struct statfs *st)
{
    struct ram_fs *rfs = container_of(fs, struct ram_fs, fs);
    uint64_t lower_pages = rfs->lower ? rfs->lower->size >> PAGE_SHIFT : 0;

    st->f_type = 0x01021994; /* tmpfs, which programs know as a file system in memory */
    st->f_bsize = st->f_frsize = PAGE_SIZE;
    st->f_blocks = rfs->max_pages + lower_pages;
    st->f_bfree = st->f_bavail = rfs->max_pages - rfs->pages;
    st->f_files = rfs->max_inodes + (rfs->lower ? rfs->lower->inodes : 0);
    st->f_ffree = rfs->max_inodes - rfs->inodes;
    st->f_namelen = 255;
    return 0;
}

int ram_start(struct ram_fs *rfs, const char *type, dev_t dev, const struct lower *lower,
              uint64_t max_bytes, mode_t mode)
{
    struct ram_inode *root;
    struct lower_stat st;
    int err = 0;

    *rfs = (struct ram_fs){
        .fs = {.type = type, .dev = dev, .xattrs = true, .statfs = ram_statfs},
        .lower = lower,
        .max_pages = max_bytes >> PAGE_SHIFT,
        /* As many as there would be if each file had a quarter of a page. */
        .max_inodes = max_bytes >> (PAGE_SHIFT - 2),
        .next_ino = (lower ? lower->inodes : 1) + 1,
    };
    random_bytes(&rfs->hash_key, sizeof rfs->hash_key);
    if (lower) {
        err = lower->ops->stat(lower, lower->root, &st);
        if (!err && !S_ISDIR(st.mode))
            err = -EIO;
        if (!err)
            err = lower_inode(rfs, lower->root, &st, &root);
    } else {
        root = inode_alloc(rfs, S_IFDIR | mode);
        if (!root)
            return -ENOMEM;
        root->inode.ino = 1;
        root->inode.nlink = 2;
        root->dir.lower = NO_LOWER;
        root->dir.whole = true;
        rfs->inodes++;
    }
    if (err)
        return err;
    rfs->fs.root = &root->inode;
    return 0;
}
