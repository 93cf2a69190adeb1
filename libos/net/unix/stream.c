/* SPDX-License-Identifier: MIT
 *
 * Bytes without boundaries. What is sent with files or other credentials starts a message of its
 * own; else writes fill up the last one. A read goes on from message to message until it meets
 * files, or other credentials that the program wants to see. */
#include "iface/signal.h"
#include "unix/internal.h"

/* Copies at most (n) bytes to the end of the queue of (to). Returns their number; -EFAULT,
 * -ENOMEM. */
static ssize_t put_piece(struct usock *from, struct usock *to, struct sock_msg *m,
                         struct control *c, size_t n)
{
    struct ucred cred = control_cred(c, from, to);
    struct umsg *last = to->queue_len ? list_entry(to->queue.prev, struct umsg, node) : NULL;

    if (last && last->end < last->room && last->sender == from && !last->files && !c->files &&
        same_cred(&last->cred, &cred)) {
        n = min_size(n, last->room - last->end);
        int err = sock_copy_in(m, last->data + last->end, n);
        if (err)
            return err;
        msg_grow(to, last, n);
        return (ssize_t)n;
    }
    struct umsg *piece = msg_alloc(n, true);
    if (!piece)
        return -ENOMEM;
    n = min_size(n, piece->room);
    int err = sock_copy_in(m, piece->data, n);
    if (err) {
        msg_free(piece);
        return err;
    }
    piece->end = (uint32_t)n;
    piece->cred = cred;
    piece->files = c->files;
    c->files = NULL;
    queue_put(to, piece, from);
    return (ssize_t)n;
}

static ssize_t send_to(struct usock *u, struct usock *to, struct sock_msg *m, struct control *c)
{
    ssize_t done = 0, n;
    bool broken = u->sock.shut & SOCK_SHUT_WR;

    while (!broken && (size_t)done < m->len) {
        n = wait_to_send(u, m);
        if (n < 0)
            return done > 0 ? done : n;
        broken = to->dead || to->sock.shut & SOCK_SHUT_RD;
        if (broken)
            break;
        /* As Linux, not much beyond SO_SNDBUF at once. */
        n = put_piece(u, to, m, c, min_size(m->len - (size_t)done, u->sock.sndbuf / 2 - 64));
        if (n < 0)
            return done > 0 ? done : n;
        done += n;
    }
    if (!broken || done > 0)
        return done;
    if (!(m->flags & MSG_NOSIGNAL))
        signal_raise_sigpipe();
    return -EPIPE;
}

ssize_t stream_send(struct socket *s, struct sock_msg *m)
{
    struct usock *u = to_unix(s);
    struct control c;
    ssize_t r = control_read(&c, m->control, m->control_len);

    if (r)
        return r;
    if (m->name_len) {
        r = u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    } else if (!u->peer) {
        r = -ENOTCONN;
    } else if (m->flags & MSG_OOB) {
        r = -EOPNOTSUPP;
    } else {
        struct usock *peer = u->peer;
        usock_hold(peer);
        r = send_to(u, peer, m, &c);
        usock_put(peer);
    }
    control_end(&c);
    return r;
}

/* Where a read is. */
struct reading {
    size_t done;
    struct ucred cred;
    bool begun;           /* (cred) is that of a message */
    struct ufiles *files; /* that came; ours, unless peeked at. NULL: none */
};

/* The message at which the next byte is; *skip of its bytes come before that. NULL: none. */
static struct umsg *message_at(const struct usock *u, size_t *skip)
{
    struct umsg *q = queue_first(u);

    while (q && *skip >= q->end - q->start) {
        *skip -= q->end - q->start;
        q = queue_next(u, q);
    }
    return q;
}

/* Takes (n) bytes that were read, and the files, which now are the caller's, from the first
 * message.
 */
static void consume(struct usock *u, struct umsg *q, size_t n)
{
    if (u->sock.peek_off > 0)
        u->sock.peek_off = (int)(n < (size_t)u->sock.peek_off ? u->sock.peek_off - (int)n : 0);
    q->files = NULL;
    msg_shrink(u, q, n);
    if (q->start == q->end) {
        queue_take(u, q);
        msg_free(q);
    }
}

/* Reads on in message (q) behind (skip) bytes of it. Returns 1: there may be more; 0: the read ends
 * here; -EFAULT. */
static int read_piece(struct usock *u, struct sock_msg *m, struct reading *r, struct umsg *q,
                      size_t skip)
{
    size_t n = min_size(q->end - q->start - skip, m->len - r->done);

    if (r->begun && u->sock.options & SOCK_PASSCRED && !same_cred(&r->cred, &q->cred))
        return 0;
    if (!r->begun && m->name)
        m->name_len = name_copy(q->sender, m->name);
    r->begun = true;
    r->cred = q->cred;
    int err = sock_copy_out(m, q->data + q->start + skip, n);
    if (err)
        return err;
    r->done += n;
    r->files = q->files;
    if (!(m->flags & MSG_PEEK))
        consume(u, q, n);
    else if (u->sock.peek_off >= 0)
        u->sock.peek_off += (int)n;
    return r->done < m->len && !r->files;
}

/* Waits for something to read. 0; 1: the end of the stream; -EAGAIN, -EINTR, the pending error. */
static int wait_for_bytes(struct usock *u, const struct sock_msg *m)
{
    int err = sock_error(&u->sock);

    if (err)
        return err;
    if (u->sock.shut & SOCK_SHUT_RD)
        return 1;
    return sock_wait(&u->sock.wait, m->deadline, "receive from an empty socket");
}

ssize_t stream_recv(struct socket *s, struct sock_msg *m)
{
    struct usock *u = to_unix(s);
    bool peek = m->flags & MSG_PEEK;
    struct reading r = {0};
    int more = 1;

    if (u->state != UNIX_CONNECTED || m->flags & MSG_OOB)
        return -EINVAL;
    size_t target = m->flags & MSG_WAITALL ? m->len : min_size((size_t)s->rcvlowat, m->len);
    if (target == 0)
        target = 1;
    while (more > 0) {
        size_t skip = peek ? r.done : 0;
        /* SO_PEEK_OFF moves along with what is read. */
        if (peek && s->peek_off >= 0)
            skip = (size_t)s->peek_off;
        struct umsg *q = message_at(u, &skip);
        if (q) {
            more = read_piece(u, m, &r, q, skip);
        } else {
            if (r.done >= target || (peek && r.done > 0))
                break;
            more = wait_for_bytes(u, m);
            if (more == 1)
                break;
            more = more ? more : 1;
        }
    }
    if (more < 0 && r.done == 0)
        return more;
    control_write(u, m, &r.cred, r.files);
    if (r.files && !peek)
        files_drop(r.files);
    return (ssize_t)r.done;
}
