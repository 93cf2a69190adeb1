/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: of the file systems that keep them (fs.xattrs), user.* of files and
 * directories, trusted.*, which are root's, and security.*, which root sets. They hang at the inode and are found by looking
 * through them: files have few. Elsewhere setting and reading one answers EOPNOTSUPP. */
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/path.h"

#define VALUE_MAX 65536 /* XATTR_SIZE_MAX */
#define LIST_MAX  65536 /* XATTR_LIST_MAX: no more names than a list has room for */

struct xattr {
    struct xattr *next;
    size_t name_size; /* with its NUL */
    size_t size;      /* of its value */
    char bytes[];     /* the name, then the value */
};

static size_t bytes_of(const struct xattr *x)
{
    return sizeof(*x) + x->name_size + x->size;
}

static char *value_of(struct xattr *x)
{
    return x->bytes + x->name_size;
}

void xattrs_free(struct inode *inode)
{
    while (inode->xattrs) {
        struct xattr *x = inode->xattrs;
        inode->xattrs = x->next;
        heap_free(x, bytes_of(x));
    }
}

/* What a call is about: a file, which need not have an inode. */
struct target {
    struct inode *inode;
    mode_t mode;
    bool held;
};

static int at_path(long path, unsigned walk, struct target *t)
{
    int err = path_lookup(AT_FDCWD, (const char *)path, walk, &t->inode);

    if (err)
        return err;
    t->mode = t->inode->mode;
    t->held = true;
    return 0;
}

static int at_fd(long fd, struct target *t)
{
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    *t = (struct target){.inode = f->inode, .mode = f->inode ? f->inode->mode : f->mode};
    return 0;
}

static void put(const struct target *t)
{
    if (t->held)
        inode_put(t->inode);
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Whether the program may read, or write, attribute (name): 0, -EACCES, -EPERM, -ENODATA. */
static int check_access(const struct target *t, const char *name, bool write)
{
    int refusal = write ? -EPERM : -ENODATA;

    if (begins(name, "system."))
        return 0;
    if (begins(name, "security."))
        return cred_may(CAP_SYS_ADMIN) || !write ? 0 : -EPERM;
    if (begins(name, "trusted."))
        return cred_may(CAP_SYS_ADMIN) ? 0 : refusal;
    if (begins(name, "user.")) {
        if (!S_ISREG(t->mode) && !S_ISDIR(t->mode))
            return refusal;
        if (write && S_ISDIR(t->mode) && (t->mode & S_ISVTX) && may_as_owner(t->inode) != 0)
            return -EPERM;
    }
    return t->inode ? may_access(t->inode, write ? MAY_WRITE : MAY_READ) : 0;
}

/* Whether there are attributes like (name). There are no capabilities that a file could give. */
static bool is_kept(const char *name)
{
    return begins(name, "user.") || begins(name, "trusted.") ||
           (begins(name, "security.") && strcmp(name, "security.capability") != 0);
}

/* The same, and whether there can be such an attribute: -EOPNOTSUPP, -EINVAL. */
static int check(const struct target *t, const char *name, bool write)
{
    int err = check_access(t, name, write);

    if (err)
        return err;
    if (!t->inode || !t->inode->fs->xattrs || !is_kept(name))
        return -EOPNOTSUPP;
    return strchr(name, '.')[1] ? 0 : -EINVAL;
}

/* The link to attribute (name) of (inode), or to the NULL at the end. */
static struct xattr **find(struct inode *inode, const char *name)
{
    struct xattr **link = &inode->xattrs;

    while (*link && strcmp((*link)->bytes, name) != 0)
        link = &(*link)->next;
    return link;
}

/* Whether names listed by listxattr include that of (x). */
static bool is_listed(const struct xattr *x)
{
    return !begins(x->bytes, "trusted.") || cred_may(CAP_SYS_ADMIN);
}

static void changed(struct inode *inode)
{
    inode->ctime = clock_wall();
    if (notify_wanted())
        notify_file(inode, IN_ATTRIB);
}

/* Puts (x) where the attribute of its name is; NULL: removes that. */
static void replace(struct xattr **link, struct xattr *x)
{
    struct xattr *old = *link;

    if (x)
        x->next = old ? old->next : NULL;
    *link = x ? x : old->next;
    if (old)
        heap_free(old, bytes_of(old));
}

static int set(struct inode *inode, const char *name, const void *value, size_t size, long flags)
{
    struct xattr **link = find(inode, name), *x;
    size_t name_size = strlen(name) + 1, names = name_size;

    if (*link && flags & XATTR_CREATE)
        return -EEXIST;
    if (!*link && flags & XATTR_REPLACE)
        return -ENODATA;
    for (x = inode->xattrs; x && !*link; x = x->next)
        names += x->name_size;
    if (names > LIST_MAX)
        return -ENOSPC;
    x = heap_alloc(sizeof(*x) + name_size + size);
    if (!x)
        return -ENOMEM;
    x->name_size = name_size;
    x->size = size;
    memcpy(x->bytes, name, name_size);
    if (size > 0)
        memcpy(value_of(x), value, size);
    replace(link, x);
    changed(inode);
    return 0;
}

/* What is wrong with attribute (name); 0. */
static int check_name(long name)
{
    ssize_t len = user_string((const char *)name, NAME_MAX + 1);

    if (len == -EFAULT)
        return -EFAULT;
    return len <= 0 ? -ERANGE : 0;
}

/* The same of all that setxattr gets. */
static int check_set(long name, long value, long size, long flags)
{
    if (flags & ~(long)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    int err = check_name(name);
    if (err)
        return err;
    if ((unsigned long)size > VALUE_MAX)
        return -E2BIG;
    return user_readable((const void *)value, (size_t)size) ? 0 : -EFAULT;
}

/* The calls on a target that was found; (err): it was not. */

static long set_at(const struct target *t, int err, long name, long value, long size, long flags)
{
    if (err)
        return err;
    err = check(t, (const char *)name, true);
    if (!err)
        err = set(t->inode, (const char *)name, (const void *)value, (size_t)size, flags);
    put(t);
    return err;
}

/* Answers (size) bytes to a program that has room for (room) at (to), or asks how many there are.
 * 0, -ERANGE, -EFAULT. */
static int check_room(long to, size_t room, size_t size)
{
    if (room == 0)
        return 0;
    if (size > room)
        return -ERANGE;
    return user_writable((void *)to, size) ? 0 : -EFAULT;
}

static long get_at(const struct target *t, int err, long name, long to, long room)
{
    if (err)
        return err;
    long result = check(t, (const char *)name, false);
    if (!result) {
        struct xattr *x = *find(t->inode, (const char *)name);
        result = x ? check_room(to, (size_t)room, x->size) : -ENODATA;
        if (!result && room != 0)
            memcpy((void *)to, value_of(x), x->size);
        if (!result)
            result = (long)x->size;
    }
    put(t);
    return result;
}

static long list_at(const struct target *t, int err, long to, long room)
{
    size_t size = 0;

    if (err)
        return err;
    struct xattr *first = t->inode ? t->inode->xattrs : NULL;
    for (const struct xattr *x = first; x; x = x->next)
        size += is_listed(x) ? x->name_size : 0;
    long result = check_room(to, (size_t)room, size);
    char *at = (char *)to;
    for (const struct xattr *x = first; x && !result && room != 0; x = x->next) {
        if (is_listed(x)) {
            memcpy(at, x->bytes, x->name_size);
            at += x->name_size;
        }
    }
    put(t);
    return result ? result : (long)size;
}

static long remove_at(const struct target *t, int err, long name)
{
    if (err)
        return err;
    err = check(t, (const char *)name, true);
    if (!err) {
        struct xattr **link = find(t->inode, (const char *)name);
        if (*link) {
            replace(link, NULL);
            changed(t->inode);
        } else {
            err = -ENODATA;
        }
    }
    put(t);
    return err;
}

long pith_sys_setxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    struct target t;
    int err = check_set(name, value, size, flags);

    return set_at(&t, err ? err : at_path(path, PATH_FOLLOW, &t), name, value, size, flags);
}

long pith_sys_lsetxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    struct target t;
    int err = check_set(name, value, size, flags);

    return set_at(&t, err ? err : at_path(path, 0, &t), name, value, size, flags);
}

