/* SPDX-License-Identifier: MIT
 *
 * UDP sockets (udp(7)), and what raw sockets have in common with them. */
#include <netinet/udp.h>
#include <sys/ioctl.h>

#include "iface/user.h"
#include "inet/internal.h"
#include "inet/ready.h"
#include "mm/heap.h"
#include "wire/ip.h"

#define PAYLOAD_MAX 65507u /* IPv6: 20 more */

struct dgram {
    struct isock in;
    struct udp_end end;
    bool known; /* (end) is in the table of UDP */
    struct inet_queue queue;
    struct net_path path; /* of the peer, or of the last datagram's receiver */
    struct ip_ends path_ends;
    bool cork;
    struct pkt *corked; /* what MSG_MORE and UDP_CORK keep, and where it goes */
    struct ip_ends corked_ends;
};

static const struct sock_ops dgram_ops;
static struct ip_port_table ports;

static struct dgram *to_dgram(struct socket *s)
{
    return container_of(s, struct dgram, in.sock);
}

const struct isock *inet_of_udp(const struct udp_end *e)
{
    return &container_of(e, const struct dgram, end)->in;
}

/* Queues. */

static size_t memory_of(const struct pkt *p)
{
    size_t n = 0;

    for (; p; p = p->more)
        n += sizeof(*p) + (p->size ? p->size : p->len);
    return n;
}

bool inet_queue_put(struct isock *i, struct inet_queue *q, struct pkt *p)
{
    size_t n = memory_of(p);

    if (!q->packets.last)
        pkt_queue_init(&q->packets);
    if (q->memory > 0 && q->memory + n > i->sock.rcvbuf) {
        q->dropped++;
        pkt_free(p);
        return false;
    }
    q->memory += n;
    pkt_queue_put(&q->packets, p);
    wait_wake_events(&i->sock.wait, READY_IN);
    return true;
}

struct pkt *inet_queue_take(struct inet_queue *q)
{
    struct pkt *p = q->packets.last ? pkt_queue_take(&q->packets) : NULL;

    if (p)
        q->memory -= memory_of(p);
    return p;
}

void inet_queue_clear(struct inet_queue *q)
{
    for (struct pkt *p; (p = inet_queue_take(q));)
        pkt_free(p);
}

int inet_queue_wait(struct isock *i, struct inet_queue *q, struct sock_msg *m,
                    struct pkt **out)
{
    for (;;) {
        int err = sock_error(&i->sock);
        if (err)
            return err;
        *out = m->flags & MSG_PEEK ? q->packets.first : inet_queue_take(q);
        if (*out)
            return 0;
        /* As Linux: who does not wait is not told. */
        if (i->sock.shut & SOCK_SHUT_RD && m->deadline != DEADLINE_NOW)
            return 0;
        err = sock_msg_wait(&i->sock.wait, m, "receive from an empty socket");
        if (err)
            return err;
    }
}

struct ip_addr inet_sent_to(const struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    const uint8_t *header = p->data - rx->header_len;

    return rx->v6 ? ip_from_v6(((const struct wire_ip6 *)header)->to)
                  : ip_from_v4(((const struct wire_ip4 *)header)->to);
}

int inet_copy_out(struct sock_msg *m, const struct pkt *p, size_t off, size_t n)
{
    for (; n > 0; p = p->more) {
        if (off >= p->len) {
            off -= p->len;
            continue;
        }
        size_t run = min_size(n, p->len - off);
        int err = sock_copy_out(m, p->data + off, run);
        if (err)
            return err;
        n -= run;
        off = 0;
    }
    return 0;
}

int inet_message(struct sock_msg *m, size_t n, struct pkt **out)
{
    struct pkt *first = NULL;
    size_t headroom = PKT_HEADROOM;
    int err = 0;

    do {
        size_t len = min_size(n, PKT_LARGE - headroom);
        struct pkt *p = pkt_alloc(headroom, len);
        err = !p ? -ENOBUFS : sock_copy_in(m, p->data, len);
        if (err) {
            pkt_free(p);
            break;
        }
        p->len = p->total = (uint32_t)len;
        if (first)
            pkt_append(first, p);
        else
            first = p;
        n -= len;
        headroom = 0;
    } while (n > 0);
    if (err) {
        pkt_free(first);
        return err;
    }
    *out = first;
    return 0;
}

