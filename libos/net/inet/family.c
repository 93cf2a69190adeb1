/* SPDX-License-Identifier: MIT
 *
 * The families, and what all their sockets start and end with. */
#include "inet/internal.h"

#include "mm/heap.h"

void inet_init(struct isock *i, const struct sock_ops *ops, int domain, int type, int protocol,
               struct ip_port_table *ports)
{
    sock_init(&i->sock, ops, domain, type, protocol);
    i->sock.wait.external = true;
    i->ports = ports;
    i->ttl = i->hops = -1;
    i->mc_ttl = i->mc_hops = 1;
    i->flags = domain == AF_INET ? INET_MC_ALL : INET_MC_ALL6;
    i->pmtu = IP_PMTUDISC_WANT;
    i->pmtu6 = IPV6_PMTUDISC_WANT;
    i->ends.local = inet_any(i);
    i->errors_end = &i->errors;
}

void inet_end(struct isock *i)
{
    inet_groups_leave(i);
    if (i->notices)
        inet_zerocopy_forget(i);
    inet_errors_free(i);
    if (i->filter)
        inet_filter_end(i);
    if (i->port.port)
        ip_port_release(i->ports, &i->port);
}

static int create(int domain, int type, int protocol, struct socket **out)
{
    int icmp = domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

    if (protocol < 0 || protocol >= IPPROTO_MAX)
        return -EINVAL;
    int err = ip_start();
    if (err)
        return err;
    switch (type) {
    case SOCK_STREAM:
        if (protocol && protocol != IPPROTO_TCP)
            return -EPROTONOSUPPORT;
        return inet_stream_create(domain, IPPROTO_TCP, out);
    case SOCK_DGRAM:
        if (protocol == icmp)
            return inet_raw_create(domain, type, protocol, out);
        if (protocol && protocol != IPPROTO_UDP)
            return -EPROTONOSUPPORT;
        return inet_dgram_create(domain, IPPROTO_UDP, out);
    case SOCK_RAW:
        return protocol ? inet_raw_create(domain, type, protocol, out) : -EPROTONOSUPPORT;
    default:
        return -ESOCKTNOSUPPORT;
    }
}

static int create4(int type, int protocol, struct socket **out)
{
    return create(AF_INET, type, protocol, out);
}

static int create6(int type, int protocol, struct socket **out)
{
    return create(AF_INET6, type, protocol, out);
}

const struct sock_family sock_family_inet = {create4};
const struct sock_family sock_family_inet6 = {create6};
