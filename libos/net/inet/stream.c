/* SPDX-License-Identifier: MIT
 *
 * TCP sockets: connections (tcp(7)). The order of checks is that of Linux's __inet_stream_connect
 * and its like. */
#include "inet/stream.h"

#include <limits.h>
#include <netinet/tcp.h>

#include "iface/hold.h"
#include "inet/ready.h"
#include "mm/heap.h"

#ifndef TCP_INQ
#define TCP_INQ 36
#endif
#ifndef TCP_TX_DELAY
#define TCP_TX_DELAY 37
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif

#define RCVLOWAT_MAX 3145728 /* half of what net.ipv4.tcp_rmem has as the most */

static const struct sock_ops stream_ops;

void inet_stream_event(void *user, unsigned events)
{
    struct stream *t = user;
    unsigned bits = 0;

    t->news |= (uint8_t)events;
    if (events & (TCP_EVENT_ERROR | TCP_EVENT_CLOSED)) {
        bits =
            READY_IN | READY_OUT | POLLRDHUP | POLLHUP | (events & TCP_EVENT_ERROR ? POLLERR : 0);
    } else {
        if (events & TCP_EVENT_READ)
            bits |= READY_IN | POLLRDHUP;
        if (events & TCP_EVENT_WRITE)
            bits |= READY_OUT;
        if (events & TCP_EVENT_URGENT)
            bits |= POLLPRI;
        /* Who connects here from within the program would otherwise fill the backlog before
         * whoever accepts has its turn, and then wait for a lost SYN's second. */
        if (t->state == STREAM_LISTENING && tcp_backlog_presses(t->conn))
            plat_hold |= HOLD_TICK;
    }
    wait_wake_events(&t->in.sock.wait, bits);
}

enum tcp_state inet_stream_tcp_state(const struct stream *t)
{
    return t->conn ? tcp_state(t->conn) : TCP_CLOSED_STATE;
}

bool inet_stream_is_closed(const struct stream *t)
{
    enum tcp_state s = inet_stream_tcp_state(t);

    return s == TCP_CLOSED_STATE || s == TCP_TIME_WAIT_STATE;
}

void inet_stream_take_news(struct stream *t)
{
    struct socket *s = &t->in.sock;

    t->just_accepted = false;
    if (!t->conn || t->state == STREAM_LISTENING)
        return;
    if (t->news & TCP_EVENT_ERROR) {
        int err = tcp_error(t->conn);
        if (err)
            s->error = -err;
    }
    t->news = 0;
    if (!(s->shut & SOCK_SHUT_RD) && tcp_recv_ended(t->conn)) {
        s->shut |= SOCK_SHUT_RD;
        t->ended = true;
    }
    if (s->shut != SOCK_SHUT_BOTH && inet_stream_is_closed(t))
        s->shut = SOCK_SHUT_BOTH;
}

static struct stream *stream_alloc(int domain, int protocol)
{
    struct stream *t = heap_alloc(sizeof(*t));

    if (!t)
        return NULL;
    inet_init(&t->in, &stream_ops, domain, SOCK_STREAM, protocol, &inet_tcp_ports);
    t->in.sock.sndbuf = 87040;
    t->in.sock.rcvbuf = 131072;
    return t;
}

int inet_stream_create(int domain, int protocol, struct socket **out)
{
    int err = inet_tcp_start();
    struct stream *t = err ? NULL : stream_alloc(domain, protocol);

    if (!t)
        return -ENOMEM;
    *out = &t->in.sock;
    return 0;
}

static int stream_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len)
{
    struct stream *t = to_stream(s);

    inet_stream_look(t);
    return inet_bind(&t->in, addr, len, !inet_stream_is_closed(t) || t->in.port.port);
}

static void copy_flags(struct stream *t)
{
    t->options.keep_alive = t->in.sock.options & SOCK_KEEPALIVE;
    t->options.urgent_inline = t->in.sock.options & SOCK_OOBINLINE;
}

/* The connection's copy of what was set. (to): NULL: of a listener. */
static void fill_options(struct stream *t, const struct ip_addr *to)
{
    static const struct ip_addr none;
    struct net_path path = {.ttl = 0};

    inet_path(&t->in, to ? to : &none, &path);
    t->options.path = path;
    copy_flags(t);
}

