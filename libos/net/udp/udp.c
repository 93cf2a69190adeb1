/* SPDX-License-Identifier: MIT */
#include "udp/udp.h"

#include <errno.h>

#include "ip/iface.h"
#include "random/random.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define CHAINS 128

static struct udp_end *chains[CHAINS];
struct udp_counts udp_counts;

static struct udp_end **chain_of(uint16_t port)
{
    return &chains[port % CHAINS];
}

/* How well (e) fits a datagram to (ends): -1: not at all; the more of its ends it names the
 * better. (iface): by which it came, or 0. */
static int score(const struct udp_end *e, const struct ip_ends *ends, unsigned iface)
{
    int s = 0;

    if (e->ends.local_port != ends->local_port || (e->iface && iface && e->iface != iface))
        return -1;
    if (e->iface)
        s += 4;
    if (!ip_is_any(&e->ends.local)) {
        if (!ip_equal(&e->ends.local, &ends->local))
            return -1;
        s += 4;
    } else if (ip_is_unset(&e->ends.local) ? e->v6_only && ip_is_v4(&ends->local)
                                           : !ip_is_v4(&ends->local)) {
        return -1;
    }
    if (!ip_is_unset(&e->ends.remote)) {
        if (!ip_equal(&e->ends.remote, &ends->remote) || e->ends.remote_port != ends->remote_port)
            return -1;
        s += 8;
    }
    if (e->ends.scope && e->ends.scope != ends->scope)
        return -1;
    return s + (ip_is_v4(&e->ends.local) == ip_is_v4(&ends->local));
}

/* The end for a unicast datagram; of several equal ones that share the port, the one that a hash of
 * the peer names. */
static struct udp_end *find(const struct ip_ends *ends, unsigned iface)
{
    struct udp_end *best = NULL;
    int best_score = -1;
    uint32_t equal = 0;
    uint32_t hash = ends->remote.w[3] * 0x9e3779b1u ^ ends->remote_port * 0x85ebca6bu;

    for (struct udp_end *e = *chain_of(ends->local_port); e; e = e->next) {
        int s = score(e, ends, iface);
        if (s > best_score) {
            best = e;
            best_score = s;
            equal = 1;
        } else if (s >= 0 && s == best_score && e->reuse_port) {
            equal++;
            hash = hash * 1664525u + 1013904223u;
            if ((uint32_t)(((uint64_t)hash * equal) >> 32) == 0)
                best = e;
        }
    }
    return best;
}

/* Groups and broadcasts: everybody who fits gets a copy. Takes (p). */
static bool input_all(const struct ip_ends *ends, struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    bool group = ip_is_multicast(&ends->local);
    struct udp_end *last = NULL;

    for (struct udp_end *e = *chain_of(ends->local_port); e; e = e->next) {
        if (ip_is_any(&e->ends.local) || ip_equal(&e->ends.local, &ends->local)) {
            if (score(e, ends, rx->iface->index) < 0 ||
                (e->wants && group && !e->wants(e, ends, rx->iface->index)))
                continue;
            if (last) {
                struct pkt *copy = ip_copy(p);
                if (copy)
                    last->receive(last, copy);
            }
            last = e;
        }
    }
    if (last)
        last->receive(last, p);
    return last;
}

static void input(struct ip_ends *ends, struct pkt *p)
{
    struct wire_udp h;

    memcpy(&h, p->data, sizeof(h));
    size_t len = be16(h.len);
    if (len < sizeof(h) || len > p->total ||
        (!h.checksum && !ip_is_v4(&ends->local) && !(p->flags & PKT_CSUM_OK))) {
        udp_counts.in_errors++;
        pkt_free(p);
        return;
    }
    if (len < p->total)
        pkt_trim_back(p, p->total - len);
    ends->local_port = be16(h.to);
    ends->remote_port = be16(h.from);
    struct ip_rx *rx = (struct ip_rx *)p->cb;
    rx->from_port = ends->remote_port;
    bool all = p->flags & (PKT_MULTICAST | PKT_BROADCAST);
    struct udp_end *e = all ? NULL : find(ends, rx->iface->index);
    if (!e && !all) {
        udp_counts.no_ports++;
        ip_failed(p, IP_NO_PORT, 0);
        pkt_free(p);
        return;
    }
    rx->header_len = (uint16_t)(rx->header_len + sizeof(h));
    pkt_skip(p, sizeof(h));
    udp_counts.in++;
    if (e)
        e->receive(e, p);
    else if (!input_all(ends, p))
        pkt_free(p);
}

static void error(struct ip_ends *ends, int err, unsigned mtu, const struct ip_icmp *icmp,
                  const struct pkt *p)
{
    ends->local_port = get_be16(p->data);
    ends->remote_port = get_be16(p->data + 2);
    struct udp_end *e = find(ends, 0);
    if (!e)
        return;
    if (err == -EMSGSIZE)
        ip_pmtu_set(&ends->remote, mtu);
    if (e->error)
        e->error(e, ends, err, mtu, icmp, p);
}

static struct ip_protocol protocol = {
    .number = PROTO_UDP,
    .checked = true,
    .optional = true,
    .csum_at = 6,
    .len_at = 4,
    .min_len = UDP_HEADER,
    .input = input,
    .error = error,
};

void udp_add(struct udp_end *e)
{
    static bool known;
    struct udp_end **chain = chain_of(e->ends.local_port);

    if (!known)
        ip_protocol_add(&protocol);
    known = true;
    e->next = *chain;
    *chain = e;
}

void udp_remove(struct udp_end *e)
{
    struct udp_end **at = chain_of(e->ends.local_port);

    while (*at && *at != e)
        at = &(*at)->next;
    if (*at)
        *at = e->next;
}

void udp_each(void (*fn)(void *arg, const struct udp_end *e), void *arg)
{
    for (unsigned i = 0; i < CHAINS; i++)
        for (const struct udp_end *e = chains[i]; e; e = e->next)
            fn(arg, e);
}

int udp_send(const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    struct wire_udp *h = pkt_push(p, sizeof(*h));

    *h = (struct wire_udp){
        .from = be16(ends->local_port),
        .to = be16(ends->remote_port),
        .len = be16((uint16_t)p->total),
    };
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_from = 0;
    p->csum_at = 6;
    udp_counts.out++;
    return ip_output(ends, path, PROTO_UDP, p);
}
