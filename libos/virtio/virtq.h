/* SPDX-License-Identifier: MIT
 *
 * The driver's side of a split virtqueue (virtio 1.2, 2.7). The device is not trusted: of what it
 * writes only the used ring is read, each entry once, and checked; the free descriptors are kept
 * in private memory. A device that breaks the rules breaks its queue for good: virtq_take then
 * answers -EIO. */
#ifndef PITH_VIRTIO_VIRTQ_H
#define PITH_VIRTIO_VIRTQ_H

#include "base/base.h"
#include "iface/plat.h"

/* One piece of a buffer. */
struct virtq_part {
    const void *addr;
    uint32_t len;
};

/* A descriptor: virtio 1.2, 2.7.5. x86-64 is little endian, as is virtio. */
struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* What the driver remembers of a descriptor. */
struct virtq_slot {
    uint16_t next;  /* free: the next free one; in use: the next of the chain */
    uint16_t parts; /* of the chain whose head this is; 0: no head of a chain in use */
    uint32_t bytes; /* that the chain holds */
};

struct virtq {
    struct virtq_desc *desc; /* shared with the device */
    struct virtq_avail *avail;
    struct virtq_used *used;
    uint16_t mask;       /* size of the rings - 1 */
    uint16_t slot_count; /* descriptors that the driver uses: 0 to slot_count - 1 */
    uint16_t free_head;  /* meaningful while free_count is not 0 */
    uint16_t free_count;
    uint16_t avail_idx; /* chains made available so far */
    uint16_t used_idx;  /* chains taken back so far */
    bool broken;
    struct virtq_slot *slots; /* [slot_count], the caller's */
};

/* Takes over queue (pq) of a device, with (slots) of (slot_count) to track chains in: fewer than
 * the queue has entries limits what can be in flight. (slots) stays the queue's. Returns 0; -ENODEV
 * if the device does not have the queue. */
must_check int virtq_start(struct virtq *q, const struct plat_queue *pq, struct virtq_slot *slots,
                           unsigned slot_count);

/* Makes a chain of (parts), of which there are (n), at least 1, available: the last (writable) of
 * them for the device to write, those before to read. The memory is the device's until virtq_take
 * returns the chain. The device sees it at the next plat_poll. Returns the chain's id, below
 * slot_count; -ENOSPC (no descriptors left), -EIO (broken). */
must_check int virtq_put(struct virtq *q, const struct virtq_part *parts, unsigned n,
                         unsigned writable);

/* The same as one indirect descriptor (virtio 1.2, 2.7.5.3), where the device offers them: the
 * chain takes one entry of the queue, however long it is. (table), of (n) entries, is the device's
 * too until then. */
must_check int virtq_put_indirect(struct virtq *q, const struct virtq_part *parts, unsigned n,
                                  unsigned writable, struct virtq_desc *table);

/* Takes back a chain that the device has used, if any. Returns its id, with the used length as the
 * device wrote it, unchecked, in (*len), and its size in (*bytes); -EAGAIN if there is none; -EIO
 * (broken). */
must_check int virtq_take(struct virtq *q, uint32_t *len, uint32_t *bytes);

#endif