/* Receiving and readiness, of raw sockets too. */

int inet_dgram_poll(const struct isock *i, const struct inet_queue *q)
{
    const struct socket *s = &i->sock;
    int bits = READY_OUT | POLLWRBAND;

    if (s->error || i->errors)
        bits |= POLLERR;
    if (s->shut & SOCK_SHUT_RD)
        bits |= POLLRDHUP | READY_IN;
    if (s->shut == SOCK_SHUT_BOTH)
        bits |= POLLHUP;
    if (q->packets.first)
        bits |= READY_IN;
    return bits;
}

ssize_t inet_dgram_recv(struct isock *i, struct inet_queue *q, struct sock_msg *m, bool header)
{
    bool peek = m->flags & MSG_PEEK;
    struct pkt *p;

    if (m->flags & MSG_ERRQUEUE)
        return inet_error_recv(i, m);
    ssize_t r = inet_queue_wait(i, q, m, &p);
    if (r || !p)
        return r;
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct ip_addr to = inet_sent_to(p);
    if (header)
        pkt_push(p, rx->header_len);
    size_t skip = peek && i->sock.peek_off > 0 ? min_size((size_t)i->sock.peek_off, p->total) : 0;
    size_t left = p->total - skip, n = min_size(left, m->len);
    if (n < left)
        m->result |= MSG_TRUNC;
    r = inet_copy_out(m, p, skip, n);
    if (header)
        pkt_skip(p, rx->header_len);
    if (!r) {
        if (!(i->sock.options & SOCK_TIMES))
            i->sock.stamp = SOCK_STAMP_NOW;
        if (m->name)
            m->name_len = (socklen_t)inet_put_name(i, &rx->from, rx->from_port, rx->iface->index,
                                                   m->name);
        inet_put_control(i, m, p, &to, i->ends.local_port, 0);
        if (i->flags & INET_RXQ_OVFL && m->control && q->dropped)
            sock_put_control(m, SOL_SOCKET, SO_RXQ_OVFL, &q->dropped, sizeof(q->dropped));
        if (i->sock.peek_off >= 0 && peek)
            i->sock.peek_off += (int)n;
        else if (i->sock.peek_off > 0)
            i->sock.peek_off = (size_t)i->sock.peek_off > p->total
                                   ? i->sock.peek_off - (int)p->total : 0;
        r = (ssize_t)(m->flags & MSG_TRUNC ? left : n);
    }
    if (!peek)
        pkt_free(p);
    return r;
}

/* UDP. */

static void receive(struct udp_end *e, struct pkt *p)
{
    struct dgram *d = e->user;

    if (!inet_queue_put(&d->in, &d->queue, p))
        udp_counts.rcvbuf_errors++;
}

/* The same where there is a filter. */
static void receive_filtered(struct udp_end *e, struct pkt *p)
{
    struct dgram *d = e->user;

    if (d->in.filter && !inet_filter_lets(&d->in, p, UDP_HEADER, 0))
        pkt_free(p);
    else
        receive(e, p);
}

static bool wants(const struct udp_end *e, const struct ip_ends *ends, unsigned iface)
{
    return inet_group_lets(inet_of_udp(e), &ends->local, &ends->remote, iface);
}

static bool wants_errors(const struct isock *i, bool v6)
{
    return i->flags & (v6 ? INET_RECVERR6 : INET_RECVERR);
}

static void on_error(struct udp_end *e, const struct ip_ends *ends, int err, unsigned mtu,
                     const struct ip_icmp *icmp, const struct pkt *p)
{
    struct dgram *d = e->user;
    struct isock *i = &d->in;
    bool v6 = !ip_is_v4(&ends->remote);

    if (wants_errors(i, v6)) {
        struct inet_error x = {
            .err = (uint32_t)-err,
            .info = mtu,
            .origin = icmp->v6 ? ERROR_ICMP6 : ERROR_ICMP,
            .type = icmp->type,
            .code = icmp->code,
            .v6 = v6,
            .port = ends->remote_port,
            .to = ends->remote,
            .offender = icmp->from,
            .offender_known = true,
        };
        if (p->total > UDP_HEADER) {
            x.len = (uint16_t)min_size(p->total - UDP_HEADER, sizeof(x.quote));
            pkt_copy(p, UDP_HEADER, x.quote, x.len);
        }
        inet_error_put(i, &x);
    } else if (!i->connected || err == -EMSGSIZE ||
               (err != -ECONNREFUSED && err != -ENOPROTOOPT && err != -EOPNOTSUPP)) {
        return; /* soft ones (RFC 1122, 4.1.3.3), or of whom nobody asked */
    }
    i->sock.error = -err;
    wait_wake(&i->sock.wait);
}

