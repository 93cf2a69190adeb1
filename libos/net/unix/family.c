/* SPDX-License-Identifier: MIT
 *
 * AF_UNIX: making, connecting, asking and closing sockets (unix(7)). */
#include <string.h>
#include <sys/ioctl.h>

#include "iface/user.h"
#include "mm/heap.h"
#include "unix/internal.h"

/* So many datagrams, and one more, wait for a socket that is not connected to their sender:
 * net.unix.max_dgram_qlen. */
#define DATAGRAM_BACKLOG 10

/* What has come where a peer is gone. */
#define GONE (READY_IN | READY_OUT | POLLRDHUP | POLLHUP)

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static const struct sock_ops *ops_of(int type)
{
    return type == SOCK_STREAM ? &stream_ops : type == SOCK_DGRAM ? &datagram_ops : &seqpacket_ops;
}

struct list unix_sockets = {&unix_sockets, &unix_sockets};

struct usock *usock_alloc(int type)
{
    struct usock *u = heap_alloc(sizeof(*u));

    if (!u)
        return NULL;
    sock_init(&u->sock, ops_of(type), AF_UNIX, type, 0);
    list_insert(&unix_sockets, &u->all);
    list_init(&u->queue);
    list_init(&u->node);
    list_init(&u->flight);
    u->backlog = DATAGRAM_BACKLOG;
    u->peer_cred = (struct ucred){0, (uid_t)-1, (gid_t)-1};
    return u;
}

static int unix_create(int type, int protocol, struct socket **out)
{
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (type == SOCK_RAW)
        type = SOCK_DGRAM;
    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
        return -ESOCKTNOSUPPORT;
    struct usock *u = usock_alloc(type);
    if (!u)
        return -ENOMEM;
    *out = &u->sock;
    return 0;
}

const struct sock_family sock_family_unix = {unix_create};

void set_peer(struct usock *u, struct usock *peer)
{
    struct usock *old = u->peer;

    wait_remove(&u->relay);
    u->peer = peer;
    if (old)
        usock_put(old);
}

void datagram_disconnected(struct usock *u, struct usock *old)
{
    if (list_empty(&u->queue))
        return;
    queue_clear(u);
    if (!old->dead && old->peer == u) {
        old->sock.error = ECONNRESET;
        wait_wake(&old->sock.wait);
    }
}

static int unix_pair(struct socket *s, struct socket *other)
{
    struct usock *a = to_unix(s), *b = to_unix(other);

    usock_hold(a);
    usock_hold(b);
    a->peer = b;
    b->peer = a;
    a->state = b->state = UNIX_CONNECTED;
    a->peer_cred = b->peer_cred = own_cred();
    return 0;
}

static int datagram_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                            nsec_t deadline)
{
    struct usock *u = to_unix(s), *peer = NULL;

    (void)deadline;
    if (len < sizeof(addr->ss_family))
        return -EINVAL;
    if (addr->ss_family != AF_UNSPEC) {
        int err = name_check(addr, len);
        if (!err)
            err = name_for_credentials(u);
        if (!err)
            err = name_find(addr, len, s->type, &peer);
        if (err)
            return err;
        if (peer->peer && peer->peer != u) {
            usock_put(peer);
            return -EPERM;
        }
    }
    struct usock *old = u->peer;
    if (old) {
        usock_hold(old);
        set_peer(u, peer);
        if (old != peer)
            datagram_disconnected(u, old);
        usock_put(old);
    } else {
        set_peer(u, peer);
    }
    wait_wake(&s->wait);
    return 0;
}

static int unix_listen(struct socket *s, int backlog)
{
    struct usock *u = to_unix(s);

    if (!u->name || u->state == UNIX_CONNECTED)
        return -EINVAL;
    u->state = UNIX_LISTENING;
    s->listening = true;
    u->backlog = (unsigned)backlog;
    u->peer_cred = own_cred();
    wait_wake(&u->room);
    return 0;
}

/* Whether (u) may connect to (to) now. -EAGAIN: its queue is full. */
static int check_listener(const struct usock *u, const struct usock *to)
{
    if (to->state != UNIX_LISTENING || to->dead || to->sock.shut & SOCK_SHUT_RD)
        return -ECONNREFUSED;
    if (queue_full(to))
        return -EAGAIN;
    return u->state == UNIX_CONNECTED ? -EISCONN : u->state == UNIX_LISTENING ? -EINVAL : 0;
}

