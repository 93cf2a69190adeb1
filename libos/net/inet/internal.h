/* SPDX-License-Identifier: MIT
 *
 * Sockets of AF_INET and AF_INET6: what their types share. Addresses are one type
 * (net/wire/addr.h); only names, options and control messages look at the domain.
 *
 * Every operation that may have sent something ends with ip_run_local. */
#ifndef PITH_INET_INTERNAL_H
#define PITH_INET_INTERNAL_H

#include <linux/if_addr.h>
#include <netinet/in.h>
#include <poll.h>

#include "iface/socket.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "ip/port.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

#define READY_IN  (POLLIN | POLLRDNORM)
#define READY_OUT (POLLOUT | POLLWRNORM)

/* Options that are one flag (isock.flags). */
#define INET_PKTINFO       (1u << 0) /* IP_PKTINFO */
#define INET_RECVTTL       (1u << 1)
#define INET_RECVTOS       (1u << 2)
#define INET_RECVERR       (1u << 3)
#define INET_ORIGDST       (1u << 4) /* IP_RECVORIGDSTADDR */
#define INET_PKTINFO6      (1u << 5) /* IPV6_RECVPKTINFO */
#define INET_HOPLIMIT      (1u << 6) /* IPV6_RECVHOPLIMIT */
#define INET_TCLASS        (1u << 7) /* IPV6_RECVTCLASS */
#define INET_RECVERR6      (1u << 8)
#define INET_FREEBIND      (1u << 9)
#define INET_HDRINCL       (1u << 10)
#define INET_MC_ALL        (1u << 11) /* IP_MULTICAST_ALL, on at first */
#define INET_MC_ALL6       (1u << 12)
#define INET_NO_PORT       (1u << 13) /* IP_BIND_ADDRESS_NO_PORT: kept only */
#define INET_ROUTER_ALERT  (1u << 14) /* kept only */
#define INET_MINTTL        (1u << 15) /* kept only */
#define INET_AUTOFLOW      (1u << 16) /* kept only */
#define INET_FLOWINFO_SEND (1u << 17) /* kept only */
#define INET_ZEROCOPY      (1u << 18) /* SO_ZEROCOPY */
#define INET_RXQ_OVFL      (1u << 19) /* SO_RXQ_OVFL */
#define INET_DONTFRAG      (1u << 20) /* IPV6_DONTFRAG */
#define INET_ORIGDST6      (1u << 21) /* IPV6_RECVORIGDSTADDR */
#define INET_INQ           (1u << 22) /* TCP_INQ */

/* A membership, with the sources that it is of. */
struct inet_group {
    struct ip_addr addr;
    unsigned iface;
    bool include; /* those, else all but those */
    uint8_t count;
    struct ip_addr *source;
    struct inet_group *next, *all; /* of the socket; of all sockets */
};

/* Linux's linux/errqueue.h. */
enum { ERROR_NONE, ERROR_LOCAL, ERROR_ICMP, ERROR_ICMP6, ERROR_TXSTATUS, ERROR_ZEROCOPY };
struct sock_extended_err {
    uint32_t ee_errno;
    uint8_t ee_origin, ee_type, ee_code, ee_pad;
    uint32_t ee_info, ee_data;
};

/* One entry of the error queue; at most so many wait. */
#define INET_ERRORS_MAX 32
struct inet_error {
    struct inet_error *next;
    uint32_t err, info, data; /* sock_extended_err's; (err): positive */
    uint8_t origin, type, code;
    bool v6;
    uint16_t port, offender_known;
    struct ip_addr to, offender;
    uint16_t len; /* bytes of what was sent that are quoted */
    uint8_t quote[64];
    /* Of a notice that is not due yet (zerocopy.c): */
    struct isock *owner; /* NULL: it is closed */
    uint32_t refs;       /* lent parts, and calls: */
    uint32_t calls;      /* that go on */
    size_t bytes;        /* of all its sends */
};

