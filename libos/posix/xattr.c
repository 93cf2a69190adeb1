/* SPDX-License-Identifier: MIT
 *
 * Extended attributes: no file system has any. Reading and setting one answers EOPNOTSUPP, of a
 * file that exists; the list is empty. */
#include <limits.h>
#include <string.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/path.h"

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

/* The answer for attribute (name), whatever is to be done to it. */
static long attribute(long name)
{
    if (bad_pointer(name))
        return -EFAULT;
    size_t len = strnlen((const char *)name, NAME_MAX + 1);
    return len == 0 || len > NAME_MAX ? -ERANGE : -EOPNOTSUPP;
}

long pith_sys_setxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    (void)value, (void)size, (void)flags;
    return by_path(path, PATH_FOLLOW, attribute(name));
}

long pith_sys_lsetxattr(long path, long name, long value, long size, long flags)
{
    HOLD;
    (void)value, (void)size, (void)flags;
    return by_path(path, 0, attribute(name));
}

long pith_sys_fsetxattr(long fd, long name, long value, long size, long flags)
{
    HOLD;
    (void)value, (void)size, (void)flags;
    return by_fd(fd, attribute(name));
}

long pith_sys_getxattr(long path, long name, long value, long size)
{
    HOLD;
    (void)value, (void)size;
    return by_path(path, PATH_FOLLOW, attribute(name));
}

long pith_sys_lgetxattr(long path, long name, long value, long size)
{
    HOLD;
    (void)value, (void)size;
    return by_path(path, 0, attribute(name));
}

long pith_sys_fgetxattr(long fd, long name, long value, long size)
{
    HOLD;
    (void)value, (void)size;
    return by_fd(fd, attribute(name));
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
    return by_path(path, PATH_FOLLOW, attribute(name));
}

long pith_sys_lremovexattr(long path, long name)
{
    HOLD;
    return by_path(path, 0, attribute(name));
}

long pith_sys_fremovexattr(long fd, long name)
{
    HOLD;
    return by_fd(fd, attribute(name));
}