/* Connects (u) to a new socket, which waits to be accepted by (to). */
static int join(struct usock *u, struct usock *to)
{
    struct usock *conn = usock_alloc(u->sock.type);

    if (!conn)
        return -ENOMEM;
    conn->sock.options |= to->sock.options & SOCK_PASSCRED;
    if (to->name)
        to->name->refs++;
    conn->name = to->name;
    usock_hold(u);
    usock_hold(conn);
    conn->peer = u;
    u->peer = conn;
    conn->state = u->state = UNIX_CONNECTED;
    conn->peer_cred = own_cred();
    u->peer_cred = to->peer_cred;
    list_insert(&to->queue, &conn->node);
    to->queue_len++;
    wait_wake_events(&to->sock.wait, READY_IN);
    wait_wake(&u->sock.wait);
    return 0;
}

static int unix_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                        nsec_t deadline)
{
    struct usock *u = to_unix(s), *to;
    int err = name_check(addr, len);

    if (!err)
        err = name_for_credentials(u);
    while (!err) {
        err = name_find(addr, len, s->type, &to);
        if (err)
            break;
        err = check_listener(u, to);
        bool full = err == -EAGAIN;
        if (!err)
            err = join(u, to);
        else if (full)
            err = sock_wait(&to->room, deadline, "connect to a socket whose queue is full");
        usock_put(to);
        if (!full)
            break;
    }
    return err;
}

static int unix_accept(struct socket *s, nsec_t deadline, struct socket **out)
{
    struct usock *u = to_unix(s);

    if (u->state != UNIX_LISTENING)
        return -EINVAL;
    while (list_empty(&u->queue)) {
        if (s->shut & SOCK_SHUT_RD && deadline != DEADLINE_NOW)
            return -EINVAL;
        int err = sock_wait(&s->wait, deadline, "accept a connection");
        if (err)
            return err;
    }
    struct usock *conn = list_entry(u->queue.next, struct usock, node);
    list_remove(&conn->node);
    u->queue_len--;
    wait_wake(&u->room);
    *out = &conn->sock;
    return 0;
}

static int unix_shutdown(struct socket *s, unsigned how)
{
    struct usock *u = to_unix(s), *peer = u->peer;

    s->shut |= how;
    if (peer && s->type != SOCK_DGRAM) {
        peer->sock.shut |=
            (how & SOCK_SHUT_RD ? SOCK_SHUT_WR : 0) | (how & SOCK_SHUT_WR ? SOCK_SHUT_RD : 0);
        unsigned news = how & SOCK_SHUT_WR ? READY_IN | POLLRDHUP : 0;
        wait_wake_events(&peer->sock.wait, peer->sock.shut == SOCK_SHUT_BOTH ? GONE : news);
    }
    wait_wake(&s->wait);
    wait_wake(&u->room);
    return 0;
}

static void pass_on(struct waiter *w)
{
    struct usock *u = w->arg;

    wait_remove(w);
    wait_wake_events(&u->sock.wait, READY_OUT);
}

/* Whether the peer's queue has no room for what (u) would send; then it will say when it has. */
static bool peer_is_full(struct usock *u)
{
    struct usock *peer = u->peer;

    if (!peer || peer->peer == u || peer->dead || !queue_full(peer))
        return false;
    if (!u->relay.queue) {
        u->relay.arg = u;
        wait_add(&peer->room, &u->relay, pass_on);
    }
    return true;
}

static int unix_poll(struct socket *s)
{
    struct usock *u = to_unix(s);
    int bits = s->error ? POLLERR : 0;

    if (s->shut == SOCK_SHUT_BOTH)
        bits |= POLLHUP;
    if (s->shut & SOCK_SHUT_RD)
        bits |= POLLRDHUP | READY_IN;
    if (!list_empty(&u->queue))
        bits |= READY_IN;
    if (s->type != SOCK_DGRAM && u->state == UNIX_OPEN)
        bits |= POLLHUP;
    if (u->urgent)
        bits |= POLLPRI;
    if (can_send(u) && !(is_packet(u) && peer_is_full(u)))
        bits |= READY_OUT;
    return bits;
}

