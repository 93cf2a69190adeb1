/* SPDX-License-Identifier: MIT
 *
 * AF_UNIX: what its files share. family.c makes, connects and closes sockets; name.c finds them;
 * stream.c and packet.c send and receive; queue.c holds messages; control.c has descriptors and
 * credentials on their way, and flight.c finds those that nobody can receive any more.
 *
 * A message is in the queue of the socket that will receive it. It holds its sender, against whose
 * SO_SNDBUF it counts. A socket holds its peer until it is closed itself, so that the peer's name
 * and credentials can be asked for after the peer is gone (dead). */
#ifndef PITH_UNIX_INTERNAL_H
#define PITH_UNIX_INTERNAL_H

#include <poll.h>
#include <sys/un.h>

#include "base/list.h"
#include "iface/socket.h"

struct usock;

/* A socket's name: shared by a listening socket and those that it accepts. */
struct uname {
    unsigned refs;
    socklen_t len; /* of (addr) */
    struct sockaddr_un addr;
};

/* Open files on their way, each held once. */
#define FILES_MAX 253u /* in one message: SCM_MAX_FD */
struct ufiles {
    struct ufiles *next; /* among those that files_drop is to put */
    unsigned count, room;
    struct file *files[];
};

/* A message, or for streams a piece of what was sent. An urgent byte is a piece of its own, and
 * stays in the queue, empty, once it was read out of line: reads stop there. */
struct umsg {
    struct list node; /* in the queue */
    struct usock *sender;
    struct ufiles *files; /* or NULL */
    nsec_t time;          /* of arrival, if the receiver wanted it then, else 0 */
    struct ucred cred;
    uint32_t room;       /* bytes of (data) */
    uint32_t start, end; /* those not received yet */
    char data[];
};

enum ustate { UNIX_OPEN, UNIX_CONNECTED, UNIX_LISTENING };

struct usock {
    struct socket sock;
    struct list all; /* in unix_sockets, until it is closed */
    enum ustate state;
    bool dead;              /* closed: only others still hold it */
    struct uname *name;     /* NULL: none */
    struct usock *named;    /* next with an abstract name of the same hash */
    struct inode *bound;    /* of a name in a file system, held, or NULL */
    struct usock *peer;     /* held, or NULL */
    struct ucred peer_cred; /* SO_PEERCRED */

    struct list queue; /* of messages; of a listening socket: connections to accept */
    struct list node;  /* in the queue of the listening socket */
    unsigned queue_len;
    size_t queue_bytes;
    struct umsg *urgent;    /* of (queue): the urgent byte that was not received; NULL: none */
    unsigned backlog;       /* so many and one more wait in (queue) */
    struct wait_queue room; /* woken when (queue) gets shorter */

    size_t charged; /* bytes of its messages that wait elsewhere, with what holds them */
    /* While poll says that the peer's queue is full: wakes (sock.wait) with the peer's (room). */
    struct waiter relay;

    /* Descriptors of it in flight: how many, and what flight.c finds out about them. */
    unsigned flights;
    struct list flight; /* of all sockets that have some */
    unsigned inside;    /* those in queues of sockets that may be unreachable themselves */
    bool suspect, reachable;
};

static inline struct usock *to_unix(struct socket *s)
{
    return container_of(s, struct usock, sock);
}

static inline void usock_hold(struct usock *u)
{
    inode_hold(&u->sock.inode);
}

static inline void usock_put(struct usock *u)
{
    inode_put(&u->sock.inode);
}

static inline bool is_packet(const struct usock *u)
{
    return u->sock.type != SOCK_STREAM;
}

/* Whether the queue of (to) is too long for one more message or connection. */
static inline bool queue_full(const struct usock *to)
{
    return to->queue_len > to->backlog;
}

/* What poll says of sockets that have something to receive, and that can send. */
#define READY_IN  (POLLIN | POLLRDNORM)
#define READY_OUT (POLLOUT | POLLWRNORM | POLLWRBAND)

/* Whether poll says that (u) can send, as far as SO_SNDBUF goes: there is some room, not just a
 * little, so that sender and receiver do not alternate at every message. */
static inline bool can_send(const struct usock *u)
{
    return u->state != UNIX_LISTENING && u->charged * 4 <= u->sock.sndbuf;
}

/* family.c */

extern struct list unix_sockets;
struct usock *usock_alloc(int type);
extern const struct sock_ops stream_ops, datagram_ops, seqpacket_ops;

/* The peer of (u), held, is (peer), or none; (u) takes over the reference. */
void set_peer(struct usock *u, struct usock *peer);

/* The connection of datagram socket (u) to (old) has ended: what it sent is dropped. */
void datagram_disconnected(struct usock *u, struct usock *old);

