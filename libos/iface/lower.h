/* SPDX-License-Identifier: MIT
 *
 * A read-only file system below the RAM file system: what fs/ram asks of fs/rom. Inodes are
 * numbers; the bytes of files stay where they are for ever and are used in place. Whatever is
 * malformed answers -EIO; nothing is trusted. */
#ifndef PITH_IFACE_LOWER_H
#define PITH_IFACE_LOWER_H

#include <sys/types.h>

#include "base/base.h"
#include "iface/fs.h"

struct lower;

struct lower_stat {
    mode_t mode; /* S_IFREG, S_IFDIR or S_IFLNK with permission bits */
    uint32_t nlink;
    uid_t uid;
    gid_t gid;
    int64_t mtime; /* seconds since the Epoch */
    uint64_t size; /* bytes; of a directory its number of entries */
};

struct lower_ops {
    /* Attributes of (ino). -EIO. */
    int (*stat)(const struct lower *lower, uint32_t ino, struct lower_stat *st);
    /* The inode called (name) in directory (dir). -ENOENT, -EIO. */
    int (*lookup)(const struct lower *lower, uint32_t dir, struct name name, uint32_t *ino);
    /* Entry (index) of directory (dir), below its size. -EIO. */
    int (*entry)(const struct lower *lower, uint32_t dir, uint64_t index, struct name *name,
                 uint32_t *ino);
    /* All bytes of a file, or the target of a symbolic link: stat's size many. -EIO. */
    int (*data)(const struct lower *lower, uint32_t ino, const char **data);
};

struct lower {
    const struct lower_ops *ops;
    uint32_t root;   /* inode of the root directory */
    uint32_t inodes; /* how many there are: numbers are below */
    uint64_t size;   /* bytes, for statfs */
};

#endif
