/* SPDX-License-Identifier: MIT
 *
 * Raw sockets (raw(7)), and those of echo requests, SOCK_DGRAM with IPPROTO_ICMP (icmp(7)), which
 * are raw ones that are given the answers to their own requests only. */
#include <sys/ioctl.h>

#include "iface/policy.h"
#include "iface/user.h"
#include "inet/internal.h"
#include "inet/ready.h"
#include "mm/heap.h"
#include "wire/checksum.h"
#include "wire/ip.h"

/* Linux's linux/icmp.h and linux/icmpv6.h; libc's header has other names for what wire/ip.h has. */
#define ICMP_FILTER  1
#define ICMP6_FILTER 1

struct raw {
    struct isock in;
    struct inet_queue queue;
    uint32_t filter;             /* ICMP_FILTER: a bit for each type that is not wanted */
    uint32_t filter6[8];         /* ICMP6_FILTER: a bit for each that is not */
    int checksum;                /* IPV6_CHECKSUM: where; -1: none */
    struct raw *next;
};

static const struct sock_ops raw_ops;
static struct ip_port_table ids; /* of echo requests, in place of ports */
static struct raw *raws;

static struct raw *to_raw(struct socket *s)
{
    return container_of(s, struct raw, in.sock);
}

static bool is_echo(const struct isock *i)
{
    return i->sock.type == SOCK_DGRAM;
}

int inet_raw_create(int domain, int type, int protocol, struct socket **out)
{
    struct raw *r = heap_alloc(sizeof(*r));

    if (!r)
        return -ENOMEM;
    inet_init(&r->in, &raw_ops, domain, type, protocol, type == SOCK_DGRAM ? &ids : NULL);
    pkt_queue_init(&r->queue.packets);
    r->checksum = type == SOCK_RAW && protocol == IPPROTO_ICMPV6 ? 2 : -1;
    if (type == SOCK_RAW && protocol == IPPROTO_RAW)
        r->in.flags |= INET_HDRINCL;
    r->next = raws;
    raws = r;
    *out = &r->in.sock;
    return 0;
}

/* Whether (r) does not want the ICMP message (p). */
static bool is_filtered(const struct raw *r, const struct ip_rx *rx, const struct pkt *p)
{
    uint8_t type;

    if (rx->protocol == PROTO_ICMP && !rx->v6 && p->total < sizeof(struct wire_icmp))
        return true;
    if (p->total < 1)
        return false;
    pkt_copy(p, 0, &type, 1);
    if (rx->protocol == PROTO_ICMP6)
        return r->filter6[type >> 5] >> (type & 31) & 1;
    return rx->protocol == PROTO_ICMP && type < 32 && r->filter >> type & 1;
}

/* Whether it answers an echo request of (r). */
static bool is_reply(const struct raw *r, const struct pkt *p)
{
    struct wire_icmp icmp;

    if (p->total < sizeof(icmp))
        return false;
    pkt_copy(p, 0, &icmp, sizeof(icmp));
    return icmp.type == (is_six(&r->in) ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY) &&
           be16(icmp.id) == r->in.port.port;
}

static bool wants(const struct raw *r, const struct ip_ends *ends, const struct ip_rx *rx,
                  const struct pkt *p)
{
    const struct isock *i = &r->in;

    if (i->sock.protocol != rx->protocol || is_six(i) != (bool)rx->v6 ||
        (i->device && i->device != rx->iface->index))
        return false;
    if (!ip_is_any(&i->ends.local) && !ip_is_multicast(&i->ends.local) &&
        !ip_equal(&i->ends.local, &ends->local))
        return false;
    if (i->connected && !ip_equal(&i->ends.remote, &ends->remote))
        return false;
    if (ip_is_multicast(&ends->local) &&
        !inet_group_lets(i, &ends->local, &ends->remote, rx->iface->index))
        return false;
    return is_echo(i) ? is_reply(r, p) : !is_filtered(r, rx, p);
}

bool ip_raw_input(const struct ip_ends *ends, const struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    bool taken = false;

    for (struct raw *r = raws; r; r = r->next) {
        if (!wants(r, ends, rx, p))
            continue;
        struct pkt *c = ip_copy(p);
        if (c && r->in.filter && !inet_filter_lets(&r->in, c, rx->v6 ? 0 : rx->header_len, 0))
            pkt_free(c);
        else if (c)
            inet_queue_put(&r->in, &r->queue, c);
        taken = true;
    }
    return taken;
}

/* Whether an echo socket may not have the address (a), which others may; its errors are its own. */
static int echo_bind_error(const struct isock *i, const struct sockaddr_storage *a, socklen_t len)
{
    struct ip_addr own;

    if (!is_six(i)) {
        if (len < sizeof(struct sockaddr_in))
            return 0;
        own = ip_from_v4(((const struct sockaddr_in *)a)->sin_addr.s_addr);
        return ip_is_multicast(&own) || ip_addr_is_broadcast(&own) ? -EADDRNOTAVAIL : 0;
    }
    if (len < offsetof(struct sockaddr_in6, sin6_scope_id) || a->ss_family != AF_INET6)
        return 0;
    own = ip_from_v6(&((const struct sockaddr_in6 *)a)->sin6_addr);
    return ip_is_v4(&own) || ip_is_multicast(&own) ? -EINVAL : 0;
}

