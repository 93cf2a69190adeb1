/* SPDX-License-Identifier: MIT
 *
 * Fragments that come (RFC 791, 3.2; RFC 8200, 4.5). Those of one packet are kept in the order of
 * their offsets, as they came; when there is no gap they become the pieces of one packet. Fragments
 * that overlap others make the whole packet worthless (RFC 5722), but for exact repetitions, which
 * networks produce: these are dropped alone. Packets, fragments, memory and time are limited; what
 * is oldest goes first. */
#include <errno.h>

#include "iface/timer.h"
#include "ip/iface.h"
#include "ip/internal.h"
#include "mm/heap.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define DATAGRAMS_MAX 64
#define FRAGMENTS_MAX 256        /* of one packet */
#define MEMORY_MAX    (4u << 20) /* of all, and no more than a quarter of all packets' */
#define TIME4         (30 * NSEC_PER_SEC)
#define TIME6         (60 * NSEC_PER_SEC)

/* A packet of which not all is there. Its fragments begin with their payload; their struct ip_rx
 * holds the offset in (from_port). */
struct datagram {
    struct datagram *next; /* newest first */
    struct ip_addr from, to;
    struct ip_iface *iface;
    uint32_t id;
    uint8_t protocol; /* IPv4; else 0 */
    uint8_t flags;    /* PKT_* of all fragments */
    uint8_t ecn;      /* bit N: a fragment's ECN field was N */
    bool v6;
    uint16_t largest; /* fragment, with its header */
    struct pkt *fragments;
    unsigned count, end; /* (end): of the payload; 0: the last fragment is missing */
    size_t have, memory;
    nsec_t until;
};

static struct datagram *datagrams;
static unsigned datagram_count;
static size_t memory;
static struct timer timer;

static unsigned offset_of(const struct pkt *p)
{
    return ((const struct ip_rx *)p->cb)->from_port;
}

static size_t memory_of(const struct pkt *p)
{
    size_t bytes = 0;

    for (; p; p = p->more)
        bytes += sizeof(*p) + p->size;
    return bytes;
}

static void forget(struct datagram *d)
{
    struct datagram **at = &datagrams;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    memory -= d->memory;
    datagram_count--;
    pkt_free_list(d->fragments);
    heap_free(d, sizeof(*d));
}

static void fail(struct datagram *d)
{
    ip_counts[d->v6].reassembly_failed++;
    forget(d);
}

static struct datagram *oldest(void)
{
    struct datagram *d = datagrams;

    while (d && d->next)
        d = d->next;
    return d;
}

static void run(struct timer *t)
{
    nsec_t now = clock_monotonic(), next = DEADLINE_NEVER;

    (void)t;
    for (struct datagram *d = datagrams, *after; d; d = after) {
        after = d->next;
        if (d->until > now) {
            next = d->until < next ? d->until : next;
            continue;
        }
        ip_counts[d->v6].reassembly_timeouts++;
        if (d->fragments && offset_of(d->fragments) == 0)
            ip_failed(d->fragments, IP_REASSEMBLY_TIME, 0);
        fail(d);
    }
    if (next != DEADLINE_NEVER)
        timer_set(&timer, next, run);
    ip_run_local();
}

/* The packet that a fragment with these addresses belongs to, perhaps new. NULL: no memory. */
static struct datagram *find(const struct datagram *key)
{
    for (struct datagram *d = datagrams; d; d = d->next)
        if (d->id == key->id && d->protocol == key->protocol && d->iface == key->iface &&
            ip_equal(&d->from, &key->from) && ip_equal(&d->to, &key->to))
            return d;
    if (datagram_count >= DATAGRAMS_MAX)
        fail(oldest());
    struct datagram *d = heap_alloc(sizeof(*d));
    if (!d)
        return NULL;
    *d = *key;
    d->until = clock_monotonic() + (d->v6 ? TIME6 : TIME4);
    d->next = datagrams;
    datagrams = d;
    datagram_count++;
    if (!timer.armed || d->until < timer.at)
        timer_set(&timer, d->until, run);
    return d;
}

