/* SPDX-License-Identifier: MIT
 *
 * Opening files: what open(2) says about flags, on top of path walk. */
#include <errno.h>
#include <fcntl.h>

#include "iface/cred.h"
#include "iface/notify.h"
#include "vfs/fd.h"
#include "vfs/lease.h"
#include "vfs/open.h"
#include "vfs/path.h"
#include "vfs/permit.h"

/* Flags that matter to open alone; F_GETFL does not show them. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

/* Shown by F_GETFL for every file with a path, as Linux does on 64-bit machines. */
#define LARGEFILE 0100000

#define TMPFILE (O_TMPFILE & ~O_DIRECTORY)

mode_t vfs_umask = 022;

/* A file that was opened with O_PATH can do nothing. */
static const struct file_ops path_ops = {.release = file_free};

/* Makes (f) an open file of (inode). */
static int set_up(struct file *f, struct inode *inode, int flags)
{
    inode_hold(inode);
    f->inode = inode;
    f->flags = (unsigned)(flags & (~OPEN_ONLY | O_NOCTTY));
    if (flags & O_PATH) {
        f->ops = &path_ops;
        return 0;
    }
    f->flags |= LARGEFILE;
    int err = flags & O_DIRECT && !S_ISREG(inode->mode) && !S_ISBLK(inode->mode) ? -EINVAL
              : inode->ops->open ? inode->ops->open(inode, f)
                                 : -ENXIO;
    f->flags &= ~(unsigned)O_NOCTTY;
    if (err) {
        f->inode = NULL;
        inode_put(inode);
    } else if (notify_wanted()) {
        notify_file(inode, IN_OPEN);
    }
    return err;
}

/* Whether (flags) allow to open (inode), which was there before. */
static int check_existing(const struct inode *inode, int flags)
{
    bool writing = flags & (int)FILE_ACCESS || flags & O_TRUNC;

    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (S_ISDIR(inode->mode) && flags & O_CREAT)
        return -EISDIR;
    if (!S_ISDIR(inode->mode) && flags & O_DIRECTORY)
        return -ENOTDIR;
    if (flags & O_PATH)
        return 0;
    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (S_ISDIR(inode->mode) && writing)
        return -EISDIR;
    int err = may_access(inode, may_of_open(flags));
    return !err && flags & O_NOATIME ? may_as_owner(inode) : err;
}

/* Makes the regular file that path (p) names, or with TMPFILE one without a name in p's directory.
 */
static int create(struct inode *dir, struct name name, mode_t mode, int flags, struct inode **out)
{
    const struct inode_new what = {.mode = S_IFREG | (mode & 07777 & ~vfs_umask),
                                   .nameless = flags & O_EXCL};

    if (!dir->ops->create)
        return name.len ? -EACCES : -EOPNOTSUPP;
    int err = may_change_names(dir);
    if (!err)
        err = dir->ops->create(dir, name, &what, out);
    if (!err && notify_wanted() && name.len)
        notify_name(dir, name, *out, IN_CREATE, 0);
    return err;
}

static int open_tmpfile(struct path *p, int flags, mode_t mode, struct file *f)
{
    struct inode *inode;
    int err;

    if (!S_ISDIR(p->inode->mode))
        return -ENOTDIR;
    err = vfs_may_make_in(p->inode);
    if (err)
        return err;
    err = create(p->inode, (struct name){"", 0}, mode, flags, &inode);
    if (err)
        return err;
    err = set_up(f, inode, flags);
    inode_put(inode);
    return err;
}

static int open_walked(struct path *p, int flags, mode_t mode, struct file *f)
{
    const struct inode_attr empty = {.which = ATTR_SIZE};
    bool created = false, truncated = false;
    int err = 0;

    if (flags & O_CREAT && p->slash && p->dir)
        return -EISDIR;
    if (flags & TMPFILE)
        return open_tmpfile(p, flags, mode, f);
    if (p->inode)
        err = check_existing(p->inode, flags);
    if (!err && (!p->inode || flags & O_TRUNC || flags & (int)FILE_ACCESS))
        err = vfs_may_change(p);
    if (!err && !p->inode) {
        err = create(p->dir, p->name, mode, flags, &p->inode);
        created = true;
    }
    if (!err && lease_break && !created && !(flags & O_PATH))
        err = lease_break(p->inode, (unsigned)flags);
    if (!err && flags & O_TRUNC && !created && S_ISREG(p->inode->mode) && p->inode->ops->setattr) {
        err = p->inode->ops->setattr(p->inode, &empty);
        truncated = true;
    }
    if (!err)
        err = set_up(f, p->inode, flags);
    if (!err && created)
        f->kind |= FILE_CREATED;
    if (!err && truncated)
        notify_access(p->inode, true);
    return err;
}

/* Refuses flags that contradict each other; takes those away that O_PATH makes meaningless. */
static int check_flags(int *flags)
{
    if (*flags & O_PATH)
        *flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    if (*flags & TMPFILE) {
        if (!(*flags & O_DIRECTORY) || *flags & O_CREAT || !(*flags & (int)FILE_ACCESS))
            return -EINVAL;
    } else if ((*flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY)) {
        return -EINVAL;
    }
    return 0;
}

int vfs_open(long dirfd, const char *path, int flags, mode_t mode, unsigned limits,
             struct file **out)
{
    struct path p;
    unsigned walk_flags = limits;
    int err = check_flags(&flags);

    if (err)
        return err;
    flags &= OPEN_KNOWN;
    if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        walk_flags |= PATH_FOLLOW;
    if (flags & O_CREAT)
        walk_flags |= PATH_PARENT;
    /* First, so that nothing is created that cannot be opened. */
    struct file *f = file_alloc(0);
    if (!f)
        return -ENOMEM;
    err = path_walk(dirfd, path, walk_flags, &p);
    if (!err) {
        err = open_walked(&p, flags, mode, f);
        path_put(&p);
    }
    if (err)
        file_free(f);
    else
        *out = f;
    return err;
}

int vfs_open_inode(struct inode *inode, int flags, struct file **out)
{
    struct path p = {.inode = inode};
    int err = check_flags(&flags);

    if (err)
        return err;
    struct file *f = file_alloc(0);
    if (!f)
        return -ENOMEM;
    err = open_walked(&p, flags & OPEN_KNOWN, 0, f);
    if (err)
        file_free(f);
    else
        *out = f;
    return err;
}
