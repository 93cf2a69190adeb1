/* SPDX-License-Identifier: MIT
 *
 * Requests that change interfaces, addresses and routes, and those for the way to one address
 * (rtnetlink(7)). Part of images whose program makes netlink sockets itself. Errors are Linux's. */
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "iface/cred.h"
#include "inet/internal.h"
#include "inet/netlink.h"

/* The attribute of (type) behind (fixed) bytes of a request's payload: its value, of (*len) bytes.
 * NULL: none. */
static const uint8_t *attribute(const struct nlmsghdr *h, size_t fixed, unsigned type, size_t *len)
{
    const uint8_t *at = (const uint8_t *)h + NLMSG_LENGTH(fixed), *found = NULL;
    size_t left = h->nlmsg_len - NLMSG_LENGTH(fixed);

    while (left >= sizeof(struct rtattr)) {
        const struct rtattr *a = (const struct rtattr *)at;
        if (a->rta_len < sizeof(*a) || a->rta_len > left)
            break;
        if ((a->rta_type & NLA_TYPE_MASK) == type) {
            found = at + sizeof(*a);
            *len = a->rta_len - sizeof(*a);
        }
        size_t step = min_size(align_up(a->rta_len, 4), left);
        at += step;
        left -= step;
    }
    return found;
}

/* An address of (family). 0; 1: not there; -EINVAL. */
static int address(const struct nlmsghdr *h, size_t fixed, unsigned type, unsigned family,
                   struct ip_addr *out)
{
    size_t len;
    const uint8_t *v = attribute(h, fixed, type, &len);
    uint32_t four;

    if (!v)
        return 1;
    if (len < (family == AF_INET ? 4u : 16u))
        return -EINVAL;
    memcpy(&four, v, 4);
    *out = family == AF_INET ? ip_from_v4(four) : ip_from_v6(v);
    return 0;
}

static uint32_t number(const struct nlmsghdr *h, size_t fixed, unsigned type, uint32_t none)
{
    size_t len;
    const uint8_t *v = attribute(h, fixed, type, &len);

    if (v && len >= sizeof(none))
        memcpy(&none, v, sizeof(none));
    return none;
}

static int change_link(const struct nlmsghdr *h)
{
    const struct ifinfomsg *m = (const struct ifinfomsg *)(h + 1);
    struct ip_iface *i = nl_find_link(h);

    if (!i)
        return h->nlmsg_type == RTM_NEWLINK && h->nlmsg_flags & NLM_F_CREATE ? -EOPNOTSUPP
                                                                             : -ENODEV;
    if (h->nlmsg_type == RTM_DELLINK)
        return -EOPNOTSUPP;
    uint32_t mtu = number(h, sizeof(*m), IFLA_MTU, 0);
    if (mtu) {
        if (mtu < 68 || mtu > (i->dev ? i->dev->mtu : 65535u))
            return -EINVAL;
        i->mtu = (uint16_t)mtu;
    }
    if (m->ifi_change & IFF_UP)
        i->up = m->ifi_flags & IFF_UP;
    ip_tables_changed();
    return 0;
}

static struct ip_iface_addr *find_address(struct ip_iface *i, const struct ip_addr *addr,
                                          unsigned prefix)
{
    struct ip_iface_addr *a = i->addrs;

    while (a && (!ip_equal(&a->addr, addr) || a->prefix != prefix))
        a = a->next;
    return a;
}

static nsec_t lifetime(uint32_t seconds)
{
    return seconds == ~0u ? DEADLINE_NEVER : clock_monotonic() + seconds * NSEC_PER_SEC;
}

