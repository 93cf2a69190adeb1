/* SPDX-License-Identifier: MIT
 *
 * Ethernet: between devices and IP. */
#include "icmp/icmp.h"
#include "ip/ip.h"
#include "link/neighbour.h"
#include "wire/ip.h"

void ethernet_send(struct ip_iface *i, const uint8_t to[6], uint16_t type, struct pkt *p)
{
    struct wire_ether *e = pkt_push(p, sizeof(*e));

    memcpy(e->to, to, 6);
    memcpy(e->from, i->dev->mac, 6);
    e->type = be16(type);
    p->next = NULL;
    i->dev->ops->send(i->dev, p);
}

/* Whether a frame is for us; sets the packet's flags. */
static bool is_ours(const struct ip_iface *i, struct pkt *p, const struct wire_ether *e)
{
    if (e->to[0] & 1) {
        static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
        p->flags |= memcmp(e->to, everybody, 6) == 0 ? PKT_BROADCAST : PKT_MULTICAST;
        return true;
    }
    return i->promiscuous || memcmp(e->to, i->dev->mac, 6) == 0;
}

static void input(struct netdev *dev, struct pkt *list)
{
    struct ip_iface *i = dev->user;
    struct pkt *first = NULL, **last = &first;

    for (struct pkt *p = list, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        const struct wire_ether *e = (const struct wire_ether *)p->data;
        if (!pkt_pull(p, sizeof(*e)) || !is_ours(i, p, e)) {
            dev->counts.rx_dropped++;
            pkt_free(p);
            continue;
        }
        uint16_t type = be16(e->type);
        pkt_skip(p, sizeof(*e));
        if (type == ETHER_IP4 || type == ETHER_IP6) {
            *last = p;
            last = &p->next;
        } else if (type == ETHER_ARP) {
            arp_input(i, p);
        } else {
            dev->counts.rx_dropped++;
            pkt_free(p);
        }
    }
    if (first)
        ip_input(i, first);
    ip_run_local();
}

static void announce(struct ip_iface *i, const struct ip_addr *addr)
{
    if (ip_is_v4(addr))
        arp_announce(i, addr);
    else
        ndp_announce(i, addr);
}

/* The carrier came or went. Who is on the other side now learns of us. */
static void link_changed(struct netdev *dev)
{
    struct ip_iface *i = dev->user;

    ip_tables_changed();
    if (!dev->link)
        return;
    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
        if (a->state == IP_ADDR_PREFERRED && !a->detect_until)
            announce(i, &a->addr);
    slaac_again(i);
    if (dhcp_again)
        dhcp_again(i);
    ip_run_local();
}

void ethernet_attach(struct ip_iface *i)
{
    i->output = neighbour_output;
    i->link_header = neighbour_header;
    i->announce = announce;
    icmp6_link = ndp_input;
    igmp_start();
    i->dev->user = i;
    i->dev->input = input;
    i->dev->link_changed = link_changed;
}
