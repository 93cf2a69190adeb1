/* SPDX-License-Identifier: MIT
 *
 * A device's side of a split virtqueue (virtio 1.2, 2.7) for tests: plain memory, and a
 * device that does what a test tells it, right or wrong. */
#ifndef PITH_TESTS_FAKE_VIRTIO_H
#define PITH_TESTS_FAKE_VIRTIO_H

#include <assert.h>
#include <string.h>

#include "iface/plat.h"

#define FAKE_QUEUE_MAX 64

struct fake_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct fake_queue {
    unsigned size;
    struct fake_desc desc[FAKE_QUEUE_MAX];
    struct {
        uint16_t flags, idx, ring[FAKE_QUEUE_MAX];
    } avail;
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[FAKE_QUEUE_MAX];
    } used;
    uint16_t seen; /* chains fetched so far */
};

static inline void fake_queue_reset(struct fake_queue *q, unsigned size)
{
    memset(q, 0, sizeof(*q));
    q->size = size;
}

static inline struct plat_queue fake_queue_plat(struct fake_queue *q)
{
    return (struct plat_queue){q->desc, &q->avail, &q->used, q->size};
}

/* Fetches the head of the next chain; -1 if there is none. */
static inline int fake_queue_fetch(struct fake_queue *q)
{
    if (q->seen == q->avail.idx)
        return -1;
    return q->avail.ring[q->seen++ % q->size];
}

static inline void fake_queue_use(struct fake_queue *q, uint32_t id, uint32_t len)
{
    unsigned at = q->used.idx % q->size;

    q->used.ring[at].id = id;
    q->used.ring[at].len = len;
    q->used.idx++;
}

/* Copies between a chain and (buf), at most (len) bytes, in the direction that the chain is meant
 * for. Returns the bytes copied; the number of descriptors in (*parts). */
static inline size_t fake_queue_copy(struct fake_queue *q, int head, void *buf, size_t len,
                                     int *parts)
{
    size_t done = 0;
    int at = head;

    *parts = 0;
    for (;;) {
        struct fake_desc *d = &q->desc[at];
        size_t n = min_size(d->len, len - done);
        void *mem = (void *)(uintptr_t)d->addr;
        if (d->flags & 2)
            memcpy(mem, (char *)buf + done, n);
        else
            memcpy((char *)buf + done, mem, n);
        done += n;
        (*parts)++;
        assert(*parts <= (int)q->size);
        if (!(d->flags & 1))
            return done;
        at = d->next;
    }
}

#endif
