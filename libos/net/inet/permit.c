/* SPDX-License-Identifier: MIT
 *
 * What the policy permits sockets. */
#include "iface/policy.h"
#include "inet/internal.h"

#define DNS_PORT 53

bool inet_is_inside(const struct ip_addr *a)
{
    return ip_is_loopback(a) || (!ip_is_any(a) && !ip_is_multicast(a) && ip_addr_owner(a, true));
}

static unsigned protocol(const struct isock *i)
{
    if (i->sock.type == SOCK_STREAM)
        return IPPROTO_TCP;
    if (i->sock.protocol == IPPROTO_ICMPV6)
        return IPPROTO_ICMP;
    return i->sock.type == SOCK_DGRAM && i->sock.protocol != IPPROTO_ICMP
               ? IPPROTO_UDP
               : (unsigned)i->sock.protocol;
}

int inet_may_bind(const struct isock *i, const struct ip_addr *own, uint16_t port)
{
    /* The port of an echo socket is a number in its packets. */
    if (!policy_on_net() || port == 0 || ip_is_loopback(own) || protocol(i) == IPPROTO_ICMP)
        return 0;
    return policy_may_listen(protocol(i), own->b, port);
}

bool inet_is_resolver(const struct ip_addr *a)
{
    for (unsigned i = 0; i < ip_names.count; i++)
        if (ip_equal(&ip_names.server[i], a))
            return true;
    return false;
}

int inet_may_send(const struct isock *i, const struct ip_ends *ends, const struct pkt *query)
{
    if (!policy_on_net() || inet_is_inside(&ends->remote))
        return 0;
    struct policy_way w = {.protocol = protocol(i),
                           .port = ends->remote_port,
                           .own_port = ends->local_port,
                           .peer = ends->remote.b,
                           .own = i->sock.type == SOCK_STREAM ? NULL : ends->local.b};
    if (w.protocol == IPPROTO_ICMP)
        w.port = w.own_port = 0;
    if (w.port == DNS_PORT && inet_is_resolver(&ends->remote)) {
        w.query = query ? query->data : ends->remote.b;
        w.len = query ? query->len : 0;
    }
    return policy_may_send(&w);
}