static void change_options(struct stream *t)
{
    copy_flags(t);
    if (!t->conn)
        return;
    struct tcp_options *o = tcp_options(t->conn);
    struct net_path path = o->path;
    *o = t->options;
    o->path = path;
    inet_path(&t->in, &t->in.ends.remote, &o->path);
    inet_tcp_now();
    tcp_options_changed(t->conn);
    ip_run_local();
}

/* Half of what SO_RCVBUF tells is for bytes, as on Linux; all of SO_SNDBUF. */
static void stream_changed(struct socket *s, int name)
{
    struct stream *t = to_stream(s);
    struct tcp_options *o = &t->options;

    switch (name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        o->send_limit = s->sndbuf;
        break;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        o->recv_limit = s->rcvbuf / 2;
        break;
    case SO_RCVLOWAT: /* the buffer takes that much, or that much is what the buffer takes */
        s->rcvlowat =
            (int)min_size((size_t)s->rcvlowat, o->recv_limit ? o->recv_limit : RCVLOWAT_MAX);
        o->recv_least = (uint32_t)s->rcvlowat;
        break;
    case SO_KEEPALIVE:
    case SO_OOBINLINE:
        break;
    default:
        inet_changed(s, name);
        return;
    }
    change_options(t);
}

/* Gives up the connection with a reset, where it needs one. */
static void disconnect(struct stream *t)
{
    if (t->conn) {
        inet_push_forget(t);
        inet_tcp_now();
        tcp_abort(t->conn);
        t->conn = NULL;
    }
    inet_unconnect(&t->in);
    t->state = STREAM_OPEN;
    t->in.sock.listening = t->in.port.listening = false;
    t->in.sock.shut = 0;
    t->ended = false;
    t->news = 0;
}

static bool ends_taken(void *arg, const struct ip_ends *ends)
{
    (void)arg;
    return tcp_ends_taken(inet_tcp, ends);
}

static int start_connection(struct stream *t, const struct sockaddr_storage *addr, socklen_t len)
{
    struct isock *i = &t->in;
    struct inet_name n;
    int err = inet_peer_name(i, addr, len, &n);

    if (err)
        return err;
    if (ip_is_multicast(&n.addr) || ip_addr_is_broadcast(&n.addr))
        return -ENETUNREACH;
    if (inet_lacks_scope(&n))
        return -EINVAL;
    struct ip_ends ends = i->ends;
    struct net_path path = {.ttl = 0};
    ends.remote = n.addr;
    ends.remote_port = n.port;
    if (n.scope)
        ends.scope = n.scope;
    if (ip_is_any(&ends.local))
        ends.local = ip_is_v4(&n.addr) ? ip_from_v4(0) : (struct ip_addr){.d = {0, 0}};
    inet_path(i, &n.addr, &path);
    err = ip_route(&ends, &path);
    if ((!err || err == -EINVAL) && inet_mixes(i, &n.addr))
        err = -EAFNOSUPPORT;
    if (!err)
        err = inet_may_send(i, &ends, NULL);
    if (err)
        return err;
    bool had_port = i->port.port;
    if (had_port) {
        if (tcp_ends_taken(inet_tcp, &ends))
            return -EADDRNOTAVAIL;
    } else {
        i->port.local = ends.local;
        i->port.v6_only = i->v6_only;
        err = ip_port_connect(&inet_tcp_ports, &i->port, &ends, ends_taken, NULL);
        if (err)
            return err;
    }
    fill_options(t, &n.addr);
    inet_tcp_now();
    err = tcp_connect(inet_tcp, &ends, &t->options, t, &t->conn);
    if (err) {
        if (!had_port)
            ip_port_release(&inet_tcp_ports, &i->port);
        return err;
    }
    i->ends = ends;
    t->state = STREAM_CONNECTING;
    t->in.sock.shut = 0;
    t->ended = false;
    ip_run_local();
    return 0;
}

