/* SPDX-License-Identifier: MIT
 *
 * Options of SOL_IP and SOL_IPV6, and those of SOL_SOCKET that only internet sockets have. Where
 * the comment says "kept", a value can be set and read and changes nothing. */
#include "inet/internal.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_ADDR_PREFERENCES
#define IPV6_ADDR_PREFERENCES 72
#endif
#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif

int inet_int(const void *value, socklen_t len, bool byte, int *v)
{
    if (len >= sizeof(*v))
        memcpy(v, value, sizeof(*v));
    else if (byte && len >= 1)
        *v = *(const uint8_t *)value;
    else
        return -EINVAL;
    return 0;
}

int inet_give(const void *from, size_t size, void *value, socklen_t *len)
{
    *len = (socklen_t)min_size(*len, size);
    memcpy(value, from, *len);
    return 0;
}

int inet_give_int(int v, void *value, socklen_t *len)
{
    return inet_give(&v, sizeof(v), value, len);
}

void inet_path(const struct isock *i, const struct ip_addr *to, struct net_path *path)
{
    bool v4 = ip_is_v4(to), group = ip_is_multicast(to);
    int ttl = v4 ? i->ttl : i->hops;
    uint8_t pmtu = v4 ? i->pmtu : i->pmtu6;

    path->ttl = (uint8_t)(group ? (v4 ? i->mc_ttl : i->mc_hops) : ttl > 0 ? ttl : 0);
    path->tos = v4 ? i->tos : i->tclass;
    path->no_frag = pmtu == IP_PMTUDISC_DO ? 1 : pmtu == IP_PMTUDISC_PROBE ? 2 : 0;
    if (!v4 && i->flags & INET_DONTFRAG)
        path->no_frag = 1;
    path->use_iface = (uint8_t)i->device;
    if (group && !path->use_iface)
        path->use_iface = (uint8_t)(v4 ? i->mc_iface : i->mc_iface6);
    path->no_loop = group && (v4 ? i->mc_no_loop : i->mc_no_loop6);
}

/* The flag behind an option of level SOL_IP or SOL_IPV6, 0: none. */
static uint32_t flag4(int name)
{
    switch (name) {
    case IP_PKTINFO:
        return INET_PKTINFO;
    case IP_RECVTTL:
        return INET_RECVTTL;
    case IP_RECVTOS:
        return INET_RECVTOS;
    case IP_RECVERR:
        return INET_RECVERR;
    case IP_RECVORIGDSTADDR:
        return INET_ORIGDST;
    case IP_FREEBIND:
        return INET_FREEBIND;
    case IP_MULTICAST_ALL:
        return INET_MC_ALL;
    case IP_BIND_ADDRESS_NO_PORT: /* kept */
        return INET_NO_PORT;
    default:
        return 0;
    }
}

static uint32_t flag6(int name)
{
    switch (name) {
    case IPV6_RECVPKTINFO:
        return INET_PKTINFO6;
    case IPV6_RECVHOPLIMIT:
        return INET_HOPLIMIT;
    case IPV6_RECVTCLASS:
        return INET_TCLASS;
    case IPV6_RECVERR:
        return INET_RECVERR6;
    case IPV6_RECVORIGDSTADDR:
        return INET_ORIGDST6;
    case IPV6_FREEBIND:
        return INET_FREEBIND;
    case IPV6_MULTICAST_ALL:
        return INET_MC_ALL6;
    case IPV6_DONTFRAG:
        return INET_DONTFRAG;
    case IPV6_AUTOFLOWLABEL: /* kept */
        return INET_AUTOFLOW;
    case IPV6_FLOWINFO_SEND: /* kept */
        return INET_FLOWINFO_SEND;
    default:
        return 0;
    }
}

static void put_flag(struct isock *i, uint32_t flag, bool on)
{
    i->flags = on ? i->flags | flag : i->flags & ~flag;
    if (flag & (INET_RECVERR | INET_RECVERR6) && !on)
        inet_errors_free(i);
}