static int raw_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len)
{
    struct isock *i = to_inet(s);
    int err = is_echo(i) ? echo_bind_error(i, addr, len) : 0;

    if (err)
        return err;
    return inet_bind(i, addr, len, i->connected || i->port.port);
}

static int raw_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                       nsec_t deadline)
{
    struct isock *i = to_inet(s);
    struct net_path path = {.ttl = 0};
    struct inet_name n;

    (void)deadline;
    if (len < sizeof(addr->ss_family))
        return -EINVAL;
    if (addr->ss_family == AF_UNSPEC) {
        inet_unconnect(i);
        return 0;
    }
    int err = inet_ready_for(addr);
    if (!err)
        err = inet_autobind(i);
    if (!err)
        err = inet_peer_name(i, addr, len, &n);
    if (!err && inet_lacks_scope(&n))
        err = -EINVAL;
    if (err)
        return err;
    struct ip_ends ends = i->ends;
    ends.remote = n.addr;
    ends.remote_port = n.port;
    if (n.scope)
        ends.scope = n.scope;
    inet_path(i, &n.addr, &path);
    err = ip_route(&ends, &path);
    if (err)
        return err;
    i->ends = ends;
    i->connected = true;
    return 0;
}

static int raw_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    struct isock *i = to_inet(s);
    int n = inet_name(i, peer, i->connected && i->ends.remote_port, addr);

    /* A raw socket tells its protocol as its port. */
    if (n > 0 && !peer && !is_echo(i))
        ((struct sockaddr_in *)addr)->sin_port = htons((uint16_t)s->protocol);
    return n;
}

static int raw_shutdown(struct socket *s, unsigned how)
{
    s->shut |= how;
    wait_wake(&s->wait);
    return to_inet(s)->connected ? 0 : -ENOTCONN;
}

static int put_sum(struct pkt *p, size_t at, uint64_t sum)
{
    uint16_t s;

    if (p->total < at + 2 || p->len < at + 2)
        return -EINVAL;
    memset(p->data + at, 0, 2);
    s = checksum_finish(checksum_add_pkt(sum, p, 0, p->total));
    memcpy(p->data + at, &s, 2);
    return 0;
}

/* Fills in what is the library OS's: checksums, the id of echo requests. */
static int prepare(const struct raw *r, const struct ip_ends *ends, struct pkt *p)
{
    const struct isock *i = &r->in;
    bool six = is_six(i);

    if (is_echo(i)) {
        struct wire_icmp *icmp = (struct wire_icmp *)p->data;
        if (p->len < sizeof(*icmp) || icmp->type != (six ? ICMP6_ECHO : ICMP_ECHO) || icmp->code)
            return -EINVAL;
        icmp->id = be16(i->port.port);
        return put_sum(p, 2, six ? checksum_pseudo(&ends->local, &ends->remote, PROTO_ICMP6,
                                                   p->total) : 0);
    }
    if (six && r->checksum >= 0)
        return put_sum(p, (size_t)r->checksum,
                       checksum_pseudo(&ends->local, &ends->remote, (uint8_t)i->sock.protocol,
                                       p->total));
    return 0;
}

static int receiver(struct isock *i, struct sock_msg *m, struct ip_ends *ends)
{
    struct inet_name n;

    *ends = i->ends;
    if (m->name_len) {
        if (!is_six(i) && m->name->ss_family == AF_UNSPEC)
            m->name->ss_family = AF_INET;
        int err = inet_peer_name(i, m->name, m->name_len, &n);
        if (err)
            return err;
        if (is_echo(i) && is_six(i) && ip_is_v4(&n.addr))
            return -EINVAL;
        if (inet_lacks_scope(&n) && !ip_is_multicast(&n.addr))
            return -ENETUNREACH;
        ends->remote = n.addr;
        if (n.scope)
            ends->scope = n.scope;
    } else if (!i->connected) {
        return -EDESTADDRREQ;
    }
    return 0;
}