/* The connection is made: what SO_SNDBUF tells is the room that there is now. */
static void tell_room(struct stream *t)
{
    size_t room = t->options.send_limit ? 0 : tcp_send_room(t->conn);

    if (room > t->in.sock.sndbuf)
        t->in.sock.sndbuf = (uint32_t)room;
}

/* The connection has failed or is gone: the socket can be used for another. */
static int connection_failed(struct stream *t)
{
    int err = sock_error(&t->in.sock);

    disconnect(t);
    ip_run_local();
    return err ? err : -ECONNABORTED;
}

static bool is_syn(const struct stream *t)
{
    enum tcp_state s = inet_stream_tcp_state(t);

    return s == TCP_SYN_SENT_STATE || s == TCP_SYN_RCVD_STATE;
}

static int stream_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                          nsec_t deadline)
{
    struct stream *t = to_stream(s);
    int answer = -EINPROGRESS; /* to those who do not wait, or not long enough */

    if (len < sizeof(addr->ss_family))
        return -EINVAL;
    inet_stream_look(t);
    if (addr->ss_family == AF_UNSPEC) {
        disconnect(t);
        ip_run_local();
        wait_wake(&s->wait);
        return 0;
    }
    int err = inet_ready_for(addr);
    if (err)
        return err;
    if (t->state == STREAM_CONNECTED || t->state == STREAM_LISTENING)
        return -EISCONN;
    if (t->state == STREAM_CONNECTING) {
        answer = -EALREADY;
    } else {
        err = start_connection(t, addr, len);
        if (err)
            return err;
        /* Even if it is made, or refused, already: on the loopback. */
        if (deadline == DEADLINE_NOW)
            return -EINPROGRESS;
    }
    while (inet_stream_look(t), is_syn(t)) {
        if (deadline == DEADLINE_NOW)
            return answer;
        err = sock_wait(&s->wait, deadline, "connect to a server");
        if (err == -EAGAIN)
            return answer;
        if (err)
            return err;
    }
    if (inet_stream_is_closed(t))
        return connection_failed(t);
    t->state = STREAM_CONNECTED;
    tell_room(t);
    return 0;
}

static int stream_listen(struct socket *s, int backlog)
{
    struct stream *t = to_stream(s);
    struct isock *i = &t->in;

    inet_stream_look(t);
    if (t->state == STREAM_LISTENING) {
        tcp_set_backlog(t->conn, (unsigned)backlog);
        return 0;
    }
    if (t->state != STREAM_OPEN || !inet_stream_is_closed(t))
        return -EINVAL;
    if (inet_autobind(i))
        return -EADDRINUSE;
    int err = inet_may_bind(i, &i->ends.local, i->ends.local_port);
    if (err)
        return err;
    err = ip_port_listen(&inet_tcp_ports, &i->port);
    if (err)
        return err;
    fill_options(t, NULL);
    inet_tcp_now();
    err = tcp_listen(inet_tcp, &i->ends, i->v6_only, s->options & SOCK_REUSEPORT, (unsigned)backlog,
                     &t->options, t, &t->conn);
    if (err) {
        i->port.listening = false;
        return err;
    }
    s->shut = 0;
    t->state = STREAM_LISTENING;
    s->listening = true;
    return 0;
}

/* A socket for the next connection of (t), which there is. */
static int take_connection(struct stream *t, struct socket **out)
{
    struct stream *new = stream_alloc(t->in.sock.domain, t->in.sock.protocol);

    if (!new)
        return -ENOMEM;
    inet_tcp_now();
    new->conn = tcp_accept(t->conn, new);
    if (!new->conn) {
        inet_end(&new->in);
        heap_free(new, sizeof(*new));
        return -EAGAIN;
    }
    struct socket *s = &new->in.sock, *l = &t->in.sock;
    s->options = l->options;
    s->sndbuf = l->sndbuf;
    s->rcvbuf = l->rcvbuf;
    s->rcvlowat = l->rcvlowat;
    s->priority = l->priority;
    s->mark = l->mark;
    s->rcvtimeo = l->rcvtimeo;
    s->sndtimeo = l->sndtimeo;
    s->linger = l->linger;
    new->in.flags = t->in.flags;
    new->in.tos = t->in.tos;
    new->in.tclass = t->in.tclass;
    new->in.ttl = t->in.ttl;
    new->in.hops = t->in.hops;
    new->in.device = t->in.device;
    new->in.v6_only = t->in.v6_only;
    new->options = t->options;
    new->in.ends = *tcp_ends(new->conn);
    new->in.addr_bound = new->in.port_bound = true;
    new->state = STREAM_CONNECTED;
    new->just_accepted = true;
    tell_room(new);
    new->news = TCP_EVENT_ERROR; /* of which nobody was told */
    *out = s;
    return 0;
}

