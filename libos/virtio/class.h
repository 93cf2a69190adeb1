/* SPDX-License-Identifier: MIT
 *
 * Devices of one type, each started by the first who wants it, and for ever. */
#ifndef PITH_VIRTIO_CLASS_H
#define PITH_VIRTIO_CLASS_H

#include "base/base.h"
#include "iface/plat.h"

struct virtio_class {
    unsigned type;    /* virtio device ID */
    unsigned max;     /* devices, at most 32 */
    const char *what; /* "disk" */
    /* Sets up number (index). 0; -ENODEV: its description makes no sense; -ENOMEM. */
    int (*start)(const struct plat_device *dev, unsigned index);
    uint32_t unsound; /* bit N: device N */
};

/* Starts device (index), which is not started yet. 0; -ENODEV (no such device), -EIO (its
 * description is not sound: said once, and it is stopped), -ENOMEM. */
must_check int virtio_class_start(struct virtio_class *c, unsigned index);

#endif