long pith_sys_fsetxattr(long fd, long name, long value, long size, long flags)
{
    HOLD;
    struct target t;
    int err = check_set(name, value, size, flags);

    return set_at(&t, err ? err : at_fd(fd, &t), name, value, size, flags);
}

long pith_sys_getxattr(long path, long name, long value, long size)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return get_at(&t, err ? err : at_path(path, PATH_FOLLOW, &t), name, value, size);
}

long pith_sys_lgetxattr(long path, long name, long value, long size)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return get_at(&t, err ? err : at_path(path, 0, &t), name, value, size);
}

long pith_sys_fgetxattr(long fd, long name, long value, long size)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return get_at(&t, err ? err : at_fd(fd, &t), name, value, size);
}

long pith_sys_listxattr(long path, long list, long size)
{
    HOLD;
    struct target t;
    int err = at_path(path, PATH_FOLLOW, &t);

    return list_at(&t, err, list, size);
}

long pith_sys_llistxattr(long path, long list, long size)
{
    HOLD;
    struct target t;
    int err = at_path(path, 0, &t);

    return list_at(&t, err, list, size);
}

long pith_sys_flistxattr(long fd, long list, long size)
{
    HOLD;
    struct target t;
    int err = at_fd(fd, &t);

    return list_at(&t, err, list, size);
}

long pith_sys_removexattr(long path, long name)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return remove_at(&t, err ? err : at_path(path, PATH_FOLLOW, &t), name);
}

long pith_sys_lremovexattr(long path, long name)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return remove_at(&t, err ? err : at_path(path, 0, &t), name);
}

long pith_sys_fremovexattr(long fd, long name)
{
    HOLD;
    struct target t;
    int err = check_name(name);

    return remove_at(&t, err ? err : at_fd(fd, &t), name);
}