struct isock {
    struct socket sock;
    struct ip_ends ends; /* local: as bound, or as connect chose; remote: unset without */
    struct ip_port port;
    struct ip_port_table *ports;
    bool addr_bound, port_bound; /* bind named it: stays when the socket is disconnected */
    bool connected;              /* datagrams and raw: there is a peer */
    bool v6_only;
    unsigned device; /* SO_BINDTODEVICE, an index, or 0 */
    uint32_t flags;  /* INET_* */
    uint8_t tos, tclass;
    int16_t ttl, hops; /* -1: the default */
    uint8_t mc_ttl, mc_hops;
    bool mc_no_loop, mc_no_loop6;
    uint8_t pmtu, pmtu6; /* IP_PMTUDISC_* */
    unsigned mc_iface, mc_iface6;
    struct ip_addr mc_from; /* IP_MULTICAST_IF by address */
    struct inet_group *groups;
    struct inet_error *errors, **errors_end;
    unsigned error_count;
    struct filter *filter; /* SO_ATTACH_FILTER; NULL: none */
    bool filter_locked;
    uint32_t zerocopied;        /* messages with MSG_ZEROCOPY so far */
    struct inet_error *notices; /* those that are not due yet */
};

static inline struct isock *to_inet(struct socket *s)
{
    return container_of(s, struct isock, sock);
}

static inline bool is_six(const struct isock *i)
{
    return i->sock.domain == AF_INET6;
}

/* Sets up (i), zero at first, whose ports are in (ports). */
void inet_init(struct isock *i, const struct sock_ops *ops, int domain, int type, int protocol,
               struct ip_port_table *ports);

/* Frees what (i) holds: groups, errors, its port. */
void inet_end(struct isock *i);

/* Families of types: 0 or -ENOMEM. */
int inet_stream_create(int domain, int protocol, struct socket **out);
int inet_dgram_create(int domain, int protocol, struct socket **out);
int inet_raw_create(int domain, int type, int protocol, struct socket **out);

/* An address of the program as a peer or a local address. (connecting): rules of connect, else of
 * bind, whose differ in errors. In name.c. */
struct inet_name {
    struct ip_addr addr;
    uint32_t scope;
    uint16_t port;
};
/* -EINVAL (length), -EAFNOSUPPORT, -ENETUNREACH (IPv4 although IPv6 only). An unset address becomes
 * that of the loopback. Whether an address that needs a link comes with one or the socket has one is
 * for the caller to ask. */
must_check int inet_peer_name(const struct isock *i, const struct sockaddr_storage *a,
                              socklen_t len, struct inet_name *out);
bool inet_lacks_scope(const struct inet_name *n);
/* Whether (i), an IPv6 socket with an IPv4 address, cannot speak to (peer), if there is a way at all:
 * -EAFNOSUPPORT. */
static inline bool inet_mixes(const struct isock *i, const struct ip_addr *peer)
{
    return is_six(i) && ip_is_v4(&i->ends.local) && !ip_is_v4(peer);
}
/* Writes a name as (i)'s domain has it: its length. */
int inet_put_name(const struct isock *i, const struct ip_addr *addr, uint16_t port, uint32_t scope,
                  struct sockaddr_storage *out);
/* What the policy says (iface/policy.h), of a bound address and port; and of sending to (ends),
 * where (query) is the datagram, or NULL where none is there yet. What stays inside the machine is
 * permitted. 0 or -EACCES. */
must_check int inet_may_bind(const struct isock *i, const struct ip_addr *own, uint16_t port);
must_check int inet_may_send(const struct isock *i, const struct ip_ends *ends,
                             const struct pkt *query);
/* Of a packet that the program has made, with its IP header at (start): as the monitor's gate. */
must_check int inet_may_send_whole(const struct pkt *p, size_t start);
/* Whether (a) is of this machine; whether it is a server of names that the machine was told of. */
bool inet_is_inside(const struct ip_addr *a);
bool inet_is_resolver(const struct ip_addr *a);
/* sock_ops.bind's checks and the choice of a port; (i) is not bound and not connected, which
 * (active) says is not so. */
