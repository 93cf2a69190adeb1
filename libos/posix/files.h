/* SPDX-License-Identifier: MIT
 *
 * What the calls on files share. */
#ifndef PITH_POSIX_FILES_H
#define PITH_POSIX_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

#include "iface/signal.h"
#include "iface/user.h"
#include "vfs/fd.h"
#include "vfs/open.h"

/* Linux transfers no more at once. */
#define RW_MAX 0x7ffff000ul

/* A program's pointer is good or faults; only those that come of NULL are told apart. */
static inline bool bad_pointer(long p)
{
    return (unsigned long)p < PAGE_SIZE;
}

/* The file of (fd), NULL where there is none or it was opened with O_PATH: EBADF. */
static inline struct file *file_get(long fd)
{
    struct file *f = fd_get(fd);

    return f && likely(!(f->flags & O_PATH)) ? f : NULL;
}

static inline bool file_reads(const struct file *f)
{
    return !(f->flags & (O_WRONLY | O_PATH));
}

static inline bool file_writes(const struct file *f)
{
    return ((f->flags + 1) & 2) && !(f->flags & O_PATH);
}

/* Whether (f) can be spliced: eventfds and their like, which are no files anywhere, cannot. */
static inline bool file_splices(const struct file *f)
{
    return f->inode || !f->ops->name;
}

/* Whether a call that came out as (r) is to be made once more: a signal ended its wait, whose
 * handlers have run now and want that. They may have left for good, so a call asks this where it
 * holds nothing. */
static inline bool call_again(long r)
{
    return unlikely(r == -EINTR) && signal_restarts();
}

/* A descriptor for (f), new or NULL (ENOMEM), with O_CLOEXEC of (flags). -ENOMEM, -EMFILE: (f) is
 * gone. */
static inline long fd_install_new(struct file *f, long flags)
{
    if (!f)
        return -ENOMEM;
    int fd = fd_install(f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

/* Whether a vector is one that Linux would take, of memory that a process can have unless it is
 * another's (foreign). 0; -EINVAL, -EFAULT. */
static inline long vector_check(const struct iovec *iov, long n, bool foreign)
{
    if (n < 0 || n > IOV_MAX)
        return -EINVAL;
    if (!user_readable(iov, (size_t)n * sizeof(*iov)))
        return -EFAULT;
    for (long i = 0; i < n; i++)
        if ((ssize_t)iov[i].iov_len < 0)
            return -EINVAL;
    for (long i = 0; i < n && !foreign; i++)
        if (!user_range((long)iov[i].iov_base, iov[i].iov_len))
            return -EFAULT;
    return 0;
}

/* Makes (what) at (path). 0; -EEXIST, -ENOENT and errors of the walk and the file system. */
long file_make_at(long dirfd, long path, const struct inode_new *what);

/* Room for the strings of a path, from the stack; PATH_MAX with its NUL. */
#define PATH_BYTES 4096

#endif