static int stream_accept(struct socket *s, nsec_t deadline, struct socket **out)
{
    struct stream *t = to_stream(s);

    for (;;) {
        if (t->state != STREAM_LISTENING)
            return -EINVAL;
        if (tcp_can_accept(t->conn)) {
            int err = take_connection(t, out);
            ip_run_local();
            if (err != -EAGAIN)
                return err;
        }
        int err = sock_wait(&s->wait, deadline, "accept a connection");
        if (err)
            return err;
    }
}

static int stream_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    struct stream *t = to_stream(s);
    bool first = t->just_accepted;

    inet_stream_look(t);
    bool known =
        t->in.ends.remote_port &&
        (first || !(inet_stream_is_closed(t) || inet_stream_tcp_state(t) == TCP_SYN_SENT_STATE));

    return inet_name(&t->in, peer, known, addr);
}

static int stream_shutdown(struct socket *s, unsigned how)
{
    struct stream *t = to_stream(s);
    int err = 0;

    inet_stream_look(t);
    if (t->state == STREAM_LISTENING) {
        if (how & SOCK_SHUT_RD)
            disconnect(t);
    } else if (inet_stream_tcp_state(t) == TCP_SYN_SENT_STATE) {
        disconnect(t);
        s->error = ECONNRESET;
    } else if (inet_stream_is_closed(t)) {
        err = -ENOTCONN;
        s->shut |= how;
    } else {
        s->shut |= how;
        inet_tcp_now();
        if (how & SOCK_SHUT_WR)
            tcp_shutdown_send(t->conn);
        if (s->shut == SOCK_SHUT_BOTH && !t->ended)
            tcp_shutdown_recv(t->conn);
    }
    ip_run_local();
    wait_wake(&s->wait);
    return err;
}

/* SO_LINGER: waits until the peer has all that was sent. */
static void linger(struct stream *t)
{
    struct socket *s = &t->in.sock;
    nsec_t deadline = clock_monotonic() + s->linger.l_linger * NSEC_PER_SEC;

    tcp_shutdown_send(t->conn);
    ip_run_local();
    while (!inet_stream_is_closed(t) && !tcp_all_acked(t->conn) &&
           sock_wait(&s->wait, deadline, "close a socket that lingers") == 0)
        ;
    inet_tcp_now();
}

static void stream_release(struct socket *s)
{
    struct stream *t = to_stream(s);

    if (t->conn) {
        inet_push_forget(t);
        inet_tcp_now();
        bool lingers = s->linger.l_onoff && t->state != STREAM_LISTENING;
        if (lingers && s->linger.l_linger > 0 && !inet_stream_is_closed(t) &&
            tcp_recv_len(t->conn) == 0)
            linger(t);
        if (lingers && s->linger.l_linger == 0)
            tcp_abort(t->conn);
        else
            tcp_close(t->conn);
        t->conn = NULL;
    }
    t->state = STREAM_OPEN;
    inet_end(&t->in);
    ip_run_local();
}

static void stream_destroy(struct socket *s)
{
    heap_free(to_stream(s), sizeof(struct stream));
}

/* A value in [least, most], else -EINVAL. */
static int in_range(int v, int least, int most)
{
    return v < least || v > most ? -EINVAL : 0;
}

static int set_congestion(struct stream *t, const char *name, socklen_t len)
{
    if (len < 1)
        return -EINVAL;
    if (strnlen(name, len) == 4 && memcmp(name, "reno", 4) == 0)
        t->options.reno = true;
    else if (strnlen(name, len) == 5 && memcmp(name, "cubic", 5) == 0)
        t->options.reno = false;
    else
        return -ENOENT;
    return 0;
}

