/* SPDX-License-Identifier: MIT
 *
 * TCP sockets: what stream.c (connections) and stream_io.c (bytes, readiness) share. */
#ifndef PITH_INET_STREAM_H
#define PITH_INET_STREAM_H

#include "inet/internal.h"

enum stream_state {
    STREAM_OPEN, /* no connection */
    STREAM_LISTENING,
    STREAM_CONNECTING,
    STREAM_CONNECTED, /* connect has said so, or it was accepted */
};

struct stream {
    struct isock in;
    struct tcp_conn *conn;      /* NULL: none */
    struct tcp_options options; /* as set; the connection has a copy */
    enum stream_state state;
    uint8_t news; /* TCP_EVENT_* that inet_stream_look has not looked at */
    bool ended;   /* FIN or a reset came: reads give 0 */
    bool push_pending;
    bool no_quick_ack; /* TCP_QUICKACK was set to 0 */
    struct stream *push_next;
    bool just_accepted; /* accept tells the peer's name even if it has gone meanwhile */
};

static inline struct stream *to_stream(struct socket *s)
{
    return container_of(s, struct stream, in.sock);
}

/* Whether the connection is at its end, as Linux's state CLOSE; and its state, CLOSED without. */
bool inet_stream_is_closed(const struct stream *t);
enum tcp_state inet_stream_tcp_state(const struct stream *t);

/* Learns what has happened to the connection: errors, its end. Before any decision about (t). TCP
 * tells of all that by events. */
void inet_stream_take_news(struct stream *t);

static inline void inet_stream_look(struct stream *t)
{
    if (t->news || t->just_accepted)
        inet_stream_take_news(t);
}

/* Sends what is queued, now or with the next crossing to the host; and no longer, for a connection
 * that goes. In push.c. */
void inet_push(struct stream *t);
void inet_push_forget(struct stream *t);

ssize_t inet_stream_send(struct socket *s, struct sock_msg *m);
ssize_t inet_stream_recv(struct socket *s, struct sock_msg *m);
int inet_stream_poll(struct socket *s);
long inet_stream_ioctl(struct socket *s, unsigned long request, long arg);

#endif
