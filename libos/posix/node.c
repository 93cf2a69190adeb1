/* SPDX-License-Identifier: MIT
 *
 * Files of any kind by name: mknod. Only by it are there FIFOs with a name, so only with it is
 * linked what opens one. */
#include <fcntl.h>
#include <sys/stat.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/path.h"

LINKS(fifo_open);

long pith_sys_mknodat(long dirfd, long path, long mode, long dev)
{
    HOLD;
    struct inode_new what = {.mode = (mode_t)mode & ~vfs_umask & (S_IFMT | 07777),
                             .rdev = (unsigned)dev};

    switch (what.mode & S_IFMT) {
    case 0:
        what.mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        what.rdev = 0;
        break;
    case S_IFCHR:
    case S_IFBLK:
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return file_make_at(dirfd, path, &what);
}

long pith_sys_mknod(long path, long mode, long dev)
{
    HOLD;
    return pith_sys_mknodat(AT_FDCWD, path, mode, dev);
}
