/* SPDX-License-Identifier: MIT
 *
 * What reading (read.c) and writing (io.c) share. */
#ifndef PITH_POSIX_IO_H
#define PITH_POSIX_IO_H

#include "posix/files.h"

/* An operation of a file for either direction: file_ops.readv or writev. */
typedef ssize_t (*transfer_fn)(struct file *f, const struct iovec *iov, int n, uint64_t *pos);

/* Answers EINVAL, for files that were opened for a direction and have no operation for it. */
ssize_t no_transfer(struct file *f, const struct iovec *iov, int n, uint64_t *pos);

/* The operation for either direction, NULL if the file was not opened for it: EBADF. */
static inline transfer_fn reader(const struct file *f)
{
    if (unlikely(!file_reads(f)))
        return NULL;
    return f->ops->readv ? f->ops->readv : no_transfer;
}

static inline transfer_fn writer(const struct file *f)
{
    if (unlikely(!file_writes(f)))
        return NULL;
    return f->ops->writev ? f->ops->writev : no_transfer;
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

#endif
