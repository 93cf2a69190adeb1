/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: no file system has any. Reading and setting one answers EOPNOTSUPP, of a
 * file that exists; the list is empty. What is wrong with a name or a value comes first. */
#include <limits.h>
#include <sys/xattr.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/path.h"

/* Linux's limit of a value. */
#define VALUE_MAX 65536

/* The answer for the file at (path): (answer) if it exists. */
static long by_path(long path, unsigned walk, long answer)
{
    struct inode *inode;
    long err = path_lookup(AT_FDCWD, (const char *)path, walk, &inode);

    if (err)
        return err;
    inode_put(inode);
    return answer;
}

static long by_fd(long fd, long answer)
{
    return file_get(fd) ? answer : -EBADF;
}

/* What is wrong with attribute (name); 0. */
static long check_name(long name)
{
    ssize_t len = user_string((const char *)name, NAME_MAX + 1);

    if (len == -EFAULT)
        return -EFAULT;
    return len <= 0 ? -ERANGE : 0;
}

/* The same of all that setxattr gets. */
static long check_set(long name, long value, long size, long flags)
{
    if (flags & ~(long)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    long err = check_name(name);
    if (err)
        return err;
    if ((unsigned long)size > VALUE_MAX)
        return -E2BIG;
    return user_readable((const void *)value, (size_t)size) ? 0 : -EFAULT;
}

long pith_sys_setxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    long err = check_set(name, value, size, flags);

    return err ? err : by_path(path, PATH_FOLLOW, -EOPNOTSUPP);
}

long pith_sys_lsetxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    long err = check_set(name, value, size, flags);

    return err ? err : by_path(path, 0, -EOPNOTSUPP);
}

long pith_sys_fsetxattr(long fd, long name, long value, long size, long flags)
{
    HOLD;
    long err = check_set(name, value, size, flags);

    return err ? err : by_fd(fd, -EOPNOTSUPP);
}

long pith_sys_getxattr(long path, long name, long value, long size)
{
    HOLD;
    long err = check_name(name);

    (void)value, (void)size;
    return err ? err : by_path(path, PATH_FOLLOW, -EOPNOTSUPP);
}

long pith_sys_lgetxattr(long path, long name, long value, long size)
{
    HOLD;
    long err = check_name(name);

    (void)value, (void)size;
    return err ? err : by_path(path, 0, -EOPNOTSUPP);
}

long pith_sys_fgetxattr(long fd, long name, long value, long size)
{
    HOLD;
    long err = check_name(name);

    (void)value, (void)size;
    return err ? err : by_fd(fd, -EOPNOTSUPP);
}

long pith_sys_listxattr(long path, long buf, long size)
{
    HOLD;
    (void)buf, (void)size;
    return by_path(path, PATH_FOLLOW, 0);
}

long pith_sys_llistxattr(long path, long buf, long size)
{
    HOLD;
    (void)buf, (void)size;
    return by_path(path, 0, 0);
}

long pith_sys_flistxattr(long fd, long buf, long size)
{
    HOLD;
    (void)buf, (void)size;
    return by_fd(fd, 0);
}

long pith_sys_removexattr(long path, long name)
{
    HOLD;
    long err = check_name(name);

    return err ? err : by_path(path, PATH_FOLLOW, -EOPNOTSUPP);
}

long pith_sys_lremovexattr(long path, long name)
{
    HOLD;
    long err = check_name(name);

    return err ? err : by_path(path, 0, -EOPNOTSUPP);
}

long pith_sys_fremovexattr(long fd, long name)
{
    HOLD;
    long err = check_name(name);

    return err ? err : by_fd(fd, -EOPNOTSUPP);
}
