/* SPDX-License-Identifier: MIT
 *
 * Names of sockets, and binding. Errors and their order are Linux's. */
#include "inet/internal.h"

#define NAME6_MIN 24u /* without the scope (RFC 2133) */

struct ip_addr inet_any(const struct isock *i)
{
    return is_six(i) ? (struct ip_addr){.d = {0, 0}} : ip_from_v4(0);
}

/* Whether an address means something on a given link only. */
static bool needs_scope(const struct ip_addr *a)
{
    return ip_is_link_local(a) || (a->b[0] == 0xff && (a->b[1] & 15) == 1);
}

bool inet_lacks_scope(const struct inet_name *n)
{
    return !n->scope && !ip_is_v4(&n->addr) && needs_scope(&n->addr);
}

static struct inet_name name4(const struct sockaddr_storage *a)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)a;

    return (struct inet_name){.addr = ip_from_v4(in->sin_addr.s_addr), .port = ntohs(in->sin_port)};
}

static struct inet_name name6(const struct sockaddr_storage *a, socklen_t len)
{
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)a;
    struct inet_name n = {.addr = ip_from_v6(&in->sin6_addr), .port = ntohs(in->sin6_port)};

    if (len >= sizeof(*in) && needs_scope(&n.addr))
        n.scope = in->sin6_scope_id;
    return n;
}

int inet_peer_name(const struct isock *i, const struct sockaddr_storage *a, socklen_t len,
                   struct inet_name *out)
{
    static const struct ip_addr loopback6 = {.b = {[15] = 1}};
    bool datagram = i->sock.type != SOCK_STREAM;

    if (!is_six(i) || (datagram && a->ss_family == AF_INET)) {
        if (len < sizeof(struct sockaddr_in))
            return -EINVAL;
        if (a->ss_family != AF_INET)
            return -EAFNOSUPPORT;
        *out = name4(a);
    } else {
        if (len < NAME6_MIN)
            return -EINVAL;
        if (a->ss_family != AF_INET6)
            return -EAFNOSUPPORT;
        *out = name6(a, len);
    }
    if (ip_is_unset(&out->addr))
        out->addr = ip_is_v4(&i->ends.local) ? ip_from_v4(htonl(INADDR_LOOPBACK)) : loopback6;
    else if (ip_is_any(&out->addr))
        out->addr = ip_is_any(&i->ends.local) ? ip_from_v4(htonl(INADDR_LOOPBACK)) : i->ends.local;
    if (is_six(i) && ip_is_v4(&out->addr)) {
        if (i->v6_only)
            return -ENETUNREACH;
        if (!ip_is_unset(&i->ends.local) && !ip_is_v4(&i->ends.local))
            return -ENETUNREACH;
    }
    if (inet_lacks_scope(out)) {
        out->scope = i->ends.scope ? i->ends.scope : i->device;
        if (!out->scope && ip_is_multicast(&out->addr))
            out->scope = i->mc_iface6;
    }
    return 0;
}

int inet_put_name(const struct isock *i, const struct ip_addr *addr, uint16_t port, uint32_t scope,
                  struct sockaddr_storage *out)
{
    if (!is_six(i)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        *in = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = ip_to_v4(addr)};
        return sizeof(*in);
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;
    *in = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&in->sin6_addr, addr->b, 16);
    if (ip_is_link_local(addr))
        in->sin6_scope_id = scope;
    return sizeof(*in);
}

int inet_name(struct isock *i, bool peer, bool peer_known, struct sockaddr_storage *out)
{
    if (peer)
        return peer_known ? inet_put_name(i, &i->ends.remote, i->ends.remote_port, i->ends.scope,
                                          out)
                          : -ENOTCONN;
    return inet_put_name(i, &i->ends.local, i->ends.local_port, i->ends.scope, out);
}

static bool is_local(const struct isock *i, const struct ip_addr *a)
{
    return ip_is_any(a) || ip_is_multicast(a) || i->flags & INET_FREEBIND ||
           ip_addr_is_broadcast(a) || ip_addr_owner(a, true) || (ip_is_v4(a) && ip_is_loopback(a));
}

static int check4(const struct isock *i, const struct sockaddr_storage *a, socklen_t len,
                  struct inet_name *n)
{
    if (len < sizeof(struct sockaddr_in))
        return -EINVAL;
    *n = name4(a);
    if (a->ss_family != AF_INET && (a->ss_family != AF_UNSPEC || !ip_is_any(&n->addr)))
        return -EAFNOSUPPORT;
    return is_local(i, &n->addr) ? 0 : -EADDRNOTAVAIL;
}

