/* SPDX-License-Identifier: MIT
 *
 * Reading, and reading and writing with flags. Apart from io.c, so that programs that only write do
 * not get what reading the console needs. */
#include <sys/uio.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/io.h"
#include "vfs/vector.h"

LINKS(console_readv);

#ifndef RWF_HIPRI
#define RWF_HIPRI  0x01
#define RWF_DSYNC  0x02
#define RWF_SYNC   0x04
#define RWF_NOWAIT 0x08
#define RWF_APPEND 0x10
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

long pith_sys_read(long fd, long buf, long n)
{
    return io_plain(fd, buf, n, false);
}

long pith_sys_readv(long fd, long vector, long n)
{
    return io_vector(fd, vector, n, false);
}

long pith_sys_pread64(long fd, long buf, long n, long off)
{
    return io_plain_at(fd, buf, n, off, false);
}

/* The upper half of the offset is empty on 64-bit machines. */
long pith_sys_preadv(long fd, long vector, long n, long off, long high)
{
    (void)high;
    return io_vector_at(fd, vector, n, off, false);
}

/* The status flags that a file has during a call with (rwf). */
static unsigned flags_of_rwf(unsigned flags, long rwf)
{
    flags |= (rwf & RWF_NOWAIT ? O_NONBLOCK : 0) | (rwf & RWF_APPEND ? O_APPEND : 0);
    return rwf & RWF_NOAPPEND ? flags & ~(unsigned)O_APPEND : flags;
}

/* preadv2 and pwritev2: offset -1 is the file's own position. */
static long transfer_with_flags(long fd, long vector, long n, long off, long rwf, bool write)
{
    HOLD;
    struct file *f = fd_get(fd);
    uint64_t pos = (uint64_t)off;
    long known = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND;
    long err = off == -1 ? (file_get(fd) ? 0 : -EBADF) : check_position(f, off, 0);
    transfer_fn fn = err ? NULL : mover(f, write);

    if (err || !fn)
        return err ? err : -EBADF;
    if (f->inode && S_ISREG(f->inode->mode)) /* as tmpfs, which might wait for memory */
        known &= ~(long)RWF_NOWAIT;
    if (rwf & ~known) {
        err = vector_check((const struct iovec *)vector, n, false);
        return err || vector_total((const struct iovec *)vector, (int)n) == 0 ? err : -EOPNOTSUPP;
    }
    if ((rwf & (RWF_APPEND | RWF_NOAPPEND)) == (RWF_APPEND | RWF_NOAPPEND))
        return -EINVAL;
    unsigned before = f->flags;
    file_hold(f);
    f->flags = flags_of_rwf(before, rwf);
    long done = transfer_vector(f, fn, vector, n, off == -1 ? &f->pos : &pos, write);
    f->flags = before;
    file_put(f);
    return done;
}

long pith_sys_preadv2(long fd, long vector, long n, long off, long high, long rwf)
{
    (void)high;
    return transfer_with_flags(fd, vector, n, off, rwf, false);
}

long pith_sys_pwritev2(long fd, long vector, long n, long off, long high, long rwf)
{
    (void)high;
    return transfer_with_flags(fd, vector, n, off, rwf, true);
}
