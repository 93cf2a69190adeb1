/* SPDX-License-Identifier: MIT
 *
 * Bytes without boundaries. What is sent with files or other credentials starts a message of its
 * own; else writes fill up the last one. A read goes on from message to message until it meets
 * files, or other credentials that the program wants to see. It stops at the mark of an urgent
 * byte, which is passed over by the next one, or read with MSG_OOB. An urgent byte that is followed
 * by another before it was read is one like the others. */
#include "iface/signal.h"
#include "unix/internal.h"

/* Copies at most (n) bytes to the end of the queue of (to). Returns their number; -EFAULT,
 * -ENOMEM. */
static ssize_t put_piece(struct usock *from, struct usock *to, struct sock_msg *m,
                         struct control *c, size_t n)
{
    struct ucred cred = control_cred(c, from, to);
    struct umsg *last = to->queue_len ? list_entry(to->queue.prev, struct umsg, node) : NULL;

    if (last && last != to->urgent && last->start < last->end && last->end < last->room &&
        last->sender == from && !last->files && !c->files && same_cred(&last->cred, &cred)) {
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

/* Sends the last byte as an urgent one. 0; -EPIPE and others: as wait_to_send, put_piece. */
static int put_urgent(struct usock *u, struct usock *to, struct sock_msg *m, struct control *c)
{
    uint8_t byte;
    int err = wait_to_send(u, m);

    if (!err)
        err = to->dead || to->sock.shut & SOCK_SHUT_RD ? -EPIPE : sock_copy_in(m, &byte, 1);
    if (err)
        return err;
    struct umsg *piece = msg_alloc(1, true);
    if (!piece)
        return -ENOMEM;
    piece->data[0] = (char)byte;
    piece->end = 1;
    piece->cred = control_cred(c, u, to);
    piece->files = c->files;
    c->files = NULL;
    to->urgent = piece;
    wait_wake_events(&to->sock.wait, POLLPRI);
    queue_put(to, piece, u);
    return 0;
}

static ssize_t send_to(struct usock *u, struct usock *to, struct sock_msg *m, struct control *c)
{
    ssize_t done = 0, n, plain = (ssize_t)m->len - !!(m->flags & MSG_OOB);
    bool broken = u->sock.shut & SOCK_SHUT_WR;

    while (!broken && done < plain) {
        n = wait_to_send(u, m);
        if (n < 0)
            return done > 0 ? done : n;
        broken = to->dead || to->sock.shut & SOCK_SHUT_RD;
        if (broken)
            break;
        /* As Linux, not much beyond SO_SNDBUF at once. */
        n = put_piece(u, to, m, c, min_size((size_t)(plain - done), u->sock.sndbuf / 2 - 64));
        if (n < 0)
            return done > 0 ? done : n;
        done += n;
    }
    if (!broken && m->flags & MSG_OOB) {
        int err = put_urgent(u, to, m, c);
        if (err && done == 0)
            return err;
        return done + !err;
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
    } else if (m->flags & MSG_OOB && m->len == 0) {
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

static void drop(struct usock *u, struct umsg *q)
{
    queue_take(u, q);
    msg_free(q);
}

/* The message at which the next byte is; *skip of its bytes come before that. NULL: none; with
 * (*mark): not for this read, which has got (done) bytes, as there is the mark. A read that is at
 * the mark at its start, and does not peek, takes it away. */
static struct umsg *message_at(struct usock *u, bool peek, size_t done, size_t *skip, bool *mark)
{
    bool in_line = u->sock.options & SOCK_OOBINLINE, first = true;
    struct umsg *q = queue_first(u), *next;

    for (; q; q = next) {
        size_t len = q->end - q->start;
        bool urgent = q == u->urgent, passed = urgent && first && !in_line && (peek || done == 0);
        next = queue_next(u, q);
        *mark = *skip == 0 && done > 0 && !passed && (urgent || (len == 0 && !u->urgent));
        if (*mark)
            return NULL;
        if (urgent && !peek && *skip == 0)
            u->urgent = NULL;
        if ((len == 0 || passed) && !peek) {
            drop(u, q);
            continue;
        }
        if (passed)
            continue;
        if (*skip < len)
            return q;
        *skip -= len;
        first = first && len == 0;
    }
    return NULL;
}

bool stream_at_mark(const struct usock *u)
{
    const struct umsg *q = queue_first(u);

    if (!q)
        return false;
    return q == u->urgent || (q->start == q->end && (!u->urgent || queue_next(u, q) == u->urgent));
}

/* recv with MSG_OOB. The empty pieces that were urgent bytes do not gather. */
static ssize_t recv_urgent(struct usock *u, struct sock_msg *m)
{
    struct umsg *q = u->urgent;

    if (!q || u->sock.options & SOCK_OOBINLINE)
        return -EINVAL;
    size_t n = min_size(m->len, 1);
    int err = sock_copy_out(m, q->data + q->start, n);
    if (!(m->flags & MSG_PEEK)) {
        u->urgent = NULL;
        msg_shrink(u, q, 1);
        struct umsg *before =
            q->node.prev == &u->queue ? NULL : list_entry(q->node.prev, struct umsg, node);
        if (before && before->start == before->end)
            drop(u, before);
    }
    if (err)
        return err;
    m->result |= MSG_OOB;
    return 1;
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
    if (q->start == q->end)
        drop(u, q);
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
static int wait_for_bytes(struct usock *u, struct sock_msg *m)
{
    int err = sock_error(&u->sock);

    if (err)
        return err;
    if (u->sock.shut & SOCK_SHUT_RD)
        return 1;
    return sock_msg_wait(&u->sock.wait, m, "receive from an empty socket");
}

ssize_t stream_recv(struct socket *s, struct sock_msg *m)
{
    struct usock *u = to_unix(s);
    bool peek = m->flags & MSG_PEEK, mark = false;
    struct reading r = {0};
    int more = 1;

    if (u->state != UNIX_CONNECTED)
        return -EINVAL;
    if (m->flags & MSG_OOB)
        return recv_urgent(u, m);
    size_t target = m->flags & MSG_WAITALL ? m->len : min_size((size_t)s->rcvlowat, m->len);
    if (target == 0)
        target = 1;
    while (more > 0) {
        size_t skip = peek ? r.done : 0;
        /* SO_PEEK_OFF moves along with what is read. */
        if (peek && s->peek_off >= 0)
            skip = (size_t)s->peek_off;
        struct umsg *q = message_at(u, peek, r.done, &skip, &mark);
        if (q) {
            more = read_piece(u, m, &r, q, skip);
        } else {
            if (mark || r.done >= target || (peek && r.done > 0))
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