/* Who makes the call, for SO_PEERCRED. */
struct ucred own_cred(void);

/* name.c */

/* Checks an address: 0; -EINVAL. */
must_check int name_check(const struct sockaddr_storage *addr, socklen_t len);

int unix_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len);
int unix_name(struct socket *s, bool peer, struct sockaddr_storage *addr);

/* Gives (u) an abstract name of five digits if it has none. 0; -ENOMEM, -ENOSPC. */
must_check int name_autobind(struct usock *u);

/* Autobinds a socket that wants credentials, so that it can be answered. */
must_check int name_for_credentials(struct usock *u);

/* The socket of type (type) that is bound to (addr), held. -ECONNREFUSED (nobody), -EPROTOTYPE
 * (another type), the errors of path walk. */
must_check int name_find(const struct sockaddr_storage *addr, socklen_t len, int type,
                         struct usock **out);

/* Copies the address of (u), which may have none. Returns its length, 0 without. */
socklen_t name_copy(const struct usock *u, struct sockaddr_storage *to);

void name_put(struct uname *name);

/* (u) is closed: the name is free. */
void name_release(struct usock *u);

/* queue.c */

/* A message with room for (len) bytes at least, or with (less) for some of them. NULL: out of
 * memory. Freed by msg_free, which also drops its files and tells its sender. */
struct umsg *msg_alloc(size_t len, bool less);
void msg_free(struct umsg *m);

/* Appends (m), sent by (from), to the queue of (to), and wakes it. */
void queue_put(struct usock *to, struct umsg *m, struct usock *from);

/* Takes (m) out of the queue of (u); the caller frees it. */
void queue_take(struct usock *u, struct umsg *m);

/* The first message; NULL. */
struct umsg *queue_first(const struct usock *u);
struct umsg *queue_next(const struct usock *u, const struct umsg *m);

/* Frees all messages. */
void queue_clear(struct usock *u);

/* Waits until (u) may send (SO_SNDBUF). 0; the pending error, -EPIPE (shut), -EAGAIN, -EINTR. */
must_check int wait_to_send(struct usock *u, struct sock_msg *m);

/* Notes that (m) is (n) bytes longer, or shorter. */
void msg_grow(struct usock *to, struct umsg *m, size_t n);
void msg_shrink(struct usock *u, struct umsg *m, size_t n);

/* stream.c, packet.c */
ssize_t stream_send(struct socket *s, struct sock_msg *m);
ssize_t stream_recv(struct socket *s, struct sock_msg *m);
bool stream_at_mark(const struct usock *u); /* SIOCATMARK */
ssize_t datagram_send(struct socket *s, struct sock_msg *m);
ssize_t datagram_recv(struct socket *s, struct sock_msg *m);
ssize_t seqpacket_send(struct socket *s, struct sock_msg *m);
ssize_t seqpacket_recv(struct socket *s, struct sock_msg *m);

/* control.c */

/* What control messages ask for. */
struct control {
    struct ufiles *files; /* or NULL */
    struct ucred cred;
    bool has_cred; /* SCM_CREDENTIALS was there */
};

/* Reads (len) bytes of control messages. Returns 0; -EINVAL, -EBADF, -EPERM, -ESRCH, -ENOMEM,
 * -ETOOMANYREFS: (c) then holds nothing. */
must_check int control_read(struct control *c, const void *control, size_t len);

/* Drops the files of (c), if they are still there. */
void control_end(struct control *c);

/* The credentials of a message with (c) that goes from (from) to (to). */
struct ucred control_cred(const struct control *c, const struct usock *from,
                          const struct usock *to);

static inline bool same_cred(const struct ucred *a, const struct ucred *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* Gives the program what came with a message: credentials, if (u) wants them, and (files), NULL if
 * there are none, which stay the caller's. */
void control_write(const struct usock *u, struct sock_msg *m, const struct ucred *cred,
                   const struct ufiles *files);

/* The files of (files) are no longer in a message, and put; (files) is freed. Closing one may lead
 * here again, for more. */
void files_drop(struct ufiles *files);

/* log.c */

#define LOG_PATH "/dev/log"

/* The socket at LOG_PATH, which writes to the log; it lives for ever. NULL: out of memory. */
struct usock *log_socket(void);

/* flight.c */

/* (f) is in a message from now on, or no longer. */
void flight_begin(struct file *f);
void flight_end(struct file *f);

/* How many files are in messages. */
extern size_t flight_count;

/* Finds sockets that are only referred to by messages which nobody can receive, and drops those
 * messages. Called when a socket is closed, and now and then when files are sent. */
void flight_collect(void);

#endif
