/* SPDX-License-Identifier: MIT
 *
 * TCP sockets: bytes, and whether there are any. */
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "iface/signal.h"
#include "iface/user.h"
#include "inet/stream.h"

#ifndef SIOCOUTQNSD
#define SIOCOUTQNSD 0x894b
#endif

static bool may_send(const struct stream *t)
{
    enum tcp_state s = inet_stream_tcp_state(t);

    return s == TCP_ESTABLISHED_STATE || s == TCP_CLOSE_WAIT_STATE;
}

static bool is_syn(const struct stream *t)
{
    enum tcp_state s = inet_stream_tcp_state(t);

    return s == TCP_SYN_SENT_STATE || s == TCP_SYN_RCVD_STATE;
}

/* What a send that cannot go on answers. */
static ssize_t broken(struct stream *t, const struct sock_msg *m)
{
    int err = sock_error(&t->in.sock);

    if (err)
        return err;
    if (!(m->flags & MSG_NOSIGNAL))
        signal_raise_sigpipe();
    return -EPIPE;
}

/* Sleeps; what has been sent is on its way before. */
static int sleep(struct stream *t, struct sock_msg *m, const char *what)
{
    ip_run_local();
    int err = sock_msg_wait(&t->in.sock.wait, m, what);
    inet_tcp_now();
    return err;
}

/* Waits for the connection to be made. 0, 1: it is broken, -EAGAIN, -EINTR. */
static int wait_connected(struct stream *t, struct sock_msg *m)
{
    for (;;) {
        inet_stream_look(t);
        if (t->in.sock.error || t->in.sock.shut & SOCK_SHUT_WR)
            return 1;
        if (may_send(t))
            return 0;
        if (!is_syn(t))
            return 1;
        int err = sleep(t, m, "send before the connection is made");
        if (err)
            return err;
    }
}

#define IN_PLACE_LEAST PKT_LARGE /* bytes that are worth a piece of their own */

/* Queues (n) bytes of a message that stays, where they lie. Returns their number; 0: no memory. */
static ssize_t put_in_place(struct stream *t, struct sock_msg *m, size_t n)
{
    static struct pkt_mem mem = {.refs = 1}; /* the last reference is never given back */
    struct pkt *p = pkt_of_mem(&mem, (const char *)m->iov->iov_base + m->off, n);

    if (!p)
        return 0;
    mem.refs++;
    m->off += n;
    tcp_send_pieces(t->conn, p);
    return (ssize_t)n;
}

/* Queues bytes of the message, (n) at most. Returns their number; 0: no room, of which we will be
 * told, or no memory; -EFAULT. (notice): what can be is lent. */
static ssize_t put(struct stream *t, struct sock_msg *m, struct inet_error *notice, size_t n)
{
    size_t done = 0, space, room = tcp_send_room(t->conn);
    uint8_t *at;

    if (room == 0) {
        (void)tcp_can_send(t->conn);
        return 0;
    }
    n = min_size(n, room);
    if (m->stays && n >= IN_PLACE_LEAST)
        return put_in_place(t, m, n);
    size_t lent = notice ? inet_zerocopy_put(t->conn, notice, m, &n) : 0;
    if (lent)
        return (ssize_t)lent;
    for (; done < n && (space = tcp_send_space(t->conn, n - done, &at)); done += space) {
        int err = sock_copy_in(m, at, space);
        if (err)
            return done ? (ssize_t)done : err;
        tcp_send_commit(t->conn, space);
    }
    return (ssize_t)done;
}

static ssize_t send_all(struct stream *t, struct sock_msg *m, struct inet_error *notice,
                        size_t *done)
{
    bool more = m->flags & MSG_MORE;

    while (*done < m->len) {
        inet_stream_look(t);
        if (t->in.sock.error || t->in.sock.shut & SOCK_SHUT_WR || !may_send(t))
            return -EPIPE;
        ssize_t n = put(t, m, notice, m->len - *done); /* without room: asks to be told of some */
        if (n < 0)
            return n;
        *done += (size_t)n;
        if (n > 0)
            continue;
        bool had_room = tcp_send_room(t->conn) > 0;
        tcp_push(t->conn, false, false);
        ip_run_local(); /* on the loopback that may make room */
        inet_tcp_now();
        if (!had_room && tcp_send_room(t->conn) > 0)
            continue;
        if (tcp_send_room(t->conn) > 0 && tcp_unacked(t->conn) == 0)
            return -ENOBUFS; /* no memory, and nothing of ours will be given back */
        int err = sleep(t, m, "send to a peer that does not read");
        if (err)
            return err;
    }
    if (more || m->flags & MSG_OOB)
        tcp_push(t->conn, more, m->flags & MSG_OOB);
    else
        inet_push(t);
    return 0;
}

