/* SPDX-License-Identifier: MIT
 *
 * Split virtqueues. */
#include "monitor/dev/queue.h"

#include <errno.h>

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

static int malformed(const char **why, const char *fault)
{
    *why = fault;
    return -EPROTO;
}

/* The one read of a descriptor. The guest may change it meanwhile, so the fields need not belong
 * together: the checks of each stand alone. */
static struct queue_desc copy_desc(const struct queue_desc *d)
{
    return (struct queue_desc){
        .addr = __atomic_load_n(&d->addr, __ATOMIC_RELAXED),
        .len = __atomic_load_n(&d->len, __ATOMIC_RELAXED),
        .flags = __atomic_load_n(&d->flags, __ATOMIC_RELAXED),
        .next = __atomic_load_n(&d->next, __ATOMIC_RELAXED),
    };
}

static int walk(const struct queue *q, struct queue_chain *chain, const char **why)
{
    unsigned i = chain->head;
    for (chain->count = 0; chain->count < (int)QUEUE_SIZE;) {
        if (i >= QUEUE_SIZE)
            return malformed(why, "a descriptor's index is too large");
        struct queue_desc d = copy_desc(&q->rings->desc[i]);
        if (d.flags & DESC_INDIRECT)
            return malformed(why, "an indirect descriptor was not offered");
        if (!(d.flags & DESC_WRITE) != !q->writable)
            return malformed(why, "a buffer is for the wrong direction");
        if (!range_inside(d.addr, d.len, q->mem_base, q->mem_len))
            return malformed(why, "a buffer is outside guest memory");
        chain->iov[chain->count++] = (struct iovec){q->mem + (d.addr - q->mem_base), d.len};
        if (!(d.flags & DESC_NEXT))
            return 1;
        i = d.next;
    }
    return malformed(why, "a chain is longer than its queue");
}

int queue_peek(const struct queue *q, struct queue_chain *chain, const char **why)
{
    if (!q->rings)
        return 0;
    /* The guest wrote ring entry and descriptors before it moved the index. */
    uint16_t idx = __atomic_load_n(&q->rings->avail.idx, __ATOMIC_ACQUIRE);
    uint16_t waiting = (uint16_t)(idx - q->seen);
    if (waiting == 0)
        return 0;
    if (waiting > QUEUE_SIZE)
        return malformed(why, "more buffers are available than the queue has entries");
    chain->head = __atomic_load_n(&q->rings->avail.ring[q->seen % QUEUE_SIZE], __ATOMIC_RELAXED);
    return walk(q, chain, why);
}

void queue_use(struct queue *q, const struct queue_chain *chain, uint32_t len)
{
    struct queue_used *u = &q->rings->used.ring[q->used % QUEUE_SIZE];
    __atomic_store_n(&u->id, chain->head, __ATOMIC_RELAXED);
    __atomic_store_n(&u->len, len, __ATOMIC_RELAXED);
    q->seen++;
    q->used++;
    /* The guest may read the entry as soon as it sees the new index: publish the entry first. */
    __atomic_store_n(&q->rings->used.idx, q->used, __ATOMIC_RELEASE);
}
