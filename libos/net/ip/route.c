/* SPDX-License-Identifier: MIT
 *
 * Routes, and what a path (wire/path.h) is filled with. */
#include <errno.h>

#include "ip/iface.h"
#include "ip/internal.h"
#include "ip/ip.h"
#include "mm/heap.h"
#include "wire/ip.h"

#define ROUTES_MAX 1024

struct ip_route *ip_routes;
static unsigned route_count;

static bool prefix_equal(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a->b, b->b, whole) == 0 &&
           (rest == 0 || ((a->b[whole] ^ b->b[whole]) & (uint8_t)(0xff << (8 - rest))) == 0);
}

/* Longest prefix first, then lowest metric. */
static bool before(const struct ip_route *a, const struct ip_route *b)
{
    return a->prefix != b->prefix ? a->prefix > b->prefix : a->metric < b->metric;
}

static bool same(const struct ip_route *a, const struct ip_route *b)
{
    return ip_equal(&a->to, &b->to) && a->prefix == b->prefix && a->iface == b->iface &&
           ip_equal(&a->gateway, &b->gateway);
}

int ip_route_add(const struct ip_route *r)
{
    struct ip_route **at = &ip_routes;

    for (const struct ip_route *o = ip_routes; o; o = o->next)
        if (same(o, r))
            return -EEXIST;
    if (route_count >= ROUTES_MAX)
        return -ENOMEM;
    struct ip_route *new = heap_alloc(sizeof(*new));
    if (!new)
        return -ENOMEM;
    *new = *r;
    while (*at && !before(new, *at))
        at = &(*at)->next;
    new->next = *at;
    *at = new;
    route_count++;
    ip_deadline(r->valid_until);
    ip_tables_changed();
    return 0;
}

int ip_route_del(const struct ip_route *del)
{
    const struct ip_route copy = *del, *r = &copy; /* it may be what goes */

    for (struct ip_route **at = &ip_routes; *at; at = &(*at)->next) {
        struct ip_route *old = *at;
        if (!same(old, r) || (r->origin && old->origin != r->origin))
            continue;
        *at = old->next;
        heap_free(old, sizeof(*old));
        route_count--;
        ip_tables_changed();
        return 0;
    }
    return -ESRCH;
}

void ip_neighbour_answers(struct ip_iface *i, const struct ip_addr *addr, bool answers)
{
    for (struct ip_route *r = ip_routes; r; r = r->next)
        if (r->iface == i && r->failed == answers && ip_equal(&r->gateway, addr)) {
            r->failed = !answers;
            ip_generation++;
        }
}

static const struct ip_route *find(const struct ip_addr *to, unsigned iface)
{
    const struct ip_route *failed = NULL;

    for (const struct ip_route *r = ip_routes; r; r = r->next) {
        if (failed && r->prefix != failed->prefix)
            return failed;
        if (!r->iface->up || (iface && r->iface->index != iface) ||
            ip_is_v4(&r->to) != ip_is_v4(to) || !prefix_equal(&r->to, to, r->prefix))
            continue;
        if (!r->failed)
            return r;
        failed = failed ? failed : r;
    }
    return failed;
}

static unsigned common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
    unsigned n = 0;

    while (n < 128 && prefix_equal(a, b, n + 1))
        n++;
    return n;
}

static unsigned scope_of(const struct ip_addr *a)
{
    return ip_is_loopback(a) ? 1 : ip_is_link_local(a) ? 2 : 14;
}

/* RFC 6724, 5, rules 2, 3 and 8: scope, not deprecated, longest common prefix. */
static bool better(const struct ip_iface_addr *a, const struct ip_iface_addr *b,
                   const struct ip_addr *to)
{
    unsigned sa = scope_of(&a->addr), sb = scope_of(&b->addr), st = scope_of(to);

    if (sa != sb)
        return sa < sb ? sa >= st : sb < st;
    if ((a->state == IP_ADDR_DEPRECATED) != (b->state == IP_ADDR_DEPRECATED))
        return b->state == IP_ADDR_DEPRECATED;
    return common_bits(&a->addr, to) > common_bits(&b->addr, to);
}

bool ip_source(const struct ip_iface *i, const struct ip_addr *to, const struct ip_addr *hop,
               struct ip_addr *from)
{
    const struct ip_iface_addr *best = NULL;

    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        if (a->state == IP_ADDR_TENTATIVE || a->state == IP_ADDR_DUPLICATE ||
            ip_is_v4(&a->addr) != ip_is_v4(to))
            continue;
        if (!best || better(a, best, ip_is_v4(to) ? hop : to))
            best = a;
    }
    if (best)
        *from = best->addr;
    return best;
}

/* The interface of a destination that no route is needed for; (*err) else. */
static struct ip_iface *direct_iface(const struct ip_ends *ends, const struct net_path *path)
{
    unsigned index = path->use_iface ? path->use_iface : ends->scope;

