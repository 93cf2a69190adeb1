/* SPDX-License-Identifier: MIT
 *
 * The descriptor table. Reading it (fd_get) costs a program nothing but this header: until a
 * descriptor is first made or closed the table is stdio_files itself. The lowest free descriptor is
 * found in constant time.
 *
 * Who uses a file while it may block or while the program's code may run (a signal handler could
 * close the descriptor) holds it: file_hold, file_put. */
#ifndef PITH_VFS_FD_H
#define PITH_VFS_FD_H

#include <errno.h>
#include "iface/fs.h"

#define FD_LIMIT_DEFAULT 1024u
#define FD_LIMIT_MAX     65536u

struct fd_table {
    struct file **files; /* NULL: descriptor is free */
    unsigned size;       /* length of (files) */
    unsigned limit;      /* RLIMIT_NOFILE: soft limit; descriptors are below it */
};
extern struct fd_table fd_table;

/* The file behind descriptor (fd), or NULL: EBADF. Not held. */
static inline struct file *fd_get(long fd)
{
    unsigned n = (unsigned)fd;

    return likely(n < fd_table.size) ? fd_table.files[n] : NULL;
}

/* Whether output to descriptor (fd), open or not, should be buffered by lines. For libc. */
bool fd_is_terminal(int fd);

static inline void file_hold(struct file *f)
{
    f->refs++;
}

/* Tells those who watch (f) that it goes. Weak: called only where there are such. Of vfs/watch.c.
 */
__attribute__((weak, visibility("hidden"))) void file_watches_gone(struct file *f);

static inline void file_put(struct file *f)
{
    if (likely(--f->refs != 0))
        return;
    if (unlikely(f->watches))
        file_watches_gone(f);
    if (f->ops->release)
        f->ops->release(f);
}

/* Makes the lowest free descriptor from (min) on refer to (f), with FD_CLOEXEC or not. Takes over
 * the caller's reference on success. Returns the descriptor; -EMFILE (limit reached), -ENOMEM. */
must_check int fd_install(struct file *f, unsigned min, bool cloexec);

/* Makes descriptor (fd) refer to (f), closing what it was. Takes over the caller's reference on
 * success. Returns (fd); -EBADF (not below the limit), -ENOMEM. */
must_check int fd_replace(struct file *f, unsigned fd, bool cloexec);

/* Closes descriptor (fd). Returns 0; -EBADF. POSIX locks on its file go. */
int fd_close(long fd);

/* FD_CLOEXEC of an open descriptor: kept for programs that ask; there is no exec. */
bool fd_cloexec(unsigned fd);
void fd_set_cloexec(unsigned fd, bool on);

/* Makes sure that fd_install from 0 on works now. 0; -EMFILE, -ENOMEM. */
must_check int fd_reserve(void);

/* RLIMIT_NOFILE. Lowering it leaves open descriptors open. fd_set_limit: -EPERM above FD_LIMIT_MAX.
 */
static inline unsigned fd_limit(void)
{
    return fd_table.limit;
}

static inline int fd_set_limit(uint64_t limit)
{
    if (limit > FD_LIMIT_MAX)
        return -EPERM;
    fd_table.limit = (unsigned)limit;
    return 0;
}

#endif
