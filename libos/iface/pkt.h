/* SPDX-License-Identifier: MIT
 *
 * Packets: what travels between drivers, protocols and sockets without being copied. A packet is a
 * chain of pieces; the first one, the head, speaks for the whole packet. Memory of a piece can be
 * shared with other pieces (pkt_share), so that data that is kept for retransmission is at the
 * same time part of a packet on its way.
 *
 * Ownership: whoever gets a packet owns it and gives it on or frees it (pkt_free). Nobody writes
 * to memory that is shared. Linked and built on the host as well: tests have their own pkt_alloc.
 */
#ifndef PITH_IFACE_PKT_H
#define PITH_IFACE_PKT_H

#include "base/base.h"

/* Memory that pieces refer to, inside a struct of whoever made it. */
struct pkt_mem {
    uint32_t refs;
    void (*free)(struct pkt_mem *mem); /* called with the last reference */
};

struct pkt {
    struct pkt *next; /* a list of packets, of whoever owns them; NULL at its end */
    struct pkt *more; /* the packet goes on there; NULL in its last piece */
    uint8_t *data;    /* first byte of this piece */
    uint32_t len;     /* bytes of this piece */
    uint32_t total;   /* head: bytes of all pieces */
    uint8_t *start;   /* this piece's own memory, or the part of shared memory that it may use: */
    uint8_t *end;     /* data - start bytes of headroom, end - (data + len) bytes behind */
    struct pkt_mem *mem; /* a reference is held; &own: the memory behind this struct */
    struct pkt_mem own;

    /* Head: what devices do or have done; offsets count from (data), in received packets from
     * where it was then. */
    uint8_t flags;      /* PKT_* */
    uint8_t gso;        /* PKT_GSO_* */
    uint16_t gso_size;  /* payload of each segment */
    uint16_t hdr_len;   /* bytes of headers, up to the payload, where gso is set */
    uint16_t csum_from; /* PKT_CSUM_PARTIAL: checksum from there to the end of the packet, ... */
    uint16_t csum_at;   /* ... whose start value stands at csum_from + csum_at: to be put there */
    uint16_t size;      /* bytes behind this struct: the pool's to set */

    _Alignas(8) uint8_t cb[40]; /* head: whoever owns the packet keeps here what it wants */
};

_Static_assert(sizeof(struct pkt) == 128, "two cache lines");

#define PKT_CSUM_OK                                                                                \
    (1u << 0)                      /* received: the transport's checksum was right, or the sender  \
                                      is this host and there was no need for one */
#define PKT_CSUM_PARTIAL (1u << 1) /* the checksum is left to the device (virtio 1.2, 5.1.6.2) */
#define PKT_BROADCAST    (1u << 2) /* received by a link-layer broadcast */
#define PKT_MULTICAST    (1u << 3) /* or multicast */
#define PKT_LOOPBACK     (1u << 4) /* from this machine itself */
#define PKT_OURS         (1u << 5) /* routed to this machine, whatever its header says */

enum { PKT_GSO_NONE, PKT_GSO_TCP4, PKT_GSO_TCP6 };

/* Room for all headers in front of a transport's payload: virtio-net 12, Ethernet 14, IPv6 40,
 * TCP with options 60, rounded up. And what a large piece offers, and a huge one, of which two take
 * a packet of 64 KiB with its headers. */
#define PKT_HEADROOM 128u
#define PKT_LARGE    1920u
#define PKT_HUGE     32640u

/* A packet of one piece, len 0, whose memory takes at least (room) bytes behind (data) and
 * (headroom) before it; headroom + room at most PKT_HUGE. The memory is not cleared. NULL: the
 * network's share of memory is used up, or there is none; of huge ones there are few, and who gets
 * none does with large ones. This and what follows is in net/wire/pkt.c. */
must_check struct pkt *pkt_alloc(size_t headroom, size_t room);

/* A piece, len 0, that is to refer to memory (mem) which is the caller's: takes over the caller's
 * reference to it. NULL as above, and the reference stays the caller's. */
must_check struct pkt *pkt_of_mem(struct pkt_mem *mem, const void *data, size_t len);

