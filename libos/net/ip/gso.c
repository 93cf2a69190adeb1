/* SPDX-License-Identifier: MIT
 *
 * Cutting large segments of TCP and large packets into what fits, where the device does not. */
#include <errno.h>

#include "ip/internal.h"
#include "random/random.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define TCP_FIN_PSH 0x09

/* Adds pieces for (len) bytes of (from), from (off) on, to (to). */
static bool share(struct pkt *to, struct pkt *from, size_t off, size_t len)
{
    for (; len > 0; from = from->more) {
        if (off >= from->len) {
            off -= from->len;
            continue;
        }
        size_t n = min_size(len, from->len - off);
        struct pkt *piece = pkt_share(from, off, n);
        if (!piece)
            return false;
        pkt_append(to, piece);
        len -= n;
        off = 0;
    }
    return true;
}

/* A packet that starts with a copy of the first (header) bytes of (p), then (len) from (off) on. */
static struct pkt *part(struct pkt *p, size_t header, size_t off, size_t len, size_t more)
{
    struct pkt *s = pkt_alloc(ETHER_HEADER + 2 + 16, header + more);

    if (!s)
        return NULL;
    pkt_copy(p, 0, s->data, header);
    s->len = s->total = (uint32_t)(header + more);
    s->flags = p->flags;
    s->csum_from = p->csum_from;
    s->csum_at = p->csum_at;
    if (!share(s, p, off, len)) {
        pkt_free(s);
        return NULL;
    }
    return s;
}

/* The header's lengths and checksums for the segment (s), number (n) of those cut from one. */
static void complete(struct pkt *s, unsigned n, size_t payload_before, bool last)
{
    uint8_t *tcp = s->data + s->csum_from;
    size_t len = s->total - s->csum_from;
    struct ip_addr from, to;

    if (s->data[0] >> 4 == 4) {
        struct wire_ip4 *h = (struct wire_ip4 *)s->data;
        h->len = be16((uint16_t)s->total);
        h->id = be16((uint16_t)(be16(h->id) + n));
        h->checksum = 0;
        h->checksum = checksum_finish(checksum_add(0, h, IP4_HEADER));
        from = ip_from_v4(h->from);
        to = ip_from_v4(h->to);
    } else {
        struct wire_ip6 *h = (struct wire_ip6 *)s->data;
        h->len = be16((uint16_t)len);
        from = ip_from_v6(h->from);
        to = ip_from_v6(h->to);
    }
    put_be32(tcp + 4, get_be32(tcp + 4) + (uint32_t)payload_before);
    if (!last)
        tcp[13] &= (uint8_t)~TCP_FIN_PSH;
    uint16_t sum = checksum_fold(checksum_pseudo(&from, &to, PROTO_TCP, len));
    memcpy(tcp + s->csum_at, &sum, 2);
}

struct pkt *ip_segment(struct pkt *p)
{
    size_t header = p->hdr_len, payload = p->total - header;
    struct pkt *first = NULL, **last = &first;
    unsigned n = 0;

    for (size_t at = 0; at < payload; at += p->gso_size, n++) {
        size_t len = min_size(p->gso_size, payload - at);
        struct pkt *s = part(p, header, header + at, len, 0);
        if (!s)
            break; /* TCP sends again what is lost */
        complete(s, n, at, at + len == payload);
        *last = s;
        last = &s->next;
    }
    pkt_free(p);
    return first;
}

static int fragment4(struct pkt *p, unsigned mtu, void (*output)(void *arg, struct pkt *p),
                     void *arg)
{
    size_t header = IP4_HEADER, payload = p->total - header, room = (mtu - header) & ~(size_t)7;

    for (size_t at = 0; at < payload; at += room) {
        size_t len = min_size(room, payload - at);
        struct pkt *s = part(p, header, header + at, len, 0);
        if (!s)
            return -ENOBUFS;
        struct wire_ip4 *h = (struct wire_ip4 *)s->data;
        h->len = be16((uint16_t)s->total);
        h->frag = be16((uint16_t)(at / 8 | (at + len < payload ? IP4_MF : 0)));
        h->checksum = 0;
        h->checksum = checksum_finish(checksum_add(0, h, header));
        ip_counts[0].frag_created++;
        output(arg, s);
    }
    return 0;
}

static int fragment6(struct pkt *p, unsigned mtu, void (*output)(void *arg, struct pkt *p),
                     void *arg)
{
    uint32_t id;
    size_t header = IP6_HEADER, payload = p->total - header;
    size_t room = (mtu - header - sizeof(struct wire_ip6_frag)) & ~(size_t)7;
    uint8_t next = ((const struct wire_ip6 *)p->data)->next;

    random_bytes(&id, sizeof(id)); /* nobody shall foresee it (RFC 7739) */
    for (size_t at = 0; at < payload; at += room) {
        size_t len = min_size(room, payload - at);
        struct pkt *s = part(p, header, header + at, len, sizeof(struct wire_ip6_frag));
        if (!s)
            return -ENOBUFS;
        struct wire_ip6 *h = (struct wire_ip6 *)s->data;
        struct wire_ip6_frag *f = (struct wire_ip6_frag *)(h + 1);
        h->len = be16((uint16_t)(s->total - header));
        h->next = PROTO_FRAGMENT;
        *f = (struct wire_ip6_frag){
            .next = next,
            .offset = be16((uint16_t)(at | (at + len < payload))),
            .id = be32(id),
        };
        ip_counts[1].frag_created++;
        output(arg, s);
    }
    return 0;
}

int ip_fragment(struct pkt *p, unsigned mtu, void (*output)(void *arg, struct pkt *p), void *arg)
{
    bool v6 = p->data[0] >> 4 == 6;
    int err = v6 ? fragment6(p, mtu, output, arg) : fragment4(p, mtu, output, arg);

    if (err)
        ip_counts[v6].frag_failed++;
    else
        ip_counts[v6].frag_done++;
    pkt_free(p);
    return err;
}
