/* SPDX-License-Identifier: MIT
 *
 * Split virtqueues. */
#include "monitor/dev/queue.h"

#include <errno.h>

#define DESC_NEXT     1u
#define DESC_WRITE    2u
#define DESC_INDIRECT 4u

struct avail {
    uint16_t flags, idx, ring[];
};

struct used {
    uint16_t flags, idx;
    struct queue_used ring[];
};

static unsigned size_of(const struct queue *q)
{
    return q->size ? q->size : QUEUE_SIZE;
}

static struct avail *avail_of(const struct queue *q)
{
    return (struct avail *)((char *)q->rings + queue_avail_at(size_of(q)));
}

static struct used *used_of(const struct queue *q)
{
    return (struct used *)((char *)q->rings + queue_used_at(size_of(q)));
}

/* The longest chain that is taken. */
static int parts_max(const struct queue *q)
{
    return (int)min_size(size_of(q), CHAIN_MAX);
}

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

/* Adds the buffer of (d) to (chain). Returns 1 or -EPROTO. */
static int add(const struct queue *q, struct queue_chain *chain, const struct queue_desc *d,
               const char **why)
{
    bool write = d->flags & DESC_WRITE;
    if (q->mixed ? !write && chain->readable < chain->count : write != q->writable)
        return malformed(why, "a buffer is for the wrong direction");
    if (!range_inside(d->addr, d->len, q->mem_base, q->mem_len))
        return malformed(why, "a buffer is outside guest memory");
    chain->iov[chain->count++] = (struct iovec){q->mem + (d->addr - q->mem_base), d->len};
    chain->readable += !write;
    return 1;
}

/* Follows the indirect table of (size) descriptors that starts the chain. */
static int walk_table(const struct queue *q, struct queue_chain *chain,
                      const struct queue_desc *table, unsigned size, const char **why)
{
    for (unsigned i = 0; chain->count < parts_max(q);) {
        if (i >= size)
            return malformed(why, "a descriptor's index is too large");
        const struct queue_desc *d = &table[i];
        if (d->flags & DESC_INDIRECT)
            return malformed(why, "an indirect descriptor is inside a table");
        int err = add(q, chain, d, why);
        if (err < 0 || !(d->flags & DESC_NEXT))
            return err;
        i = d->next;
    }
    return malformed(why, "a chain is longer than its queue");
}

static int walk_indirect(const struct queue *q, struct queue_chain *chain,
                         const struct queue_desc *d, const char **why)
{
    struct queue_desc table[CHAIN_MAX];
    if (!q->mixed)
        return malformed(why, "an indirect descriptor was not offered");
    if (chain->count > 0 || d->flags & DESC_NEXT)
        return malformed(why, "an indirect descriptor is not alone");
    if (d->len == 0 || d->len % sizeof(*table) || d->len > (size_t)parts_max(q) * sizeof(*table))
        return malformed(why, "an indirect table has a wrong length");
    if (!range_inside(d->addr, d->len, q->mem_base, q->mem_len) ||
        !probe_copy(table, q->mem + (d->addr - q->mem_base), d->len))
        return malformed(why, "an indirect table is outside guest memory");
    return walk_table(q, chain, table, d->len / sizeof(*table), why);
}

static int walk(const struct queue *q, struct queue_chain *chain, const char **why)
{
    unsigned i = chain->head;
    chain->readable = 0;
    for (chain->count = 0; chain->count < parts_max(q);) {
        if (i >= size_of(q))
            return malformed(why, "a descriptor's index is too large");
        struct queue_desc d = copy_desc((const struct queue_desc *)q->rings + i);
        if (d.flags & DESC_INDIRECT)
            return walk_indirect(q, chain, &d, why);
        int err = add(q, chain, &d, why);
        if (err < 0 || !(d.flags & DESC_NEXT))
            return err;
        i = d.next;
    }
    return malformed(why, "a chain is longer than its queue");
}

int queue_peek_ahead(const struct queue *q, unsigned ahead, struct queue_chain *chain,
                     const char **why)
{
    if (!q->rings)
        return 0;
    struct avail *avail = avail_of(q);
    /* The guest wrote ring entry and descriptors before it moved the index. */
    uint16_t idx = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE);
    uint16_t waiting = (uint16_t)(idx - q->seen);
    if (waiting > size_of(q))
        return malformed(why, "more buffers are available than the queue has entries");
    if (waiting <= ahead)
        return 0;
    chain->head = __atomic_load_n(&avail->ring[(q->seen + ahead) % size_of(q)], __ATOMIC_RELAXED);
    return walk(q, chain, why);
}

int queue_peek(const struct queue *q, struct queue_chain *chain, const char **why)
{
    return queue_peek_ahead(q, 0, chain, why);
}

void queue_use(struct queue *q, uint16_t head, uint32_t len)
{
    struct used *used = used_of(q);
    struct queue_used *u = &used->ring[q->used % size_of(q)];
    __atomic_store_n(&u->id, head, __ATOMIC_RELAXED);
    __atomic_store_n(&u->len, len, __ATOMIC_RELAXED);
    q->seen++;
    q->used++;
    /* The guest may read the entry as soon as it sees the new index: publish the entry first. */
    __atomic_store_n(&used->idx, q->used, __ATOMIC_RELEASE);
}
