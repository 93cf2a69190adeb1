/* SPDX-License-Identifier: MIT
 *
 * Neighbour solicitations and advertisements (RFC 4861, 7). */
#include "link/neighbour.h"

#include "icmp/icmp.h"
#include "ip/ip.h"
#include "wire/checksum.h"
#include "wire/ip.h"

static const struct ip_addr all_nodes = {.b = {0xff, 2, [15] = 1}};

/* Sends a message about (target) with our link-layer address as option (option), 0: none. */
static void send(struct ip_iface *i, const struct ip_addr *from, const struct ip_addr *to,
                 uint8_t type, uint32_t flags, const struct ip_addr *target, uint8_t option)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, sizeof(struct wire_nd) + 8);
    struct ip_ends ends = {.local = *from, .remote = *to, .scope = i->index};
    struct net_path path = {.ttl = 255, .use_iface = (uint8_t)i->index};

    if (!p)
        return;
    struct wire_nd *nd = (struct wire_nd *)p->data;
    *nd = (struct wire_nd){.icmp = {.type = type, .info = be32(flags)}};
    memcpy(nd->target, target->b, 16);
    p->len = sizeof(*nd);
    if (option) {
        uint8_t *o = p->data + p->len;
        o[0] = option;
        o[1] = 1;
        memcpy(o + 2, i->dev->mac, 6);
        p->len += 8;
    }
    p->total = p->len;
    icmp6_send(&ends, &path, p);
}

/* An address of ours to speak with: link-local where there is one. */
static struct ip_addr own_address(const struct ip_iface *i)
{
    struct ip_addr any = {.d = {0, 0}};

    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        if (ip_is_v4(&a->addr) || a->state == IP_ADDR_TENTATIVE || a->state == IP_ADDR_DUPLICATE)
            continue;
        if (ip_is_link_local(&a->addr))
            return a->addr;
        any = a->addr;
    }
    return any;
}

void ndp_solicit(struct ip_iface *i, const struct ip_addr *addr, const uint8_t *mac)
{
    struct ip_addr from = own_address(i), to = mac ? *addr : ip_solicited_node(addr);

    if (!ip_is_unset(&from))
        send(i, &from, &to, ICMP6_SOLICIT, 0, addr, ND_OPTION_SOURCE);
}

void ndp_probe(struct ip_iface *i, const struct ip_addr *addr)
{
    struct ip_addr from = {.d = {0, 0}}, to = ip_solicited_node(addr);

    send(i, &from, &to, ICMP6_SOLICIT, 0, addr, 0);
}

void ndp_announce(struct ip_iface *i, const struct ip_addr *addr)
{
    send(i, addr, &all_nodes, ICMP6_ADVERT, ND_OVERRIDE, addr, ND_OPTION_TARGET);
}

/* Finds option (type) of a message whose options start at (off): its link-layer address. False:
 * there is none. Returns -1 through (*bad) if the options are not sound. */
static bool find_mac(const struct pkt *p, size_t off, uint8_t type, uint8_t mac[6], bool *bad)
{
    bool found = false;

    while (off < p->total) {
        uint8_t option[8];
        if (p->total - off < sizeof(option)) {
            *bad = true;
            return false;
        }
        pkt_copy(p, off, option, sizeof(option));
        size_t len = (size_t)option[1] * 8;
        if (len == 0 || len > p->total - off) {
            *bad = true;
            return false;
        }
        if (option[0] == type) {
            memcpy(mac, option + 2, 6);
            found = true;
        }
        off += len;
    }
    return found;
}

static void solicited(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p,
                      const struct wire_nd *nd)
{
    struct ip_addr target = ip_from_v6(nd->target);
    bool bad = false;
    uint8_t mac[6];
    bool has_mac = find_mac(p, sizeof(*nd), ND_OPTION_SOURCE, mac, &bad);

    if (bad || ip_is_multicast(&target))
        return;
    if (ip_is_unset(&ends->remote)) {
        /* Somebody checks whether the address is free. */
        if (has_mac || !ip_is_multicast(&ends->local))
            return;
        if (ip_dad_conflict && ip_dad_conflict(i, &target))
            return;
    }
    if (ip_addr_owner(&target, false) != i)
        return;
    if (ip_is_unset(&ends->remote)) {
        send(i, &target, &all_nodes, ICMP6_ADVERT, ND_OVERRIDE, &target, ND_OPTION_TARGET);
        return;
    }
    if (has_mac)
        neighbour_learn(i, &ends->remote, mac, NEIGHBOUR_OVERRIDE | NEIGHBOUR_CREATE);
    send(i, &target, &ends->remote, ICMP6_ADVERT, ND_SOLICITED | ND_OVERRIDE, &target,
         ND_OPTION_TARGET);
}

static void advertised(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p,
                       const struct wire_nd *nd)
{
    struct ip_addr target = ip_from_v6(nd->target);
    uint32_t flags = be32(nd->icmp.info);
    bool bad = false;
    uint8_t mac[6];
    bool has_mac = find_mac(p, sizeof(*nd), ND_OPTION_TARGET, mac, &bad);

    if (bad || ip_is_multicast(&target) || (ip_is_multicast(&ends->local) && flags & ND_SOLICITED))
        return;
    if (ip_dad_conflict && ip_dad_conflict(i, &target))
        return;
    if (has_mac && !ip_addr_owner(&target, true))
        neighbour_learn(i, &target, mac,
                        (flags & ND_SOLICITED ? NEIGHBOUR_CONFIRMED : 0) |
                            (flags & ND_OVERRIDE ? NEIGHBOUR_OVERRIDE : 0) |
                            (flags & ND_ROUTER ? NEIGHBOUR_ROUTER : 0));
}

void ndp_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p)
{
    struct wire_nd nd;

    /* The hop limit, 255, has been checked: the sender is on the link (RFC 4861, 7.1). */
    if (p->total < sizeof(nd))
        return;
    pkt_copy(p, 0, &nd, sizeof(nd));
    if (nd.icmp.type == ICMP6_SOLICIT)
        solicited(i, ends, p, &nd);
    else
        advertised(i, ends, p, &nd);
}
