/* SPDX-License-Identifier: MIT
 *
 * Opening files. */
#ifndef PITH_VFS_OPEN_H
#define PITH_VFS_OPEN_H

#include "iface/fs.h"

/* Bits of file.flags that open(2) calls the access mode; O_ACCMODE of some C libraries has more. */
#define FILE_ACCESS 3u

/* The flags that open(2) knows. The older calls pass over the rest. */
#define OPEN_KNOWN                                                                                 \
    ((int)FILE_ACCESS | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |   \
     O_ASYNC | O_DIRECT | 0100000 /* O_LARGEFILE */ | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |       \
     O_CLOEXEC | O_PATH | O_TMPFILE)

/* An open file with one reference and flags (flags), all else zero. NULL: out of memory. file_free
 * frees it. */
must_check struct file *file_alloc(unsigned flags);

/* An open file without inode, such as an eventfd, with one reference. (flags): access mode and
 * O_NONBLOCK; other bits are dropped. NULL: out of memory, or (data) is NULL. */
must_check struct file *file_anonymous(const struct file_ops *ops, void *data, unsigned flags);

/* Opens (path) as openat(2) says, without a descriptor, with (limits) of the walk (PATH_ONE_FS ...); (mode) is
 * reduced by umask. Returns 0 and the file with one reference; the errors of path_walk and of
 * open(2). May block (FIFOs): then -EINTR. */
must_check int vfs_open(long dirfd, const char *path, int flags, mode_t mode, unsigned limits,
                        struct file **out);

/* Opens (inode) with the flags of open(2), which may not ask to make it. As vfs_open otherwise. */
must_check int vfs_open_inode(struct inode *inode, int flags, struct file **out);

/* umask(2): these permissions are not given to new files. */
extern mode_t vfs_umask;

#endif
