/* SPDX-License-Identifier: MIT
 *
 * The transmitting half of a console device (virtio 1.2, 5.3; abi/device.h). */
#ifndef PITH_VIRTIO_CONSOLE_TX_H
#define PITH_VIRTIO_CONSOLE_TX_H

#include "abi/device.h"
#include "iface/fs.h"
#include "virtio/virtq.h"

/* Pieces of one writev that travel as one chain; longer vectors take several. */
#define CONSOLE_TX_PARTS 16

struct console_tx {
    struct virtq queue;
    struct virtq_slot slots[CONSOLE_TX_PARTS];
    bool started;
    bool status; /* PITH_CONSOLE_F_STATUS: used lengths tell what was accepted */
    const volatile struct pith_console_config *config; /* NULL: says nothing of terminals */
};

/* Whose data is a struct console_tx. */
extern const struct file_ops console_tx_ops;

/* Takes over the transmit queue of (dev). 0; -ENODEV if it has none. */
must_check int console_tx_start(struct console_tx *tx, const struct plat_device *dev);

/* The configuration of (dev), or NULL if it is too short to tell of terminals. */
const volatile struct pith_console_config *console_config(const struct plat_device *dev);

#endif
