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
static struct ip_protocol *protocols; /* first those that have something to do after a batch */

void ip_protocol_add(struct ip_protocol *p)
{
    struct ip_protocol **at = &protocols;

    while (!p->done && *at && (*at)->done)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
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
    for (const struct ip_protocol *t = protocols; t && t->done; t = t->next)
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
    size_t len = t->len_at ? get_be16(p->data + t->len_at) : p->total;
    if (len > p->total)
        return false;
    uint64_t sum = checksum_pseudo(&ends->remote, &ends->local, t->number, len);
    return checksum_fold(checksum_add_pkt(sum, p, 0, len)) == 0xffff;
}

struct pkt *ip_copy(const struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct pkt whole = *p;

    whole.data -= rx->header_len;
    whole.len += rx->header_len;
    whole.total += rx->header_len;
    struct pkt *c = pkt_clone(&whole, 0);
    if (c) {
        pkt_skip(c, rx->header_len);
        memcpy(c->cb, p->cb, sizeof(c->cb));
    }
    return c;
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
    if (ip_is_loopback(to) && i->dev && !(p->flags & PKT_LOOPBACK))
        return false;
    if (ip_addr_is_broadcast(to)) {
        p->flags |= PKT_BROADCAST;
        return true;
    }
    return ip_addr_owner(to, false) || p->flags & PKT_OURS;
}

/* Sources that nobody outside can have: groups, broadcasts, loopback, IPv4's 0.0.0.0/8 but for who
 * has no address yet and speaks to all (RFC 1122, 3.2.1.3), and our own, unless it is IPv6's
 * neighbour discovery that tells of a conflict. */
static bool source_allowed(const struct ip_iface *i, const struct ip_addr *from,
                           const struct pkt *p)
{
    if (ip_is_multicast(from) || ip_addr_is_broadcast(from))
        return false;
    if (!i->dev || p->flags & PKT_LOOPBACK)
        return true;
    if (ip_is_v4(from) && from->b[12] == 0)
        return from->w[3] == 0 && p->flags & (PKT_BROADCAST | PKT_MULTICAST);
    return !ip_is_loopback(from) && (!ip_is_v4(from) || !ip_addr_owner(from, true));
}

static bool addresses_fine(struct ip_iface *i, const struct ip_ends *ends, struct pkt *p)
{
    return is_ours(i, &ends->local, p) && source_allowed(i, &ends->remote, p);
}

/* Options of IPv4 are of no interest, but have to be well formed, and a sender does not choose the
 * route of our answers (RFC 7126, 4.3, 4.4). */
static bool options4_fine(const uint8_t *o, size_t len)
{
    for (size_t at = 0; at < len && o[at] != 0;) {
        if (o[at] == 1) {
            at++;
            continue;
        }
        if (len - at < 2 || o[at + 1] < 2 || o[at + 1] > len - at)
            return false;
        if (o[at] == 131 || o[at] == 137) /* loose and strict source routes */
            return false;
        at += o[at + 1];
    }
    return true;
}

static void input_whole(struct ip_iface *i, struct pkt *p, unsigned frag_size);

/* What comes together from fragments is a packet that may not be one again. */
static void fragment(struct ip_iface *i, struct pkt *p, size_t header, unsigned frag_size)
{
    if (frag_size) {
        ip_counts[p->data[0] >> 4 == 6].in_header_errors++;
        pkt_free(p);
        return;
    }
    p = ip_reassemble(i, p, header);
    if (p)
        input_whole(i, p, ((const struct ip_rx *)p->cb)->frag_size);
}

static bool input4(struct ip_iface *i, struct pkt *p, unsigned frag_size)
{
    const struct wire_ip4 *h = (const struct wire_ip4 *)p->data;
    size_t header = (size_t)(h->version_ihl & 15) * 4;
    size_t len = be16(h->len);

    if (p->len < header && pkt_pull(p, header))
        h = (const struct wire_ip4 *)p->data;
    if (header < IP4_HEADER || p->len < header || len < header || len > p->total ||
        checksum_fold(checksum_add(checksum_ip4(h), h + 1, header - IP4_HEADER)) != 0xffff ||
        !options4_fine((const uint8_t *)(h + 1), header - IP4_HEADER)) {
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
        fragment(i, p, header, frag_size);
        return true;
    }
    *(struct ip_rx *)p->cb = (struct ip_rx){
        .iface = i,
        .header_len = (uint16_t)header,
        .protocol = h->protocol,
        .ttl = h->ttl,
        .tos = h->tos,
        .frag_size = (uint16_t)frag_size,
        .from = ends.remote,
    };
    pkt_skip(p, header);
    deliver(&ends, p);
    return true;
}

/* What is wrong with extension headers that are sound otherwise: the sender is told. */
struct problem {
    enum ip_failure failure;
    unsigned at; /* offset from the IPv6 header on; 0: nothing is wrong */
    bool silent; /* dropped without telling */
};