/* IP_MULTICAST_IF: an address, a struct ip_mreq or ip_mreqn. */
static int set_group_iface(struct isock *i, const void *value, socklen_t len)
{
    struct ip_mreqn m = {.imr_ifindex = 0};

    if (len >= sizeof(m))
        memcpy(&m, value, sizeof(m));
    else if (len >= sizeof(struct ip_mreq))
        memcpy(&m, value, sizeof(struct ip_mreq));
    else if (len >= sizeof(struct in_addr))
        memcpy(&m.imr_address, value, sizeof(struct in_addr));
    else
        return -EINVAL;
    if (!m.imr_ifindex && m.imr_address.s_addr == INADDR_ANY) {
        i->mc_iface = 0;
        i->mc_from = ip_from_v4(0);
        return 0;
    }
    struct ip_addr a = ip_from_v4(m.imr_address.s_addr);
    struct ip_iface *iface =
        m.imr_ifindex ? ip_iface_by_index((unsigned)m.imr_ifindex) : ip_addr_owner(&a, false);
    if (!iface)
        return -EADDRNOTAVAIL;
    i->mc_iface = iface->index;
    i->mc_from = a;
    return 0;
}

/* Options of SOL_IP that Linux takes without a value, as 0. */
static bool nothing_is_zero(int name)
{
    return name == IP_TOS || name == IP_PKTINFO || name == IP_RECVTTL || name == IP_RECVTOS ||
           name == IP_RECVERR || name == IP_RECVORIGDSTADDR || name == IP_BIND_ADDRESS_NO_PORT ||
           name == IP_MTU_DISCOVER;
}

