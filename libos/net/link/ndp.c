/* SPDX-License-Identifier: MIT
 *
 * Neighbour solicitations and advertisements (RFC 4861, 7). */
#include "link/neighbour.h"

#include "icmp/icmp.h"
#include "ip/ip.h"
#include "random/random.h"
#include "wire/checksum.h"
#include "wire/ip.h"

static const struct ip_addr all_nodes = {.b = {0xff, 2, [15] = 1}};

void ndp_send(struct ip_iface *i, const struct ip_addr *from, const struct ip_addr *to,
              struct pkt *p)
{
    uint64_t pseudo = checksum_pseudo(from, to, PROTO_ICMP6, p->total);
    uint16_t sum = checksum_finish(checksum_add_pkt(pseudo, p, 0, p->total));
    uint16_t len = (uint16_t)p->total;

    memcpy(p->data + 2, &sum, 2);
    struct wire_ip6 *h = pkt_push(p, sizeof(*h));
    *h = (struct wire_ip6){
        .flow = be32(6u << 28), .len = be16(len), .next = PROTO_ICMP6, .hops = 255};
    memcpy(h->from, from->b, 16);
    memcpy(h->to, to->b, 16);
    icmp_counts[1].out++;
    ip_counts[1].out++;
    i->output(i, to, p);
}

/* Of our probes: one that comes back is no conflict (RFC 7527). */
static uint8_t nonce[6];

/* Sends a message about (target) with option (option), 0: none: our link-layer address, or the
 * nonce. */
static void send(struct ip_iface *i, const struct ip_addr *from, const struct ip_addr *to,
                 uint8_t type, uint32_t flags, const struct ip_addr *target, uint8_t option)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, sizeof(struct wire_nd) + 8);

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
        memcpy(o + 2, option == ND_OPTION_NONCE ? nonce : i->dev->mac, 6);
        p->len += 8;
    }
    p->total = p->len;
    ndp_send(i, from, to, p);
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

    if (ip_is_unset(&from))
        return;
    /* Nobody shall remember us by an address that may be somebody else's (RFC 4429, 3.2). */
    send(i, &from, &to, ICMP6_SOLICIT, 0, addr,
         ip_addr_is_optimistic(i, &from) ? 0 : ND_OPTION_SOURCE);
}

void ndp_probe(struct ip_iface *i, const struct ip_addr *addr)
{
    struct ip_addr from = {.d = {0, 0}}, to = ip_solicited_node(addr);

    static bool drawn;
    if (!drawn)
        random_bytes(nonce, sizeof(nonce));
    drawn = true;
    send(i, &from, &to, ICMP6_SOLICIT, 0, addr, ND_OPTION_NONCE);
}

void ndp_announce(struct ip_iface *i, const struct ip_addr *addr)
{
    send(i, addr, &all_nodes, ICMP6_ADVERT, ND_OVERRIDE, addr, ND_OPTION_TARGET);
}

/* Finds option (type) of a message whose options start at (off): its six bytes. False: there is
 * none, or (*bad) the options are not sound. */
static bool find_option(const struct pkt *p, size_t off, uint8_t type, uint8_t bytes[6], bool *bad)
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
            memcpy(bytes, option + 2, 6);
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
    bool has_mac = find_option(p, sizeof(*nd), ND_OPTION_SOURCE, mac, &bad);

    if (bad || ip_is_multicast(&target) || ip_addr_owner(&ends->remote, true))
        return;
    if (ip_is_unset(&ends->remote)) {
        /* Somebody checks whether the address is free. */
        uint8_t its[6];
        if (has_mac || !ip_is_multicast(&ends->local) ||
            (find_option(p, sizeof(*nd), ND_OPTION_NONCE, its, &bad) &&
             memcmp(its, nonce, sizeof(its)) == 0) ||
            ip_dad_conflict(i, &target))
            return;
    }
    if (ip_addr_owner(&target, false) != i)
        return;
    if (ip_is_unset(&ends->remote)) {
        send(i, &target, &all_nodes, ICMP6_ADVERT, ND_OVERRIDE, &target, ND_OPTION_TARGET);
        return;
    }
    uint32_t override = ip_addr_is_optimistic(i, &target) ? 0 : ND_OVERRIDE;
    if (has_mac)
        neighbour_learn(i, &ends->remote, mac, NEIGHBOUR_OVERRIDE | NEIGHBOUR_CREATE);
    send(i, &target, &ends->remote, ICMP6_ADVERT, ND_SOLICITED | override, &target,
         ND_OPTION_TARGET);
}

static void advertised(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p,
                       const struct wire_nd *nd)
{
    struct ip_addr target = ip_from_v6(nd->target);
    uint32_t flags = be32(nd->icmp.info);
    bool bad = false;
    uint8_t mac[6];
    bool has_mac = find_option(p, sizeof(*nd), ND_OPTION_TARGET, mac, &bad);

    if (bad || ip_is_multicast(&target) || (ip_is_multicast(&ends->local) && flags & ND_SOLICITED))
        return;
    if (ip_dad_conflict(i, &target))
        return;
    if (has_mac && !ip_addr_owner(&target, true))
        neighbour_learn(i, &target, mac,
                        (flags & ND_SOLICITED ? NEIGHBOUR_CONFIRMED : 0) |
                            (flags & ND_OVERRIDE ? NEIGHBOUR_OVERRIDE : 0) |
                            (flags & ND_ROUTER ? NEIGHBOUR_ROUTER : 0));
}

void ndp_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p)
{
    uint8_t type = p->data[0];
    struct wire_nd nd;

    if (type == ICMP6_MLD_QUERY) {
        mld_input(i, ends, p);
    } else if (type == ICMP6_ROUTER_ADVERT) {
        slaac_input(i, ends, p);
    } else if ((type == ICMP6_SOLICIT || type == ICMP6_ADVERT) && p->total >= sizeof(nd)) {
        /* The hop limit, 255, has been checked: the sender is on the link (RFC 4861, 7.1). */
        pkt_copy(p, 0, &nd, sizeof(nd));
        if (type == ICMP6_SOLICIT)
            solicited(i, ends, p, &nd);
        else
            advertised(i, ends, p, &nd);
    }
}
