/* SPDX-License-Identifier: MIT
 *
 * Interfaces and their addresses. */
#include "ip/iface.h"

#include <errno.h>

#include "base/log.h"
#include "ip/internal.h"
#include "mm/heap.h"

struct ip_iface *ip_ifaces;
uint32_t ip_generation = 1;

struct ip_iface *ip_iface_by_index(unsigned index)
{
    struct ip_iface *i = ip_ifaces;

    while (i && i->index != index)
        i = i->next;
    return i;
}

struct ip_iface *ip_iface_by_name(const char *name)
{
    struct ip_iface *i = ip_ifaces;

    while (i && strcmp(i->name, name) != 0)
        i = i->next;
    return i;
}

void ip_tables_changed(void)
{
    ip_generation++;
    if (ip_changed)
        ip_changed();
    if (ip_told)
        ip_told();
}

/* Bits of the network as ip_route counts them: of 128. */
static unsigned bits_of(const struct ip_addr *addr, unsigned prefix)
{
    return ip_is_v4(addr) ? prefix + 96 : prefix;
}

struct ip_addr ip_network(const struct ip_addr *addr, unsigned bits)
{
    struct ip_addr n = *addr;

    for (unsigned b = 0; b < 16; b++)
        if (b * 8 >= bits)
            n.b[b] = 0;
        else if (b * 8 + 8 > bits)
            n.b[b] &= (uint8_t)(0xff << (b * 8 + 8 - bits));
    return n;
}

void ip_eui64(const struct netdev *dev, struct ip_addr *addr)
{
    const uint8_t *m = dev->mac;

    memcpy(addr->b + 8, (const uint8_t[]){m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}, 8);
}

static bool same_network(const struct ip_addr *a, const struct ip_addr *b, unsigned bits)
{
    struct ip_addr na = ip_network(a, bits), nb = ip_network(b, bits);

    return ip_equal(&na, &nb);
}

int ip_iface_add_addr(struct ip_iface *i, const struct ip_addr *addr, unsigned prefix, bool dynamic,
                      nsec_t preferred_until, nsec_t valid_until)
{
    struct ip_iface_addr **at = &i->addrs;

    if (prefix > (ip_is_v4(addr) ? 32u : 128u) || ip_is_any(addr) || ip_is_multicast(addr))
        return -EINVAL;
    for (; *at; at = &(*at)->next)
        if (ip_equal(&(*at)->addr, addr))
            return -EEXIST;
    struct ip_iface_addr *a = heap_alloc(sizeof(*a));
    if (!a)
        return -ENOMEM;
    *a = (struct ip_iface_addr){
        .addr = *addr,
        .prefix = (uint8_t)prefix,
        .state = IP_ADDR_PREFERRED,
        .dynamic = dynamic,
        .preferred_until = preferred_until,
        .valid_until = valid_until,
    };
    *at = a;
    unsigned bits = bits_of(addr, prefix);
    if (bits < 128) {
        struct ip_route r = {
            .to = ip_network(addr, bits),
            .prefix = (uint8_t)bits,
            .origin = 2,
            .iface = i,
            .valid_until = DEADLINE_NEVER,
        };
        int err = ip_route_add(&r);
        if (err && err != -EEXIST) {
            *at = NULL;
            heap_free(a, sizeof(*a));
            return err;
        }
    }
    ip_tables_changed();
    ip_deadline(preferred_until);
    ip_deadline(valid_until);
    if (i->dev && ip_is_v4(addr) && dynamic) {
        ip_dad_start(i, a);
    } else if (i->dev && !ip_is_v4(addr)) {
        struct ip_addr group = ip_solicited_node(addr);
        if (ip_group_join(i, &group)) /* input takes its packets anyway */
            log_line("%s: switches are not told of the group of an address", i->name);
        ip_dad_start(i, a);
    } else if (i->announce) {
        i->announce(i, addr);
    }
    return 0;
}

int ip_iface_del_addr(struct ip_iface *i, const struct ip_addr *del, unsigned prefix)
{
    const struct ip_addr copy = *del, *addr = &copy; /* it may be of what goes */

    for (struct ip_iface_addr **at = &i->addrs; *at; at = &(*at)->next) {
        struct ip_iface_addr *a = *at;
        if (!ip_equal(&a->addr, addr) || a->prefix != prefix)
            continue;
        *at = a->next;
        unsigned bits = bits_of(addr, prefix);
        struct ip_route r = {
            .to = ip_network(addr, bits), .prefix = (uint8_t)bits, .iface = i, .origin = 2};
        /* Another address may be of the same network. */
        bool needed = false;
        for (const struct ip_iface_addr *o = i->addrs; o; o = o->next)
            needed |= bits_of(&o->addr, o->prefix) == bits && same_network(&o->addr, addr, bits);
        if (!needed)
            (void)ip_route_del(&r);
        if (i->dev && !ip_is_v4(addr)) {
            struct ip_addr group = ip_solicited_node(addr);
            (void)ip_group_leave(i, &group);
        }
        heap_free(a, sizeof(*a));
        ip_tables_changed();
        return 0;
    }
    return -EADDRNOTAVAIL;
}

struct ip_iface *ip_addr_owner(const struct ip_addr *addr, bool any_state)
{
    for (struct ip_iface *i = ip_ifaces; i; i = i->next) {
        for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
            if (ip_equal(&a->addr, addr) &&
                (any_state || a->state == IP_ADDR_PREFERRED || a->state == IP_ADDR_DEPRECATED))
                return i;
        /* All of 127.0.0.0/8. */
        if (!i->dev && ip_is_v4(addr) && ip_is_loopback(addr))
            return i;
    }
    return NULL;
}

bool ip_addr_is_broadcast(const struct ip_addr *addr)
{
    /* All of a host part are ones, and it has two bits at least. */
    if (!ip_is_v4(addr) || (addr->b[15] & 3) != 3)
        return false;
    if (ip_is_broadcast(addr))
        return true;
    for (const struct ip_iface *i = ip_ifaces; i; i = i->next) {
        for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
            if (!ip_is_v4(&a->addr) || a->prefix >= 31)
                continue;
            uint32_t host = be32(~0u >> a->prefix);
            if (addr->w[3] == (a->addr.w[3] | host))
                return true;
        }
    }
    return false;
}