int inet_dgram_create(int domain, int protocol, struct socket **out)
{
    struct dgram *d = heap_alloc(sizeof(*d));

    if (!d)
        return -ENOMEM;
    inet_init(&d->in, &dgram_ops, domain, SOCK_DGRAM, protocol, &ports);
    pkt_queue_init(&d->queue.packets);
    d->end.receive = receive;
    d->end.wants = wants;
    d->end.error = on_error;
    d->end.user = d;
    *out = &d->in.sock;
    return 0;
}

/* Makes UDP know the socket as it is now. */
static void publish(struct dgram *d)
{
    struct isock *i = &d->in;

    if (d->known)
        udp_remove(&d->end);
    d->known = i->port.port;
    if (!d->known)
        return;
    d->end.ends = i->ends;
    if (!i->connected)
        d->end.ends.remote = (struct ip_addr){.d = {0, 0}};
    d->end.v6_only = i->v6_only;
    d->end.iface = (uint8_t)i->device;
    d->end.receive = i->filter ? receive_filtered : receive;
    d->end.reuse_port = i->sock.options & SOCK_REUSEPORT;
    udp_add(&d->end);
}

static int dgram_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len)
{
    struct dgram *d = to_dgram(s);
    int err = inet_bind(&d->in, addr, len, d->in.port.port || d->in.connected);

    if (!err)
        publish(d);
    return err;
}

static int autobind(struct dgram *d)
{
    int err = inet_autobind(&d->in);

    if (!err && !d->known)
        publish(d);
    return err;
}

/* Where datagrams to (n) go: (ends) with the local address. */
static int find_way(struct isock *i, const struct inet_name *n, const struct inet_control *c,
                    struct ip_ends *ends, struct net_path *path)
{
    *ends = i->ends;
    ends->remote = n->addr;
    ends->remote_port = n->port;
    if (n->scope)
        ends->scope = n->scope;
    if (ip_is_any(&ends->local) || ip_is_multicast(&ends->local))
        ends->local = ip_is_v4(&n->addr) ? ip_from_v4(0) : (struct ip_addr){.d = {0, 0}};
    *path = (struct net_path){.ttl = 0};
    inet_path(i, &n->addr, path);
    if (c && c->has_from && !ip_is_any(&c->from))
        ends->local = c->from;
    if (c && c->iface)
        path->use_iface = (uint8_t)c->iface;
    if (c && c->ttl >= 0)
        path->ttl = (uint8_t)c->ttl;
    if (c && c->tos >= 0)
        path->tos = (uint8_t)c->tos;
    if (ip_is_multicast(&n->addr) && ip_is_v4(&n->addr) && ip_is_any(&ends->local) &&
        !ip_is_any(&i->mc_from) && !ip_is_unset(&i->mc_from))
        ends->local = i->mc_from;
    int err = ip_route(ends, path);
    if ((!err || err == -EINVAL) && inet_mixes(i, &n->addr))
        err = -EAFNOSUPPORT;
    else if (err == -EINVAL)
        err = -ENETUNREACH;
    if (!err && ip_addr_is_broadcast(&n->addr) && !(i->sock.options & SOCK_BROADCAST))
        err = -EACCES;
    return err;
}

static int dgram_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                         nsec_t deadline)
{
    struct dgram *d = to_dgram(s);
    struct isock *i = &d->in;
    struct inet_name n;
    struct ip_ends ends;

    (void)deadline;
    if (len < sizeof(addr->ss_family))
        return -EINVAL;
    if (addr->ss_family == AF_UNSPEC) {
        if (d->known)
            udp_remove(&d->end);
        d->known = false;
        inet_unconnect(i);
        publish(d);
        return 0;
    }
    int err = inet_ready_for(addr);
    if (!err)
        err = autobind(d);
    if (err)
        return err;
    err = inet_peer_name(i, addr, len, &n);
    if (!err && inet_lacks_scope(&n))
        err = -EINVAL;
    if (err)
        return err;
    err = find_way(i, &n, NULL, &ends, &d->path);
    if (!err)
        err = inet_may_send(i, &ends, NULL);
    if (err)
        return err;
    i->ends = ends;
    i->connected = true;
    d->path_ends = ends;
    publish(d);
    return 0;
}

