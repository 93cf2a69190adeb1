/* SPDX-License-Identifier: MIT
 *
 * Locks on files: fcntl's record locks, of the process and of open files (OFD), and flock. There is
 * one process, so record locks of the process meet no rivals but OFD locks. */
#ifndef PITH_VFS_LOCK_H
#define PITH_VFS_LOCK_H

#include <fcntl.h>
#include "base/list.h"
#include "iface/fs.h"

/* The locks of one inode. (closed) is here so that closing a file links this code only into
 * programs that lock. */
struct inode_locks {
    struct list ranges; /* fcntl's locks */
    struct list whole;  /* flock's */
    struct wait_queue wait;
    unsigned waiters;
    /* Drops the locks of an owner: (owner) NULL for the process, else the open file with its flock.
     */
    void (*closed)(struct inode *inode, struct file *owner);
};

/* F_SETLK and F_SETLKW (wait) with l_start absolute and l_len not negative, 0 to the end. (owner):
 * NULL for the process, else the open file. Returns 0; -EAGAIN (conflict, not waiting), -ENOMEM,
 * -EINTR. */
must_check int lock_set(struct inode *inode, struct file *owner, const struct flock *fl, bool wait);

/* F_GETLK: fills (fl) with the first lock in the way, or sets l_type to F_UNLCK. */
void lock_get(struct inode *inode, struct file *owner, struct flock *fl);

/* flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB. Returns 0; -EWOULDBLOCK, -ENOLCK (no
 * memory), -EINTR. */
must_check int lock_whole(struct inode *inode, struct file *owner, int op);

#endif
