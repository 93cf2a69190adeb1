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

const struct ip_group *ip_group_of(const struct ip_iface *i, const struct ip_addr *group)
{
    return find(i, group);
}

static bool has(const struct ip_filter *f, const struct ip_addr *source)
{
    for (unsigned n = 0; n < f->count; n++)
        if (ip_equal(&f->source[n], source))
            return true;
    return false;
}

/* Tells of those sources of (f) that (other) has not. */
static void tell_sources(struct ip_iface *i, const struct ip_addr *group,
                         enum ip_group_record record, const struct ip_filter *f,
                         const struct ip_filter *other)
{
    for (unsigned n = 0; n < f->count; n++)
        if (!has(other, &f->source[n]))
            ip_group_report(i, group, record, &f->source[n]);
}

static void tell(struct ip_iface *i, const struct ip_addr *group, const struct ip_filter *old,
                 const struct ip_filter *new)
{
    if (!i->dev)
        return;
    if (old->include != new->include) {
        ip_group_report(i, group, new->include ? IP_GROUP_TO_INCLUDE : IP_GROUP_TO_EXCLUDE, NULL);
        return;
    }
    tell_sources(i, group, new->include ? IP_GROUP_ALLOW : IP_GROUP_BLOCK, new, old);
    tell_sources(i, group, new->include ? IP_GROUP_BLOCK : IP_GROUP_ALLOW, old, new);
}

static void free_sources(const struct ip_filter *f)
{
    if (f->count > 0)
        heap_free((void *)f->source, f->count * sizeof(*f->source));
}

/* The wanted sources of (g) are those of (f) now. */
static int want(struct ip_iface *i, struct ip_group *g, const struct ip_filter *f)
{
    struct ip_filter old = g->wanted, new = *f;

    if (f->count > 0) {
        struct ip_addr *copy = heap_alloc(f->count * sizeof(*copy));
        if (!copy)
            return -ENOMEM;
        memcpy(copy, f->source, f->count * sizeof(*copy));
        new.source = copy;
    }
    g->wanted = new;
    tell(i, &g->addr, &old, &new);
    free_sources(&old);
    return 0;
}

/* A group without members, which wants nothing. */
static int add(struct ip_iface *i, const struct ip_addr *group, struct ip_group **out)
{
    unsigned count = 0;

    if (!ip_is_multicast(group))
        return -EINVAL;
    for (struct ip_group *g = i->groups; g; g = g->next)
        count++;
    if (count >= GROUPS_MAX)
        return -ENOBUFS;
    struct ip_group *g = heap_alloc(sizeof(*g));
    if (!g)
        return -ENOMEM;
    *g = (struct ip_group){.addr = *group, .wanted = {.include = true}, .next = i->groups};
    i->groups = g;
    *out = g;
    return 0;
}

/* Frees (g) if nobody is left. */
static void drop(struct ip_iface *i, struct ip_group *g)
{
    struct ip_group **at = &i->groups;

    if (g->count > 0)
        return;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    tell(i, &g->addr, &g->wanted, &(struct ip_filter){.include = true});
    free_sources(&g->wanted);
    heap_free(g, sizeof(*g));
}

int ip_group_set(struct ip_iface *i, const struct ip_addr *group, int joins,
                 const struct ip_filter *f)
{
    static const struct ip_filter all;
    struct ip_group *g = find(i, group);
    int err = g ? 0 : joins > 0 ? add(i, group, &g) : -EADDRNOTAVAIL;

    if (err)
        return err;
    g->count += (unsigned)joins;
    if (g->count > 0)
        err = want(i, g, g->own ? &all : f);
    if (err && joins > 0)
        g->count--;
    drop(i, g);
    return joins < 0 ? 0 : err;
}

int ip_group_join(struct ip_iface *i, const struct ip_addr *group)
{
    struct ip_group *g = find(i, group);
    int err = g ? 0 : add(i, group, &g);

    if (err)
        return err;
    g->count++;
    g->own++;
    if (g->own > 1)
        return 0;
    return want(i, g, &(struct ip_filter){.include = false}); /* without sources it cannot fail */
}

int ip_group_leave(struct ip_iface *i, const struct ip_addr *group)
{
    struct ip_group *g = find(i, group);

    if (!g || g->own == 0)
        return -EADDRNOTAVAIL;
    g->count--;
    g->own--;
    drop(i, g);
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
