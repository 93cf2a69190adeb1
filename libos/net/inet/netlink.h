/* SPDX-License-Identifier: MIT
 *
 * Netlink sockets (netlink(7), rtnetlink(7)) of NETLINK_ROUTE: programs ask for interfaces, addresses
 * and routes, and are told of changes. The socket is in netlink.c, what it says in rtnetlink.c and
 * netlink_watch.c. Nothing can be changed by it: ioctl does that. */
#ifndef PITH_INET_NETLINK_H
#define PITH_INET_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "iface/socket.h"
#include "ip/iface.h"

/* What a program receives by one call: one or more messages. */
struct nl_datagram {
    struct nl_datagram *next;
    uint32_t size;  /* bytes of this struct with what follows */
    uint32_t len;   /* of the messages */
    uint32_t group; /* RTMGRP_* of those it is for; 0: an answer */
    _Alignas(8) uint8_t bytes[];
};

struct nl_socket {
    struct socket sock;
    uint32_t port;    /* nl_pid; 0: none yet */
    uint32_t groups;  /* RTMGRP_* */
    unsigned options; /* bit N: NETLINK_* option N is on */
    struct nl_datagram *first, **last;
    size_t memory; /* of the queue */
    struct nl_socket *next;
};

extern struct nl_socket *nl_sockets;

/* A series of messages to (to), in datagrams of one page each at most. Where memory is out or the
 * socket full, the rest is lost, and the socket's next call answers ENOBUFS. */
struct nl_out {
    struct nl_socket *to;
    uint32_t seq, port;
    uint16_t flags; /* of each message */
    uint32_t group;
    struct nl_datagram *at; /* that is being filled */
    uint32_t start;         /* of the message at hand, in it */
    bool lost;
};

/* No message of a series is longer. */
#define NL_MESSAGE_MAX 768u

/* Begins a message of (type): returns its first (len) bytes behind the header, zero, to be filled
 * in; NULL if it is lost. */
void *nl_begin(struct nl_out *o, unsigned type, size_t len);
/* Adds an attribute to the message begun last, if that is not lost. */
void nl_put(struct nl_out *o, unsigned type, const void *value, size_t len);
/* Ends the message, and all of them. */
void nl_end(struct nl_out *o);
void nl_flush(struct nl_out *o);

/* Answers the (len) bytes of requests that a program has sent. In rtnetlink.c. */
void nl_requests(struct nl_socket *s, const uint8_t *bytes, size_t len);

/* The link that a request names by its index or IFLA_IFNAME, or NULL. */
struct ip_iface *nl_find_link(const struct nlmsghdr *h);
void nl_put_addr(struct nl_out *o, unsigned type, const struct ip_addr *a);

/* In rtnetlink_set.c, weak. nl_change does what a request (RTM_NEW*, RTM_DEL*) asks for: 0 or an
 * error. nl_way tells the way to one address (RTM_GETROUTE): 0 or an error. nl_rules is the dump of
 * RTM_GETRULE. */
#define NL_HOOK __attribute__((weak, visibility("hidden")))
NL_HOOK int nl_change(const struct nlmsghdr *h);
NL_HOOK int nl_way(struct nl_out *o, const struct nlmsghdr *h);
NL_HOOK void nl_rules(struct nl_out *o, unsigned family);

/* One message each (RTM_NEW*, RTM_DEL*). */
void nl_link(struct nl_out *o, unsigned type, const struct ip_iface *i);
void nl_address(struct nl_out *o, unsigned type, const struct ip_iface *i,
                const struct ip_iface_addr *a);

/* Notices what changes from now on. In netlink_watch.c. -ENOMEM: not all that is there is known, and
 * may be told as new. */
int nl_watch(void);

#endif
