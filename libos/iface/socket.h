/* SPDX-License-Identifier: MIT
 *
 * Sockets: the contract between the system calls (posix/socket*.c), what all sockets have in common
 * (net/sock) and the protocol families (net/unix and others).
 *
 * A family allocates a struct of its own that starts with a struct socket. It lives as long as its
 * inode, which an open file holds, and whoever else calls inode_hold: with the last reference
 * sock_ops.destroy frees it. sock_ops.release comes before, when the file is closed.
 *
 * Errors are negative Linux error numbers. Calls come with HOLD (iface/hold.h) and with the file
 * held; only those that say so block. Pointers of the program appear as such in struct sock_msg
 * only, and are read and written by sock_copy_in, sock_copy_out and sock_put_control, which check
 * them. */
#ifndef PITH_IFACE_SOCKET_H
#define PITH_IFACE_SOCKET_H

#include <errno.h>
#include <sys/socket.h>

#include "iface/fs.h"

struct socket;

/* One sendmsg or recvmsg. */
struct sock_msg {
    const struct iovec *iov; /* the program's buffers; (len) is their sum */
    int iov_count;
    bool own;     /* they are the library OS's, not the program's */
    bool stays;   /* send: a single one that neither changes nor goes (file_ops.write_in_place) */
    bool trusted; /* not to be checked: so they are, or were since the call last slept */
    size_t len;
    int at; /* next byte to copy: iov[at], at (off) */
    size_t off;
    /* Send: the address to send to; name_len 0: none. Receive: where the sender's address goes,
     * NULL if nobody wants it; then also its length. */
    struct sockaddr_storage *name;
    socklen_t name_len;
    /* Send: control messages, a copy, aligned. Receive: the program's buffer, with control_used
     * bytes of control messages at its start. */
    void *control;
    size_t control_len;
    size_t control_used;
    unsigned flags;  /* MSG_* of the caller, with MSG_DONTWAIT for files that do not block */
    unsigned result; /* receive: msg_flags */
    nsec_t deadline; /* for waits: from sock_deadline */
};

/* NULL: -EOPNOTSUPP. */
struct sock_ops {
    /* (addr): an address of (len) bytes, not checked; bytes behind it are zero. */
    int (*bind)(struct socket *s, const struct sockaddr_storage *addr, socklen_t len);
    int (*connect)(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                   nsec_t deadline); /* blocks */
    int (*listen)(struct socket *s, int backlog);
    /* (*out): a connected socket, for the caller to make a file of. Blocks. */
    int (*accept)(struct socket *s, nsec_t deadline, struct socket **out);
    /* Connects two new sockets of the family and type. */
    int (*pair)(struct socket *s, struct socket *other);
    /* The own address, or that of the peer: -ENOTCONN. Returns its length. */
    int (*name)(struct socket *s, bool peer, struct sockaddr_storage *addr);
    /* (how): SOCK_SHUT_* bits. */
    int (*shutdown)(struct socket *s, unsigned how);
    /* Both block, and return the number of bytes; of a message that was cut that of its bytes
     * copied, or of all with MSG_TRUNC in (flags). A broken connection raises SIGPIPE itself. */
    ssize_t (*send)(struct socket *s, struct sock_msg *m);
    ssize_t (*recv)(struct socket *s, struct sock_msg *m);
    /* POLL* bits; (s->wait) is woken when they may change. */
    int (*poll)(struct socket *s);
    /* The program's (arg) is not checked. -ENOTTY: not known. */
    long (*ioctl)(struct socket *s, unsigned long request, long arg);
    /* Options of the family's own levels, and those of SOL_SOCKET that net/sock does not do; values
     * are copies. getopt: *len is the room, at most SOCK_OPTION_MAX, then the length. -ENOPROTOOPT:
     * not known. */
    int (*setopt)(struct socket *s, int level, int name, const void *value, socklen_t len);
    int (*getopt)(struct socket *s, int level, int name, void *value, socklen_t *len);
    /* Option (name) of SOL_SOCKET has been set; what it says stands in (s). NULL: nobody's matter.
     */
    void (*changed)(struct socket *s, int name);
    void (*release)(struct socket *s); /* the file is gone: close. Required */
    void (*destroy)(struct socket *s); /* the last reference is gone: free. Required */
};

/* The longest value of an option. */
#define SOCK_OPTION_MAX 272u

#define SOCK_SHUT_RD   1u
#define SOCK_SHUT_WR   2u
#define SOCK_SHUT_BOTH 3u

/* Flags that are set by options. */
#define SOCK_REUSEADDR   (1u << 0)
#define SOCK_REUSEPORT   (1u << 1)
#define SOCK_KEEPALIVE   (1u << 2)
#define SOCK_BROADCAST   (1u << 3)
#define SOCK_DONTROUTE   (1u << 4)
#define SOCK_OOBINLINE   (1u << 5)
#define SOCK_PASSCRED    (1u << 6)
#define SOCK_TIMESTAMP   (1u << 7)
#define SOCK_TIMESTAMPNS (1u << 8)
#define SOCK_TIMES       (SOCK_TIMESTAMP | SOCK_TIMESTAMPNS)
#define SOCK_DEBUG       (1u << 9)
#define SOCK_NO_CHECK    (1u << 10)

