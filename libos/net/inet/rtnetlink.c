/* SPDX-License-Identifier: MIT
 *
 * Requests of programs for interfaces, addresses and routes (RFC 3549; rtnetlink(7)), which may be
 * any bytes. Those that want one answer each, and those that want all there is (NLM_F_DUMP); what
 * changes something is in rtnetlink_set.c; every other request is answered with EOPNOTSUPP. */
#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "inet/netlink.h"
#include "inet/internal.h"
#include "mm/heap.h"

#define LOWER_UP   0x10000u /* IFF_LOWER_UP */
#define QUEUE_LEN  1000u
#define LO_MTU     65536u
#define OPER_UP    6
#define OPER_DOWN  2

static void put_u32(struct nl_out *o, unsigned type, uint32_t v)
{
    nl_put(o, type, &v, sizeof(v));
}

void nl_put_addr(struct nl_out *o, unsigned type, const struct ip_addr *a)
{
    if (ip_is_v4(a))
        nl_put(o, type, a->b + 12, 4);
    else
        nl_put(o, type, a->b, 16);
}

/* The sums of the device, in both widths. The narrow ones wrap, as on Linux. */
static void put_counts(struct nl_out *o, const struct netdev_counts *c)
{
    struct rtnl_link_stats64 wide = {
        .rx_packets = c->rx_packets,
        .tx_packets = c->tx_packets,
        .rx_bytes = c->rx_bytes,
        .tx_bytes = c->tx_bytes,
        .rx_errors = c->rx_errors,
        .tx_errors = c->tx_errors,
        .rx_dropped = c->rx_dropped,
        .tx_dropped = c->tx_dropped,
    };
    struct rtnl_link_stats narrow = {
        .rx_packets = (uint32_t)c->rx_packets,
        .tx_packets = (uint32_t)c->tx_packets,
        .rx_bytes = (uint32_t)c->rx_bytes,
        .tx_bytes = (uint32_t)c->tx_bytes,
        .rx_errors = (uint32_t)c->rx_errors,
        .tx_errors = (uint32_t)c->tx_errors,
        .rx_dropped = (uint32_t)c->rx_dropped,
        .tx_dropped = (uint32_t)c->tx_dropped,
    };

    nl_put(o, IFLA_STATS64, &wide, sizeof(wide));
    nl_put(o, IFLA_STATS, &narrow, sizeof(narrow));
}

void nl_link(struct nl_out *o, unsigned type, const struct ip_iface *i)
{
    static const struct netdev_counts none;
    static const uint8_t zero[6], all[6] = {255, 255, 255, 255, 255, 255};
    struct ifinfomsg *m = nl_begin(o, type, sizeof(*m));
    bool carrier = !i->dev || i->dev->link;
    uint8_t state = !i->dev ? 0 : i->up && carrier ? OPER_UP : OPER_DOWN, on = carrier;

    if (!m)
        return;
    m->ifi_type = i->dev ? ARPHRD_ETHER : ARPHRD_LOOPBACK;
    m->ifi_index = (int)i->index;
    m->ifi_flags = inet_iface_flags(i) | (i->up && carrier ? LOWER_UP : 0);
    nl_put(o, IFLA_IFNAME, i->name, strlen(i->name) + 1);
    put_u32(o, IFLA_TXQLEN, QUEUE_LEN);
    nl_put(o, IFLA_OPERSTATE, &state, 1);
    put_u32(o, IFLA_MTU, i->dev ? i->mtu : LO_MTU);
    nl_put(o, IFLA_CARRIER, &on, 1);
    nl_put(o, IFLA_ADDRESS, i->dev ? i->dev->mac : zero, 6);
    nl_put(o, IFLA_BROADCAST, i->dev ? all : zero, 6);
    put_counts(o, i->dev ? &i->dev->counts : &none);
    nl_end(o);
}