static int dgram_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    struct isock *i = to_inet(s);

    return inet_name(i, peer, i->connected && i->ends.remote_port, addr);
}

static int dgram_shutdown(struct socket *s, unsigned how)
{
    s->shut |= how;
    wait_wake(&s->wait);
    return to_inet(s)->connected ? 0 : -ENOTCONN;
}

/* The receiver of a message: its (ends), and the (path) to it. */
static int receiver(struct dgram *d, struct sock_msg *m, const struct inet_control *c,
                    struct ip_ends *ends, struct net_path **path)
{
    struct isock *i = &d->in;
    struct inet_name n;

    *path = &d->path;
    if (m->name_len && !(is_six(i) && m->name->ss_family == AF_UNSPEC)) {
        if (!is_six(i) && m->name_len >= sizeof(struct sockaddr_in) &&
            m->name->ss_family == AF_UNSPEC)
            m->name->ss_family = AF_INET;
        int err = inet_peer_name(i, m->name, m->name_len, &n);
        if (err)
            return err;
        if (n.port == 0)
            return -EINVAL;
        if (inet_lacks_scope(&n) && !ip_is_multicast(&n.addr))
            return -ENETUNREACH;
    } else if (!i->connected) {
        return -EDESTADDRREQ;
    } else {
        n = (struct inet_name){i->ends.remote, i->ends.scope, i->ends.remote_port};
    }
    bool plain = !c && d->path.generation == ip_generation && ip_equal(&d->path_ends.remote, &n.addr);
    if (plain) {
        *ends = d->path_ends;
        ends->remote_port = n.port;
        ends->local_port = i->ends.local_port;
        return 0;
    }
    int err = find_way(i, &n, c, ends, &d->path);
    d->path_ends = *ends;
    if (c || err)
        d->path_ends.remote = (struct ip_addr){.d = {0, 0}};
    return err;
}

/* Sends what is corked. */
static int uncork(struct dgram *d)
{
    struct pkt *p = d->corked;

    d->corked = NULL;
    int err = p ? inet_may_send(&d->in, &d->corked_ends, p) : 0;
    if (err)
        pkt_free(p);
    else if (p)
        err = udp_send(&d->corked_ends, &d->path, p);
    ip_run_local();
    return err;
}

static int append(struct dgram *d, struct sock_msg *m, const struct ip_ends *ends)
{
    size_t most = ip_is_v4(&ends->remote) ? PAYLOAD_MAX : PAYLOAD_MAX + 20;
    struct pkt *p;

    if (m->len > most - (d->corked ? d->corked->total : 0))
        return -EMSGSIZE;
    int err = inet_message(m, m->len, &p);
    if (err)
        return err;
    if (d->corked) {
        pkt_append(d->corked, p);
    } else {
        d->corked = p;
        d->corked_ends = *ends;
    }
    return 0;
}

/* Local errors go to the error queue, too (ip(7), IP_RECVERR). */
static void report_size(struct isock *i, const struct ip_ends *ends, unsigned mtu)
{
    bool v6 = !ip_is_v4(&ends->remote);
    struct inet_error e = {
        .err = EMSGSIZE,
        .info = mtu,
        .origin = ERROR_LOCAL,
        .v6 = v6,
        .port = ends->remote_port,
        .to = ends->remote,
    };

    if (wants_errors(i, v6))
        inet_error_put(i, &e);
}

/* Sends (m), which (notice), or NULL, is to tell of. */
static int send_message(struct dgram *d, struct sock_msg *m, struct inet_error *notice,
                        const struct ip_ends *ends, struct net_path *path)
{
    struct pkt *p;

    if (m->len > (ip_is_v4(&ends->remote) ? PAYLOAD_MAX : PAYLOAD_MAX + 20)) {
        report_size(&d->in, ends, 65535);
        return -EMSGSIZE;
    }
    /* What goes to this machine itself waits for its reader: that is not lent. */
    int err = notice && !path->local ? inet_zerocopy_message(notice, m, &p)
                                     : inet_message(m, m->len, &p);
    if (err)
        return err;
    err = inet_may_send(&d->in, ends, p);
    if (err) {
        pkt_free(p);
        return err;
    }
    err = udp_send(ends, path, p);
    if (err == -EMSGSIZE)
        report_size(&d->in, ends, path->mtu);
    ip_run_local();
    return err;
}