/* Puts (p) where it belongs. 0; -EEXIST: is there already; -EINVAL: does not go with the rest. */
static int insert(struct datagram *d, struct pkt *p, bool last)
{
    unsigned from = offset_of(p), to = from + p->total;
    struct pkt **at = &d->fragments, *before = NULL;

    while (*at && offset_of(*at) < from) {
        before = *at;
        at = &before->next;
    }
    if (*at && offset_of(*at) == from && (*at)->total == p->total)
        return last == (d->end == to) ? -EEXIST : -EINVAL;
    if (d->end && (to > d->end || last))
        return -EINVAL;
    if ((before && offset_of(before) + before->total > from) || (*at && to > offset_of(*at)) ||
        (last && *at))
        return -EINVAL;
    if (d->count >= FRAGMENTS_MAX)
        return -EINVAL;
    p->next = *at;
    *at = p;
    d->count++;
    if (last)
        d->end = to;
    d->have += p->total;
    return 0;
}

static void complete4(struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    size_t header = rx->header_len;
    struct wire_ip4 *h = pkt_push(p, header);

    h->len = be16((uint16_t)p->total);
    h->frag = 0;
    h->checksum = 0;
    h->checksum = checksum_finish(checksum_add(0, h, header));
}

/* The headers before the fragment header move over it. */
static void complete6(struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    size_t header = rx->header_len - sizeof(struct wire_ip6_frag), at = 6, next = IP6_HEADER;
    uint8_t protocol = rx->protocol, *h = pkt_push(p, header);

    memmove(h, h - sizeof(struct wire_ip6_frag), header);
    while (next < header) { /* they have been gone through once */
        at = next;
        next += (size_t)h[next + 1] * 8 + 8;
    }
    h[at] = protocol;
    ((struct wire_ip6 *)h)->len = be16((uint16_t)(p->total - IP6_HEADER));
}

#define ECN_NONE   (1u << 0) /* cannot be marked */
#define ECN_MARKED (1u << 3)

/* Makes one packet of all fragments. NULL: it would be too long with the header of the first, or
 * one was marked and another cannot have been (RFC 3168, 5.3). */
static struct pkt *join(struct datagram *d)
{
    struct pkt *p = d->fragments, *tail = p;
    size_t len = ((const struct ip_rx *)p->cb)->header_len + d->have;

    if (len > (d->v6 ? 65535 + IP6_HEADER + sizeof(struct wire_ip6_frag) : 65535) ||
        (d->ecn & ECN_MARKED && d->ecn & ECN_NONE)) {
        fail(d);
        return NULL;
    }
    if (d->ecn & ECN_MARKED) /* the field is in the second byte of both headers */
        p->data[1 - (int)((const struct ip_rx *)p->cb)->header_len] |= d->v6 ? 0x30 : 3;
    for (struct pkt *f = p->next, *next; f; f = next) {
        next = f->next;
        f->next = NULL;
        while (tail->more)
            tail = tail->more;
        tail->more = f;
        p->total += f->total;
    }
    p->next = NULL;
    d->fragments = NULL;
    if (d->v6)
        complete6(p);
    else
        complete4(p);
    /* What a device said of a fragment says nothing of the transport's checksum. */
    p->flags = d->flags & (uint8_t) ~(PKT_CSUM_OK | PKT_CSUM_PARTIAL);
    p->gso = PKT_GSO_NONE;
    ((struct ip_rx *)p->cb)->frag_size = d->largest;
    ip_counts[d->v6].reassembly_done++;
    forget(d);
    return p;
}

/* Takes (p), whose struct ip_rx is filled, at its payload. */
static struct pkt *add(const struct datagram *key, struct pkt *p, unsigned offset, bool last)
{
    struct ip_rx *rx = (struct ip_rx *)p->cb;
    size_t most = min_size(MEMORY_MAX, pkt_memory_limit() / 4), bytes = memory_of(p);
    size_t size = rx->header_len + p->total;

