/* SPDX-License-Identifier: MIT
 *
 * Packets as chains of pieces. */
#include <string.h>

#include "iface/pkt.h"

#define LENT 0 /* in pkt.size: the struct lies in the memory that it refers to */

static void free_own(struct pkt_mem *mem)
{
    pkt_pool_put(container_of(mem, struct pkt, own));
}

/* Makes (p) a packet of (len) bytes of (mem). They are never written through it where the memory
 * is not its own. */
static void fill(struct pkt *p, struct pkt_mem *mem, const void *data, size_t len)
{
    p->next = p->more = NULL;
    p->start = p->data = (uint8_t *)(uintptr_t)data;
    p->end = p->data + len;
    p->len = p->total = (uint32_t)len;
    p->mem = mem;
    p->flags = p->gso = 0;
    p->gso_size = p->hdr_len = 0;
    p->csum_from = p->csum_at = 0;
}

struct pkt *pkt_alloc(size_t headroom, size_t room)
{
    struct pkt *p = pkt_pool_get(headroom + room);

    if (!p)
        return NULL;
    fill(p, &p->own, (uint8_t *)(p + 1) + headroom, 0);
    p->start = (uint8_t *)(p + 1);
    p->end = p->start + p->size;
    p->own.refs = 1;
    p->own.free = free_own;
    return p;
}

struct pkt *pkt_of_mem(struct pkt_mem *mem, const void *data, size_t len)
{
    struct pkt *p = pkt_pool_get(0);

    if (p)
        fill(p, mem, data, len);
    return p;
}

struct pkt *pkt_share(struct pkt *p, size_t off, size_t len)
{
    struct pkt *s = pkt_of_mem(p->mem, p->data + off, len);

    if (s)
        p->mem->refs++;
    return s;
}

struct pkt *pkt_lend(struct pkt *p, size_t header)
{
    struct pkt *s;

    /* Nobody puts bytes behind those of shared memory: where they leave room, the packet lies there
     * itself. Pieces end aligned for it. */
    if (pkt_tailroom(p) >= sizeof(*s)) {
        s = (struct pkt *)p->end - 1;
        s->size = LENT;
    } else if (!(s = pkt_pool_get(0))) {
        return NULL;
    }
    fill(s, &p->own, p->data - header, header + p->len);
    p->own.refs++;
    s->start = p->start;
    return s;
}

static inline void free_piece(struct pkt *p)
{
    struct pkt_mem *mem = p->mem;

    if (mem != &p->own && p->size != LENT)
        pkt_pool_put(p);
    if (--mem->refs == 0)
        mem->free(mem);
}

static void free_pieces(struct pkt *p)
{
    for (struct pkt *more; p; p = more) {
        more = p->more;
        free_piece(p);
    }
}

void pkt_free(struct pkt *p)
{
    if (p && p->more)
        free_pieces(p);
    else if (p)
        free_piece(p);
}

void pkt_free_list(struct pkt *list)
{
    while (list) {
        struct pkt *next = list->next;
        pkt_free(list);
        list = next;
    }
}

void pkt_move(struct pkt *p, struct pkt *copy)
{
    struct pkt_mem *old = p->mem;

    p->start = p->data = copy->data;
    p->end = p->data + p->len;
    p->mem = copy->mem;
    if (--old->refs == 0)
        old->free(old);
}

void pkt_append(struct pkt *p, struct pkt *tail)
{
    struct pkt *last = p;

    p->total += tail->total;
    while (last->more)
        last = last->more;
    last->more = tail;
}

struct pkt *pkt_clone(const struct pkt *p, size_t headroom)
{
    struct pkt *first = NULL, **last = &first;
    size_t at = 0;

    do {
        size_t len = min_size(p->total - at, PKT_LARGE - headroom);
        struct pkt *c = pkt_alloc(headroom, len);
        if (!c) {
            pkt_free(first);
            return NULL;
        }
        pkt_copy(p, at, c->data, len);
        c->len = c->total = (uint32_t)len;
        *last = c;
        last = &c->more;
        at += len;
        headroom = 0;
    } while (at < p->total);
    first->total = p->total;
    first->flags = p->flags;
    first->gso = p->gso;
    first->gso_size = p->gso_size;
    first->hdr_len = p->hdr_len;
    first->csum_from = p->csum_from;
    first->csum_at = p->csum_at;
    return first;
}

void pkt_copy(const struct pkt *p, size_t off, void *to, size_t n)
{
    for (; n > 0; p = p->more) {
        if (off >= p->len) {
            off -= p->len;
            continue;
        }
        size_t len = min_size(n, p->len - off);
        memcpy(to, p->data + off, len);
        to = (char *)to + len;
        n -= len;
        off = 0;
    }
}

/* Takes the first (n) bytes from the pieces behind the head. */
static void drop_behind_head(struct pkt *p, size_t n)
{
    while (n > 0) {
        struct pkt *q = p->more;
        size_t len = min_size(n, q->len);
        q->data += len;
        q->len -= (uint32_t)len;
        n -= len;
        if (q->len == 0) {
            p->more = q->more;
            free_piece(q);
        }
    }
}

bool pkt_pull(struct pkt *p, size_t n)
{
    if (p->len >= n)
        return true;
    if (p->total < n)
        return false;
    size_t lack = n - p->len;
    if (!pkt_is_own(p) || pkt_tailroom(p) < lack)
        return false;
    pkt_copy(p->more, 0, p->data + p->len, lack);
    drop_behind_head(p, lack);
    p->len += (uint32_t)lack;
    return true;
}

void pkt_trim_front(struct pkt *p, size_t n)
{
    size_t here = min_size(n, p->len);

    p->total -= (uint32_t)n;
    p->data += here;
    p->len -= (uint32_t)here;
    drop_behind_head(p, n - here);
}

void pkt_trim_back(struct pkt *p, size_t n)
{
    size_t keep = p->total - n;
    struct pkt *q = p;

    p->total = (uint32_t)keep;
    while (keep > q->len) {
        keep -= q->len;
        q = q->more;
    }
    q->len = (uint32_t)keep;
    pkt_free(q->more);
    q->more = NULL;
}