static int change_address(const struct nlmsghdr *h)
{
    const struct ifaddrmsg *m = (const struct ifaddrmsg *)(h + 1);
    struct ifa_cacheinfo times = {.ifa_prefered = ~0u, .ifa_valid = ~0u};
    bool v4 = m->ifa_family == AF_INET, adds = h->nlmsg_type == RTM_NEWADDR;
    struct ip_addr addr;
    size_t len;

    if (!v4 && m->ifa_family != AF_INET6)
        return -EOPNOTSUPP;
    int err = address(h, sizeof(*m), IFA_LOCAL, m->ifa_family, &addr);
    if (err == 1 && !(v4 && adds))
        err = address(h, sizeof(*m), IFA_ADDRESS, m->ifa_family, &addr);
    if (err || m->ifa_prefixlen > (v4 ? 32 : 128))
        return -EINVAL;
    struct ip_iface *i = ip_iface_by_index(m->ifa_index);
    if (!i)
        return -ENODEV;
    struct ip_iface_addr *a = find_address(i, &addr, m->ifa_prefixlen);
    if (!adds)
        return a ? ip_iface_del_addr(i, &addr, m->ifa_prefixlen) : -EADDRNOTAVAIL;
    const uint8_t *v = attribute(h, sizeof(*m), IFA_CACHEINFO, &len);
    if (v && len >= sizeof(times))
        memcpy(&times, v, sizeof(times));
    if (times.ifa_valid == 0 || times.ifa_prefered > times.ifa_valid)
        return -EINVAL;
    if (!a)
        return ip_iface_add_addr(i, &addr, m->ifa_prefixlen, false, lifetime(times.ifa_prefered),
                                 lifetime(times.ifa_valid));
    if (h->nlmsg_flags & NLM_F_EXCL || !(h->nlmsg_flags & NLM_F_REPLACE))
        return -EEXIST;
    ip_addr_set_lifetimes(a, lifetime(times.ifa_prefered), lifetime(times.ifa_valid));
    ip_tables_changed();
    return 0;
}

/* The interface of a route that names none: the one by which its gateway is. */
static struct ip_iface *iface_of_gateway(const struct ip_addr *gateway)
{
    struct ip_ends ends = {.local = ip_is_v4(gateway) ? ip_from_v4(0) : (struct ip_addr){.d = {0}},
                           .remote = *gateway};
    struct net_path path = {.ttl = 0};

    return ip_is_unset(gateway) || ip_route(&ends, &path) ? NULL : path.iface;
}

/* The route to the same network, of the same metric. NULL: none. */
static const struct ip_route *route_in_place_of(const struct ip_route *r)
{
    const struct ip_route *old = ip_routes;

    while (old && (old->prefix != r->prefix || old->metric != r->metric ||
                   ip_is_v4(&old->to) != ip_is_v4(&r->to) || !ip_equal(&old->to, &r->to)))
        old = old->next;
    return old;
}

static int change_route(const struct nlmsghdr *h)
{
    const struct rtmsg *m = (const struct rtmsg *)(h + 1);
    bool v4 = m->rtm_family == AF_INET, adds = h->nlmsg_type == RTM_NEWROUTE;
    struct ip_route r = {.valid_until = DEADLINE_NEVER};

    if (!v4 && m->rtm_family != AF_INET6)
        return -EOPNOTSUPP;
    uint32_t table = number(h, sizeof(*m), RTA_TABLE, m->rtm_table);
    if ((m->rtm_type != RTN_UNICAST && (adds || m->rtm_type != RTN_UNSPEC)) ||
        (table != RT_TABLE_MAIN && table != RT_TABLE_UNSPEC) || m->rtm_src_len || m->rtm_tos)
        return -EOPNOTSUPP;
    r.to = v4 ? ip_from_v4(0) : (struct ip_addr){.d = {0}};
    if (m->rtm_dst_len > (v4 ? 32 : 128) ||
        address(h, sizeof(*m), RTA_DST, m->rtm_family, &r.to) < 0 ||
        address(h, sizeof(*m), RTA_GATEWAY, m->rtm_family, &r.gateway) < 0)
        return -EINVAL;
    r.prefix = (uint8_t)(m->rtm_dst_len + (v4 ? 96 : 0));
    struct ip_addr network = ip_network(&r.to, r.prefix);
    if (!ip_equal(&network, &r.to))
        return -EINVAL;
    r.metric = number(h, sizeof(*m), RTA_PRIORITY, v4 ? 0 : 1024);
    r.origin = adds && m->rtm_protocol ? m->rtm_protocol : adds ? RTPROT_BOOT : m->rtm_protocol;
    uint32_t index = number(h, sizeof(*m), RTA_OIF, 0);
    r.iface = index ? ip_iface_by_index(index) : iface_of_gateway(&r.gateway);
    if (!r.iface)
        return index ? -ENODEV : adds ? -ENETUNREACH : -ESRCH;
    if (!adds)
        return ip_route_del(&r);
    if (!(h->nlmsg_flags & NLM_F_CREATE))
        return -ENOENT;
    const struct ip_route *old = route_in_place_of(&r);
    if (old && h->nlmsg_flags & NLM_F_EXCL)
        return -EEXIST;
    if (old && h->nlmsg_flags & NLM_F_REPLACE)
        (void)ip_route_del(old);
    return ip_route_add(&r);
}

