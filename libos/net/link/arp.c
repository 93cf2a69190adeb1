/* SPDX-License-Identifier: MIT
 *
 * ARP (RFC 826, 5227). */
#include "link/neighbour.h"

#include "base/log.h"
#include "ip/ip.h"

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send(struct ip_iface *i, uint16_t op, uint32_t sender, const uint8_t *to,
                 uint32_t target)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM - sizeof(struct wire_arp), sizeof(struct wire_arp));

    if (!p)
        return;
    struct wire_arp *arp = (struct wire_arp *)p->data;
    *arp = (struct wire_arp){
        .hardware = be16(1),
        .protocol = be16(ETHER_IP4),
        .hardware_len = 6,
        .protocol_len = 4,
        .op = be16(op),
        .sender = sender,
        .target = target,
    };
    memcpy(arp->sender_mac, i->dev->mac, 6);
    if (op == ARP_REPLY)
        memcpy(arp->target_mac, to, 6);
    p->len = p->total = sizeof(*arp);
    ethernet_send(i, to, ETHER_ARP, p);
}

/* An address of ours to ask with: one of the network of (addr), else any. */
static uint32_t own_address(const struct ip_iface *i, const struct ip_addr *addr)
{
    uint32_t any = 0;

    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        if (!ip_is_v4(&a->addr) || a->state != IP_ADDR_PREFERRED)
            continue;
        uint32_t mask = a->prefix ? be32(~0u << (32 - a->prefix)) : 0;
        if (((a->addr.w[3] ^ addr->w[3]) & mask) == 0)
            return a->addr.w[3];
        if (!any)
            any = a->addr.w[3];
    }
    return any;
}

void arp_solicit(struct ip_iface *i, const struct ip_addr *addr, const uint8_t *mac)
{
    send(i, ARP_REQUEST, own_address(i, addr), mac ? mac : everybody, ip_to_v4(addr));
}

void arp_probe(struct ip_iface *i, const struct ip_addr *addr)
{
    send(i, ARP_REQUEST, 0, everybody, ip_to_v4(addr));
}

void arp_announce(struct ip_iface *i, const struct ip_addr *addr)
{
    send(i, ARP_REQUEST, ip_to_v4(addr), everybody, ip_to_v4(addr));
}

/* Somebody else says that he has our address: he is told that we have it, now and then (RFC 5227,
 * 2.4 (b)). */
static void defend(struct ip_iface *i, const struct ip_addr *addr)
{
    static nsec_t last;
    nsec_t now = clock_monotonic();

    if (last && now - last < 10 * NSEC_PER_SEC)
        return;
    last = now;
    log_line("%s: another host uses our address %d.%d.%d.%d", i->name, addr->b[12], addr->b[13],
             addr->b[14], addr->b[15]);
    arp_announce(i, addr);
}

void arp_input(struct ip_iface *i, struct pkt *p)
{
    struct wire_arp arp;

    if (p->total < sizeof(arp))
        goto done;
    pkt_copy(p, 0, &arp, sizeof(arp));
    if (arp.hardware != be16(1) || arp.protocol != be16(ETHER_IP4) || arp.hardware_len != 6 ||
        arp.protocol_len != 4)
        goto done;
    struct ip_addr sender = ip_from_v4(arp.sender), target = ip_from_v4(arp.target);
    bool for_us = ip_addr_owner(&target, false) == i;
    if (!ip_is_any(&sender) && ip_addr_owner(&sender, false) == i) {
        if (memcmp(arp.sender_mac, i->dev->mac, 6) != 0 && !ip_dad_conflict(i, &sender))
            defend(i, &sender);
        goto done;
    }
    if (ip_is_multicast(&sender) || ip_is_broadcast(&sender) || ip_is_loopback(&sender))
        goto done;
    if (!ip_is_any(&sender))
        neighbour_learn(i, &sender, arp.sender_mac,
                        NEIGHBOUR_OVERRIDE | (for_us ? NEIGHBOUR_CREATE : 0) |
                            (arp.op == be16(ARP_REPLY) && for_us ? NEIGHBOUR_CONFIRMED : 0));
    if (for_us && arp.op == be16(ARP_REQUEST))
        send(i, ARP_REPLY, arp.target, arp.sender_mac, arp.sender);
done:
    pkt_free(p);
}
