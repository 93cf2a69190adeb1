/* SPDX-License-Identifier: MIT
 *
 * Block devices: the contract between drivers (virtio/) and what is made of disks (block/, file
 * systems). Several requests are handed over at once, and a driver makes as few crossings of them
 * as it can. */
#ifndef PITH_IFACE_BLKDEV_H
#define PITH_IFACE_BLKDEV_H

#include <sys/uio.h>

#include "base/base.h"

struct blkdev;

enum blk_op { BLK_READ, BLK_WRITE };

/* One contiguous piece of a disk. Block (first) and those behind it, into or out of (iov), whose
 * (n) lengths are multiples of the block size each. The memory needs no alignment. */
struct blk_request {
    enum blk_op op;
    uint64_t first;
    const struct iovec *iov;
    unsigned n;
    int result; /* set by transfer: 0, or what went wrong in this request */
};

struct blkdev_ops {
    /* Carries out (n) requests, in any order; they may overlap only if all read. Blocks until all
     * are done; signals do not end it. Returns 0, or the first request's result that is not 0:
     * -EINVAL (past the end of the disk, or a length that is no multiple of the block size),
     * -EROFS, -EFAULT (memory that is not the guest's), -EOPNOTSUPP (memory that the device does
     * not see where the guest does: nothing was transferred, other memory will do), -ENOSPC (the
     * host's disk is full), -EIO. Of a request that failed, any part may have been transferred. */
    int (*transfer)(struct blkdev *dev, struct blk_request *requests, unsigned n);
    /* Returns when all that was written has reached stable storage. 0, -EIO, or the host's error.
     */
    int (*flush)(struct blkdev *dev);
};

struct blkdev {
    const struct blkdev_ops *ops;
    const char *name;    /* as whoever runs the machine called it; may be empty */
    uint64_t blocks;     /* size */
    uint32_t block_size; /* bytes, a power of two from 512 to 65536 */
    bool read_only;
};

/* Disk number (index), counted from 0 in the order in which the machine was given them, in (*dev).
 * The first call starts it; it stays for ever. Returns 0; -ENODEV (no such disk), -EIO (its
 * description is not sound), -ENOMEM. Blocks. Implemented by virtio/, chosen by linking. */
must_check int blkdev_get(unsigned index, struct blkdev **dev);

#endif
