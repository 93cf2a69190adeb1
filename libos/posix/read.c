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

static inline long read_once(long fd, long buf, long n)
{
    struct file *f = fd_get(fd);
    transfer_fn fn = f ? reader(f) : NULL;

    return likely(fn) ? transfer_one(f, fn, buf, n, &f->pos, false) : -EBADF;
}

long pith_sys_read(long fd, long buf, long n)
{
    HOLD;
    long r;

    do
        r = read_once(fd, buf, n);
    while (call_again(r));
    return r;
}

static inline long readv_once(long fd, long vector, long n)
{
    struct file *f = fd_get(fd);
    transfer_fn fn = f ? reader(f) : NULL;

    return fn ? transfer_vector(f, fn, vector, n, &f->pos, false) : -EBADF;
}

long pith_sys_readv(long fd, long vector, long n)
{
    HOLD;
    long r;

    do
        r = readv_once(fd, vector, n);
    while (call_again(r));
    return r;
}

long pith_sys_pread64(long fd, long buf, long n, long off)
{
    HOLD;
    struct file *f = fd_get(fd);
    uint64_t pos = (uint64_t)off;
    long err = check_position(f, off, n);

    if (err)
        return err;
    return file_reads(f) ? transfer_one(f, reader(f), buf, n, &pos, false) : -EBADF;
}

/* The upper half of the offset is empty on 64-bit machines. */
long pith_sys_preadv(long fd, long vector, long n, long off, long high)
{
    HOLD;
    struct file *f = fd_get(fd);
    uint64_t pos = (uint64_t)off;
    long err = check_position(f, off, 0);

    (void)high;
    if (err)
        return err;
    return file_reads(f) ? transfer_vector(f, reader(f), vector, n, &pos, false) : -EBADF;
}

/* The status flags that RWF_* flags stand for during one call. */
static unsigned flags_of_rwf(long rwf)
{
    return (rwf & RWF_NOWAIT ? O_NONBLOCK : 0) | (rwf & RWF_APPEND ? O_APPEND : 0);
}

/* preadv2 and pwritev2 after their checks: offset -1 is the file's own position. */
static long transfer_with_flags(struct file *f, bool write, long vector, long n, long off, long rwf)
{
    transfer_fn fn = write ? writer(f) : reader(f);
    unsigned before = f->flags;
    uint64_t pos = (uint64_t)off;
    long known = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND;

    if (rwf & ~known) {
        long err = vector_check((const struct iovec *)vector, n, false);
        return err || vector_total((const struct iovec *)vector, (int)n) == 0 ? err : -EOPNOTSUPP;
    }
    file_hold(f);
    f->flags |= flags_of_rwf(rwf);
    long done = transfer_vector(f, fn, vector, n, off == -1 ? &f->pos : &pos, write);
    f->flags = before;
    file_put(f);
    return done;
}

long pith_sys_preadv2(long fd, long vector, long n, long off, long high, long rwf)
{
    HOLD;
    struct file *f = fd_get(fd);
    long err = off == -1 ? (file_get(fd) ? 0 : -EBADF) : check_position(f, off, 0);

    (void)high;
    if (err)
        return err;
    return file_reads(f) ? transfer_with_flags(f, false, vector, n, off, rwf) : -EBADF;
}

long pith_sys_pwritev2(long fd, long vector, long n, long off, long high, long rwf)
{
    HOLD;
    struct file *f = fd_get(fd);
    long err = off == -1 ? (file_get(fd) ? 0 : -EBADF) : check_position(f, off, 0);

    (void)high;
    if (err)
        return err;
    return file_writes(f) ? transfer_with_flags(f, true, vector, n, off, rwf) : -EBADF;
}