/* Goes through the options of an extension header of (len) bytes that stands at (base). False: not
 * sound. */
static bool options_fine(const uint8_t *o, size_t len, size_t base, struct problem *problem)
{
    for (size_t at = 2; at < len;) {
        if (o[at] == 0) {
            at++;
            continue;
        }
        if (at + 2 > len || at + 2 + o[at + 1] > len)
            return false;
        /* What one that nobody knows asks for (RFC 8200, 4.2); PadN and router alert are known. */
        unsigned wish = o[at] >> 6;
        if (wish && !problem->at) {
            problem->failure = IP_BAD_OPTION;
            problem->at = (unsigned)(base + at);
            problem->silent = wish == 1;
        }
        at += 2u + o[at + 1];
    }
    return true;
}

/* Passes over the extension headers of (p), which starts with (*header) bytes of IPv6 header. Sets
 * (*next) to the transport; (*fragment) if there is a fragment header, which is then at (*header).
 * False: not sound. */
static bool skip_extensions(struct pkt *p, size_t *header, uint8_t *next, bool *is_fragment,
                            struct problem *problem)
{
    *is_fragment = false;
    for (int n = 0; n < EXTENSIONS_MAX; n++) {
        if (*next == PROTO_FRAGMENT) {
            *is_fragment = true;
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
        if (*next != PROTO_ROUTING) {
            if (!options_fine(e, len, *header, problem))
                return false;
        } else if (e[3] != 0 && !problem->at) { /* we are no router (RFC 8200, 4.4; 5095) */
            problem->failure = IP_BAD_HEADER;
            problem->at = (unsigned)*header + 2;
        }
        *next = e[0];
        *header += len;
    }
    return false;
}

/* Addresses of IPv6 as addresses_fine's, which fill (ends). */
static bool addresses6_fine(struct ip_iface *i, const struct wire_ip6 *h, struct ip_ends *ends,
                            struct pkt *p)
{
    *ends = (struct ip_ends){.local = ip_from_v6(h->to), .remote = ip_from_v6(h->from)};
    if (ip_is_v4(&ends->local) || ip_is_v4(&ends->remote) || !addresses_fine(i, ends, p))
        return false;
    if (ip_is_link_local(&ends->local) || ip_is_link_local(&ends->remote))
        ends->scope = i->index;
    /* Groups of the interface and of nothing (RFC 4291, 2.7). */
    return h->to[0] != 0xff || !i->dev || p->flags & PKT_LOOPBACK || (h->to[1] & 15) > 1;
}

static bool input6(struct ip_iface *i, struct pkt *p, unsigned frag_size)
{
    const struct wire_ip6 *h = (const struct wire_ip6 *)p->data;
    size_t header = IP6_HEADER;
    struct problem problem = {.at = 0};
    struct ip_ends ends;
    bool is_fragment;

    if (!pkt_pull(p, header) || be16(h->len) + header > p->total) {
        ip_counts[1].in_header_errors++;
        return false;
    }
    /* Longer than the field can say: only by a device that has put segments together. */
    size_t len = be16(h->len) + header;
    if (len < p->total && (h->len || !p->gso))
        pkt_trim_back(p, p->total - len);
    if (!addresses6_fine(i, h, &ends, p)) {
        ip_counts[1].in_address_errors++;
        return false;
    }
    uint8_t next = h->next, hops = h->hops;
    uint32_t flow = be32(h->flow);
    if (!skip_extensions(p, &header, &next, &is_fragment, &problem) || problem.silent) {
        ip_counts[1].in_header_errors++;
        return false;
    }
    /* Only those of neighbour discovery and of listeners come from nobody, or from us. */
    if (next != PROTO_ICMP6 && i->dev && !(p->flags & PKT_LOOPBACK) && !is_fragment &&
        (ip_is_unset(&ends.remote) || ip_addr_owner(&ends.remote, true))) {
        ip_counts[1].in_address_errors++;
        return false;
    }
    if (is_fragment && !problem.at) {
        fragment(i, p, header, frag_size);
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
        .frag_size = (uint16_t)frag_size,
        .from = ends.remote,
    };
    pkt_skip(p, header);
    if (problem.at) {
        ip_counts[1].in_header_errors++;
        ip_failed(p, problem.failure, problem.at);
        return false;
    }
    deliver(&ends, p);
    return true;
}

static void input_whole(struct ip_iface *i, struct pkt *p, unsigned frag_size)
{
    bool taken = false;

    if (pkt_pull(p, IP4_HEADER)) {
        unsigned version = p->data[0] >> 4;
        taken = version == 4 ? input4(i, p, frag_size) : version == 6 && input6(i, p, frag_size);
    }
    if (!taken)
        pkt_free(p);
}

void ip_input_one(struct ip_iface *i, struct pkt *p)
{
    ip_counts[p->len > 0 && p->data[0] >> 4 == 6].in++;
    input_whole(i, p, 0);
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