static ssize_t raw_send(struct socket *s, struct sock_msg *m)
{
    struct raw *r = to_raw(s);
    struct isock *i = &r->in;
    struct net_path path = {.ttl = 0};
    struct inet_control c = {.ttl = -1, .tos = -1};
    struct ip_ends ends;
    struct pkt *p;

    if (m->len > 0xffff)
        return -EMSGSIZE;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (is_echo(i) && m->len < sizeof(struct wire_icmp))
        return -EINVAL;
    int err = m->name_len ? inet_ready_for(m->name) : 0;
    if (!err && m->control_len)
        err = inet_read_control(i, m, &c);
    if (!err)
        err = receiver(i, m, &ends);
    if (!err)
        err = inet_autobind(i);
    if (!err)
        err = sock_error(s);
    if (!err && is_six(i) && s->protocol == IPPROTO_RAW)
        err = -EINVAL; /* nobody makes the header */
    if (err)
        return err;
    inet_path(i, &ends.remote, &path);
    if (c.iface)
        path.use_iface = (uint8_t)c.iface;
    if (c.ttl >= 0)
        path.ttl = (uint8_t)c.ttl;
    if (c.tos >= 0)
        path.tos = (uint8_t)c.tos;
    if (c.has_from && !ip_is_any(&c.from))
        ends.local = c.from;
    err = ip_route(&ends, &path);
    if (!err && ip_addr_is_broadcast(&ends.remote) && !(s->options & SOCK_BROADCAST))
        err = -EACCES;
    bool whole = i->flags & INET_HDRINCL && !is_six(i);
    if (!err && !whole)
        err = inet_may_send(i, &ends, NULL);
    if (!err)
        err = inet_message(m, m->len, &p);
    if (err)
        return err;
    if (whole && policy_on_net() && !path.local) {
        err = inet_may_send_whole(p, 0);
        if (err) {
            pkt_free(p);
            return err;
        }
    }
    if (whole) {
        err = ip_output_raw(&ends, &path, p);
    } else {
        err = prepare(r, &ends, p);
        if (err)
            pkt_free(p);
        else
            err = ip_output(&ends, &path, (uint8_t)s->protocol, p);
    }
    ip_run_local();
    return err ? err : (ssize_t)m->len;
}

static ssize_t raw_recv(struct socket *s, struct sock_msg *m)
{
    struct raw *r = to_raw(s);

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    return inet_dgram_recv(&r->in, &r->queue, m, !is_six(&r->in) && !is_echo(&r->in));
}

static int raw_poll(struct socket *s)
{
    struct raw *r = to_raw(s);

    return inet_dgram_poll(&r->in, &r->queue);
}

static long raw_ioctl(struct socket *s, unsigned long request, long arg)
{
    const struct raw *r = to_raw(s);
    const struct pkt *first = r->queue.packets.first;
    int n = 0;

    if (request == FIONREAD && first)
        n = (int)first->total + (is_six(&r->in) || is_echo(&r->in)
                                     ? 0 : ((const struct ip_rx *)first->cb)->header_len);
    else if (request != FIONREAD && request != TIOCOUTQ)
        return -ENOTTY;
    return user_give_int(arg, n);
}

static int raw_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    struct raw *r = to_raw(s);
    bool raw = s->type == SOCK_RAW;
    int v;

    if (level == SOL_RAW && raw && !is_six(&r->in)) {
        if (name != ICMP_FILTER || s->protocol != IPPROTO_ICMP)
            return name == ICMP_FILTER ? -EOPNOTSUPP : -ENOPROTOOPT;
        memcpy(&r->filter, value, min_size(len, sizeof(r->filter)));
        return 0;
    }
    if (level == SOL_ICMPV6 && name == ICMP6_FILTER && raw && s->protocol == IPPROTO_ICMPV6) {
        memcpy(&r->filter6, value, min_size(len, sizeof(r->filter6)));
        return 0;
    }
    if (is_six(&r->in) && raw && (level == SOL_IPV6 || level == SOL_RAW) && name == IPV6_CHECKSUM) {
        int err = inet_int(value, len, false, &v);
        if (err || (s->protocol == IPPROTO_ICMPV6 && level == SOL_IPV6))
            return -EINVAL;
        if (v > 0 && v & 1)
            return -EINVAL;
        r->checksum = v < 0 ? -1 : v;
        return 0;
    }
    return inet_setopt(&r->in, level, name, value, len);
}

static int raw_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct raw *r = to_raw(s);

    if (level == SOL_RAW && s->type == SOCK_RAW && !is_six(&r->in)) {
        if (name != ICMP_FILTER || s->protocol != IPPROTO_ICMP)
            return name == ICMP_FILTER ? -EOPNOTSUPP : -ENOPROTOOPT;
        return inet_give(&r->filter, sizeof(r->filter), value, len);
    }
    if (level == SOL_ICMPV6 && name == ICMP6_FILTER && s->protocol == IPPROTO_ICMPV6)
        return inet_give(&r->filter6, sizeof(r->filter6), value, len);
    if (is_six(&r->in) && level == SOL_IPV6 && name == IPV6_CHECKSUM)
        return inet_give_int(r->checksum, value, len);
    return inet_getopt(&r->in, level, name, value, len);
}

static void raw_release(struct socket *s)
{
    struct raw *r = to_raw(s), **at = &raws;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    inet_queue_clear(&r->queue);
    inet_end(&r->in);
}

static void raw_destroy(struct socket *s)
{
    heap_free(to_raw(s), sizeof(struct raw));
}

static const struct sock_ops raw_ops = {
    .bind = raw_bind,
    .connect = raw_connect,
    .name = raw_name,
    .shutdown = raw_shutdown,
    .send = raw_send,
    .recv = raw_recv,
    .poll = raw_poll,
    .ioctl = raw_ioctl,
    .setopt = raw_setopt,
    .changed = inet_changed,
    .getopt = raw_getopt,
    .release = raw_release,
    .destroy = raw_destroy,
};
