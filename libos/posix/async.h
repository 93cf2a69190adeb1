/* SPDX-License-Identifier: MIT
 *
 * Files that send signals. */
#ifndef PITH_POSIX_ASYNC_H
#define PITH_POSIX_ASYNC_H

#include "iface/fs.h"
#include "iface/signal.h"

/* fcntl's (command) on (f), which goes by (fd) and is none of O_PATH. -ENOSYS: it is not one of
 * those that have to do with signals, or not alone. Weak: where programs use these. */
SIGNAL_HOOK long async_control(struct file *f, long fd, int command, long arg);

/* Makes the process the owner of (f), if nobody is. 0; -ENOMEM. */
must_check int async_own(struct file *f);

/* Nobody owns (f) any more, and its signal is SIGIO again. */
void async_disown(struct file *f);

/* Tells the owner of (f), who may be nobody, of (code), a POLL_*, which poll would call (band), and
 * of (fd). */
void async_tell(struct file *f, int fd, int code, int band);

/* For libc's ioctl: those requests that have to do with signals. -ENOSYS: it is none of them. */
long async_ioctl(long fd, unsigned request, long arg);

#endif
