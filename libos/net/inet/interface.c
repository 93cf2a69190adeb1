/* SPDX-License-Identifier: MIT
 *
 * ioctl's requests on interfaces (netdevice(7)): reading, and setting of addresses and routes. */
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sys/ioctl.h>

#include "iface/user.h"
#include "inet/internal.h"

#define LO_MTU 65536

static struct ip_iface_addr *first4(const struct ip_iface *i)
{
    struct ip_iface_addr *a = i->addrs;

    while (a && !ip_is_v4(&a->addr))
        a = a->next;
    return a;
}

static void put_addr(struct sockaddr *to, uint32_t addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = addr};

    memcpy(to, &in, sizeof(in));
}

static long list(struct ifconf *c)
{
    int used = 0;

    if (!user_writable(c, sizeof(*c)))
        return -EFAULT;
    for (struct ip_iface *i = ip_ifaces; i; i = i->next) {
        struct ifreq r = {0};
        const struct ip_iface_addr *a = first4(i);
        if (!a)
            continue;
        if (c->ifc_buf) {
            if (c->ifc_len - used < (int)sizeof(r))
                break;
            memcpy(r.ifr_name, i->name, sizeof(r.ifr_name));
            put_addr(&r.ifr_addr, ip_to_v4(&a->addr));
            if (!user_writable(c->ifc_buf + used, sizeof(r)))
                return -EFAULT;
            memcpy(c->ifc_buf + used, &r, sizeof(r));
        }
        used += (int)sizeof(r);
    }
    c->ifc_len = used;
    return 0;
}

unsigned inet_iface_flags(const struct ip_iface *i)
{
    unsigned f = i->dev ? IFF_BROADCAST | IFF_MULTICAST : IFF_LOOPBACK;

    if (i->up)
        f |= IFF_UP | (!i->dev || i->dev->link ? IFF_RUNNING : 0);
    if (i->promiscuous)
        f |= IFF_PROMISC;
    return f;
}

static long by_index(struct ifreq *r)
{
    struct ip_iface *i = ip_iface_by_index((unsigned)r->ifr_ifindex);

    if (!i)
        return -ENODEV;
    memcpy(r->ifr_name, i->name, sizeof(r->ifr_name));
    return 0;
}

static long set_address(struct ip_iface *i, const struct ifreq *r)
{
    struct sockaddr_in in;
    struct ip_iface_addr *old = first4(i);

    memcpy(&in, &r->ifr_addr, sizeof(in));
    if (in.sin_family != AF_INET)
        return -EINVAL;
    if (old) {
        struct ip_addr was = old->addr;
        ip_iface_del_addr(i, &was, old->prefix);
    }
    struct ip_addr addr = ip_from_v4(in.sin_addr.s_addr);
    if (ip_is_any(&addr))
        return 0;
    unsigned class = addr.b[12] < 128 ? 8 : addr.b[12] < 192 ? 16 : 24;
    return ip_iface_add_addr(i, &addr, class, false, DEADLINE_NEVER, DEADLINE_NEVER);
}

static long set_mask(struct ip_iface *i, const struct ifreq *r)
{
    struct sockaddr_in in;
    struct ip_iface_addr *old = first4(i);

    memcpy(&in, &r->ifr_addr, sizeof(in));
    uint32_t mask = ntohl(in.sin_addr.s_addr);
    if (~mask & (~mask + 1))
        return -EINVAL;
    if (!old)
        return -EADDRNOTAVAIL;
    struct ip_addr addr = old->addr;
    ip_iface_del_addr(i, &addr, old->prefix);
    return ip_iface_add_addr(i, &addr, (unsigned)__builtin_popcount(mask), false, DEADLINE_NEVER,
                             DEADLINE_NEVER);
}

