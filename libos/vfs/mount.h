/* SPDX-License-Identifier: MIT
 *
 * What is mounted where. */
#ifndef PITH_VFS_MOUNT_H
#define PITH_VFS_MOUNT_H

#include "iface/fs.h"

/* The types of file systems that there are, each as X(type). */
#define FS_TYPES(X) X("ramfs") X("tmpfs") X("devtmpfs") X("proc") X("pipefs")

/* All mounted file systems but the root, linked by next_mount. */
extern struct fs *mount_list;

/* The number that mountinfo and statx have for (fs): the root's is 1, as that of what is mounted nowhere. */
static inline unsigned mount_id(const struct fs *fs)
{
    unsigned id = 2;

    for (const struct fs *m = mount_list; m; m = m->next_mount, id++)
        if (m == fs)
            return id;
    return 1;
}

/* Mounts (fs), for ever, on (dir), which nothing is mounted on yet, and which is then held. */
void mount_on(struct inode *dir, struct fs *fs);

/* The directory called (name) in (dir), held; made with permissions (mode) if it is missing. 0;
 * -ENOTDIR if that is something else, and the errors of lookup and create. */
must_check int mount_point(struct inode *dir, const char *name, mode_t mode, struct inode **out);

#endif