static ssize_t dgram_send(struct socket *s, struct sock_msg *m)
{
    struct dgram *d = to_dgram(s);
    struct inet_control c;
    struct inet_error *notice = NULL;
    struct ip_ends ends;
    struct net_path *path = &d->path;

    if (m->len > 0xffff)
        return -EMSGSIZE;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    int err = m->name_len ? inet_ready_for(m->name) : 0;
    if (!err)
        err = autobind(d);
    if (!err && m->control_len)
        err = inet_read_control(&d->in, m, &c);
    if (!err && d->corked)
        ends = d->corked_ends;
    else if (!err)
        err = receiver(d, m, m->control_len ? &c : NULL, &ends, &path);
    if (!err)
        err = sock_error(s);
    if (!err && s->shut & SOCK_SHUT_WR)
        err = -EPIPE;
    if (!err && inet_wants_notice(&d->in, m))
        err = inet_zerocopy_begin(&d->in, m, &notice);
    if (err)
        return err;
    if (d->corked || d->cork || m->flags & MSG_MORE) {
        err = append(d, m, &ends);
        if (!err && !d->cork && !(m->flags & MSG_MORE))
            err = uncork(d);
    } else {
        err = send_message(d, m, notice, &ends, path);
    }
    if (notice)
        inet_zerocopy_end(&d->in, notice, !err);
    return err ? err : (ssize_t)m->len;
}

static ssize_t dgram_recv(struct socket *s, struct sock_msg *m)
{
    struct dgram *d = to_dgram(s);

    return inet_dgram_recv(&d->in, &d->queue, m, false);
}

static int dgram_poll(struct socket *s)
{
    struct dgram *d = to_dgram(s);

    return inet_dgram_poll(&d->in, &d->queue);
}

static long dgram_ioctl(struct socket *s, unsigned long request, long arg)
{
    struct dgram *d = to_dgram(s);
    int n = 0;

    if (request == FIONREAD)
        n = d->queue.packets.first ? (int)d->queue.packets.first->total : 0;
    else if (request != TIOCOUTQ)
        return -ENOTTY;
    return user_give_int(arg, n);
}

static int dgram_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    struct dgram *d = to_dgram(s);
    int v, err;

    d->path.generation = 0; /* what was remembered of a way may be different now */
    d->path_ends.remote = (struct ip_addr){.d = {0, 0}};
    if (level != IPPROTO_UDP) {
        err = inet_setopt(&d->in, level, name, value, len);
        if (!err)
            publish(d);
        return err;
    }
    err = inet_int(value, len, false, &v);
    if (err)
        return err;
    if (name != UDP_CORK)
        return -ENOPROTOOPT;
    d->cork = v;
    if (!v && d->corked)
        return uncork(d);
    return 0;
}

static int dgram_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct dgram *d = to_dgram(s);

    if (level != IPPROTO_UDP)
        return inet_getopt(&d->in, level, name, value, len);
    return name == UDP_CORK ? inet_give_int(d->cork, value, len) : -ENOPROTOOPT;
}

static void dgram_release(struct socket *s)
{
    struct dgram *d = to_dgram(s);

    if (d->known)
        udp_remove(&d->end);
    d->known = false;
    pkt_free(d->corked);
    d->corked = NULL;
    inet_queue_clear(&d->queue);
    inet_end(&d->in);
}

static void dgram_destroy(struct socket *s)
{
    heap_free(to_dgram(s), sizeof(struct dgram));
}

static const struct sock_ops dgram_ops = {
    .bind = dgram_bind,
    .connect = dgram_connect,
    .name = dgram_name,
    .shutdown = dgram_shutdown,
    .send = dgram_send,
    .recv = dgram_recv,
    .poll = dgram_poll,
    .ioctl = dgram_ioctl,
    .setopt = dgram_setopt,
    .changed = inet_changed,
    .getopt = dgram_getopt,
    .release = dgram_release,
    .destroy = dgram_destroy,
};