    if (index)
        return ip_iface_by_index(index);
    if (!ip_is_any(&ends->local) && !ip_is_multicast(&ends->local)) {
        struct ip_iface *i = ip_addr_owner(&ends->local, false);
        if (i)
            return i;
    }
    static const struct ip_addr any4 = {.w = {0, 0, 0xffff0000u, 0}};
    const struct ip_route *r =
        find(ip_is_v4(&ends->remote) ? &any4 : &(struct ip_addr){.d = {0}}, 0);
    if (r)
        return r->iface;
    for (struct ip_iface *i = ip_ifaces; i; i = i->next)
        if (i->dev && i->up)
            return i;
    return ip_ifaces;
}

/* IP's header with what is the same in all packets of the path. */
static void make_header(const struct ip_ends *ends, struct net_path *path)
{
    const struct ip_iface *i = path->iface;
    uint8_t usual = ip_is_v4(&ends->remote) ? 64 : i->hop_limit;
    uint8_t ttl = path->ttl ? path->ttl : ip_is_multicast(&ends->remote) ? 1 : usual;

    if (ip_is_v4(&ends->remote)) {
        struct wire_ip4 *h = (struct wire_ip4 *)(path->header + ETHER_HEADER);
        *h = (struct wire_ip4){
            .version_ihl = 0x45,
            .tos = path->tos,
            .frag = path->no_frag ? be16(IP4_DF) : 0,
            .ttl = ttl,
            .from = ip_to_v4(&ends->local),
            .to = ip_to_v4(&ends->remote),
        };
        path->header_len = IP4_HEADER;
    } else {
        struct wire_ip6 *h = (struct wire_ip6 *)(path->header + ETHER_HEADER);
        *h = (struct wire_ip6){
            .flow = be32(6u << 28 | (uint32_t)path->tos << 20),
            .hops = ttl,
        };
        memcpy(h->from, ends->local.b, 16);
        memcpy(h->to, ends->remote.b, 16);
        path->header_len = IP6_HEADER;
    }
}

int ip_find_hop(const struct ip_ends *ends, const struct net_path *path, struct ip_iface **iface,
                struct ip_addr *hop, unsigned *mtu)
{
    const struct ip_addr *to = &ends->remote;

    *hop = *to;
    *mtu = 0;
    if (ip_is_any(to))
        return -ENETUNREACH;
    if (ip_is_multicast(to) || ip_is_link_local(to) || ip_addr_is_broadcast(to)) {
        bool own = !ip_is_multicast(to) && (ip_is_loopback(to) || ip_addr_owner(to, false));
        *iface = own ? ip_ifaces : direct_iface(ends, path);
        return *iface && (*iface)->up ? 0 : -ENETUNREACH;
    }
    if (ip_addr_owner(to, false)) {
        *iface = ip_ifaces;
        return 0;
    }
    const struct ip_route *r = find(to, path->use_iface);
    if (!r)
        return -ENETUNREACH;
    if (!ip_is_unset(&r->gateway))
        *hop = r->gateway;
    *iface = r->iface;
    *mtu = r->mtu;
    return 0;
}

int ip_route(struct ip_ends *ends, struct net_path *path)
{
    struct ip_iface *i;
    struct ip_addr hop;
    unsigned mtu;
    int err = ip_find_hop(ends, path, &i, &hop, &mtu);

    if (err)
        return err;
    if (ip_is_unset(&ends->local) || (ip_is_v4(&ends->local) && ip_to_v4(&ends->local) == 0)) {
        if (!i->dev && !ip_is_multicast(&ends->remote) && !ip_addr_is_broadcast(&ends->remote))
            ends->local = ends->remote; /* one of our own addresses */
        else if (!ip_source(i, &ends->remote, &hop, &ends->local))
            return -EADDRNOTAVAIL;
    } else if (ip_is_v4(&ends->local) != ip_is_v4(&ends->remote)) {
        return -EINVAL;
    }
    if (ip_is_link_local(&ends->remote) && i->dev)
        ends->scope = i->index;
    path->iface = i;
    path->local = !i->dev;
    path->offers = i->dev ? (uint8_t)i->dev->offers : NETDEV_TX_CSUM | NETDEV_TSO4 | NETDEV_TSO6;
    path->mtu = i->mtu6 && !ip_is_v4(&ends->remote) ? i->mtu6 : i->mtu;
    unsigned least = ip_is_v4(&ends->remote) ? 68 : IP6_MIN_MTU;
    if (mtu >= least && mtu < path->mtu)
        path->mtu = (uint16_t)mtu;
    path->own_mtu = path->mtu;
    unsigned known = i->dev && path->no_frag != 2 ? ip_pmtu(&ends->remote) : 0;
    if (known && known < path->mtu)
        path->mtu = (uint16_t)known;
    make_header(ends, path);
    path->resolved = i->link_header && i->link_header(i, &hop, (struct wire_ether *)path->header);
    path->generation = ip_generation;
    return 0;
}

unsigned ip_path_room(const struct ip_ends *ends, const struct net_path *path)
{
    return path->mtu - (ip_is_v4(&ends->remote) ? IP4_HEADER : IP6_HEADER);
}