    ip_counts[key->v6].reassembly_required++;
    rx->from_port = (uint16_t)offset;
    /* The header of the first one is changed: it has to be its own. */
    if (offset == 0 && !pkt_is_own(p))
        goto drop;
    while (memory + bytes > most && datagrams)
        fail(oldest());
    struct datagram *d = find(key);
    if (!d)
        goto drop;
    int err = insert(d, p, last);
    if (err) {
        if (err != -EEXIST)
            fail(d);
        goto drop;
    }
    d->memory += bytes;
    memory += bytes;
    d->flags |= p->flags;
    d->ecn |= (uint8_t)(1u << ((d->v6 ? rx->flow >> 20 : rx->tos) & 3));
    if (size > d->largest)
        d->largest = (uint16_t)size;
    return d->end && d->have == d->end ? join(d) : NULL;
drop:
    ip_counts[key->v6].in_discards++;
    pkt_free(p);
    return NULL;
}

static struct pkt *add4(struct ip_iface *i, struct pkt *p, size_t header)
{
    const struct wire_ip4 *h = (const struct wire_ip4 *)p->data;
    unsigned frag = be16(h->frag), offset = (frag & IP4_OFFSET) * 8u;
    bool last = !(frag & IP4_MF);
    size_t len = p->total - header;
    struct datagram key = {
        .from = ip_from_v4(h->from),
        .to = ip_from_v4(h->to),
        .iface = i,
        .id = h->id,
        .protocol = h->protocol,
    };

    if (len == 0 || (!last && len % 8) || header + offset + len > 65535) {
        ip_counts[0].in_header_errors++;
        pkt_free(p);
        return NULL;
    }
    *(struct ip_rx *)p->cb = (struct ip_rx){
        .iface = i,
        .header_len = (uint16_t)header,
        .protocol = h->protocol,
        .ttl = h->ttl,
        .tos = h->tos,
        .from = key.from,
    };
    pkt_skip(p, header);
    return add(&key, p, offset, last);
}

static struct pkt *add6(struct ip_iface *i, struct pkt *p, size_t header)
{
    const struct wire_ip6 *h = (const struct wire_ip6 *)p->data;
    const struct wire_ip6_frag *f = (const struct wire_ip6_frag *)(p->data + header);
    unsigned offset = be16(f->offset) & 0xfff8u;
    bool last = !(be16(f->offset) & 1);
    size_t len = p->total - header - sizeof(*f);
    struct datagram key = {
        .from = ip_from_v6(h->from),
        .to = ip_from_v6(h->to),
        .iface = i,
        .id = f->id,
        .v6 = true,
    };

    *(struct ip_rx *)p->cb = (struct ip_rx){
        .iface = i,
        .flow = be32(h->flow),
        .header_len = (uint16_t)(header + sizeof(*f)),
        .protocol = f->next,
        .ttl = h->hops,
        .v6 = 1,
        .from = key.from,
    };
    bool uneven = !last && len % 8, large = header - IP6_HEADER + offset + len > 65535;
    pkt_skip(p, header + sizeof(*f));
    if (len == 0 || uneven || large || !pkt_is_own(p)) {
        ip_counts[1].in_header_errors++;
        if (uneven || large)
            ip_failed(p, IP_BAD_HEADER, uneven ? 4 : (unsigned)header + 2);
        pkt_free(p);
        return NULL;
    }
    if (offset == 0 && last) { /* a whole packet (RFC 6946): others with its id are not its */
        ((struct ip_rx *)p->cb)->frag_size = (uint16_t)(header + sizeof(*f) + len);
        complete6(p);
        return p;
    }
    return add(&key, p, offset, last);
}

struct pkt *ip_reassemble(struct ip_iface *i, struct pkt *p, size_t header)
{
    return p->data[0] >> 4 == 4 ? add4(i, p, header) : add6(i, p, header);
}
