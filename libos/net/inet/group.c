/* SPDX-License-Identifier: MIT
 *
 * Memberships of sockets in multicast groups, of all sources or of some (RFC 3678). */
#include "inet/internal.h"

#include "mm/heap.h"

#define GROUPS_MAX   20 /* igmp_max_memberships */
#define SOURCES_MAX4 10 /* igmp_max_msf */
#define SOURCES_MAX6 64 /* mld_max_msf */

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

/* Memberships of all sockets. */
static struct inet_group *groups;

static bool same(const struct inet_group *g, const struct ip_addr *group, unsigned iface)
{
    return g->iface == iface && ip_equal(&g->addr, group);
}

static unsigned find_source(const struct ip_addr *list, unsigned count, const struct ip_addr *a)
{
    unsigned n = 0;

    while (n < count && !ip_equal(&list[n], a))
        n++;
    return n;
}

/* Of (count) addresses those stay that (g) has, or has not. */
static unsigned keep(struct ip_addr *list, unsigned count, const struct inet_group *g, bool has)
{
    unsigned kept = 0;

    for (unsigned n = 0; n < count; n++)
        if ((find_source(g->source, g->count, &list[n]) < g->count) == has)
            list[kept++] = list[n];
    return kept;
}

static unsigned add_all(struct ip_addr *list, unsigned count, const struct inet_group *g)
{
    for (unsigned n = 0; n < g->count && count < SOURCES_MAX6; n++)
        if (find_source(list, count, &g->source[n]) == count)
            list[count++] = g->source[n];
    return count;
}

/* What all sockets together want of a group: all that one of them wants (RFC 9776, 3.2). The result
 * is valid until the next call. */
static struct ip_filter wanted(const struct ip_addr *group, unsigned iface)
{
    static struct ip_addr list[SOURCES_MAX6];
    struct ip_filter f = {.include = true, .source = list};

    for (const struct inet_group *g = groups; g; g = g->all) {
        if (!same(g, group, iface) || g->include)
            continue;
        f.count = f.include ? add_all(list, 0, g) : keep(list, f.count, g, true);
        f.include = false;
    }
    for (const struct inet_group *g = groups; g; g = g->all)
        if (same(g, group, iface) && g->include)
            f.count = f.include ? add_all(list, f.count, g) : keep(list, f.count, g, false);
    return f;
}

/* (g)'s sources, or whether there is a membership at all (joins: 1, -1), are others now. */
static int apply(const struct inet_group *g, int joins)
{
    struct ip_iface *iface = ip_iface_by_index(g->iface);
    struct ip_filter f = wanted(&g->addr, g->iface);
    int err = iface ? ip_group_set(iface, &g->addr, joins, &f) : 0;

    ip_run_local();
    return err;
}

static void unlink_all(const struct inet_group *g)
{
    struct inet_group **at = &groups;

    while (*at != g)
        at = &(*at)->all;
    *at = g->all;
}

static struct inet_group *find(const struct isock *i, const struct ip_addr *group, unsigned iface)
{
    struct inet_group *g = i->groups;

    while (g && !same(g, group, iface))
        g = g->next;
    return g;
}

static void free_sources(struct ip_addr *list, unsigned count)
{
    if (count > 0)
        heap_free(list, count * sizeof(*list));
}

static void free_group(struct inet_group *g)
{
    free_sources(g->source, g->count);
    heap_free(g, sizeof(*g));
}

/* (include): of no source yet, which the network is not told of. */
static int join(struct isock *i, const struct ip_addr *group, struct ip_iface *iface, bool include)
{
    unsigned count = 0;

    if (find(i, group, iface->index))
        return -EADDRINUSE;
    for (const struct inet_group *g = i->groups; g; g = g->next)
        count++;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    struct inet_group *g = heap_alloc(sizeof(*g));
    if (!g)
        return -ENOBUFS;
    *g = (struct inet_group){.addr = *group,
                             .iface = iface->index,
                             .include = include,
                             .next = i->groups,
                             .all = groups};
    groups = g;
    int err = apply(g, 1);
    if (err) {
        unlink_all(g);
        free_group(g);
        return err;
    }
    i->groups = g;
    return 0;
}

static void drop(struct inet_group *g)
{
    unlink_all(g);
    (void)apply(g, -1);
    free_group(g);
}

