/* SPDX-License-Identifier: MIT
 *
 * Telling inotify what happens to files. Implemented by posix/inotify.c, and weak: programs that
 * watch nothing link none of it, and it costs those that do nothing while no watch exists. Events
 * are IN_* bits of inotify(7). */
#ifndef PITH_IFACE_NOTIFY_H
#define PITH_IFACE_NOTIFY_H

#include <sys/inotify.h>
#include "iface/fs.h"

#define NOTIFY_HOOK __attribute__((weak, visibility("hidden")))

/* How many watches there are. */
extern NOTIFY_HOOK unsigned notify_watches;

/* Something happened to (inode): tells those who watch the directory that has its name, then those
 * who watch itself. */
NOTIFY_HOOK void notify_file(struct inode *inode, uint32_t event);

/* The same, but only those who watch (inode) itself. */
NOTIFY_HOOK void notify_self(struct inode *inode, uint32_t event);

/* Something happened to (name) in (dir), which is (inode) or was. (cookie) ties two events
 * together; 0: none. */
NOTIFY_HOOK void notify_name(struct inode *dir, struct name name, const struct inode *inode,
                             uint32_t event, uint32_t cookie);

/* (inode), which has inode.watches, goes. */
NOTIFY_HOOK void notify_gone(struct inode *inode);

/* A cookie for notify_name. */
NOTIFY_HOOK uint32_t notify_cookie(void);

static inline bool notify_wanted(void)
{
    return notify_file && unlikely(notify_watches > 0);
}

/* (inode), NULL for files without one, was read or written. */
static inline void notify_access(struct inode *inode, bool write)
{
    if (notify_wanted() && inode)
        notify_file(inode, write ? IN_MODIFY : IN_ACCESS);
}

#endif
