/* SPDX-License-Identifier: MIT
 *
 * Calls that make, remove and rename names, and those about the current and root directories. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/path.h"
#include "vfs/permit.h"

/* Whether something is mounted on the last name of (p): it cannot be removed or renamed. */
static bool is_mount_point(const struct path *p)
{
    return p->inode && p->inode->fs != p->dir->fs;
}

static bool is_accessible(const struct inode *inode, unsigned mode)
{
    if (cred_allows)
        return cred_allows(inode->uid, inode->gid, inode->mode, mode);
    /* Root may not run what nobody may. */
    return !(mode & X_OK) || S_ISDIR(inode->mode) || inode->mode & 0111;
}

static long access_at(long dirfd, long path, long mode, long flags)
{
    unsigned walk =
        (flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) | (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
    struct inode *inode;

    if (mode & ~(long)(R_OK | W_OK | X_OK) ||
        flags & ~(long)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    bool as_real = cred_as_real && !(flags & AT_EACCESS);
    if (as_real)
        cred_as_real(true);
    long err = path_lookup(dirfd, (const char *)path, walk, &inode);
    if (!err) {
        err = is_accessible(inode, (unsigned)mode) ? 0 : -EACCES;
        inode_put(inode);
    }
    if (as_real)
        cred_as_real(false);
    return err;
}

long pith_sys_access(long path, long mode)
{
    HOLD;
    return access_at(AT_FDCWD, path, mode, 0);
}

long pith_sys_faccessat(long dirfd, long path, long mode)
{
    HOLD;
    return access_at(dirfd, path, mode, 0);
}

long pith_sys_faccessat2(long dirfd, long path, long mode, long flags)
{
    HOLD;
    return access_at(dirfd, path, mode, flags);
}

long pith_sys_getcwd(long buf, long size)
{
    HOLD;
    char path[PATH_BYTES];
    struct inode *cwd;
    int err = path_lookup(AT_FDCWD, ".", 0, &cwd);

    if (err)
        return err;
    char *start = path_of(cwd, path, sizeof(path), &err);
    inode_put(cwd);
    if (!start)
        return err == -ERANGE ? -ENAMETOOLONG : err;
    size_t len = strlen(start) + 1;
    if (len > (size_t)size)
        return -ERANGE;
    if (!user_writable((char *)buf, len))
        return -EFAULT;
    memcpy((char *)buf, start, len);
    return (long)len;
}

/* The directory (path), held. 0; -ENOTDIR, -EACCES, and errors of the walk. */
static long find_directory(long path, struct inode **out)
{
    long err = path_lookup(AT_FDCWD, (const char *)path, PATH_FOLLOW, out);

    if (err)
        return err;
    err = S_ISDIR((*out)->mode) ? may_access(*out, MAY_EXEC) : -ENOTDIR;
    if (err)
        inode_put(*out);
    return err;
}

long pith_sys_chdir(long path)
{
    HOLD;
    struct inode *dir;
    long err = find_directory(path, &dir);

    if (err)
        return err;
    path_set_cwd(dir);
    inode_put(dir);
    return 0;
}

long pith_sys_fchdir(long fd)
{
    HOLD;
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    if (!f->inode || !S_ISDIR(f->inode->mode))
        return -ENOTDIR;
    int err = may_access(f->inode, MAY_EXEC);
    if (!err)
        path_set_cwd(f->inode);
    return err;
}

long pith_sys_chroot(long path)
{
    HOLD;
    struct inode *dir;
    long err = find_directory(path, &dir);

    if (err)
        return err;
    if (cred_may(CAP_SYS_CHROOT))
        path_set_root(dir);
    else
        err = -EPERM;
    inode_put(dir);
    return err;
}

/* A character device with number 0 is none. */
static bool is_device(const struct inode_new *what)
{
    return S_ISBLK(what->mode) || (S_ISCHR(what->mode) && what->rdev != 0);
}

long file_make_at(long dirfd, long path, const struct inode_new *what)
{
    struct inode *inode;
    struct path p;
    long err = path_walk(dirfd, (const char *)path, PATH_PARENT, &p);

    if (err)
        return err;
    if (p.inode)
        err = -EEXIST;
    else if (p.slash && !S_ISDIR(what->mode))
        err = -ENOENT;
    else if (!p.dir->ops->create)
        err = -EPERM;
    else
        err = may_change_names(p.dir);
    if (!err && is_device(what) && !cred_may(CAP_MKNOD))
        err = -EPERM;
    if (!err)
        err = vfs_may_change(&p);
    if (!err)
        err = p.dir->ops->create(p.dir, p.name, what, &inode);
    if (!err) {
        if (notify_wanted())
            notify_name(p.dir, p.name, inode, IN_CREATE, 0);
        inode_put(inode);
    }
    path_put(&p);
    return err;
}

long pith_sys_mkdirat(long dirfd, long path, long mode)
{
    HOLD;
    const struct inode_new what = {.mode = S_IFDIR | ((mode_t)mode & 01777 & ~vfs_umask)};

    return file_make_at(dirfd, path, &what);
}

long pith_sys_mkdir(long path, long mode)
{
    HOLD;
    return pith_sys_mkdirat(AT_FDCWD, path, mode);
}

long pith_sys_symlinkat(long target, long dirfd, long path)
{
    HOLD;
    ssize_t len = user_string((const char *)target, PATH_MAX);

    if (len <= 0)
        return len ? len : -ENOENT;
    const struct inode_new what = {
        .mode = S_IFLNK | 0777, .target = (const char *)target, .target_len = (size_t)len};
    return file_make_at(dirfd, path, &what);
}

long pith_sys_symlink(long target, long path)
{
    HOLD;
    return pith_sys_symlinkat(target, AT_FDCWD, path);
}

/* Whether the program may give (target) one more name: as its owner, or if it is a file like those that it
 * could make itself (Linux's fs.protected_hardlinks). */
static bool may_link(const struct inode *target)
{
    if (may_as_owner(target) == 0)
        return true;
    return S_ISREG(target->mode) && !(target->mode & S_ISUID) &&
           (target->mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
           may_access(target, MAY_READ | MAY_WRITE) == 0;
}

/* One more name, (p), for (target). */
static long link_to(const struct path *p, struct inode *target)
{
    if (p->inode)
        return -EEXIST;
    if (p->slash)
        return -ENOENT;
    if (target->fs != p->dir->fs)
        return -EXDEV;
    if (!may_link(target))
        return -EPERM;
    int err = may_change_names(p->dir);
    if (!err && (S_ISDIR(target->mode) || !p->dir->ops->link))
        err = -EPERM;
    if (!err)
        err = vfs_may_change(p);
    if (!err)
        err = p->dir->ops->link(p->dir, p->name, target);
    if (!err && notify_wanted()) {
        notify_self(target, IN_ATTRIB);
        notify_name(p->dir, p->name, target, IN_CREATE, 0);
    }
    return err;
}

long pith_sys_linkat(long old_dirfd, long old, long dirfd, long path, long flags)
{
    HOLD;
    unsigned walk =
        (flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
    struct inode *target;
    struct path p;

    if (flags & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    long err = path_lookup(old_dirfd, (const char *)old, walk, &target);
    if (err)
        return err;
    err = path_walk(dirfd, (const char *)path, PATH_PARENT, &p);
    if (!err) {
        err = link_to(&p, target);
        path_put(&p);
    }
    inode_put(target);
    return err;
}

long pith_sys_link(long old, long path)
{
    HOLD;
    return pith_sys_linkat(AT_FDCWD, old, AT_FDCWD, path, 0);
}

/* Whether unlink may remove (p), or with (rmdir) rmdir. */
static long check_removal(const struct path *p, bool rmdir)
{
    static const long rmdir_errors[] = {-EBUSY, -EINVAL, -ENOTEMPTY};

    if (!p->dir)
        return rmdir ? rmdir_errors[p->dots] : -EISDIR;
    if (!p->inode)
        return -ENOENT;
    if (p->slash && !rmdir)
        return S_ISDIR(p->inode->mode) ? -EISDIR : -ENOTDIR;
    int err = may_remove(p->dir, p->inode);
    if (err)
        return err;
    if (S_ISDIR(p->inode->mode) && !rmdir)
        return -EISDIR;
    if (!S_ISDIR(p->inode->mode) && rmdir)
        return -ENOTDIR;
    if (is_mount_point(p))
        return -EBUSY;
    return p->dir->ops->unlink ? 0 : -EPERM;
}

/* (p) was removed. What nobody has open goes first, as on Linux. */
static void notify_removed(struct path *p)
{
    const struct inode was = {.mode = p->inode->mode};

    inode_put(p->inode);
    p->inode = NULL;
    notify_name(p->dir, p->name, &was, IN_DELETE, 0);
}

static long remove_at(long dirfd, long path, bool rmdir)
{
    struct path p;
    long err = path_walk(dirfd, (const char *)path, PATH_PARENT, &p);

    if (err)
        return err;
    err = check_removal(&p, rmdir);
    if (!err)
        err = vfs_may_change(&p);
    if (!err)
        err = p.dir->ops->unlink(p.dir, p.name, p.inode);
    if (!err && notify_wanted()) {
        if (!S_ISDIR(p.inode->mode))
            notify_self(p.inode, IN_ATTRIB);
        notify_removed(&p);
    }
    path_put(&p);
    return err;
}

long pith_sys_unlinkat(long dirfd, long path, long flags)
{
    HOLD;
    if (flags & ~(long)AT_REMOVEDIR)
        return -EINVAL;
    return remove_at(dirfd, path, flags & AT_REMOVEDIR);
}

long pith_sys_unlink(long path)
{
    HOLD;
    return remove_at(AT_FDCWD, path, false);
}

long pith_sys_rmdir(long path)
{
    HOLD;
    return remove_at(AT_FDCWD, path, true);
}

/* Whether (inode) is (dir) or lies above it, within one file system. */
static bool is_above(const struct inode *inode, const struct inode *dir)
{
    while (dir && dir != inode)
        dir = dir->parent;
    return dir != NULL;
}

/* What rename says about slashes after names of what is no directory. */
static long check_slashes(const struct path *from, const struct path *to, bool exchange)
{
    if (!S_ISDIR(from->inode->mode) && (from->slash || (!exchange && to->slash)))
        return -ENOTDIR;
    if (exchange && !S_ISDIR(to->inode->mode) && to->slash)
        return -ENOTDIR;
    return 0;
}

/* Whether the program may change the directories of (from) and (to), and what a directory that moves has as
 * its parent. */
static int may_move(const struct path *from, const struct path *to, bool exchange)
{
    int err = may_remove(from->dir, from->inode);

    if (!err)
        err = to->inode ? may_remove(to->dir, to->inode)
                        : may_change_names(to->dir);
    if (!err && from->dir != to->dir && S_ISDIR(from->inode->mode))
        err = may_access(from->inode, MAY_WRITE);
    if (!err && from->dir != to->dir && exchange && S_ISDIR(to->inode->mode))
        err = may_access(to->inode, MAY_WRITE);
    return err;
}

/* Whether (from) may take the place of (to). Returns 0, 1 if there is nothing to do, or an error.
 */
static long check_rename(const struct path *from, const struct path *to, unsigned flags)
{
    bool exchange = flags & RENAME_EXCHANGE;

    if (!from->dir || (!to->dir && !(flags & RENAME_NOREPLACE)))
        return -EBUSY;
    if (!from->inode)
        return -ENOENT;
    if (to->inode && flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (exchange && !to->inode)
        return -ENOENT;
    long err = check_slashes(from, to, exchange);
    if (err)
        return err;
    if (from->dir->fs != to->dir->fs)
        return -EXDEV;
    if (is_mount_point(from) || is_mount_point(to))
        return -EBUSY;
    if (S_ISDIR(from->inode->mode) && is_above(from->inode, to->dir))
        return -EINVAL;
    if (to->inode && S_ISDIR(to->inode->mode) && is_above(to->inode, from->dir))
        return exchange ? -EINVAL : -ENOTEMPTY;
    if (from->inode == to->inode)
        return 1;
    err = may_move(from, to, exchange);
    if (err)
        return err;
    if (to->inode && !exchange && S_ISDIR(from->inode->mode) != S_ISDIR(to->inode->mode))
        return S_ISDIR(from->inode->mode) ? -ENOTDIR : -EISDIR;
    return from->dir->ops->rename ? 0 : -EPERM;
}

/* (from) has become (to), where (over) was. */
static void notify_moved(const struct path *from, const struct path *to, struct inode *over)
{
    uint32_t cookie = notify_cookie();

    notify_name(from->dir, from->name, from->inode, IN_MOVED_FROM, cookie);
    notify_name(to->dir, to->name, from->inode, IN_MOVED_TO, cookie);
    if (over)
        notify_self(over, IN_ATTRIB);
    notify_self(from->inode, IN_MOVE_SELF);
}

long pith_sys_renameat2(long old_dirfd, long old, long dirfd, long path, long flags)
{
    HOLD;
    struct path from, to;

    if (flags & ~(long)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
        (flags & RENAME_EXCHANGE && flags != RENAME_EXCHANGE))
        return -EINVAL;
    long err = path_walk(old_dirfd, (const char *)old, PATH_PARENT, &from);
    if (err)
        return err;
    err = path_walk(dirfd, (const char *)path, PATH_PARENT, &to);
    if (!err) {
        err = check_rename(&from, &to, (unsigned)flags);
        if (!err)
            err = vfs_may_change(&from);
        if (!err)
            err = vfs_may_change(&to);
        if (!err)
            err = from.dir->ops->rename(from.dir, from.name, from.inode, to.dir, to.name, to.inode,
                                        (unsigned)flags);
        if (!err && notify_wanted()) {
            notify_moved(&from, &to, flags & RENAME_EXCHANGE ? NULL : to.inode);
            if (flags & RENAME_EXCHANGE)
                notify_moved(&(struct path){.dir = to.dir, .name = to.name, .inode = to.inode},
                             &from, NULL);
        }
        path_put(&to);
    }
    path_put(&from);
    return err < 0 ? err : 0;
}

long pith_sys_renameat(long old_dirfd, long old, long dirfd, long path)
{
    HOLD;
    return pith_sys_renameat2(old_dirfd, old, dirfd, path, 0);
}

long pith_sys_rename(long old, long path)
{
    HOLD;
    return pith_sys_renameat2(AT_FDCWD, old, AT_FDCWD, path, 0);
}

/* readlink into a buffer that cannot be written as a whole: only as much as the target takes
 * counts. */
static long read_link_apart(struct inode *inode, char *buf, size_t size)
{
    char target[PATH_BYTES];
    ssize_t n = inode->ops->readlink(inode, target, min_size(size, sizeof(target)));

    if (n > 0 && !user_writable(buf, (size_t)n))
        return -EFAULT;
    if (n > 0)
        memcpy(buf, target, (size_t)n);
    return n;
}

long pith_sys_readlinkat(long dirfd, long path, long buf, long size)
{
    HOLD;
    struct inode *inode;

    if ((int)size <= 0)
        return -EINVAL;
    long n = path_lookup(dirfd, (const char *)path, PATH_EMPTY, &inode);
    if (n)
        return n;
    if (!S_ISLNK(inode->mode))
        n = *(const char *)path ? -EINVAL : -ENOENT;
    else if (user_writable((char *)buf, (size_t)size))
        n = inode->ops->readlink(inode, (char *)buf, (size_t)size);
    else
        n = read_link_apart(inode, (char *)buf, (size_t)size);
    inode_put(inode);
    return n;
}

long pith_sys_readlink(long path, long buf, long size)
{
    HOLD;
    return pith_sys_readlinkat(AT_FDCWD, path, buf, size);
}
