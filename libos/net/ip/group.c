/* SPDX-License-Identifier: MIT
 *
 * Multicast memberships. */
#include <errno.h>

#include "ip/iface.h"
#include "mm/heap.h"

#define GROUPS_MAX 256

struct ip_addr ip_solicited_node(const struct ip_addr *addr)
{
    struct ip_addr a = {.b = {0xff, 2, [11] = 1, 0xff}};

    memcpy(a.b + 13, addr->b + 13, 3);
    return a;
}

static struct ip_group *find(const struct ip_iface *i, const struct ip_addr *group)
{
    struct ip_group *g = i->groups;

    while (g && !ip_equal(&g->addr, group))
        g = g->next;
    return g;
}

int ip_group_join(struct ip_iface *i, const struct ip_addr *group)
{
    unsigned count = 0;

    if (!ip_is_multicast(group))
        return -EINVAL;
    struct ip_group *g = find(i, group);
    if (g) {
        g->count++;
        return 0;
    }
    for (g = i->groups; g; g = g->next)
        count++;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    g = heap_alloc(sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->addr = *group;
    g->count = 1;
    g->next = i->groups;
    i->groups = g;
    if (i->dev)
        ip_group_report(i, group, true);
    return 0;
}

int ip_group_leave(struct ip_iface *i, const struct ip_addr *group)
{
    struct ip_group *g = find(i, group);

    if (!g)
        return -EADDRNOTAVAIL;
    if (--g->count > 0)
        return 0;
    struct ip_group **at = &i->groups;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    heap_free(g, sizeof(*g));
    if (i->dev)
        ip_group_report(i, group, false);
    return 0;
}

/* All nodes, and the solicited-node groups of our addresses, need no membership. */
static bool is_member_always(const struct ip_iface *i, const struct ip_addr *group)
{
    if (ip_is_v4(group))
        return group->w[3] == be32(0xe0000001u);
    static const uint8_t all_nodes[16] = {0xff, 0, [15] = 1};
    if (group->b[0] == 0xff && (group->b[1] == 1 || group->b[1] == 2) &&
        memcmp(group->b + 2, all_nodes + 2, 14) == 0)
        return true;
    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        if (ip_is_v4(&a->addr))
            continue;
        struct ip_addr s = ip_solicited_node(&a->addr);
        if (ip_equal(&s, group))
            return true;
    }
    return false;
}

bool ip_group_joined(const struct ip_iface *i, const struct ip_addr *group)
{
    return find(i, group) || is_member_always(i, group);
}
