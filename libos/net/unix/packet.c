/* SPDX-License-Identifier: MIT
 *
 * Messages with boundaries: datagrams, and sequenced packets, which differ in being connected. */
#include "unix/internal.h"

/* A new message with the bytes of (m). NULL in *out with the error. */
static int make_message(struct sock_msg *m, struct umsg **out)
{
    struct umsg *q = msg_alloc(m->len, false);

    if (!q)
        return -ENOBUFS;
    int err = sock_copy_in(m, q->data, m->len);
    if (err) {
        msg_free(q);
        return err;
    }
    q->end = (uint32_t)m->len;
    *out = q;
    return 0;
}

/* Whom (m) goes to, held. */
static int receiver(struct usock *u, struct sock_msg *m, struct usock **out)
{
    if (m->name_len)
        return name_find(m->name, m->name_len, u->sock.type, out);
    if (!u->peer)
        return -ENOTCONN;
    *out = u->peer;
    usock_hold(*out);
    return 0;
}

/* Whether (u) may send to (to) now. 0; -EPERM, -ECONNREFUSED, -EPIPE; -EAGAIN: its queue is full.
 */
static int check_receiver(struct usock *u, struct usock *to)
{
    if (to->peer && to->peer != u)
        return -EPERM;
    if (to->dead) {
        if (u->sock.type == SOCK_SEQPACKET)
            return -EPIPE;
        if (u->peer == to) {
            set_peer(u, NULL);
            datagram_disconnected(u, to);
        }
        return -ECONNREFUSED;
    }
    if (to->sock.shut & SOCK_SHUT_RD)
        return -EPIPE;
    return to != u && to->peer != u && queue_full(to) ? -EAGAIN : 0;
}

/* Sends message (q), which it takes over, when the receiver has room. */
static int deliver(struct usock *u, struct sock_msg *m, struct control *c, struct umsg *q)
{
    struct usock *to;
    int err;

    do {
        err = receiver(u, m, &to);
        if (err)
            break;
        err = check_receiver(u, to);
        if (!err) {
            q->cred = control_cred(c, u, to);
            q->files = c->files;
            c->files = NULL;
            if (unlikely(to->sock.options & SOCK_TIMES))
                q->time = clock_wall();
            queue_put(to, q, u);
            usock_put(to);
            return 0;
        }
        bool full = err == -EAGAIN;
        if (full)
            err = sock_msg_wait(&to->room, m, "send to a socket whose queue is full");
        usock_put(to);
        if (!full)
            break;
    } while (!err);
    msg_free(q);
    return err;
}

static int send_message(struct usock *u, struct sock_msg *m, struct control *c)
{
    struct umsg *q;
    int err = 0;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (m->name_len)
        err = name_check(m->name, m->name_len);
    if (!err)
        err = name_for_credentials(u);
    if (err)
        return err;
    if (m->len > u->sock.sndbuf - 32)
        return -EMSGSIZE;
    err = wait_to_send(u, m);
    if (!err)
        err = make_message(m, &q);
    return err ? err : deliver(u, m, c, q);
}

ssize_t datagram_send(struct socket *s, struct sock_msg *m)
{
    struct control c;
    int err = control_read(&c, m->control, m->control_len);

    if (err)
        return err;
    err = send_message(to_unix(s), m, &c);
    control_end(&c);
    return err ? err : (ssize_t)m->len;
}

ssize_t seqpacket_send(struct socket *s, struct sock_msg *m)
{
    int err = sock_error(s);

    if (err)
        return err;
    if (to_unix(s)->state != UNIX_CONNECTED)
        return -ENOTCONN;
    m->name_len = 0;
    return datagram_send(s, m);
}

/* The message to receive; *skip of its bytes were peeked at before (SO_PEEK_OFF). NULL: none. */
static struct umsg *message_to_read(const struct usock *u, bool peek, size_t *skip)
{
    struct umsg *q = queue_first(u);

    *skip = peek && u->sock.peek_off > 0 ? (size_t)u->sock.peek_off : 0;
    while (q && *skip > 0 && *skip >= q->end) {
        *skip -= q->end;
        q = queue_next(u, q);
    }
    return q;
}

/* Waits for a message. 0 with it in *out, or NULL: there will be none. */
static int wait_for_message(struct usock *u, struct sock_msg *m, struct umsg **out,
                            size_t *skip)
{
    for (;;) {
        int err = sock_error(&u->sock);
        if (err)
            return err;
        *out = message_to_read(u, m->flags & MSG_PEEK, skip);
        if (*out)
            return 0;
        /* Linux tells the end to those who wait for it, and connected ones. */
        bool told = u->sock.type == SOCK_SEQPACKET || m->deadline != DEADLINE_NOW;
        if (u->sock.shut & SOCK_SHUT_RD && told)
            return 0;
        err = sock_msg_wait(&u->sock.wait, m, "receive from an empty socket");
        if (err)
            return err;
    }
}

static void move_peek_offset(struct usock *u, bool peek, size_t n)
{
    int *off = &u->sock.peek_off;

    if (*off >= 0 && peek)
        *off += (int)n;
    else if (*off > 0)
        *off = (size_t)*off > n ? *off - (int)n : 0;
}

ssize_t datagram_recv(struct socket *s, struct sock_msg *m)
{
    struct usock *u = to_unix(s);
    bool peek = m->flags & MSG_PEEK;
    struct umsg *q;
    size_t skip;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    ssize_t r = wait_for_message(u, m, &q, &skip);
    if (r || !q)
        return r;
    size_t left = q->end - skip, n = min_size(left, m->len);
    if (m->name)
        m->name_len = name_copy(q->sender, m->name);
    if (!peek)
        queue_take(u, q);
    if (n < left)
        m->result |= MSG_TRUNC;
    r = sock_copy_out(m, q->data + skip, n);
    if (!r) {
        move_peek_offset(u, peek, peek ? n : q->end);
        sock_put_time(s, m, q->time);
        control_write(u, m, &q->cred, q->files);
        r = (ssize_t)(m->flags & MSG_TRUNC ? left : n);
    }
    if (!peek)
        msg_free(q);
    return r;
}

ssize_t seqpacket_recv(struct socket *s, struct sock_msg *m)
{
    return to_unix(s)->state == UNIX_CONNECTED ? datagram_recv(s, m) : -ENOTCONN;
}
