/* SPDX-License-Identifier: MIT
 *
 * Disks as files: what stands behind /dev/vda. Programs read and write any bytes of them; what
 * covers whole blocks goes straight between the disk and the program's memory. */
#ifndef PITH_BLOCK_FILE_H
#define PITH_BLOCK_FILE_H

#include "iface/blkdev.h"
#include "iface/fs.h"

/* Sets up (f), whose inode and flags are set, to read and write disk number (index) (blkdev_get),
 * for inode_ops.open. 0; -ENXIO (no such disk), -EROFS (it is read-only and is opened for writing),
 * -ENOMEM. */
must_check int block_file_open(unsigned index, struct file *f);

/* Flushes every disk that was opened, for sync(2). */
void block_sync(void);

#endif
