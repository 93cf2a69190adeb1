/* SPDX-License-Identifier: MIT
 *
 * The RAM file system: everything that a program may write. It can stand over a read-only file
 * system (iface/lower.h): that one's directories and files are taken in when they are first looked
 * up, the bytes of its files stay in place until they are written, page by page. Nothing survives
 * the machine. */
#ifndef PITH_RAM_H
#define PITH_RAM_H

#include "iface/fs.h"
#include "iface/lower.h"

struct ram_inode;

#define RAM_SHARED_BUCKETS 32

struct ram_fs {
    struct fs fs;
    const struct lower *lower;   /* or NULL */
    uint64_t pages, max_pages;   /* of file data, without what is used in place */
    uint64_t inodes, max_inodes; /* without those taken in from (lower) */
    uint64_t next_ino;
    uint64_t hash_key; /* random, so that nobody can choose names that collide */
    /* Inodes of (lower) with several names, by inode number; each is held while it has a name. */
    struct ram_inode *shared[RAM_SHARED_BUCKETS];
};

/* Makes the file system in (rfs), of type (type) and device number (dev), with at most (max_bytes)
 * of file data and an empty root directory of permissions (mode), or that of (lower). Sets
 * rfs->fs.root. Returns 0; -ENOMEM; -EIO: (lower) is malformed. */
must_check int ram_start(struct ram_fs *rfs, const char *type, dev_t dev, const struct lower *lower,
                         uint64_t max_bytes, mode_t mode);

/* Whether (fs) is such a file system. */
bool ram_is(const struct fs *fs);

/* The inode with number (ino) in (fs), held, if it has a name. 0; -ESTALE: there is none; -ENOMEM,
 * -EIO. */
must_check int ram_find(struct fs *fs, uint64_t ino, struct inode **out);

#endif
