/* SPDX-License-Identifier: MIT
 *
 * What the policy permits programs that make their packets themselves: packet sockets, and raw ones
 * with IP_HDRINCL. As the monitor's gate has it (docs/policy.md), for which it stands where there is
 * none: what cannot be judged is refused. */
#include "iface/policy.h"
#include "inet/internal.h"
#include "wire/ip.h"

#define HEADERS     (IP6_HEADER + 20u) /* all that is looked at, but for names */
#define NAMES_MAX   512u
#define DNS_PORT    53
#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define FRAGMENT    (IP4_MF | IP4_OFFSET)

/* Finds the ends and the transport (*at) of a packet whose IP header is at (h), of which (len) bytes
 * are there. False: something else. */
static bool find_ends(const uint8_t *h, size_t len, struct ip_ends *e, unsigned *protocol,
                      size_t *at)
{
    if (len >= IP4_HEADER && h[0] == 0x45 && !(get_be16(h + 6) & FRAGMENT)) {
        const struct wire_ip4 *ip = (const struct wire_ip4 *)h;
        *e = (struct ip_ends){.local = ip_from_v4(ip->from), .remote = ip_from_v4(ip->to)};
        *protocol = ip->protocol;
        *at = IP4_HEADER;
        return *protocol != PROTO_ICMP6;
    }
    if (len >= IP6_HEADER && h[0] >> 4 == 6) {
        const struct wire_ip6 *ip = (const struct wire_ip6 *)h;
        *e = (struct ip_ends){.local = ip_from_v6(ip->from), .remote = ip_from_v6(ip->to)};
        *protocol = ip->next;
        *at = IP6_HEADER;
        return *protocol != PROTO_ICMP;
    }
    return false;
}

/* What the link needs: neighbour discovery, and DHCP. */
static bool is_operation(unsigned protocol, const struct ip_ends *e, const uint8_t *transport)
{
    if (protocol == PROTO_UDP)
        return e->local_port == DHCP_CLIENT && e->remote_port == DHCP_SERVER;
    return protocol == PROTO_ICMP6 && transport[0] >= 133 && transport[0] <= 136;
}

int inet_may_send_whole(const struct pkt *p, size_t start)
{
    uint8_t h[HEADERS], query[NAMES_MAX];
    struct ip_ends e;
    unsigned protocol;
    size_t at, len = p->total > start ? min_size(p->total - start, sizeof(h)) : 0;
    struct policy_way w = {.peer = e.remote.b};

    pkt_copy(p, start, h, len);
    if (!find_ends(h, len, &e, &protocol, &at) || len < at + 8)
        return -EACCES;
    bool icmp = protocol == PROTO_ICMP || protocol == PROTO_ICMP6;
    if (!icmp && protocol != PROTO_TCP && protocol != PROTO_UDP)
        return -EACCES;
    if (!icmp) {
        e.local_port = get_be16(h + at);
        e.remote_port = get_be16(h + at + 2);
    }
    if (inet_is_inside(&e.remote) || is_operation(protocol, &e, h + at))
        return 0;
    w.protocol = icmp ? IPPROTO_ICMP : protocol;
    w.port = e.remote_port;
    w.own_port = e.local_port;
    /* Who only answers needs leave to listen; the first segment of a connection is no answer. */
    bool first = protocol == PROTO_TCP && (len < at + 20 || (h[at + 13] & 0x12) == 2);
    bool request = icmp && (h[at] == 8 || h[at] == 128);
    w.own = first || request ? NULL : e.local.b;
    if (protocol == PROTO_UDP && w.port == DNS_PORT && inet_is_resolver(&e.remote)) {
        size_t from = start + at + UDP_HEADER;
        w.len = p->total > from ? min_size(p->total - from, sizeof(query)) : 0;
        pkt_copy(p, from, query, w.len);
        w.query = w.len ? query : NULL;
    }
    return policy_may_send(&w);
}