#define SOCK_STAMP_NOW 1

struct socket {
    struct inode inode;
    const struct sock_ops *ops;
    struct wait_queue wait; /* woken whenever what poll says may change */
    struct file *file;      /* not held; NULL while nobody has accepted it, and once it is closed */
    int domain, type, protocol;
    int error;               /* SO_ERROR, a positive error number; sock_error fetches it */
    unsigned shut;           /* SOCK_SHUT_* */
    unsigned options;        /* SOCK_* flags */
    bool listening;          /* SO_ACCEPTCONN */
    uint32_t sndbuf, rcvbuf; /* in bytes as getsockopt tells, twice what was asked for */
    int rcvlowat;
    int peek_off; /* SO_PEEK_OFF; negative: off */
    int priority, mark;
    nsec_t rcvtimeo, sndtimeo; /* durations; DEADLINE_NEVER: none */
    /* Of the last message that came without its time, for SIOCGSTAMP: 0: none; SOCK_STAMP_NOW: it is
     * what the clock says when somebody asks, and stays. */
    nsec_t stamp;
    struct linger linger;
};

/* A protocol family. */
struct sock_family {
    /* Makes a socket with one reference, set up by sock_init. -ESOCKTNOSUPPORT (type),
     * -EPROTONOSUPPORT, -ENOMEM. */
    int (*create)(int type, int protocol, struct socket **out);
};

/* The families. Weak: an image has those that something else made part of it: libc's
 * socket(2) brings all but netlink (docs/decisions/0044). */
#define SOCK_FAMILY __attribute__((weak, visibility("hidden")))
extern const struct sock_family sock_family_inet SOCK_FAMILY, sock_family_inet6 SOCK_FAMILY;
extern const struct sock_family sock_family_netlink SOCK_FAMILY;
extern const struct sock_family sock_family_packet SOCK_FAMILY;
extern const struct sock_family sock_family_unix;

/* What /proc/net/unix says. */
struct text;
void unix_proc(struct text *t);

/* ioctl's requests on network interfaces (SIOCGIF*). Weak: without it there are none. -ENOTTY: not
 * known. */
__attribute__((weak, visibility("hidden"))) long sock_interface_ioctl(unsigned long request,
                                                                      long arg);

/* Sets up (s), zero at first, with one reference. */
void sock_init(struct socket *s, const struct sock_ops *ops, int domain, int type, int protocol);

/* An open file for (s), with status flags (flags); it takes over the caller's reference. NULL: out
 * of memory. */
must_check struct file *sock_file(struct socket *s, unsigned flags);

/* The socket behind (f), or NULL. */
struct socket *sock_of_file(const struct file *f);

/* Fetches and clears the pending error: 0 or negative. */
int sock_error(struct socket *s);

/* The deadline of a call that does not wait (nonblock), or waits for (timeo) at most. */
nsec_t sock_deadline(bool nonblock, nsec_t timeo);

/* Sleeps on (q) as wait_sleep does. Returns 0: look again; -EAGAIN: the deadline has passed;
 * -EINTR: a signal is due, and the call ends, to be started over unless it has a time limit. */
must_check int sock_wait(struct wait_queue *q, nsec_t deadline, const char *what);

/* The same until the message's deadline; its buffers may change meanwhile. */
must_check static inline int sock_msg_wait(struct wait_queue *q, struct sock_msg *m,
                                           const char *what)
{
    m->trusted = m->own;
    return sock_wait(q, m->deadline, what);
}

/* The next piece of the message's buffers, at most (*n) bytes, which there are: it is taken. NULL:
 * not accessible. */
char *sock_next_part(struct sock_msg *m, size_t *n, bool write);

/* Copy the next (n) bytes of the message's buffers, which have them. -EFAULT. */
must_check int sock_copy_in(struct sock_msg *m, void *to, size_t n);
must_check int sock_copy_out(struct sock_msg *m, const void *from, size_t n);

/* Adds a control message; what does not fit is cut, with MSG_CTRUNC. */
void sock_put_control(struct sock_msg *m, int level, int type, const void *data, size_t len);

/* Adds the time of arrival, of clock_wall, if (s) wants it (SO_TIMESTAMP, SO_TIMESTAMPNS). 0: now.
 */
void sock_put_time(const struct socket *s, struct sock_msg *m, nsec_t when);

/* setsockopt and getsockopt on any level, with copies of the values. */
int sock_setopt(struct socket *s, int level, int name, const void *value, socklen_t len);
int sock_getopt(struct socket *s, int level, int name, void *value, socklen_t *len);

#endif
