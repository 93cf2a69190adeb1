/* SPDX-License-Identifier: MIT
 *
 * What reading (read.c) and writing (io.c) share. */
#ifndef PITH_POSIX_IO_H
#define PITH_POSIX_IO_H

#include "iface/hold.h"
#include "posix/files.h"

/* An operation of a file for either direction: file_ops.readv or writev. */
typedef ssize_t (*transfer_fn)(struct file *f, const struct iovec *iov, int n, uint64_t *pos);

/* Answers EINVAL, for files that were opened for a direction and have no operation for it. */
ssize_t no_transfer(struct file *f, const struct iovec *iov, int n, uint64_t *pos);

/* The operation for either direction, NULL if the file was not opened for it: EBADF. */
static inline transfer_fn mover(const struct file *f, bool write)
{
    if (unlikely(write ? !file_writes(f) : !file_reads(f)))
        return NULL;
    transfer_fn fn = write ? f->ops->writev : f->ops->readv;
    return fn ? fn : no_transfer;
}

/* Transfers the (n) bytes of the program at (buf) by (fn), (write) says where to, from *pos on,
 * which moves on. Returns how many were transferred; -EFAULT, or what (fn) answers. May block. */
long transfer_one(struct file *f, transfer_fn fn, long buf, long n, uint64_t *pos, bool write);

/* The same for the program's vector of (n) parts at (vector), of which any may be wrong. */
long transfer_vector(struct file *f, transfer_fn fn, long vector, long n, uint64_t *pos,
                     bool write);

/* What must hold for a transfer of (n) bytes at an offset. 0; -EINVAL, -EBADF, -ESPIPE. */
static inline long check_position(struct file *f, long off, long n)
{
    if (off < 0)
        return -EINVAL;
    if (!f || f->flags & O_PATH)
        return -EBADF;
    if (!(f->kind & FILE_SEEKABLE))
        return -ESPIPE;
    return n > INT64_MAX - off ? -EINVAL : 0;
}

/* read and write: at the file's own position, again where a signal asks for it. */
static inline long io_plain(long fd, long buf, long n, bool write)
{
    HOLD;
    long r;

    do {
        struct file *f = fd_get(fd);
        transfer_fn fn = f ? mover(f, write) : NULL;
        r = likely(fn) ? transfer_one(f, fn, buf, n, &f->pos, write) : -EBADF;
    } while (call_again(r));
    return r;
}

static inline long io_vector(long fd, long vector, long n, bool write)
{
    HOLD;
    long r;

    do {
        struct file *f = fd_get(fd);
        transfer_fn fn = f ? mover(f, write) : NULL;
        r = fn ? transfer_vector(f, fn, vector, n, &f->pos, write) : -EBADF;
    } while (call_again(r));
    return r;
}

/* The same at offset (off), which the file's own position has no part in. */
static inline long io_plain_at(long fd, long buf, long n, long off, bool write)
{
    HOLD;
    struct file *f = fd_get(fd);
    uint64_t pos = (uint64_t)off;
    long err = check_position(f, off, n);
    transfer_fn fn = err ? NULL : mover(f, write);

    if (err)
        return err;
    return fn ? transfer_one(f, fn, buf, n, &pos, write) : -EBADF;
}

static inline long io_vector_at(long fd, long vector, long n, long off, bool write)
{
    HOLD;
    struct file *f = fd_get(fd);
    uint64_t pos = (uint64_t)off;
    long err = check_position(f, off, 0);
    transfer_fn fn = err ? NULL : mover(f, write);

    if (err)
        return err;
    return fn ? transfer_vector(f, fn, vector, n, &pos, write) : -EBADF;
}

#endif