must_check int inet_bind(struct isock *i, const struct sockaddr_storage *a, socklen_t len,
                         bool active);
/* Takes a port if there is none yet: -EAGAIN. */
must_check int inet_autobind(struct isock *i);
/* The local address that bind left, and the port (bound or not) as it was: for disconnecting. */
void inet_unconnect(struct isock *i);
/* "Any", of the domain. */
struct ip_addr inet_any(const struct isock *i);
int inet_name(struct isock *i, bool peer, bool peer_known, struct sockaddr_storage *out);

/* IFF_* of (i), as ioctl and netlink tell them. In interface.c. */
unsigned inet_iface_flags(const struct ip_iface *i);

/* What the options say of a packet to (to). */
void inet_path(const struct isock *i, const struct ip_addr *to, struct net_path *path);

/* sock_ops.setopt and getopt for SOL_IP, SOL_IPV6 and those of SOL_SOCKET for the internet. (tcp):
 * it is one. */
int inet_setopt(struct isock *i, int level, int name, const void *value, socklen_t len);
int inet_getopt(struct isock *i, int level, int name, void *value, socklen_t *len);
/* sock_ops.changed. */
void inet_changed(struct socket *s, int name);
/* Lets (i)'s port be shared as SO_REUSEADDR and SO_REUSEPORT say now, whether it is bound or not.
 */
void inet_share_port(struct isock *i);
/* An int of an option: of one byte, too, if (byte). -EINVAL. */
must_check int inet_int(const void *value, socklen_t len, bool byte, int *v);
int inet_give_int(int v, void *value, socklen_t *len);
int inet_give(const void *from, size_t size, void *value, socklen_t *len);

/* Filters: sockfilter.c, weak. (p) is to begin behind (before) bytes of headers that the filter sees,
 * and keeps (least) bytes; true: it may pass, cut as the filter says. */
#define INET_HOOK __attribute__((weak, visibility("hidden")))
INET_HOOK int inet_filter_option(struct isock *i, int name, const void *value, socklen_t len);
INET_HOOK bool inet_filter_lets(const struct isock *i, struct pkt *p, uint32_t before,
                                uint32_t least);
INET_HOOK void inet_filter_end(struct isock *i);
extern struct ip_protocol inet_tcp_protocol;

/* Multicast: group.c. -ENOPROTOOPT: not one of these options. */
int inet_group_option(struct isock *i, int level, int name, const void *value, socklen_t len);
/* getsockopt's IP_MSFILTER; (value) has room for SOCK_OPTION_MAX bytes. */
int inet_group_filter(struct isock *i, void *value, socklen_t *len);
/* Whether (i) takes what (from) sends to the group (to), by (iface). */
bool inet_group_lets(const struct isock *i, const struct ip_addr *to, const struct ip_addr *from,
                     unsigned iface);
void inet_groups_leave(struct isock *i);

/* The error queue: errors.c. */
void inet_error_put(struct isock *i, const struct inet_error *e);
ssize_t inet_error_recv(struct isock *i, struct sock_msg *m);
void inet_errors_free(struct isock *i);

/* MSG_ZEROCOPY where SO_ZEROCOPY is set: zerocopy.c, weak. A send begins with the notice that it is
 * to have part in, not set for an empty message: -ENOBUFS; and ends with whether something has been
 * sent. */
INET_HOOK int inet_zerocopy_begin(struct isock *i, const struct sock_msg *m,
                                  struct inet_error **notice);
INET_HOOK void inet_zerocopy_end(struct isock *i, struct inet_error *notice, bool sent);
/* Queues the next bytes of (m), at most (*n), for which there is room, where they lie. Returns their
 * number; 0: the next (*n) are to be copied. */
INET_HOOK size_t inet_zerocopy_put(struct tcp_conn *c, struct inet_error *notice,
                                   struct sock_msg *m, size_t *n);
/* As inet_message, all of (m): a packet whose large parts are where they lie. */
INET_HOOK int inet_zerocopy_message(struct inet_error *notice, struct sock_msg *m,
                                    struct pkt **out);
