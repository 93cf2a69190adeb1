/* SPDX-License-Identifier: MIT
 *
 * Split virtqueues; see virtq.h. */
#include <errno.h>

#include "virtio/virtq.h"

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4

/* virtio 1.2, 2.7.6 and 2.7.8. */
struct virtq_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[];
};

struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};

struct virtq_used {
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[];
};

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");

int virtq_start(struct virtq *q, const struct plat_queue *pq, struct virtq_slot *slots,
                unsigned slot_count)
{
    if (pq->size == 0)
        return -ENODEV;
    *q = (struct virtq){
        .desc = pq->desc,
        .avail = pq->avail,
        .used = pq->used,
        .mask = (uint16_t)(pq->size - 1),
        .slot_count = (uint16_t)min_size(slot_count, pq->size),
        .slots = slots,
    };
    q->free_count = q->slot_count;
    for (unsigned i = 0; i < q->slot_count; i++)
        slots[i] = (struct virtq_slot){.next = (uint16_t)(i + 1)};
    return 0;
}

/* Shows the device the chain that starts at (head) and has (n) entries of the queue and (bytes). */
static void publish(struct virtq *q, uint16_t head, unsigned n, uint32_t bytes)
{
    q->free_count -= n;
    q->slots[head].parts = (uint16_t)n;
    q->slots[head].bytes = bytes;
    q->avail->ring[q->avail_idx & q->mask] = head;
    /* The device may fetch the entry as soon as it sees the new index: the entry, the descriptors
     * and what they point to come first. */
    __atomic_store_n(&q->avail->idx, ++q->avail_idx, __ATOMIC_RELEASE);
}

int virtq_put(struct virtq *q, const struct virtq_part *parts, unsigned n, unsigned writable)
{
    uint16_t head = q->free_head;
    uint16_t at = head;
    uint32_t bytes = 0;

    if (q->broken)
        return -EIO;
    if (n > q->free_count)
        return -ENOSPC;
    for (unsigned i = 0; i < n; i++) {
        uint16_t next = q->slots[at].next;
        bool more = i + 1 < n;
        q->desc[at] = (struct virtq_desc){
            .addr = (uintptr_t)parts[i].addr,
            .len = parts[i].len,
            .flags = (i + writable >= n ? DESC_WRITE : 0) | (more ? DESC_NEXT : 0),
            .next = more ? next : 0,
        };
        bytes += parts[i].len;
        if (!more)
            q->free_head = next;
        at = next;
    }
    publish(q, head, n, bytes);
    return head;
}

int virtq_put_indirect(struct virtq *q, const struct virtq_part *parts, unsigned n,
                       unsigned writable, struct virtq_desc *table)
{
    uint16_t head = q->free_head;
    uint32_t bytes = 0;

    if (q->broken)
        return -EIO;
    if (q->free_count == 0)
        return -ENOSPC;
    for (unsigned i = 0; i < n; i++) {
        bool more = i + 1 < n;
        table[i] = (struct virtq_desc){
            .addr = (uintptr_t)parts[i].addr,
            .len = parts[i].len,
            .flags = (i + writable >= n ? DESC_WRITE : 0) | (more ? DESC_NEXT : 0),
            .next = (uint16_t)(more ? i + 1 : 0),
        };
        bytes += parts[i].len;
    }
    q->desc[head] = (struct virtq_desc){
        .addr = (uintptr_t)table, .len = n * (uint32_t)sizeof(*table), .flags = DESC_INDIRECT};
    q->free_head = q->slots[head].next;
    publish(q, head, 1, bytes);
    return head;
}

/* Puts the chain at (head) back on the free list. */
static void free_chain(struct virtq *q, uint16_t head)
{
    struct virtq_slot *last = &q->slots[head];

    for (unsigned i = 1; i < q->slots[head].parts; i++)
        last = &q->slots[last->next];
    q->free_count += q->slots[head].parts;
    q->slots[head].parts = 0;
    last->next = q->free_head;
    q->free_head = head;
}

int virtq_take(struct virtq *q, uint32_t *len, uint32_t *bytes)
{
    /* The entry is valid once the index says so: read the index first. */
    uint16_t idx = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);

    if (q->broken)
        return -EIO;
    if (idx == q->used_idx)
        return -EAGAIN;
    volatile struct virtq_used_elem *elem = &q->used->ring[q->used_idx & q->mask];
    uint32_t id = elem->id;
    *len = elem->len;
    /* Catches an index that ran ahead too: its entries name chains that are not in use. */
    if (id >= q->slot_count || q->slots[id].parts == 0) {
        q->broken = true;
        return -EIO;
    }
    q->used_idx++;
    *bytes = q->slots[id].bytes;
    free_chain(q, (uint16_t)id);
    return (int)id;
}
