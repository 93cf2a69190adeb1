/* SPDX-License-Identifier: MIT
 *
 * Leases (fcntl(2), F_SETLEASE): whoever has one is told before somebody else opens or cuts the
 * file. Implemented by posix/lease.c, and weak: part of programs that take leases. */
#ifndef PITH_VFS_LEASE_H
#define PITH_VFS_LEASE_H

#include "iface/fs.h"

/* Makes those with leases on (inode) give up what an open with (flags) is in the way of, and waits
 * until they have. 0; -EAGAIN: (flags) has O_NONBLOCK; -EINTR. */
__attribute__((weak, visibility("hidden"))) int lease_break(struct inode *inode, unsigned flags);

#endif