/* Linux counts it in retransmissions of SYNs, of which 255 are the most: the time of as many as take
 * (v) seconds. */
static uint32_t defer_time(int v)
{
    uint32_t step = 1, sum = 1;

    if (v <= 0)
        return 0;
    for (unsigned n = 1; (uint32_t)v > sum && n < 255; n++) {
        step = step < 64 ? step * 2 : 120;
        sum += step;
    }
    return sum;
}

static int set_tcp(struct stream *t, int name, int v)
{
    struct tcp_options *o = &t->options;
    int err = 0;

    switch (name) {
    case TCP_NODELAY:
        o->no_delay = v;
        break;
    case TCP_CORK:
        o->cork = v;
        break;
    case TCP_QUICKACK:
        o->quick_ack = v & 1;
        t->no_quick_ack = !o->quick_ack;
        break;
    case TCP_MAXSEG:
        if (v && in_range(v, 88, 32767))
            return -EINVAL;
        o->mss = (uint16_t)v;
        break;
    case TCP_KEEPIDLE:
        err = in_range(v, 1, 32767);
        o->keep_idle = err ? o->keep_idle : (uint32_t)v;
        break;
    case TCP_KEEPINTVL:
        err = in_range(v, 1, 32767);
        o->keep_interval = err ? o->keep_interval : (uint32_t)v;
        break;
    case TCP_KEEPCNT:
        err = in_range(v, 1, 127);
        o->keep_count = err ? o->keep_count : (uint8_t)v;
        break;
    case TCP_SYNCNT:
        err = in_range(v, 1, 127);
        o->syn_count = err ? o->syn_count : (uint8_t)v;
        break;
    case TCP_LINGER2:
        o->linger2 = v < 0 ? -1 : v > 120 ? 120 : v;
        break;
    case TCP_DEFER_ACCEPT:
        o->defer_accept = defer_time(v);
        break;
    case TCP_WINDOW_CLAMP:
        if (v == 0) {
            if (!inet_stream_is_closed(t))
                return -EINVAL;
            o->window_clamp = 0;
        } else {
            o->window_clamp = v < 1152 ? 1152 : (uint32_t)v;
        }
        break;
    case TCP_USER_TIMEOUT:
        if (v < 0)
            return -EINVAL;
        o->user_timeout = (uint32_t)v;
        break;
    case TCP_NOTSENT_LOWAT:
        o->not_sent_low = (uint32_t)v;
        wait_wake(&t->in.sock.wait);
        break;
    case TCP_FASTOPEN: /* a listener may offer it; nobody gets a cookie */
        return v >= 0 && (inet_stream_is_closed(t) || t->state == STREAM_LISTENING) ? 0 : -EINVAL;
    case TCP_FASTOPEN_CONNECT:
        return v < 0 || v > 1 ? -EINVAL : v ? -EOPNOTSUPP : 0;
    case TCP_THIN_LINEAR_TIMEOUTS: /* kept by nobody */
    case TCP_THIN_DUPACK:
        return in_range(v, 0, 1);
    case TCP_INQ:
        if (in_range(v, 0, 1))
            return -EINVAL;
        t->in.flags = v ? t->in.flags | INET_INQ : t->in.flags & ~INET_INQ;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
    return err;
}

static int setopt_tcp(struct stream *t, int name, const void *value, socklen_t len)
{
    int v, err;

    if (name == TCP_CONGESTION) {
        err = set_congestion(t, value, len);
    } else if (name == TCP_ULP) {
        return -ENOENT;
    } else {
        if (len < sizeof(v))
            return -EINVAL;
        memcpy(&v, value, sizeof(v));
        err = set_tcp(t, name, v);
    }
    if (!err)
        change_options(t);
    if (!err && name == TCP_NODELAY && t->options.no_delay && t->options.cork && t->conn) {
        tcp_flush(t->conn); /* tcp(7): also of what is corked */
        ip_run_local();
    }
    return err;
}

static int stream_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    struct stream *t = to_stream(s);
    int err = level == IPPROTO_TCP ? setopt_tcp(t, name, value, len)
                                   : inet_setopt(&t->in, level, name, value, len);

    if (!err && level != IPPROTO_TCP)
        change_options(t);
    return err;
}

