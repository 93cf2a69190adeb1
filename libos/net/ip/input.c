/* SPDX-License-Identifier: MIT
 *
 * Packets that come in: checks of RFC 1122, 3.2.1 and RFC 8200, then the transports. */
#include "base/base.h"
#include "ip/iface.h"
#include "ip/internal.h"
#include "ip/ip.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define EXTENSIONS_MAX 8

struct ip_counts ip_counts[2];
static struct ip_protocol *protocols;

void ip_protocol_add(struct ip_protocol *p)
{
    p->next = protocols;
    protocols = p;
}

static const struct ip_protocol *find(uint8_t number)
{
    const struct ip_protocol *t = protocols;

    while (t && t->number != number)
        t = t->next;
    return t;
}

void ip_protocols_done(void)
{
    for (const struct ip_protocol *t = protocols; t; t = t->next)
        if (t->done)
            t->done();
}

void ip_report(uint8_t protocol, struct ip_ends *ends, int err, unsigned mtu,
               const struct ip_icmp *icmp, struct pkt *p)
{
    const struct ip_protocol *t = find(protocol);

    if (t && t->error && pkt_pull(p, 8))
        t->error(ends, err, mtu, icmp, p);
}

static bool checksum_right(const struct ip_protocol *t, const struct ip_ends *ends,
                           const struct pkt *p)
{
    if (!t->checked || p->flags & PKT_CSUM_OK)
        return true;
    if (t->optional && ip_is_v4(&ends->local) && get_be16(p->data + t->csum_at) == 0)
        return true;
    uint64_t sum = checksum_pseudo(&ends->remote, &ends->local, t->number, p->total);
    return checksum_fold(checksum_add_pkt(sum, p, 0, p->total)) == 0xffff;
}

/* Gives (p), whose struct ip_rx is filled, to its transport. Takes it. */
static void deliver(struct ip_ends *ends, struct pkt *p)
{
    struct ip_rx *rx = (struct ip_rx *)p->cb;
    struct ip_counts *counts = &ip_counts[rx->v6];
    bool raw = ip_raw_input && ip_raw_input(ends, p);
    const struct ip_protocol *t = find(rx->protocol);

    if (!t) {
        counts->in_unknown_protocol++;
        if (!raw)
            ip_failed(p, IP_NO_PROTOCOL, 0);
        pkt_free(p);
        return;
    }
    if (!pkt_pull(p, t->min_len) || !checksum_right(t, ends, p)) {
        counts->in_discards++;
        pkt_free(p);
        return;
    }
    counts->in_delivers++;
    t->input(ends, p);
}

/* Whether a packet to (to) that came by (i) is for us; sets the packet's flags. */
static bool is_ours(struct ip_iface *i, const struct ip_addr *to, struct pkt *p)
{
    if (ip_is_multicast(to)) {
        p->flags |= PKT_MULTICAST;
        return ip_group_joined(i, to);
    }
    if (ip_addr_is_broadcast(to)) {
        p->flags |= PKT_BROADCAST;
        return true;
    }
    if (ip_is_loopback(to) && i->dev && !(p->flags & PKT_LOOPBACK))
        return false;
    return ip_addr_owner(to, false);
}

static bool source_allowed(const struct ip_iface *i, const struct ip_addr *from,
                           const struct pkt *p)
{
    if (ip_is_multicast(from) || ip_addr_is_broadcast(from))
        return false;
    return !i->dev || p->flags & PKT_LOOPBACK || !ip_is_loopback(from);
}

static bool addresses_fine(struct ip_iface *i, const struct ip_ends *ends, struct pkt *p)
{
    return source_allowed(i, &ends->remote, p) && is_ours(i, &ends->local, p);
}

static bool input4(struct ip_iface *i, struct pkt *p)
{
    const struct wire_ip4 *h = (const struct wire_ip4 *)p->data;
    size_t header = (size_t)(h->version_ihl & 15) * 4;
    size_t len = be16(h->len);

    if (p->len < header && pkt_pull(p, header))
        h = (const struct wire_ip4 *)p->data;
    if (header < IP4_HEADER || p->len < header || len < header || len > p->total ||
        checksum_fold(checksum_add(0, h, header)) != 0xffff) {
        ip_counts[0].in_header_errors++;
        return false;
    }
    if (len < p->total)
        pkt_trim_back(p, p->total - len);
    struct ip_ends ends = {.local = ip_from_v4(h->to), .remote = ip_from_v4(h->from)};
    if (!addresses_fine(i, &ends, p)) {
        ip_counts[0].in_address_errors++;
        return false;
    }
    if (h->frag & be16(IP4_MF | IP4_OFFSET)) {
        if (!ip_reassemble)
            return false;
        p = ip_reassemble(i, p);
        if (p)
            ip_input_one(i, p);
        return true;
    }
    *(struct ip_rx *)p->cb = (struct ip_rx){
        .iface = i,
        .header_len = (uint16_t)header,
        .protocol = h->protocol,
        .ttl = h->ttl,
        .tos = h->tos,
        .from = ends.remote,
    };
    pkt_skip(p, header);
    deliver(&ends, p);
    return true;
}

