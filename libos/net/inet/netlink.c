/* SPDX-License-Identifier: MIT
 *
 * The sockets of AF_NETLINK: a queue of datagrams, names and options. Requests are answered within
 * the call that sends them, so a program finds the whole answer when it looks. */
#include "inet/netlink.h"

#include <poll.h>
#include <sys/ioctl.h>

#include "base/assert.h"
#include "iface/user.h"
#include "inet/internal.h"
#include "mm/heap.h"

#define DATAGRAM_MAX 4096u
#define GROUPS_MAX   32u /* further ones exist on Linux, but nobody tells anything there */

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

struct nl_socket *nl_sockets;

static const struct sock_ops netlink_ops;

static struct nl_socket *to_netlink(struct socket *s)
{
    return container_of(s, struct nl_socket, sock);
}

static int create(int type, int protocol, struct socket **out)
{
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    /* Of devices (NETLINK_KOBJECT_UEVENT) nothing is ever told: none come and go. */
    if (protocol != NETLINK_ROUTE && protocol != NETLINK_KOBJECT_UEVENT)
        return -EPROTONOSUPPORT;
    int err = ip_start();
    struct nl_socket *n = err ? NULL : heap_alloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    sock_init(&n->sock, &netlink_ops, AF_NETLINK, type, protocol);
    n->sock.wait.external = true;
    n->last = &n->first;
    n->next = nl_sockets;
    nl_sockets = n;
    *out = &n->sock;
    return 0;
}

const struct sock_family sock_family_netlink = {create};

/* The queue. */

static void free_datagram(struct nl_datagram *d)
{
    heap_free(d, d->size);
}

static void lose(struct nl_socket *n)
{
    if (!(n->options >> NETLINK_NO_ENOBUFS & 1))
        n->sock.error = ENOBUFS;
    wait_wake(&n->sock.wait);
}

static struct nl_datagram *take(struct nl_socket *n)
{
    struct nl_datagram *d = n->first;

    if (d) {
        n->first = d->next;
        n->last = n->first ? n->last : &n->first;
        n->memory -= d->size;
    }
    return d;
}

void nl_flush(struct nl_out *o)
{
    struct nl_datagram *d = o->at;

    if (!d)
        return;
    o->at = NULL;
    *o->to->last = d;
    o->to->last = &d->next;
    o->to->memory += d->size;
    wait_wake_events(&o->to->sock.wait, READY_IN);
}

void *nl_begin(struct nl_out *o, unsigned type, size_t len)
{
    size_t size = DATAGRAM_MAX;

    if (o->at && o->at->len + NL_MESSAGE_MAX > DATAGRAM_MAX - sizeof(*o->at))
        nl_flush(o);
    if (!o->at && !o->lost) {
        bool full = o->to->memory > 0 && o->to->memory + size > o->to->sock.rcvbuf;
        o->at = full ? NULL : heap_alloc(size);
        o->lost = !o->at;
        if (o->lost)
            lose(o->to);
        else
            *o->at = (struct nl_datagram){.size = (uint32_t)size, .group = o->group};
    }
    if (o->lost)
        return NULL;
    struct nlmsghdr *h = (struct nlmsghdr *)(o->at->bytes + o->at->len);
    o->start = o->at->len;
    h->nlmsg_type = (uint16_t)type;
    h->nlmsg_flags = o->flags;
    h->nlmsg_seq = o->seq;
    h->nlmsg_pid = o->port;
    o->at->len += (uint32_t)(sizeof(*h) + align_up(len, 4));
    return h + 1;
}

void nl_put(struct nl_out *o, unsigned type, const void *value, size_t len)
{
    if (o->lost)
        return;
    struct rtattr *a = (struct rtattr *)(o->at->bytes + o->at->len);
    ASSERT(o->at->len - o->start + sizeof(*a) + align_up(len, 4) <= NL_MESSAGE_MAX);
    a->rta_type = (unsigned short)type;
    a->rta_len = (unsigned short)(sizeof(*a) + len);
    memcpy(a + 1, value, len);
    o->at->len += (uint32_t)(sizeof(*a) + align_up(len, 4));
}

void nl_end(struct nl_out *o)
{
    if (o->lost)
        return;
    struct nlmsghdr *h = (struct nlmsghdr *)(o->at->bytes + o->start);
    h->nlmsg_len = o->at->len - o->start;
}

/* Names. */

static bool port_taken(uint32_t port)
{
    const struct nl_socket *n = nl_sockets;

    while (n && n->port != port)
        n = n->next;
    return n;
}

/* The program's number, 1, for its first socket, as on Linux. */
static void autobind(struct nl_socket *n)
{
    static uint32_t next = -4096u;

    if (n->port)
        return;
    while (!n->port) {
        uint32_t port = port_taken(1) ? next-- : 1;
        if (!port_taken(port))
            n->port = port;
    }
}

static int join(struct nl_socket *n, uint32_t groups)
{
    bool first = true;

    for (const struct nl_socket *o = nl_sockets; o; o = o->next)
        first &= !o->groups;
    n->groups = groups;
    return groups && first ? nl_watch() : 0;
}

static int nl_bind(struct socket *s, const struct sockaddr_storage *addr, socklen_t len)
{
    struct nl_socket *n = to_netlink(s);
    const struct sockaddr_nl *a = (const struct sockaddr_nl *)addr;

    if (len < sizeof(*a) || a->nl_family != AF_NETLINK)
        return -EINVAL;
    if (n->port && a->nl_pid != n->port)
        return -EINVAL;
    if (!n->port && a->nl_pid) {
        if (port_taken(a->nl_pid))
            return -EADDRINUSE;
        n->port = a->nl_pid;
    }
    autobind(n);
    return join(n, a->nl_groups);
}

