/* SPDX-License-Identifier: MIT
 *
 * UDP (RFC 768; 8200, 8.1; 2460's zero checksums are refused on IPv6): ends are found by hash of
 * the port; what comes is given to an end, what has none is answered by ICMP. */
#ifndef PITH_UDP_UDP_H
#define PITH_UDP_UDP_H

#include "iface/pkt.h"
#include "ip/ip.h"
#include "wire/addr.h"
#include "wire/path.h"

/* One end, inside a socket; zero at first. */
struct udp_end {
    struct ip_ends ends; /* local port 0: not bound; remote unset: takes from anybody */
    bool v6_only;
    uint8_t iface;   /* takes what comes by this interface only; 0: by any */
    bool reuse_port; /* shares its port: unicast goes to one of them by hash */
    struct net_path path;
    /* Whether it takes what is sent to a group, by interface (iface). NULL: all. */
    bool (*wants)(const struct udp_end *e, const struct ip_ends *ends, unsigned iface);
    /* A datagram came: (p) begins with its payload, cb holds a struct ip_rx whose ends are filled.
     * Takes (p). Must not block, and may not call udp_remove. */
    void (*receive)(struct udp_end *e, struct pkt *p);
    /* ICMP told of a datagram that was sent from here to (ends->remote): (err) as
     * tcp_unreachable's. (p) is what ICMP quoted, of the payload, not owned. */
    void (*error)(struct udp_end *e, const struct ip_ends *ends, int err, unsigned mtu,
                  const struct ip_icmp *icmp, const struct pkt *p);
    struct udp_end *next; /* in its hash chain */
    void *user;
};

/* Makes (e), with its ends set, known; to be removed before it or its ends change. */
void udp_add(struct udp_end *e);
void udp_remove(struct udp_end *e);

/* Calls (fn) for each, for /proc/net/udp. */
void udp_each(void (*fn)(void *arg, const struct udp_end *e), void *arg);

/* Sends (p), payload with PKT_HEADROOM before it, at most 65,507 or 65,527 bytes: takes it.
 * -EMSGSIZE (path says no fragments), -ENETUNREACH, -EHOSTUNREACH, -EACCES, -ENOBUFS. (path): of
 * the flow, or zeroed for once. (more) as ip_output's. */
must_check int udp_send(const struct ip_ends *ends, struct net_path *path, struct pkt *p);

struct udp_counts {
    uint64_t in, no_ports, in_errors, out, rcvbuf_errors, sndbuf_errors;
};
extern struct udp_counts udp_counts;

#endif
