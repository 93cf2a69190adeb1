/* SPDX-License-Identifier: MIT
 *
 * epoll(7) without descriptors: sets of files whose owner is told which of them are ready. */
#ifndef PITH_VFS_EPOLL_H
#define PITH_VFS_EPOLL_H

#include <sys/epoll.h>
#include "iface/fs.h"

/* Which file operations an epoll has: how one is told from other files. */
extern const struct file_ops epoll_ops;

static inline bool is_epoll(const struct file *f)
{
    return f->ops == &epoll_ops;
}

/* A new empty set, with one reference. NULL: out of memory. */
must_check struct file *epoll_new(void);

/* epoll_ctl(2) on set (f) and file (target), which goes by descriptor (fd). (event) is not looked
 * at for EPOLL_CTL_DEL. Returns 0; -EPERM (target cannot be waited for), -EINVAL, -ELOOP, -EEXIST,
 * -ENOENT, -ENOMEM, in Linux's order. */
must_check int epoll_change(struct file *f, int op, struct file *target, int fd,
                            const struct epoll_event *event);

/* Waits until (deadline) for files of set (f), held by the caller, to be ready; describes at most
 * (max) of them in (events), a pointer of the program. Those that stay ready go to the end of the
 * line. Returns how many; 0: deadline; -EINTR; -EFAULT. */
must_check int epoll_collect(struct file *f, struct epoll_event *events, int max, nsec_t deadline);

#endif
