/* SPDX-License-Identifier: MIT
 *
 * What the console's files can do in some images only: all here is NULL unless somebody LINKS it.
 */
#ifndef PITH_VIRTIO_CONSOLE_FILE_H
#define PITH_VIRTIO_CONSOLE_FILE_H

#include "iface/fs.h"
#include "iface/plat.h"

#define CONSOLE_PART __attribute__((weak, visibility("hidden")))

/* Operations of console_stdin (console_in.c), of all the console's files (console_in.c), and of
 * those (console_ioctl.c). */
CONSOLE_PART ssize_t console_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos);
CONSOLE_PART int console_poll(struct file *f, struct wait_queue **q);
CONSOLE_PART long console_ioctl(struct file *f, unsigned long request, long arg);

/* Takes over the receive queue of (dev), for the two above that read. */
CONSOLE_PART void console_in_start(const struct plat_device *dev);

/* The bytes of input that have come. */
CONSOLE_PART int console_in_count(void);

/* Lets other threads run for a while, longer than *last (0: for the first time), which it sets.
 * (iov) is what is being written. Returns 0 or as wait_sleep_vector. Linked by the scheduler. */
CONSOLE_PART int console_pause(const struct iovec *iov, int n, nsec_t *last);

#endif