/* The socket is closed. */
INET_HOOK void inet_zerocopy_forget(struct isock *i);

static inline bool inet_wants_notice(const struct isock *i, const struct sock_msg *m)
{
    return m->flags & MSG_ZEROCOPY && i->flags & INET_ZEROCOPY;
}

/* What control messages of sendmsg say. */
struct inet_control {
    int16_t ttl, tos; /* -1: not said */
    unsigned iface;
    bool has_from;
    struct ip_addr from;
};
must_check int inet_read_control(const struct isock *i, const struct sock_msg *m,
                                 struct inet_control *c);
/* What (p), that came to (to), tells the program. */
void inet_put_control(struct isock *i, struct sock_msg *m, const struct pkt *p,
                      const struct ip_addr *to, uint16_t to_port, nsec_t when);

/* Copies (n) bytes of the message into a chain of pieces; the first has room for headers. */
must_check int inet_message(struct sock_msg *m, size_t n, struct pkt **out);
/* Copies (n) bytes of (p) from (off) on to the program. */
must_check int inet_copy_out(struct sock_msg *m, const struct pkt *p, size_t off, size_t n);

/* Received packets that wait, of sockets that do not make a stream of them. */
struct inet_queue {
    struct pkt_queue packets;
    size_t memory; /* what they take, of rcvbuf */
    uint32_t dropped;
};
/* Takes (p) in, or frees it: false. */
bool inet_queue_put(struct isock *i, struct inet_queue *q, struct pkt *p);
struct pkt *inet_queue_take(struct inet_queue *q);
void inet_queue_clear(struct inet_queue *q);
/* Waits for a packet: 0 and it (taken, or not if the message peeks), NULL at the end. */
must_check int inet_queue_wait(struct isock *i, struct inet_queue *q, struct sock_msg *m,
                               struct pkt **out);
/* Where (p) was sent to, by its IP header, which lies in front. */
struct ip_addr inet_sent_to(const struct pkt *p);

/* The socket that (e) is the end of. */
struct udp_end;
const struct isock *inet_of_udp(const struct udp_end *e);
/* The datagram part that UDP and raw sockets share: in dgram.c. */
int inet_dgram_poll(const struct isock *i, const struct inet_queue *q);
ssize_t inet_dgram_recv(struct isock *i, struct inet_queue *q, struct sock_msg *m, bool header);

/* TCP and its glue to IP: glue.c. */
extern struct tcp *inet_tcp;
extern struct ip_port_table inet_tcp_ports;
must_check int inet_tcp_start(void);
/* Before TCP is called, at the start of a call and after each sleep. */
void inet_tcp_now(void);
/* The same where clock_recent() will do: nothing that is sent then is measured. */
void inet_tcp_recent(void);
/* Before the first connection, after ip_start: push.c has its turn before the devices' drivers. */
void inet_push_start(void);
/* Events of connections, to stream.c: the socket is (user). */
void inet_stream_event(void *user, unsigned events);

/* Makes the network's files in (etc), those that it has not: called once files are (init/mounts.c).
 * (hostname) writes the machine's name and a line's end. 0, -ENOMEM. */
struct text;
must_check int etc_start(struct inode *etc, void (*hostname)(struct text *t));

/* What Linux says of an address of an interface: IFA_F_*, without those of its first moments. */
static inline unsigned inet_address_flags(const struct ip_iface_addr *a)
{
    unsigned f = a->valid_until == DEADLINE_NEVER ? IFA_F_PERMANENT : 0;

    return f | (a->state == IP_ADDR_TENTATIVE    ? IFA_F_TENTATIVE
                : a->state == IP_ADDR_DEPRECATED ? IFA_F_DEPRECATED
                : a->state == IP_ADDR_DUPLICATE  ? IFA_F_DADFAILED
                                                 : 0u);
}

/* The mask of a network of IPv4. */
static inline uint32_t inet_mask(unsigned prefix)
{
    return prefix ? ip_be32(~0u << (32 - prefix)) : 0;
}

#endif