static long on_interface(struct ip_iface *i, unsigned long request, struct ifreq *r)
{
    const struct ip_iface_addr *a = first4(i);

    switch (request) {
    case SIOCGIFINDEX:
        r->ifr_ifindex = (int)i->index;
        return 0;
    case SIOCGIFFLAGS:
        r->ifr_flags = (short)inet_iface_flags(i);
        return 0;
    case SIOCSIFFLAGS:
        i->up = r->ifr_flags & IFF_UP;
        i->promiscuous = r->ifr_flags & IFF_PROMISC;
        ip_tables_changed();
        return 0;
    case SIOCGIFMTU:
        r->ifr_mtu = i->dev ? i->mtu : LO_MTU;
        return 0;
    case SIOCSIFMTU:
        if (!i->dev && r->ifr_mtu == LO_MTU) /* as it is told, one more than packets can have */
            r->ifr_mtu = LO_MTU - 1;
        if (r->ifr_mtu < 68 || r->ifr_mtu > (i->dev ? i->dev->mtu : LO_MTU - 1))
            return -EINVAL;
        i->mtu = (uint16_t)r->ifr_mtu;
        ip_tables_changed();
        return 0;
    case SIOCGIFMETRIC:
        r->ifr_metric = 0;
        return 0;
    case SIOCGIFTXQLEN:
        r->ifr_qlen = 1000;
        return 0;
    case SIOCGIFHWADDR:
        memset(&r->ifr_hwaddr, 0, sizeof(r->ifr_hwaddr));
        r->ifr_hwaddr.sa_family = i->dev ? ARPHRD_ETHER : ARPHRD_LOOPBACK;
        if (i->dev)
            memcpy(r->ifr_hwaddr.sa_data, i->dev->mac, 6);
        return 0;
    case SIOCSIFADDR:
        return set_address(i, r);
    case SIOCSIFNETMASK:
        return set_mask(i, r);
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
        break;
    default:
        return -EINVAL;
    }
    if (!a)
        return -EADDRNOTAVAIL;
    uint32_t v = ip_to_v4(&a->addr), mask = inet_mask(a->prefix);
    put_addr(&r->ifr_addr, request == SIOCGIFNETMASK ? mask
                           : request != SIOCGIFBRDADDR ? v
                           : i->dev ? v | ~mask : 0);
    return 0;
}

static long change_route(unsigned long request, const struct rtentry *user)
{
    struct sockaddr_in to, mask, gateway;
    char name[IFNAMSIZ] = "";

    if (!user_readable(user, sizeof(*user)))
        return -EFAULT;
    memcpy(&to, &user->rt_dst, sizeof(to));
    memcpy(&mask, &user->rt_genmask, sizeof(mask));
    memcpy(&gateway, &user->rt_gateway, sizeof(gateway));
    uint32_t bits = user->rt_flags & RTF_HOST ? 0xffffffffu : ntohl(mask.sin_addr.s_addr);
    if (to.sin_family != AF_INET)
        return -EAFNOSUPPORT;
    if (~bits & (~bits + 1) || ntohl(to.sin_addr.s_addr) & ~bits)
        return -EINVAL;
    struct ip_route r = {
        .to = ip_from_v4(to.sin_addr.s_addr),
        .prefix = (uint8_t)(96 + __builtin_popcount(bits)),
        .origin = 3,
        .valid_until = DEADLINE_NEVER,
    };
    if (user->rt_flags & RTF_GATEWAY)
        r.gateway = ip_from_v4(gateway.sin_addr.s_addr);
    if (user->rt_dev) {
        ssize_t n = user_string(user->rt_dev, sizeof(name));
        if (n == -EFAULT)
            return n;
        memcpy(name, user->rt_dev, n < 0 ? sizeof(name) - 1 : (size_t)n);
        r.iface = ip_iface_by_name(name);
        if (!r.iface)
            return -ENODEV;
    } else {
        struct ip_ends ends = {.local = ip_from_v4(0), .remote = r.gateway};
        struct net_path path = {.ttl = 0};
        if (!(user->rt_flags & RTF_GATEWAY) || ip_route(&ends, &path))
            return -ENETUNREACH;
        r.iface = path.iface;
    }
    return request == SIOCADDRT ? ip_route_add(&r) : ip_route_del(&r);
}

long sock_interface_ioctl(unsigned long request, long arg)
{
    struct ifreq *user = (struct ifreq *)arg, r;

    if (ip_start())
        return -ENOMEM;
    if (request == SIOCADDRT || request == SIOCDELRT)
        return change_route(request, (const struct rtentry *)arg);
    if (request == SIOCGIFCONF)
        return list((struct ifconf *)arg);
    if (request < SIOCGIFNAME || request > SIOCSIFTXQLEN)
        return -ENOTTY;
    if (!user_readable(user, sizeof(r)))
        return -EFAULT;
    r = *user;
    r.ifr_name[sizeof(r.ifr_name) - 1] = '\0';
    long err;
    if (request == SIOCGIFNAME) {
        err = by_index(&r);
    } else {
        struct ip_iface *i = ip_iface_by_name(r.ifr_name);
        err = i ? on_interface(i, request, &r) : -ENODEV;
    }
    ip_run_local();
    if (err)
        return err;
    if (!user_writable(user, sizeof(r)))
        return -EFAULT;
    *user = r;
    return 0;
}
