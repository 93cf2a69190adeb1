/* SPDX-License-Identifier: MIT
 *
 * The host's side of block devices (virtio 1.2, 5.2; abi/device.h): disks that are files or block
 * devices of the host, opened and locked before the sandbox closed. Requests are carried out when
 * the guest polls, each by one system call from or to the guest's memory, and none is left when the
 * poll returns. */
#ifndef PITH_MONITOR_BLOCK_H
#define PITH_MONITOR_BLOCK_H

#include <stdint.h>

#include "base/base.h"
#include "monitor/dev/queue.h"

#define DISKS_MAX     8
#define DISK_NAME_MAX 15 /* characters; struct pith_device holds them and a NUL */
#define SECTOR        512u
#define DISK_FD_APART 32u /* disks_open uses descriptors from here on */

struct disk {
    const char *name; /* the guest's for it */
    const char *path;
    bool read_only;
    bool stopped;  /* its queue was malformed: no buffer is used any more */
    int fd;        /* set by disks_open, as is (size) */
    uint64_t size; /* bytes, whole sectors */
    struct queue queue;
};

struct disks {
    unsigned count;
    struct disk dev[DISKS_MAX];
};

/* Opens and locks all disks of (ds), whose name, path and read_only are set. A disk that is written
 * is locked against everybody, one that is not against those who write (Linux's open file
 * description locks, which QEMU heeds too). Returns 0; else a negative error number, after a
 * message on standard error. What was opened then stays open: the caller ends. */
must_check int disks_open(struct disks *ds);

/* Moves the descriptors of all disks to (first_fd) and behind, below DISK_FD_APART, over whatever
 * is there. Returns 0 or a negative error number. */
must_check int disks_place(struct disks *ds, unsigned first_fd);

/* Carries out every request that is available. Returns the number of buffers used. Blocks as long
 * as the host's files do. */
int disks_serve(struct disks *ds);

#endif