ssize_t inet_stream_send(struct socket *s, struct sock_msg *m)
{
    struct stream *t = to_stream(s);
    struct inet_control c;
    struct inet_error *notice = NULL;
    size_t done = 0;
    ssize_t err = m->control_len ? inet_read_control(&t->in, m, &c) : 0;

    if (err)
        return err;
    if (t->state == STREAM_LISTENING)
        return broken(t, m);
    if (m->flags & MSG_FASTOPEN)
        return -EOPNOTSUPP;
    inet_tcp_now();
    err = wait_connected(t, m);
    if (err == 1)
        return broken(t, m);
    if (err)
        return err;
    if (inet_wants_notice(&t->in, m))
        err = inet_zerocopy_begin(&t->in, m, &notice);
    if (err)
        return err;
    err = send_all(t, m, notice, &done);
    if (err && done > 0 && may_send(t))
        tcp_push(t->conn, false, false);
    if (notice)
        inet_zerocopy_end(&t->in, notice, done > 0);
    ip_run_local();
    if (done > 0 || !err)
        return (ssize_t)done;
    return err == -EPIPE ? broken(t, m) : err;
}

static ssize_t recv_urgent(struct stream *t, struct sock_msg *m)
{
    struct socket *s = &t->in.sock;
    uint8_t byte;

    if (s->options & SOCK_OOBINLINE || !t->conn)
        return -EINVAL;
    int err = tcp_recv_urgent(t->conn, m->flags & MSG_PEEK, &byte);
    if (err == -EINVAL)
        return -EINVAL;
    if (err)
        return inet_stream_is_closed(t) || s->shut & SOCK_SHUT_RD ? 0 : -EAGAIN;
    m->result |= MSG_OOB;
    if (m->len == 0) {
        m->result |= MSG_TRUNC;
        return 0;
    }
    if (!(m->flags & MSG_TRUNC))
        err = sock_copy_out(m, &byte, 1);
    return err ? err : 1;
}

/* Bytes to read from (off) on before the urgent mark; (*skip): the urgent byte comes first and is
 * to be left out. */
static size_t up_to_mark(const struct stream *t, size_t off, size_t n, bool *skip)
{
    ssize_t mark = tcp_urgent_mark(t->conn);

    *skip = false;
    if (mark < 0 || (size_t)mark < off)
        return n;
    if ((size_t)mark > off)
        return min_size(n, (size_t)mark - off);
    *skip = !(t->in.sock.options & SOCK_OOBINLINE);
    return n;
}

/* Gives the program what is there, at most up to the mark. Returns the bytes; -EFAULT. */
static ssize_t take(struct stream *t, struct sock_msg *m, size_t want, size_t off)
{
    const uint8_t *at;
    size_t got = 0;
    bool skip, peek = m->flags & MSG_PEEK;
    size_t n = min_size(want, tcp_recv_len(t->conn) - off);

    if (n == 0)
        return 0;
    n = up_to_mark(t, off, n, &skip);
    if (skip) {
        if (!peek)
            tcp_recv_done(t->conn, 1);
        return tcp_recv_len(t->conn) > off + peek ? take(t, m, want, off + peek) : 0;
    }
    while (got < n) {
        size_t run = min_size(n - got, tcp_recv_at(t->conn, off + got, &at));
        int err = m->flags & MSG_TRUNC ? 0 : sock_copy_out(m, at, run);
        if (err) {
            if (!peek && got > 0)
                tcp_recv_done(t->conn, got);
            return got > 0 ? (ssize_t)got : err;
        }
        got += run;
    }
    if (!peek)
        tcp_recv_done(t->conn, got);
    return (ssize_t)got;
}

/* Why a read of which nothing has been done does not wait: 1: it answers 0. 0: it waits. */
static int no_bytes(struct stream *t)
{
    struct socket *s = &t->in.sock;

    if (t->ended)
        return 1;
    if (s->error)
        return sock_error(s);
    if (s->shut & SOCK_SHUT_RD)
        return 1;
    return inet_stream_is_closed(t) ? -ENOTCONN : 0;
}

