/* SPDX-License-Identifier: MIT */
#include "virtio/class.h"

#include <errno.h>

#include "base/log.h"

int virtio_class_start(struct virtio_class *c, unsigned index)
{
    struct plat_device found;

    if (index >= c->max)
        return -ENODEV;
    if (c->unsound >> index & 1)
        return -EIO;
    int err = plat_device_at(c->type, index, &found);
    if (err)
        return err;
    err = c->start(&found, index);
    if (err == -ENODEV) {
        log_line("%s %u: what it says of itself makes no sense: it is not used", c->what, index);
        plat_device_stop(found.number);
        c->unsound |= 1u << index;
        return -EIO;
    }
    return err;
}