/* A new packet of one piece for (len) bytes at (off) of piece (p), whose memory becomes shared:
 * it lives until all that share it are freed. NULL as above. */
must_check struct pkt *pkt_share(struct pkt *p, size_t off, size_t len);

/* The same for all of (p), whose memory is its own, with (header) bytes of its headroom before
 * them: the packet's headers are written there, and (p) is not lent again before the packet is
 * freed. */
must_check struct pkt *pkt_lend(struct pkt *p, size_t header);

/* A copy in memory of its own, with (headroom), at most PKT_HEADROOM, before it, and with what
 * devices are to do. NULL as above. */
must_check struct pkt *pkt_clone(const struct pkt *p, size_t headroom);

/* Makes (p), a piece, refer to the memory of (copy), of one piece with the same bytes, instead of
 * to its own. Takes (copy). */
void pkt_move(struct pkt *p, struct pkt *copy);

/* Puts (tail), a packet, behind the last piece of (p). */
void pkt_append(struct pkt *p, struct pkt *tail);

/* Frees a packet with all its pieces; a NULL does nothing. */
void pkt_free(struct pkt *p);

/* Frees a whole list. */
void pkt_free_list(struct pkt *list);

/* Where pieces come from: (room) bytes behind the struct, at least, of three sizes only (few bytes,
 * PKT_LARGE, PKT_HUGE); p->size is set to the room. NULL: as pkt_alloc. Constant time, no crossing.
 * Implemented by net/link/pool.c, and by the tests. */
must_check struct pkt *pkt_pool_get(size_t room);
void pkt_pool_put(struct pkt *p);

/* Bytes of memory behind all pieces now, and the most that there may be. */
size_t pkt_memory(void);
size_t pkt_memory_limit(void);

/* Makes the first (n) bytes of the packet lie in its head in a row, if it has them: false if not,
 * or if the head has no room for them. For headers that a sender has cut up. */
must_check bool pkt_pull(struct pkt *p, size_t n);

/* Copies (n) bytes from (off) on, which the packet has. */
void pkt_copy(const struct pkt *p, size_t off, void *to, size_t n);

/* Takes (n) bytes, which the packet has, away from its start or its end; pieces that become empty
 * are freed, but never the head. */
void pkt_trim_front(struct pkt *p, size_t n);
void pkt_trim_back(struct pkt *p, size_t n);

/* Whether this piece's memory belongs to it alone: it may be written. */
static inline bool pkt_is_own(const struct pkt *p)
{
    return p->mem == &p->own && p->own.refs == 1;
}

static inline size_t pkt_headroom(const struct pkt *p)
{
    return (size_t)(p->data - p->start);
}

static inline size_t pkt_tailroom(const struct pkt *p)
{
    return (size_t)(p->end - (p->data + p->len));
}

/* Moves the start (n) bytes back, where the head has headroom; what the device is to do moves
 * along. */
static inline void *pkt_push(struct pkt *p, size_t n)
{
    p->data -= n;
    p->len += (uint32_t)n;
    p->total += (uint32_t)n;
    p->csum_from = (uint16_t)(p->csum_from + n);
    p->hdr_len = (uint16_t)(p->hdr_len + n);
    return p->data;
}

/* Moves the start (n) bytes forward, which the head has. */
static inline void pkt_skip(struct pkt *p, size_t n)
{
    p->data += n;
    p->len -= (uint32_t)n;
    p->total -= (uint32_t)n;
}

/* A list with its end, for queues of packets. */
struct pkt_queue {
    struct pkt *first, **last; /* (last): where the next one goes; see pkt_queue_init */
    unsigned count;
};

static inline void pkt_queue_init(struct pkt_queue *q)
{
    q->first = NULL;
    q->last = &q->first;
    q->count = 0;
}

static inline void pkt_queue_put(struct pkt_queue *q, struct pkt *p)
{
    p->next = NULL;
    *q->last = p;
    q->last = &p->next;
    q->count++;
}

static inline struct pkt *pkt_queue_take(struct pkt_queue *q)
{
    struct pkt *p = q->first;

    if (p) {
        q->first = p->next;
        if (!q->first)
            q->last = &q->first;
        p->next = NULL;
        q->count--;
    }
    return p;
}

#endif