/* What an option of type (type) that nobody knows asks for (RFC 8200, 4.2): true: passed over. */
static bool option_passed(uint8_t type)
{
    return (type & 0xc0) == 0;
}

/* Goes through the options of an extension header of (len) bytes. */
static bool options_fine(const uint8_t *o, size_t len)
{
    for (size_t at = 2; at < len;) {
        if (o[at] == 0) {
            at++;
            continue;
        }
        if (at + 2 > len || at + 2 + o[at + 1] > len)
            return false;
        if (o[at] != 1 && o[at] != 5 && !option_passed(o[at])) /* PadN, router alert */
            return false;
        at += 2u + o[at + 1];
    }
    return true;
}

/* Passes over the extension headers of (p), which starts with (*header) bytes of IPv6 header. Sets
 * (*next) to the transport; (*fragment) if there is a fragment header, which is then at (*header).
 * False: not sound. */
static bool skip_extensions(struct pkt *p, size_t *header, uint8_t *next, bool *fragment)
{
    *fragment = false;
    for (int n = 0; n < EXTENSIONS_MAX; n++) {
        if (*next == PROTO_FRAGMENT) {
            *fragment = true;
            return pkt_pull(p, *header + sizeof(struct wire_ip6_frag));
        }
        if (*next != PROTO_HOP_BY_HOP && *next != PROTO_ROUTING && *next != PROTO_OPTIONS)
            return *next != PROTO_NONE;
        if ((*next == PROTO_HOP_BY_HOP && n > 0) || !pkt_pull(p, *header + 8))
            return false;
        const uint8_t *e = p->data + *header;
        size_t len = (size_t)e[1] * 8 + 8;
        if (!pkt_pull(p, *header + len))
            return false;
        e = p->data + *header;
        if (*next == PROTO_ROUTING ? e[3] != 0 : !options_fine(e, len))
            return false;
        *next = e[0];
        *header += len;
    }
    return false;
}

static bool input6(struct ip_iface *i, struct pkt *p)
{
    const struct wire_ip6 *h = (const struct wire_ip6 *)p->data;
    size_t header = IP6_HEADER;
    bool fragment;

    if (!pkt_pull(p, header) || be16(h->len) + header > p->total) {
        ip_counts[1].in_header_errors++;
        return false;
    }
    /* Longer than the field can say: only by a device that has put segments together. */
    size_t len = be16(h->len) + header;
    if (len < p->total && (h->len || !p->gso))
        pkt_trim_back(p, p->total - len);
    struct ip_ends ends = {.local = ip_from_v6(h->to), .remote = ip_from_v6(h->from)};
    if (ip_is_v4(&ends.local) || ip_is_v4(&ends.remote) || !addresses_fine(i, &ends, p)) {
        ip_counts[1].in_address_errors++;
        return false;
    }
    if (ip_is_link_local(&ends.local) || ip_is_link_local(&ends.remote))
        ends.scope = i->index;
    uint8_t next = h->next, hops = h->hops;
    uint32_t flow = be32(h->flow);
    if (!skip_extensions(p, &header, &next, &fragment)) {
        ip_counts[1].in_header_errors++;
        return false;
    }
    if (fragment) {
        if (!ip_reassemble)
            return false;
        p = ip_reassemble(i, p);
        if (p)
            ip_input_one(i, p);
        return true;
    }
    *(struct ip_rx *)p->cb = (struct ip_rx){
        .iface = i,
        .flow = flow,
        .header_len = (uint16_t)header,
        .protocol = next,
        .ttl = hops,
        .tos = (uint8_t)(flow >> 20),
        .v6 = 1,
        .from = ends.remote,
    };
    pkt_skip(p, header);
    deliver(&ends, p);
    return true;
}

void ip_input_one(struct ip_iface *i, struct pkt *p)
{
    bool taken = false, v6 = false;

    if (pkt_pull(p, IP4_HEADER)) {
        unsigned version = p->data[0] >> 4;
        v6 = version == 6;
        ip_counts[v6].in++;
        taken = version == 4 ? input4(i, p) : v6 && input6(i, p);
    }
    if (!taken)
        pkt_free(p);
}

void ip_input(struct ip_iface *i, struct pkt *list)
{
    for (struct pkt *p = list, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        if (i->up)
            ip_input_one(i, p);
        else
            pkt_free(p);
    }
}