static int leave(struct isock *i, const struct ip_addr *group, unsigned iface)
{
    for (struct inet_group **at = &i->groups; *at; at = &(*at)->next) {
        struct inet_group *g = *at;
        if (!ip_equal(&g->addr, group) || (iface && g->iface != iface))
            continue;
        *at = g->next;
        drop(g);
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

bool inet_group_lets(const struct isock *i, const struct ip_addr *to, const struct ip_addr *from,
                     unsigned iface)
{
    const struct inet_group *g = find(i, to, iface);

    if (!g)
        return i->flags & (ip_is_v4(to) ? INET_MC_ALL : INET_MC_ALL6);
    return (find_source(g->source, g->count, from) < g->count) == g->include;
}

/* Gives (g) other sources: a copy of (count) of them. */
static int set_sources(struct inet_group *g, bool include, const struct ip_addr *list,
                       unsigned count)
{
    struct inet_group old = *g;
    struct ip_addr *copy = count ? heap_alloc(count * sizeof(*copy)) : NULL;

    if (count > 0 && !copy)
        return -ENOBUFS;
    if (count > 0)
        memcpy(copy, list, count * sizeof(*copy));
    g->include = include;
    g->count = (uint8_t)count;
    g->source = copy;
    int err = apply(g, 0);
    if (err) {
        free_sources(copy, count);
        *g = old;
        return err;
    }
    free_sources(old.source, old.count);
    return 0;
}

/* Adds (source) to those that are wanted only (include) or not, or takes it away. Errors are those
 * of Linux's ip_mc_source. */
static int change_source(struct isock *i, const struct ip_addr *group, struct ip_iface *iface,
                         const struct ip_addr *source, bool include, bool adds)
{
    struct ip_addr list[SOURCES_MAX6 + 1];
    struct inet_group *g = find(i, group, iface->index);

    if (!g || (g->include != include && g->count > 0))
        return -EINVAL;
    unsigned count = g->count, at = find_source(g->source, count, source);
    if (count > 0)
        memcpy(list, g->source, count * sizeof(*list));
    if (!adds) {
        if (at == count)
            return -EADDRNOTAVAIL;
        if (include && count == 1)
            return leave(i, group, iface->index);
        list[at] = list[--count];
    } else {
        if (count >= (ip_is_v4(group) ? SOURCES_MAX4 : SOURCES_MAX6))
            return -ENOBUFS;
        if (at < count)
            return -EADDRNOTAVAIL;
        list[count++] = *source;
    }
    return set_sources(g, include, list, count);
}

/* What one of the options for a source does: blocks it (or not any more), or joins for it. */
struct source_change {
    bool include, adds;
};

static int set_source(struct isock *i, const struct ip_addr *group, struct ip_iface *iface,
                      const struct ip_addr *source, struct source_change c)
{
    if (c.include && c.adds) {
        int err = join(i, group, iface, true);
        if (err && err != -EADDRINUSE)
            return err;
    }
    return change_source(i, group, iface, source, c.include, c.adds);
}

static int source4(struct isock *i, struct source_change c, const void *value, socklen_t len)
{
    struct ip_mreq_source m;

    if (len != sizeof(m))
        return -EINVAL;
    memcpy(&m, value, sizeof(m));
    struct ip_addr group = ip_from_v4(m.imr_multiaddr.s_addr);
    struct ip_addr source = ip_from_v4(m.imr_sourceaddr.s_addr);
    if (!ip_is_multicast(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(0, m.imr_interface.s_addr, &group);
    return iface ? set_source(i, &group, iface, &source, c) : -ENODEV;
}

static bool any_addr(const struct sockaddr_storage *a, struct ip_addr *out)
{
    if (a->ss_family == AF_INET)
        *out = ip_from_v4(((const struct sockaddr_in *)a)->sin_addr.s_addr);
    else if (a->ss_family == AF_INET6)
        *out = ip_from_v6(&((const struct sockaddr_in6 *)a)->sin6_addr);
    return a->ss_family == AF_INET || a->ss_family == AF_INET6;
}

static int source_any(struct isock *i, int family, struct source_change c, const void *value,
                      socklen_t len)
{
    struct group_source_req r;
    struct ip_addr group, source;

    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, value, sizeof(r));
    if (r.gsr_group.ss_family != family || r.gsr_source.ss_family != family)
        return -EADDRNOTAVAIL;
    (void)any_addr(&r.gsr_group, &group);
    (void)any_addr(&r.gsr_source, &source);
    if (!ip_is_multicast(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(r.gsr_interface, 0, &group);
    return iface ? set_source(i, &group, iface, &source, c) : -ENODEV;
}

/* struct ip_msfilter without its sources. */
struct msfilter {
    uint32_t group, iface, mode, count;
};

static int set_filter4(struct isock *i, const void *value, socklen_t len)
{
    struct msfilter f;
    struct ip_addr list[SOURCES_MAX4];

    if (len < sizeof(f))
        return -EINVAL;
    memcpy(&f, value, sizeof(f));
    if (f.count > SOURCES_MAX4)
        return -ENOBUFS;
    struct ip_addr group = ip_from_v4(f.group);
    if (len < sizeof(f) + f.count * 4 || !ip_is_multicast(&group) ||
        (f.mode != MCAST_INCLUDE && f.mode != MCAST_EXCLUDE))
        return -EINVAL;
    struct ip_iface *iface = find_iface(0, f.iface, &group);
    if (!iface)
        return -ENODEV;
    if (f.mode == MCAST_INCLUDE && f.count == 0)
        return leave(i, &group, iface->index);
    struct inet_group *g = find(i, &group, iface->index);
    if (!g)
        return -EINVAL;
    for (unsigned n = 0; n < f.count; n++) {
        uint32_t a;
        memcpy(&a, (const char *)value + sizeof(f) + n * 4, 4);
        list[n] = ip_from_v4(a);
    }
    return set_sources(g, f.mode == MCAST_INCLUDE, list, f.count);
}

int inet_group_filter(struct isock *i, void *value, socklen_t *len)
{
    struct msfilter f;

    if (*len < sizeof(f))
        return -EINVAL;
    memcpy(&f, value, sizeof(f));
    struct ip_addr group = ip_from_v4(f.group);
    if (!ip_is_multicast(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(0, f.iface, &group);
    if (!iface)
        return -ENODEV;
    const struct inet_group *g = find(i, &group, iface->index);
    if (!g)
        return -EADDRNOTAVAIL;
    /* As many as the program says that it has room for, whatever (*len) says. */
    unsigned told = f.count < g->count ? f.count : g->count;
    f.mode = g->include ? MCAST_INCLUDE : MCAST_EXCLUDE;
    f.count = g->count;
    memcpy(value, &f, sizeof(f));
    for (unsigned n = 0; n < told; n++)
        memcpy((char *)value + sizeof(f) + n * 4, g->source[n].b + 12, 4);
    *len = (socklen_t)(sizeof(f) + told * 4);
    return 0;
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
    return joins ? join(i, &group, iface, false) : leave(i, &group, iface->index);
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
    return joins ? join(i, &group, iface, false) : leave(i, &group, m.ipv6mr_interface);
}

/* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: of either version. */
static int change_any(struct isock *i, bool joins, const void *value, socklen_t len)
{
    struct group_req r;
    struct ip_addr group;

    if (len < sizeof(r))
        return -EINVAL;
    memcpy(&r, value, sizeof(r));
    if (!any_addr(&r.gr_group, &group) || !ip_is_multicast(&group))
        return -EINVAL;
    struct ip_iface *iface = find_iface(r.gr_interface, 0, &group);
    if (!iface)
        return -ENODEV;
    return joins ? join(i, &group, iface, false) : leave(i, &group, r.gr_interface);
}

/* The change of one source that an option asks for. False: none. */
static bool source_option(int name, bool four, struct source_change *c)
{
    switch (name) {
    case MCAST_BLOCK_SOURCE:
        *c = (struct source_change){.adds = true};
        return true;
    case MCAST_UNBLOCK_SOURCE:
        *c = (struct source_change){.adds = false};
        return true;
    case MCAST_JOIN_SOURCE_GROUP:
        *c = (struct source_change){.include = true, .adds = true};
        return true;
    case MCAST_LEAVE_SOURCE_GROUP:
        *c = (struct source_change){.include = true};
        return true;
    default:
        break;
    }
    if (!four || name < IP_UNBLOCK_SOURCE || name > IP_DROP_SOURCE_MEMBERSHIP)
        return false;
    c->include = name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP;
    c->adds = name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_BLOCK_SOURCE;
    return true;
}

int inet_group_option(struct isock *i, int level, int name, const void *value, socklen_t len)
{
    bool four = level == SOL_IP;
    struct source_change c;

    if (source_option(name, four, &c)) {
        if (i->sock.type == SOCK_STREAM)
            return -EPROTO;
        return name < MCAST_JOIN_GROUP ? source4(i, c, value, len)
                                       : source_any(i, four ? AF_INET : AF_INET6, c, value, len);
    }
    if (four && name == IP_MSFILTER)
        return i->sock.type == SOCK_STREAM ? -EPROTO : set_filter4(i, value, len);

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
