/* SPDX-License-Identifier: MIT
 *
 * Memberships of sockets in multicast groups. */
#include "inet/internal.h"

#include "mm/heap.h"

#define GROUPS_MAX 20 /* igmp_max_memberships */

/* The interface of a membership: by index, else by address, else where the group is by routes. */
static struct ip_iface *find_iface(unsigned index, uint32_t addr4, const struct ip_addr *group)
{
    if (index)
        return ip_iface_by_index(index);
    if (addr4) {
        struct ip_addr a = ip_from_v4(addr4);
        return ip_addr_owner(&a, false);
    }
    struct ip_ends ends = {.remote = *group};
    struct net_path path = {.ttl = 0};
    if (ip_is_v4(group))
        ends.local = ip_from_v4(0);
    return ip_route(&ends, &path) ? NULL : path.iface;
}

static int join(struct isock *i, const struct ip_addr *group, struct ip_iface *iface)
{
    unsigned count = 0;

    for (const struct inet_group *g = i->groups; g; g = g->next, count++)
        if (g->iface == iface->index && ip_equal(&g->addr, group))
            return -EADDRINUSE;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    struct inet_group *g = heap_alloc(sizeof(*g));
    if (!g)
        return -ENOBUFS;
    int err = ip_group_join(iface, group);
    if (err) {
        heap_free(g, sizeof(*g));
        return err;
    }
    *g = (struct inet_group){*group, iface->index, i->groups};
    i->groups = g;
    ip_run_local();
    return 0;
}

static void drop(struct inet_group *g)
{
    struct ip_iface *iface = ip_iface_by_index(g->iface);

    if (iface)
        ip_group_leave(iface, &g->addr);
    heap_free(g, sizeof(*g));
}

static int leave(struct isock *i, const struct ip_addr *group, unsigned iface)
{
    for (struct inet_group **at = &i->groups; *at; at = &(*at)->next) {
        struct inet_group *g = *at;
        if (!ip_equal(&g->addr, group) || (iface && g->iface != iface))
            continue;
        *at = g->next;
        drop(g);
        ip_run_local();
        return 0;
    }
    return -EADDRNOTAVAIL;
}

void inet_groups_leave(struct isock *i)
{
    for (struct inet_group *g; (g = i->groups);) {
        i->groups = g->next;
        drop(g);
    }
}

static int change4(struct isock *i, bool joins, const void *value, socklen_t len)
{
    struct ip_mreqn m = {.imr_ifindex = 0};

    if (len < sizeof(struct ip_mreq))
        return -EINVAL;
    memcpy(&m, value, len >= sizeof(m) ? sizeof(m) : sizeof(struct ip_mreq));
    struct ip_addr group = ip_from_v4(m.imr_multiaddr.s_addr);
    if (!ip_is_multicast(&group))
        return joins ? -EINVAL : -EADDRNOTAVAIL;
    struct ip_iface *iface = find_iface((unsigned)m.imr_ifindex, m.imr_address.s_addr, &group);
    if (!iface)
        return joins || m.imr_ifindex || m.imr_address.s_addr ? -ENODEV : leave(i, &group, 0);
    return joins ? join(i, &group, iface) : leave(i, &group, iface->index);
}

static int change6(struct isock *i, bool joins, const void *value, socklen_t len)
{
    struct ipv6_mreq m;

    if (len < sizeof(m))
        return -EINVAL;
    memcpy(&m, value, sizeof(m));
    struct ip_addr group = ip_from_v6(&m.ipv6mr_multiaddr);
    if (!ip_is_multicast(&group) || ip_is_v4(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(m.ipv6mr_interface, 0, &group);
    if (!iface)
        return -ENODEV;
    return joins ? join(i, &group, iface) : leave(i, &group, m.ipv6mr_interface);
}

/* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: of either version. */
static int change_any(struct isock *i, bool joins, const void *value, socklen_t len)
{
    struct group_req r;
    struct ip_addr group;

    if (len < sizeof(r))
        return -EINVAL;
    memcpy(&r, value, sizeof(r));
    if (r.gr_group.ss_family == AF_INET)
        group = ip_from_v4(((struct sockaddr_in *)&r.gr_group)->sin_addr.s_addr);
    else if (r.gr_group.ss_family == AF_INET6)
        group = ip_from_v6(&((struct sockaddr_in6 *)&r.gr_group)->sin6_addr);
    else
        return -EINVAL;
    if (!ip_is_multicast(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(r.gr_interface, 0, &group);
    if (!iface)
        return -ENODEV;
    return joins ? join(i, &group, iface) : leave(i, &group, r.gr_interface);
}

int inet_group_option(struct isock *i, int level, int name, const void *value, socklen_t len)
{
    bool four = level == SOL_IP;

    if (four && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
        return i->sock.type == SOCK_STREAM ? -EPROTO
                                           : change4(i, name == IP_ADD_MEMBERSHIP, value, len);
    if (!four && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP))
        return i->sock.type == SOCK_STREAM ? -EPROTO
                                           : change6(i, name == IPV6_JOIN_GROUP, value, len);
    if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP)
        return i->sock.type == SOCK_STREAM ? -EPROTO
                                           : change_any(i, name == MCAST_JOIN_GROUP, value, len);
    return -ENOPROTOOPT;
}
