/* SPDX-License-Identifier: MIT
 *
 * Changes of interfaces and addresses, for the netlink sockets of their groups. Whoever changes
 * something says only that it has (ip_changed): what is there now is compared with what was there,
 * of which a list is kept as long as somebody wants to know. */
#include <linux/if_addr.h>
#include <linux/if_link.h>

#include "inet/internal.h"
#include "inet/netlink.h"
#include "mm/heap.h"

struct seen_addr {
    struct ip_iface *iface;
    struct ip_iface_addr addr; /* a copy */
    bool there;
    struct seen_addr *next;
};

static struct seen_addr *seen_addrs;

static struct seen_link {
    bool known, up, promiscuous, carrier;
    uint16_t mtu;
} seen_links[NETDEV_MAX + 2]; /* by index */

static bool is_watched(void)
{
    const struct nl_socket *n = nl_sockets;

    while (n && !n->groups)
        n = n->next;
    return n;
}

static struct nl_out to_group(struct nl_socket *n, uint32_t group)
{
    return (struct nl_out){.to = n, .group = group};
}

static void tell_link(const struct ip_iface *i)
{
    for (struct nl_socket *n = nl_sockets; n; n = n->next) {
        struct nl_out o = to_group(n, RTMGRP_LINK);
        if (!(n->groups & RTMGRP_LINK))
            continue;
        nl_link(&o, RTM_NEWLINK, i);
        nl_flush(&o);
    }
}

static void tell_address(unsigned type, const struct seen_addr *a)
{
    uint32_t group = ip_is_v4(&a->addr.addr) ? RTMGRP_IPV4_IFADDR : RTMGRP_IPV6_IFADDR;

    for (struct nl_socket *n = nl_sockets; n; n = n->next) {
        struct nl_out o = to_group(n, group);
        if (!(n->groups & group))
            continue;
        nl_address(&o, type, a->iface, &a->addr);
        nl_flush(&o);
    }
}

static void look_at_link(struct ip_iface *i, bool tell)
{
    struct seen_link now = {
        .known = true,
        .up = i->up,
        .promiscuous = i->promiscuous,
        .carrier = !i->dev || i->dev->link,
        .mtu = i->mtu,
    };
    struct seen_link *was = &seen_links[i->index % ARRAY_LEN(seen_links)];
    bool same = was->known && was->up == now.up && was->promiscuous == now.promiscuous &&
                was->carrier == now.carrier && was->mtu == now.mtu;

    *was = now;
    if (!same && tell)
        tell_link(i);
}

/* Returns 0 or -ENOMEM. */
static int look_at_address(struct ip_iface *i, const struct ip_iface_addr *a, bool tell)
{
    struct seen_addr *s = seen_addrs;

    while (s && (s->iface != i || !ip_equal(&s->addr.addr, &a->addr) ||
                 s->addr.prefix != a->prefix))
        s = s->next;
    bool same = s && s->addr.state == a->state && s->addr.valid_until == a->valid_until;
    if (!s) {
        s = heap_alloc(sizeof(*s));
        if (!s)
            return -ENOMEM;
        s->iface = i;
        s->next = seen_addrs;
        seen_addrs = s;
    }
    s->addr = *a;
    s->there = true;
    if (!same && tell)
        tell_address(RTM_NEWADDR, s);
    return 0;
}

/* Forgets addresses that are not there any more. */
static void sweep(bool tell)
{
    for (struct seen_addr **at = &seen_addrs, *s; (s = *at);) {
        if (s->there) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        if (tell)
            tell_address(RTM_DELADDR, s);
        heap_free(s, sizeof(*s));
    }
}

static int look(bool tell)
{
    int err = 0;

    for (struct seen_addr *s = seen_addrs; s; s = s->next)
        s->there = false;
    for (struct ip_iface *i = ip_ifaces; i; i = i->next) {
        look_at_link(i, tell);
        for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
            err = look_at_address(i, a, tell) ? -ENOMEM : err;
    }
    sweep(tell);
    return err;
}

int nl_watch(void)
{
    return look(false);
}

void ip_changed(void)
{
    if (is_watched())
        (void)look(true); /* what there is no memory for is told with the next change */
}