static int or_default(uint32_t v, int usual)
{
    return v ? (int)v : usual;
}

static int get_tcp(struct stream *t, int name, int *v)
{
    const struct tcp_options *o = &t->options;

    switch (name) {
    case TCP_NODELAY:
        *v = o->no_delay;
        return 0;
    case TCP_CORK:
        *v = o->cork;
        return 0;
    case TCP_QUICKACK:
        *v = o->quick_ack ||
             (!t->no_quick_ack &&
              (!t->conn || t->state == STREAM_LISTENING || !tcp_has_sent(t->conn)));
        return 0;
    case TCP_MAXSEG:
        *v = o->mss ? o->mss : 536;
        if (t->conn && t->state != STREAM_LISTENING && !inet_stream_is_closed(t)) {
            struct tcp_info info = {0};
            tcp_get_info(t->conn, &info);
            *v = (int)info.tcpi_snd_mss;
        }
        return 0;
    case TCP_KEEPIDLE:
        *v = or_default(o->keep_idle, 7200);
        return 0;
    case TCP_KEEPINTVL:
        *v = or_default(o->keep_interval, 75);
        return 0;
    case TCP_KEEPCNT:
        *v = or_default(o->keep_count, 9);
        return 0;
    case TCP_SYNCNT:
        *v = or_default(o->syn_count, 6);
        return 0;
    case TCP_LINGER2:
        *v = o->linger2 ? o->linger2 : 60;
        return 0;
    case TCP_DEFER_ACCEPT:
        *v = (int)o->defer_accept;
        return 0;
    case TCP_WINDOW_CLAMP:
        *v = (int)o->window_clamp;
        return 0;
    case TCP_USER_TIMEOUT:
        *v = (int)o->user_timeout;
        return 0;
    case TCP_NOTSENT_LOWAT:
        *v = (int)o->not_sent_low;
        return 0;
    case TCP_FASTOPEN:
    case TCP_FASTOPEN_CONNECT:
    case TCP_THIN_LINEAR_TIMEOUTS:
    case TCP_THIN_DUPACK:
        *v = 0;
        return 0;
    case TCP_INQ:
        *v = (t->in.flags & INET_INQ) != 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int getopt_tcp(struct stream *t, int name, void *value, socklen_t *len)
{
    int v;

    if (name == TCP_INFO) {
        struct tcp_info info = {.tcpi_state = 7, /* as Linux tells it without a connection */
                                .tcpi_rto = 1000000,
                                .tcpi_snd_mss = 536,
                                .tcpi_rttvar = 250000,
                                .tcpi_snd_ssthresh = INT_MAX,
                                .tcpi_snd_cwnd = 10,
                                .tcpi_reordering = 3};
        inet_tcp_now();
        if (t->conn)
            tcp_get_info(t->conn, &info);
        return inet_give(&info, sizeof(info), value, len);
    }
    if (name == TCP_CONGESTION) {
        char text[16] = "cubic";
        if (t->options.reno)
            strcpy(text, "reno");
        return inet_give(text, sizeof(text), value, len);
    }
    int err = get_tcp(t, name, &v);
    return err ? err : inet_give(&v, sizeof(v), value, len);
}

static int stream_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct stream *t = to_stream(s);

    inet_stream_look(t);
    return level == IPPROTO_TCP ? getopt_tcp(t, name, value, len)
                                : inet_getopt(&t->in, level, name, value, len);
}

static const struct sock_ops stream_ops = {
    .bind = stream_bind,
    .connect = stream_connect,
    .listen = stream_listen,
    .accept = stream_accept,
    .name = stream_name,
    .shutdown = stream_shutdown,
    .send = inet_stream_send,
    .recv = inet_stream_recv,
    .poll = inet_stream_poll,
    .ioctl = inet_stream_ioctl,
    .setopt = stream_setopt,
    .getopt = stream_getopt,
    .changed = stream_changed,
    .release = stream_release,
    .destroy = stream_destroy,
};