int nl_change(const struct nlmsghdr *h)
{
    static const uint8_t fixed[] = {sizeof(struct ifinfomsg), sizeof(struct ifaddrmsg),
                                    sizeof(struct rtmsg)};
    unsigned family = (h->nlmsg_type - (unsigned)RTM_BASE) / 4;

    if (!cred_may(CAP_NET_ADMIN))
        return -EPERM;
    if (family >= ARRAY_LEN(fixed))
        return -EOPNOTSUPP;
    if (h->nlmsg_len < NLMSG_LENGTH((size_t)fixed[family]))
        return -EINVAL;
    int err = family == 0 ? change_link(h) : family == 1 ? change_address(h) : change_route(h);
    ip_run_local();
    return err;
}

/* The router on the way to (to) by (i), or NULL. */
static const struct ip_addr *gateway_of(const struct ip_iface *i, const struct ip_addr *to)
{
    for (const struct ip_route *r = ip_routes; r; r = r->next) {
        struct ip_addr network = ip_network(to, r->prefix);
        if (r->iface == i && ip_is_v4(&r->to) == ip_is_v4(to) && ip_equal(&network, &r->to))
            return ip_is_unset(&r->gateway) ? NULL : &r->gateway;
    }
    return NULL;
}

int nl_way(struct nl_out *o, const struct nlmsghdr *h)
{
    const struct rtmsg *m = (const struct rtmsg *)(h + 1);
    struct net_path path = {.ttl = 0};
    struct ip_ends ends = {.scope = 0};

    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
        return -EINVAL;
    bool v4 = m->rtm_family == AF_INET;
    if (!v4 && m->rtm_family != AF_INET6)
        return -EOPNOTSUPP;
    ends.local = v4 ? ip_from_v4(0) : (struct ip_addr){.d = {0}};
    if (address(h, sizeof(*m), RTA_DST, m->rtm_family, &ends.remote) ||
        address(h, sizeof(*m), RTA_SRC, m->rtm_family, &ends.local) < 0)
        return -EINVAL;
    path.use_iface = (uint8_t)number(h, sizeof(*m), RTA_OIF, 0);
    int err = ip_route(&ends, &path);
    if (err)
        return err;
    const struct ip_iface *i = path.iface;
    const struct ip_addr *gateway = i->dev ? gateway_of(i, &ends.remote) : NULL;
    struct rtmsg *a = nl_begin(o, RTM_NEWROUTE, sizeof(*a));
    if (!a)
        return 0;
    a->rtm_family = m->rtm_family;
    a->rtm_dst_len = v4 ? 32 : 128;
    a->rtm_table = i->dev ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
    a->rtm_protocol = RTPROT_UNSPEC;
    a->rtm_scope = RT_SCOPE_UNIVERSE;
    a->rtm_type = ip_is_multicast(&ends.remote)        ? RTN_MULTICAST
                  : ip_addr_is_broadcast(&ends.remote) ? RTN_BROADCAST
                  : i->dev                             ? RTN_UNICAST
                                                       : RTN_LOCAL;
    a->rtm_flags = v4 ? RTM_F_CLONED : 0;
    uint32_t table = a->rtm_table, index = i->index;
    nl_put(o, RTA_TABLE, &table, sizeof(table));
    nl_put_addr(o, RTA_DST, &ends.remote);
    if (gateway)
        nl_put_addr(o, RTA_GATEWAY, gateway);
    nl_put(o, RTA_OIF, &index, sizeof(index));
    nl_put_addr(o, RTA_PREFSRC, &ends.local);
    nl_end(o);
    return 0;
}

/* As if there were Linux's tables: the addresses of the machine first, then all else. */
void nl_rules(struct nl_out *o, unsigned family)
{
    static const struct {
        uint8_t family, table;
        uint32_t priority;
    } rules[] = {{AF_INET, RT_TABLE_LOCAL, 0},
                 {AF_INET, RT_TABLE_MAIN, 32766},
                 {AF_INET6, RT_TABLE_LOCAL, 0},
                 {AF_INET6, RT_TABLE_MAIN, 32766}};

    for (unsigned n = 0; n < ARRAY_LEN(rules); n++) {
        if (family != AF_UNSPEC && family != rules[n].family)
            continue;
        struct fib_rule_hdr *r = nl_begin(o, RTM_NEWRULE, sizeof(*r));
        if (!r)
            return;
        uint32_t table = rules[n].table;
        r->family = rules[n].family;
        r->table = rules[n].table;
        r->action = FR_ACT_TO_TBL;
        nl_put(o, FRA_TABLE, &table, sizeof(table));
        if (rules[n].priority)
            nl_put(o, FRA_PRIORITY, &rules[n].priority, sizeof(uint32_t));
        nl_end(o);
    }
}