static long unix_ioctl(struct socket *s, unsigned long request, long arg)
{
    struct usock *u = to_unix(s);
    size_t n;

    switch (request) {
    case FIONREAD:
        if (u->state == UNIX_LISTENING)
            return -EINVAL;
        n = u->queue_bytes;
        if (s->type == SOCK_DGRAM)
            n = u->queue_len ? queue_first(u)->end : 0;
        break;
    case TIOCOUTQ:
        if (u->state == UNIX_LISTENING)
            return -EINVAL;
        n = u->charged;
        break;
    case SIOCATMARK:
        if (s->type != SOCK_STREAM)
            return -EOPNOTSUPP;
        n = stream_at_mark(u);
        break;
    default:
        return -ENOTTY;
    }
    return user_give_int(arg, (int)n);
}

static int unix_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    (void)len;
    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (name != SO_PEEK_OFF)
        return -ENOPROTOOPT;
    s->peek_off = *(const int *)value;
    return 0;
}

static int unix_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct usock *u = to_unix(s);
    struct sockaddr_storage addr;
    int n;

    if (level != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (name) {
    case SO_PEEK_OFF:
        *len = (socklen_t)min_size(*len, sizeof(s->peek_off));
        memcpy(value, &s->peek_off, *len);
        return 0;
    case SO_PEERCRED:
        *len = (socklen_t)min_size(*len, sizeof(u->peer_cred));
        memcpy(value, &u->peer_cred, *len);
        return 0;
    case SO_PEERNAME:
        n = unix_name(s, true, &addr);
        if (n < 0)
            return -ENOTCONN;
        if ((socklen_t)n < *len)
            return -EINVAL;
        memcpy(value, &addr, *len);
        return 0;
    case SO_PEERGROUPS:
        /* The program is in no other groups than its own. */
        if (u->peer_cred.pid == 0)
            return -ENODATA;
        *len = 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static void unix_release(struct socket *s);

/* Closes the connections that nobody has accepted. */
static void refuse_all(struct usock *u)
{
    while (!list_empty(&u->queue)) {
        struct usock *conn = list_entry(u->queue.next, struct usock, node);
        list_remove(&conn->node);
        u->queue_len--;
        conn->peer->sock.error = ECONNRESET;
        unix_release(&conn->sock);
        usock_put(conn);
    }
}

/* Tells the peer that (u), which is closed, is gone; it has lost what (u) had not received. */
static void leave_peer(struct usock *u)
{
    struct usock *peer = u->peer;

    if (!peer)
        return;
    if (u->sock.type != SOCK_DGRAM) {
        peer->sock.shut = SOCK_SHUT_BOTH;
        if (u->queue_bytes > 0 || (u->sock.type != SOCK_STREAM && !list_empty(&u->queue)))
            peer->sock.error = ECONNRESET;
        wait_wake_events(&peer->sock.wait, peer->sock.error ? GONE | POLLERR : GONE);
    }
    set_peer(u, NULL);
}

static void unix_release(struct socket *s)
{
    struct usock *u = to_unix(s);

    name_release(u);
    list_remove(&u->all);
    u->dead = true;
    s->shut = SOCK_SHUT_BOTH;
    if (u->state == UNIX_LISTENING)
        refuse_all(u);
    u->state = UNIX_OPEN;
    leave_peer(u);
    queue_clear(u);
    wait_wake(&u->room);
    if (flight_count)
        flight_collect();
}

static void unix_destroy(struct socket *s)
{
    struct usock *u = to_unix(s);

    name_put(u->name);
    heap_free(u, sizeof(*u));
}

const struct sock_ops stream_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .pair = unix_pair,
    .name = unix_name,
    .shutdown = unix_shutdown,
    .send = stream_send,
    .recv = stream_recv,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .setopt = unix_setopt,
    .getopt = unix_getopt,
    .release = unix_release,
    .destroy = unix_destroy,
};

const struct sock_ops seqpacket_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .pair = unix_pair,
    .name = unix_name,
    .shutdown = unix_shutdown,
    .send = seqpacket_send,
    .recv = seqpacket_recv,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .setopt = unix_setopt,
    .getopt = unix_getopt,
    .release = unix_release,
    .destroy = unix_destroy,
};

const struct sock_ops datagram_ops = {
    .bind = unix_bind,
    .connect = datagram_connect,
    .pair = unix_pair,
    .name = unix_name,
    .shutdown = unix_shutdown,
    .send = datagram_send,
    .recv = datagram_recv,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .setopt = unix_setopt,
    .getopt = unix_getopt,
    .release = unix_release,
    .destroy = unix_destroy,
};