static int set4(struct isock *i, int name, const void *value, socklen_t len)
{
    uint32_t flag = flag4(name);
    int v, err;

    if (name == IP_MULTICAST_IF)
        return i->sock.type == SOCK_STREAM ? -ENOPROTOOPT : set_group_iface(i, value, len);
    if (name == IP_OPTIONS)
        return len == 0 ? 0 : -EOPNOTSUPP;
    if (len == 0 && nothing_is_zero(name)) {
        v = 0;
    } else {
        err = inet_int(value, len, true, &v);
        if (err)
            return err;
    }
    if (flag) {
        put_flag(i, flag, v);
        return 0;
    }
    switch (name) {
    case IP_TTL:
        if (v != -1 && (v < 1 || v > 255))
            return -EINVAL;
        i->ttl = (int16_t)v;
        return 0;
    case IP_TOS:
        i->tos = (uint8_t)v;
        if (i->sock.type == SOCK_STREAM)
            i->tos = (uint8_t)(v & ~3); /* ECN's bits are TCP's */
        return 0;
    case IP_MTU_DISCOVER:
        if (v < IP_PMTUDISC_DONT || v > 5)
            return -EINVAL;
        i->pmtu = (uint8_t)v;
        return 0;
    case IP_MULTICAST_TTL:
        if (i->sock.type == SOCK_STREAM || len < 1 || v < -1 || v > 255)
            return -EINVAL;
        i->mc_ttl = (uint8_t)(v == -1 ? 1 : v);
        return 0;
    case IP_MULTICAST_LOOP:
        i->mc_no_loop = !v;
        return 0;
    case IP_HDRINCL:
        if (i->sock.type != SOCK_RAW)
            return -ENOPROTOOPT;
        put_flag(i, INET_HDRINCL, v);
        return 0;
    case IP_TRANSPARENT:
        return v ? -EPERM : 0;
    case IP_MINTTL: /* kept */
        return v < 0 || v > 255 ? -EINVAL : 0;
    case IP_ROUTER_ALERT:
        return -EINVAL;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_v6_only(struct isock *i, int v)
{
    if (i->port.port)
        return -EINVAL;
    i->v6_only = v;
    return 0;
}

static int set6(struct isock *i, int name, const void *value, socklen_t len)
{
    uint32_t flag = flag6(name);
    int v, err;

    if (!is_six(i))
        return -ENOPROTOOPT;
    err = inet_int(value, len, false, &v);
    if (err)
        return err;
    if (flag) {
        put_flag(i, flag, v);
        return 0;
    }
    switch (name) {
    case IPV6_V6ONLY:
        return set_v6_only(i, v);
    case IPV6_UNICAST_HOPS:
        if (v < -1 || v > 255)
            return -EINVAL;
        i->hops = (int16_t)v;
        return 0;
    case IPV6_TCLASS:
        if (v < -1 || v > 255)
            return -EINVAL;
        i->tclass = (uint8_t)(v == -1 ? 0 : v);
        return 0;
    case IPV6_MULTICAST_HOPS:
        if (i->sock.type == SOCK_STREAM)
            return -ENOPROTOOPT;
        if (v < -1 || v > 255)
            return -EINVAL;
        i->mc_hops = (uint8_t)(v == -1 ? 1 : v);
        return 0;
    case IPV6_MULTICAST_LOOP:
        if (v != 0 && v != 1)
            return -EINVAL;
        i->mc_no_loop6 = !v;
        return 0;
    case IPV6_MULTICAST_IF:
        if (i->sock.type == SOCK_STREAM)
            return -ENOPROTOOPT;
        if (v && !ip_iface_by_index((unsigned)v))
            return -ENODEV;
        i->mc_iface6 = (unsigned)v;
        return 0;
    case IPV6_MTU_DISCOVER:
        if (v < IPV6_PMTUDISC_DONT || v > 5)
            return -EINVAL;
        i->pmtu6 = (uint8_t)v;
        return 0;
    case IPV6_MTU:
        return v && v < 1280 ? -EINVAL : 0; /* kept */
    case IPV6_TRANSPARENT:
        return v ? -EPERM : 0;
    case IPV6_MINHOPCOUNT: /* kept */
        return v < 0 || v > 255 ? -EINVAL : 0;
    case IPV6_ADDR_PREFERENCES: /* kept */
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int bind_to_device(struct isock *i, const char *name, socklen_t len)
{
    char text[16] = "";

    memcpy(text, name, min_size(len, sizeof(text) - 1));
    if (!text[0]) {
        i->device = 0;
        return 0;
    }
    struct ip_iface *iface = ip_iface_by_name(text);
    if (!iface)
        return -ENODEV;
    i->device = iface->index;
    return 0;
}

/* The rest of SOL_SOCKET. */
void inet_changed(struct socket *s, int name)
{
    struct isock *i = container_of(s, struct isock, sock);

    if (name == SO_REUSEADDR || name == SO_REUSEPORT)
        inet_share_port(i);
}

static int set_socket(struct isock *i, int name, const void *value, socklen_t len)
{
    int v;

    if (name == SO_BINDTODEVICE)
        return bind_to_device(i, value, len);
    memcpy(&v, value, sizeof(v));
    switch (name) {
    case SO_BINDTOIFINDEX:
        if (v < 0)
            return -EINVAL;
        if (v && !ip_iface_by_index((unsigned)v))
            return -ENODEV;
        i->device = (unsigned)v;
        return 0;
    case SO_RXQ_OVFL:
        put_flag(i, INET_RXQ_OVFL, v);
        return 0;
    case SO_ZEROCOPY:
        if (!inet_zerocopy_begin)
            return -ENOPROTOOPT;
        if (v != 0 && v != 1)
            return -EINVAL;
        put_flag(i, INET_ZEROCOPY, v);
        return 0;
    case SO_PEEK_OFF:
        i->sock.peek_off = v;
        return 0;
    case SO_BUSY_POLL: /* kept: a wait looks at the devices anyway */
        return v < 0 ? -EINVAL : 0;
    case SO_INCOMING_CPU:
        return 0; /* there is one */
    default:
        return inet_filter_option ? inet_filter_option(i, name, value, len) : -ENOPROTOOPT;
    }
}

int inet_setopt(struct isock *i, int level, int name, const void *value, socklen_t len)
{
    if (level == SOL_SOCKET)
        return set_socket(i, name, value, len);
    if (level == SOL_IP || (level == SOL_IPV6 && is_six(i))) {
        int err = inet_group_option(i, level, name, value, len);
        if (err != -ENOPROTOOPT)
            return err;
        return level == SOL_IP ? set4(i, name, value, len) : set6(i, name, value, len);
    }
    return -ENOPROTOOPT;
}

/* The MTU of the way to the peer. */
static int path_mtu(const struct isock *i, int *v)
{
    struct ip_ends ends = i->ends;
    struct net_path path = {.ttl = 0};

    if (!i->ends.remote_port || ip_is_unset(&i->ends.remote))
        return -ENOTCONN;
    inet_path(i, &ends.remote, &path);
    if (ip_route(&ends, &path))
        return -ENOTCONN;
    *v = !path.local ? path.mtu : ip_is_v4(&ends.remote) ? 65535 : 65536;
    return 0;
}

static int get4(struct isock *i, int name, int *v)
{
    uint32_t flag = flag4(name);

    if (flag) {
        *v = (i->flags & flag) != 0;
        return 0;
    }
    switch (name) {
    case IP_TTL:
        *v = i->ttl > 0 ? i->ttl : 64;
        return 0;
    case IP_TOS:
        *v = i->tos;
        return 0;
    case IP_MTU_DISCOVER:
        *v = i->pmtu;
        return 0;
    case IP_MTU:
        return path_mtu(i, v);
    case IP_MULTICAST_TTL:
        *v = i->mc_ttl;
        return 0;
    case IP_MULTICAST_LOOP:
        *v = !i->mc_no_loop;
        return 0;
    case IP_HDRINCL:
        *v = (i->flags & INET_HDRINCL) != 0;
        return 0;
    case IP_TRANSPARENT:
    case IP_MINTTL:
        *v = 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int get6(struct isock *i, int name, int *v)
{
    uint32_t flag = flag6(name);

    if (flag) {
        *v = (i->flags & flag) != 0;
        return 0;
    }
    switch (name) {
    case IPV6_V6ONLY:
        *v = i->v6_only;
        return 0;
    case IPV6_UNICAST_HOPS:
        *v = i->hops >= 0 ? i->hops : 64;
        return 0;
    case IPV6_TCLASS:
        *v = i->tclass;
        return 0;
    case IPV6_MULTICAST_HOPS:
        *v = i->mc_hops;
        return 0;
    case IPV6_MULTICAST_LOOP:
        *v = !i->mc_no_loop6;
        return 0;
    case IPV6_MULTICAST_IF:
        *v = (int)i->mc_iface6;
        return 0;
    case IPV6_MTU_DISCOVER:
        *v = i->pmtu6;
        return 0;
    case IPV6_MTU:
        return path_mtu(i, v);
    case IPV6_TRANSPARENT:
    case IPV6_MINHOPCOUNT:
        *v = 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int get_socket(struct isock *i, int name, void *value, socklen_t *len)
{
    struct ip_iface *iface;
    struct sockaddr_storage peer;
    const struct ucred nobody = {.pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1};
    int n;

    switch (name) {
    case SO_BINDTODEVICE:
        iface = i->device ? ip_iface_by_index(i->device) : NULL;
        if (!iface) {
            *len = 0;
            return 0;
        }
        if (*len < sizeof(iface->name))
            return -EINVAL;
        return inet_give(iface->name, strlen(iface->name) + 1, value, len);
    case SO_BINDTOIFINDEX:
        return inet_give_int((int)i->device, value, len);
    case SO_RXQ_OVFL:
        return inet_give_int((i->flags & INET_RXQ_OVFL) != 0, value, len);
    case SO_ZEROCOPY:
        return inet_give_int((i->flags & INET_ZEROCOPY) != 0, value, len);
    case SO_PEEK_OFF:
        return inet_give_int(i->sock.peek_off, value, len);
    case SO_INCOMING_CPU:
        return inet_give_int(0, value, len);
    case SO_LOCK_FILTER:
        return inet_give_int(i->filter_locked, value, len);
    case SO_PEERCRED:
        return inet_give(&nobody, sizeof(nobody), value, len);
    case SO_PEERNAME:
        n = i->sock.ops->name(&i->sock, true, &peer);
        if (n < 0)
            return -ENOTCONN;
        return (socklen_t)n < *len ? -EINVAL : inet_give(&peer, (size_t)n, value, len);
    default:
        return -ENOPROTOOPT;
    }
}

int inet_getopt(struct isock *i, int level, int name, void *value, socklen_t *len)
{
    int v, err;

    if (level == SOL_SOCKET)
        return get_socket(i, name, value, len);
    if (level != SOL_IP && (level != SOL_IPV6 || !is_six(i)))
        return is_six(i) ? -ENOPROTOOPT : -EOPNOTSUPP;
    if (level == SOL_IP && name == IP_MULTICAST_IF) {
        uint32_t addr = ip_to_v4(&i->mc_from);
        return inet_give(&addr, sizeof(addr), value, len);
    }
    if (level == SOL_IP && name == IP_MSFILTER)
        return inet_group_filter(i, value, len);
    if (level == SOL_IP && name == IP_OPTIONS) {
        *len = 0;
        return 0;
    }
    err = level == SOL_IP ? get4(i, name, &v) : get6(i, name, &v);
    if (err)
        return err;
    /* Linux's answer into less than an int is a byte, where that can hold it. */
    if (level == SOL_IP && *len > 0 && *len < sizeof(v) && v >= 0 && v <= 255) {
        *len = 1;
        *(uint8_t *)value = (uint8_t)v;
        return 0;
    }
    return inet_give_int(v, value, len);
}