static uint8_t scope_of(const struct ip_addr *a)
{
    if (ip_is_loopback(a))
        return RT_SCOPE_HOST;
    return ip_is_link_local(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static uint32_t seconds_until(nsec_t at)
{
    nsec_t now = clock_monotonic();

    return at == DEADLINE_NEVER ? ~0u : at > now ? (uint32_t)((at - now) / NSEC_PER_SEC) : 0;
}

void nl_address(struct nl_out *o, unsigned type, const struct ip_iface *i,
                const struct ip_iface_addr *a)
{
    struct ifaddrmsg *m = nl_begin(o, type, sizeof(*m));
    struct ifa_cacheinfo times = {.ifa_prefered = seconds_until(a->preferred_until),
                                  .ifa_valid = seconds_until(a->valid_until)};

    if (!m)
        return;
    bool v4 = ip_is_v4(&a->addr);
    m->ifa_family = v4 ? AF_INET : AF_INET6;
    m->ifa_prefixlen = a->prefix;
    m->ifa_flags = (uint8_t)inet_address_flags(a);
    m->ifa_scope = scope_of(&a->addr);
    m->ifa_index = i->index;
    nl_put_addr(o, IFA_ADDRESS, &a->addr);
    if (v4) {
        nl_put_addr(o, IFA_LOCAL, &a->addr);
        if (i->dev && a->prefix < 31) {
            uint32_t all = a->addr.w[3] | be32(~0u >> a->prefix);
            nl_put(o, IFA_BROADCAST, &all, sizeof(all));
        }
        nl_put(o, IFA_LABEL, i->name, strlen(i->name) + 1);
    }
    put_u32(o, IFA_FLAGS, inet_address_flags(a));
    nl_put(o, IFA_CACHEINFO, &times, sizeof(times));
    nl_end(o);
}

static void route(struct nl_out *o, const struct ip_route *r)
{
    struct rtmsg *m = nl_begin(o, RTM_NEWROUTE, sizeof(*m));

    if (!m)
        return;
    bool v4 = ip_is_v4(&r->to), gateway = !ip_is_unset(&r->gateway);
    m->rtm_family = v4 ? AF_INET : AF_INET6;
    m->rtm_dst_len = v4 ? (uint8_t)(r->prefix - 96) : r->prefix;
    m->rtm_table = r->iface->dev ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
    m->rtm_protocol = r->origin;
    m->rtm_scope = !r->iface->dev          ? RT_SCOPE_HOST
                   : v4 && !gateway        ? RT_SCOPE_LINK
                                           : RT_SCOPE_UNIVERSE;
    m->rtm_type = r->iface->dev ? RTN_UNICAST : RTN_LOCAL;
    put_u32(o, RTA_TABLE, m->rtm_table);
    if (m->rtm_dst_len)
        nl_put_addr(o, RTA_DST, &r->to);
    put_u32(o, RTA_PRIORITY, r->metric);
    if (gateway)
        nl_put_addr(o, RTA_GATEWAY, &r->gateway);
    put_u32(o, RTA_OIF, r->iface->index);
    nl_end(o);
}

/* Whether a dump for (family), 0 for all, has what is of (addr)'s. */
static bool wanted(unsigned family, const struct ip_addr *addr)
{
    return family == AF_UNSPEC || family == (ip_is_v4(addr) ? AF_INET : AF_INET6);
}

/* All that a request of (type) asks for. False: nothing is known of that. */
static bool dump(struct nl_out *o, unsigned type, unsigned family)
{
    switch (type) {
    case RTM_GETLINK:
        for (const struct ip_iface *i = ip_ifaces; i; i = i->next)
            nl_link(o, RTM_NEWLINK, i);
        break;
    case RTM_GETADDR:
        for (const struct ip_iface *i = ip_ifaces; i; i = i->next)
            for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
                if (wanted(family, &a->addr))
                    nl_address(o, RTM_NEWADDR, i, a);
        break;
    case RTM_GETROUTE:
        for (const struct ip_route *r = ip_routes; r; r = r->next)
            if (wanted(family, &r->to))
                route(o, r);
        break;
    case RTM_GETRULE:
        if (!nl_rules)
            return false;
        nl_rules(o, family);
        break;
    default:
        return false;
    }
    int *status = nl_begin(o, NLMSG_DONE, sizeof(*status));
    if (status)
        nl_end(o);
    return true;
}

struct ip_iface *nl_find_link(const struct nlmsghdr *h)
{
    const uint8_t *at = (const uint8_t *)h + NLMSG_LENGTH(sizeof(struct ifinfomsg));
    const struct ifinfomsg *m = (const struct ifinfomsg *)(h + 1);
    char name[IFNAMSIZ] = "";
    size_t left;

    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
        return NULL;
    if (m->ifi_index > 0)
        return ip_iface_by_index((unsigned)m->ifi_index);
    left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
    while (left >= sizeof(struct rtattr)) {
        const struct rtattr *a = (const struct rtattr *)at;
        if (a->rta_len < sizeof(*a) || a->rta_len > left)
            return NULL;
        if (a->rta_type == IFLA_IFNAME)
            memcpy(name, a + 1, min_size(a->rta_len - sizeof(*a), sizeof(name) - 1));
        size_t step = align_up(a->rta_len, 4);
        at += step;
        left -= min_size(step, left);
    }
    return name[0] ? ip_iface_by_name(name) : NULL;
}

/* The answer that has no other: an error, or 0, with the request. */
static void acknowledge(struct nl_socket *s, const struct nlmsghdr *h, int err)
{
    struct nl_out o = {.to = s, .seq = h->nlmsg_seq, .port = s->port};
    /* Of a long request, no more than fits is quoted. */
    size_t quoted = err && !(s->options >> NETLINK_CAP_ACK & 1) ? h->nlmsg_len : sizeof(*h);

    if (quoted > NL_MESSAGE_MAX - NLMSG_LENGTH(sizeof(int)))
        quoted = sizeof(*h);
    o.flags = quoted < h->nlmsg_len ? NLM_F_CAPPED : 0;
    struct nlmsgerr *e = nl_begin(&o, NLMSG_ERROR, sizeof(int) + quoted);
    if (!e)
        return;
    e->error = err;
    memcpy(&e->msg, h, quoted);
    nl_end(&o);
    nl_flush(&o);
}

static int change(const struct nlmsghdr *h)
{
    int err = nl_change(h);

    return err ? err : 1;
}

/* 0: answered; 1: to be acknowledged, if the request asks for that; else an error. */
static int request(struct nl_socket *s, const struct nlmsghdr *h)
{
    const struct rtgenmsg *m = (const struct rtgenmsg *)(h + 1);
    struct nl_out o = {.to = s, .seq = h->nlmsg_seq, .port = s->port};
    /* Bits of NLM_F_DUMP mean other things in requests that are not for something. */
    bool all = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

    if (h->nlmsg_type < NLMSG_MIN_TYPE)
        return 1;
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
        return 1; /* as Linux: nothing is done for it */
    /* Of each four types the first two change something, the third asks (rtnetlink(7)). */
    if (h->nlmsg_type >= RTM_BASE && (h->nlmsg_type & 3) < 2)
        return nl_change ? change(h) : -EOPNOTSUPP;
    if (all) {
        o.flags = NLM_F_MULTI;
        bool known = dump(&o, h->nlmsg_type, m->rtgen_family);
        nl_flush(&o);
        return known ? 0 : -EOPNOTSUPP;
    }
    if (h->nlmsg_type == RTM_GETROUTE && nl_way) {
        int err = nl_way(&o, h);
        nl_flush(&o);
        return err ? err : 1;
    }
    if (h->nlmsg_type != RTM_GETLINK)
        return -EOPNOTSUPP;
    if (h->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
        return -EINVAL;
    const struct ip_iface *i = nl_find_link(h);
    if (!i)
        return -ENODEV;
    nl_link(&o, RTM_NEWLINK, i);
    nl_flush(&o);
    return 1;
}

void nl_requests(struct nl_socket *s, const uint8_t *bytes, size_t len)
{
    while (len >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)bytes;
        if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len)
            return;
        int err = h->nlmsg_flags & NLM_F_REQUEST ? request(s, h) : 1;
        if (err < 0 || (err && h->nlmsg_flags & NLM_F_ACK))
            acknowledge(s, h, err < 0 ? err : 0);
        size_t step = min_size(align_up(h->nlmsg_len, 4), len);
        bytes += step;
        len -= step;
    }
}