static int check6(const struct isock *i, const struct sockaddr_storage *a, socklen_t len,
                  bool active, struct inet_name *n)
{
    if (len < NAME6_MIN)
        return -EINVAL;
    if (a->ss_family != AF_INET6)
        return -EAFNOSUPPORT;
    *n = name6(a, len);
    if (!ip_is_v4(&n->addr) && ip_is_multicast(&n->addr) && i->sock.type == SOCK_STREAM)
        return -EINVAL;
    if (active)
        return -EINVAL;
    if (ip_is_v4(&n->addr))
        return i->v6_only ? -EINVAL : is_local(i, &n->addr) ? 0 : -EADDRNOTAVAIL;
    if (needs_scope(&n->addr)) {
        if (!n->scope)
            n->scope = i->device;
        if (!n->scope)
            return -EINVAL;
        if (!ip_iface_by_index(n->scope))
            return -ENODEV;
    }
    return is_local(i, &n->addr) ? 0 : -EADDRNOTAVAIL;
}

void inet_share_port(struct isock *i)
{
    i->port.reuse_addr = i->sock.options & SOCK_REUSEADDR;
    i->port.reuse_port = i->sock.options & SOCK_REUSEPORT;
}

static void fill_port(struct isock *i)
{
    i->port.local = i->ends.local;
    i->port.scope = i->ends.scope;
    i->port.v6_only = i->v6_only;
    inet_share_port(i);
}

struct in_use {
    const struct isock *i;
    bool found;
};

/* Connections that nobody's socket listens for any more hold their port, too: those accepted, and
 * those in TIME-WAIT. */
static void look_at_ends(void *arg, const struct ip_ends *e)
{
    struct in_use *u = arg;
    const struct ip_addr *own = &u->i->port.local;

    if (e->local_port != u->i->port.port)
        return;
    if (ip_is_unset(own)    ? !u->i->v6_only || !ip_is_v4(&e->local)
        : ip_is_any(own) ? ip_is_v4(&e->local)
                         : ip_equal(own, &e->local))
        u->found = true;
}

static void look_at(void *arg, const struct tcp_conn *c)
{
    if (tcp_state(c) != TCP_LISTEN_STATE)
        look_at_ends(arg, tcp_ends(c));
}

static bool held_by_connections(const struct isock *i)
{
    struct in_use u = {.i = i};

    if (i->sock.type == SOCK_STREAM && i->port.port &&
        !(i->sock.options & (SOCK_REUSEADDR | SOCK_REUSEPORT))) {
        tcp_each(inet_tcp, look_at, &u);
        tcp_each_wait(inet_tcp, look_at_ends, &u);
    }
    return u.found;
}

int inet_bind(struct isock *i, const struct sockaddr_storage *a, socklen_t len, bool active)
{
    struct inet_name n;
    int err = is_six(i) ? check6(i, a, len, active, &n) : check4(i, a, len, &n);

    if (err)
        return err;
    if (active)
        return -EINVAL;
    err = i->ports ? inet_may_bind(i, &n.addr, n.port) : 0;
    if (err)
        return err;
    struct ip_ends old = i->ends;
    i->ends.local = n.addr;
    i->ends.scope = n.scope;
    i->port.port = i->ports ? n.port : 0;
    fill_port(i);
    if (i->ports) {
        err = held_by_connections(i) ? -EADDRINUSE : ip_port_bind(i->ports, &i->port);
        if (err) {
            i->ends = old;
            i->port.port = 0;
            return err;
        }
    }
    i->ends.local_port = i->port.port;
    i->addr_bound = !ip_is_any(&n.addr) || ip_is_v4(&n.addr) == is_six(i);
    i->port_bound = n.port;
    return 0;
}

int inet_autobind(struct isock *i)
{
    if (i->port.port || !i->ports)
        return 0;
    i->port.port = 0;
    fill_port(i);
    if (ip_port_bind(i->ports, &i->port))
        return -EAGAIN;
    i->ends.local_port = i->port.port;
    return 0;
}

void inet_unconnect(struct isock *i)
{
    i->ends.remote = (struct ip_addr){.d = {0, 0}};
    i->ends.remote_port = 0;
    i->connected = false;
    i->ends.local = i->addr_bound ? i->port.local : inet_any(i);
    if (!i->port_bound && i->port.port)
        ip_port_release(i->ports, &i->port);
    /* Linux's TCP still tells the port that is not its own any more. */
    if (i->sock.type != SOCK_STREAM)
        i->ends.local_port = i->port.port;
}