ssize_t inet_stream_recv(struct socket *s, struct sock_msg *m)
{
    struct stream *t = to_stream(s);
    bool peek = m->flags & MSG_PEEK;
    size_t done = 0, off = peek && s->peek_off > 0 ? (size_t)s->peek_off : 0;
    ssize_t r = 0;

    if (m->flags & MSG_ERRQUEUE)
        return inet_error_recv(&t->in, m);
    if (t->state == STREAM_LISTENING)
        return -ENOTCONN;
    inet_tcp_recent();
    if (m->flags & MSG_OOB)
        return recv_urgent(t, m);
    size_t target = m->flags & MSG_WAITALL ? m->len : min_size((size_t)s->rcvlowat, m->len);
    if (target == 0)
        target = 1;
    while (done < m->len || m->len == 0) {
        size_t skip = off + (peek ? done : 0);
        inet_stream_look(t);
        if (done > 0 && t->conn && tcp_urgent_mark(t->conn) == (ssize_t)skip)
            break;
        if (t->conn && tcp_recv_len(t->conn) > skip) {
            if (m->len == 0)
                break;
            r = take(t, m, m->len - done, skip);
            if (r < 0)
                break;
            done += (size_t)r;
            if (r > 0)
                continue;
        }
        if (done >= target)
            break;
        if (done > 0 && (s->error || s->shut & SOCK_SHUT_RD || inet_stream_is_closed(t)))
            break;
        r = done > 0 ? 0 : no_bytes(t);
        if (r)
            break;
        r = sleep(t, m, "receive from a peer that does not send");
        if (r)
            break;
    }
    ip_run_local();
    if (peek && s->peek_off >= 0)
        s->peek_off += (int)done;
    else if (s->peek_off > 0)
        s->peek_off = (size_t)s->peek_off > done ? s->peek_off - (int)done : 0;
    if (m->name)
        m->name_len = 0;
    if (done > 0 && m->control)
        sock_put_time(s, m, 0);
    if (t->in.flags & INET_INQ && m->control && (done > 0 || r >= 0)) {
        int left = t->conn ? (int)tcp_recv_len(t->conn) : 0;
        if (left == 0 && t->ended)
            left = 1; /* the end can be read */
        sock_put_control(m, IPPROTO_TCP, TCP_INQ, &left, sizeof(left));
    }
    return done > 0 ? (ssize_t)done : r == 1 ? 0 : r;
}

int inet_stream_poll(struct socket *s)
{
    struct stream *t = to_stream(s);
    int bits = 0;

    if (t->state == STREAM_LISTENING)
        return tcp_can_accept(t->conn) ? READY_IN : 0;
    inet_stream_look(t);
    bool closed = inet_stream_is_closed(t);
    if (s->shut == SOCK_SHUT_BOTH || closed)
        bits |= POLLHUP;
    if (s->shut & SOCK_SHUT_RD)
        bits |= READY_IN | POLLRDHUP;
    if (!is_syn(t)) {
        if (t->conn) {
            ssize_t mark = tcp_urgent_mark(t->conn);
            size_t there = tcp_recv_len(t->conn);
            if (mark == 0 && there > 0 && !(s->options & SOCK_OOBINLINE))
                there--;
            if (there >= (size_t)s->rcvlowat || (there > 0 && tcp_recv_stalled(t->conn)))
                bits |= READY_IN;
            uint8_t byte;
            if (mark >= 0 && tcp_recv_urgent(t->conn, true, &byte) == 0)
                bits |= POLLPRI;
        }
        if (closed || s->shut & SOCK_SHUT_WR || tcp_can_send(t->conn))
            bits |= READY_OUT;
    }
    if (s->error || t->in.errors)
        bits |= POLLERR;
    return bits;
}

long inet_stream_ioctl(struct socket *s, unsigned long request, long arg)
{
    struct stream *t = to_stream(s);
    size_t n = 0;

    inet_stream_look(t);
    switch (request) {
    case FIONREAD:
        if (t->state == STREAM_LISTENING)
            return -EINVAL;
        if (t->conn && !is_syn(t)) {
            n = tcp_recv_len(t->conn);
            ssize_t mark = tcp_urgent_mark(t->conn);
            if (mark >= 0 && !(s->options & SOCK_OOBINLINE))
                n = mark == 0 ? (n > 0 ? n - 1 : 0) : min_size(n, (size_t)mark);
        }
        break;
    case TIOCOUTQ:
    case SIOCOUTQNSD:
        if (t->state == STREAM_LISTENING)
            return -EINVAL;
        if (t->conn && !is_syn(t) && !inet_stream_is_closed(t))
            n = request == TIOCOUTQ ? tcp_unacked(t->conn) : tcp_unsent(t->conn);
        break;
    case SIOCATMARK:
        n = t->conn && t->state != STREAM_LISTENING && tcp_urgent_mark(t->conn) == 0;
        break;
    default:
        return -ENOTTY;
    }
    return user_give_int(arg, (int)n);
}