/* There is nobody but the library OS to talk to. */
static int check_peer(const struct sockaddr_storage *addr, socklen_t len)
{
    const struct sockaddr_nl *a = (const struct sockaddr_nl *)addr;

    if (len < sizeof(*a) || a->nl_family != AF_NETLINK)
        return -EINVAL;
    return a->nl_pid ? -ECONNREFUSED : 0;
}

static int nl_connect(struct socket *s, const struct sockaddr_storage *addr, socklen_t len,
                      nsec_t deadline)
{
    (void)deadline;
    if (len < sizeof(addr->ss_family))
        return -EINVAL;
    int err = addr->ss_family == AF_UNSPEC ? 0 : check_peer(addr, len);
    if (!err)
        autobind(to_netlink(s));
    return err;
}

static int put_name(uint32_t port, uint32_t groups, struct sockaddr_storage *addr)
{
    struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};

    memcpy(addr, &a, sizeof(a));
    return sizeof(a);
}

static int nl_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    const struct nl_socket *n = to_netlink(s);

    return peer ? put_name(0, 0, addr) : put_name(n->port, n->groups, addr);
}

/* Messages. */

static ssize_t nl_send(struct socket *s, struct sock_msg *m)
{
    struct nl_socket *n = to_netlink(s);
    int err = m->flags & MSG_OOB ? -EOPNOTSUPP : 0;

    if (!err && m->name_len)
        err = check_peer(m->name, m->name_len);
    if (err)
        return err;
    autobind(n);
    if (m->len > s->sndbuf - 32)
        return -EMSGSIZE;
    if (m->len == 0)
        return 0;
    uint8_t *copy = heap_alloc(m->len);
    if (!copy)
        return -ENOBUFS;
    err = sock_copy_in(m, copy, m->len);
    if (!err)
        nl_requests(n, copy, m->len);
    heap_free(copy, m->len);
    return err ? err : (ssize_t)m->len;
}

static ssize_t nl_recv(struct socket *s, struct sock_msg *m)
{
    struct nl_socket *n = to_netlink(s);
    struct nl_datagram *d;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    for (;;) {
        int err = sock_error(s);
        if (!err && n->first)
            break;
        if (!err)
            err = sock_msg_wait(&s->wait, m, "receive from an empty socket");
        if (err)
            return err;
    }
    d = m->flags & MSG_PEEK ? n->first : take(n);
    size_t len = min_size(m->len, d->len);
    if (len < d->len)
        m->result |= MSG_TRUNC;
    int err = sock_copy_out(m, d->bytes, len);
    if (m->name)
        m->name_len = (socklen_t)put_name(0, d->group, m->name);
    ssize_t all = (ssize_t)(m->flags & MSG_TRUNC ? d->len : len);
    if (!(m->flags & MSG_PEEK))
        free_datagram(d);
    return err ? err : all;
}

static int nl_poll(struct socket *s)
{
    return READY_OUT | (to_netlink(s)->first ? READY_IN : 0) | (s->error ? POLLERR : 0);
}

static long nl_ioctl(struct socket *s, unsigned long request, long arg)
{
    const struct nl_datagram *first = to_netlink(s)->first;

    return request == FIONREAD ? user_give_int(arg, first ? (int)first->len : 0) : -ENOTTY;
}

/* Options. */

static int nl_setopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
    struct nl_socket *n = to_netlink(s);
    int v;

    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    if (len < sizeof(v))
        return -EINVAL;
    memcpy(&v, value, sizeof(v));
    switch (name) {
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP:
        if (v < 1 || (unsigned)v > GROUPS_MAX)
            return -EINVAL;
        autobind(n);
        return join(n, name == NETLINK_ADD_MEMBERSHIP ? n->groups | 1u << (v - 1)
                                                      : n->groups & ~(1u << (v - 1)));
    case NETLINK_BROADCAST_ERROR:
    case NETLINK_NO_ENOBUFS:
    case NETLINK_CAP_ACK:
    case NETLINK_EXT_ACK:
        n->options = v ? n->options | 1u << name : n->options & ~(1u << name);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int nl_getopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
    struct nl_socket *n = to_netlink(s);

    if (level != SOL_NETLINK)
        return -ENOPROTOOPT;
    switch (name) {
    case NETLINK_LIST_MEMBERSHIPS:
        return inet_give(&n->groups, sizeof(n->groups), value, len);
    case NETLINK_BROADCAST_ERROR:
    case NETLINK_NO_ENOBUFS:
    case NETLINK_CAP_ACK:
    case NETLINK_EXT_ACK:
        return inet_give_int(n->options >> name & 1, value, len);
    default:
        return -ENOPROTOOPT;
    }
}

static void nl_release(struct socket *s)
{
    struct nl_socket *n = to_netlink(s), **at = &nl_sockets;

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    for (struct nl_datagram *d; (d = take(n));)
        free_datagram(d);
}

static void nl_destroy(struct socket *s)
{
    heap_free(to_netlink(s), sizeof(struct nl_socket));
}

static const struct sock_ops netlink_ops = {
    .bind = nl_bind,
    .connect = nl_connect,
    .name = nl_name,
    .send = nl_send,
    .recv = nl_recv,
    .poll = nl_poll,
    .ioctl = nl_ioctl,
    .setopt = nl_setopt,
    .getopt = nl_getopt,
    .release = nl_release,
    .destroy = nl_destroy,
};
