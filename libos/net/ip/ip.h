/* SPDX-License-Identifier: MIT
 *
 * IP, both versions (RFC 791, 1122, 8200): packets to and from interfaces. Transports register by
 * protocol number and are linked only where something uses them. */
#ifndef PITH_IP_IP_H
#define PITH_IP_IP_H

#include "base/base.h"
#include "iface/pkt.h"
#include "wire/addr.h"
#include "wire/path.h"

struct ip_iface;

/* What IP says of a packet that it gives to a transport: in the packet's cb. */
struct ip_rx {
    struct ip_iface *iface; /* that it came by */
    uint32_t flow;          /* IPv6: traffic class and flow label; IPv4: 0 */
    uint16_t header_len;    /* IP header with options, which still lies before (data) */
    uint8_t protocol, ttl, tos;
    uint8_t v6;          /* 1: IPv6 */
    uint16_t from_port;  /* UDP's: of the sender */
    uint16_t frag_size;  /* the largest fragment that it was made of; 0: it was whole */
    struct ip_addr from; /* for sockets that queue the packet; (to) stands in the header */
};
_Static_assert(sizeof(struct ip_rx) <= 40, "fits into pkt.cb");

/* An ICMP message about a packet that was sent from here. */
struct ip_icmp {
    uint8_t v6, type, code;
    struct ip_addr from; /* who tells */
};

/* A transport. */
struct ip_protocol {
    uint8_t number;
    bool checked; /* its checksum, at (csum_at), covers the pseudo-header and is verified before
                     (input); a 0 there is right on IPv4 if (optional) */
    bool optional;
    uint16_t csum_at;
    uint16_t len_at; /* a length there says how much of the packet it covers; 0: all */
    /* Takes (p), from the transport's header on, of which (min_len) bytes lie in the head. (ends):
     * ports are 0, the transport fills them in. */
    uint16_t min_len;
    void (*input)(struct ip_ends *ends, struct pkt *p);
    /* ICMP told of a packet of ours; (p), not owned, begins with what it quoted of our transport
     * header, at least 8 bytes in the head. (err), (mtu) as tcp_unreachable's. */
    void (*error)(struct ip_ends *ends, int err, unsigned mtu, const struct ip_icmp *icmp,
                  const struct pkt *p);
    /* The batch is at its end. May be NULL. */
    void (*done)(void);
    struct ip_protocol *next;
};

/* Makes a protocol known, once; (p) is variable for its (next) and lives for ever. */
void ip_protocol_add(struct ip_protocol *p);

/* Sends (p), a packet of (protocol) from its transport header on, with headroom; takes it in any
 * case. (ends) gives addresses, local may not be unset; (path) is filled in or used. Checksums: if
 * p->flags has PKT_CSUM_PARTIAL the sum over the pseudo-header is added and the rest done here or
 * by the device. Longer than the path's MTU: cut by GSO if p->gso, else fragmented unless
 * path->no_frag. Returns 0 (queued for a device, an address that is being resolved, or itself);
 * -EMSGSIZE, -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast without leave is the socket's to
 * check), -ENOBUFS. Never blocks and never calls a transport before ip_run_local. */
int ip_output(const struct ip_ends *ends, struct net_path *path, uint8_t protocol, struct pkt *p);

/* Sends a packet that has its IP header already (raw sockets with IP_HDRINCL) the way that ip_route
 * found for (to), whatever the header says; fills in checksum, and source and id where they are 0.
 * Takes it. */
int ip_output_raw(const struct ip_ends *to, struct net_path *path, struct pkt *p);

/* Finds the way to (ends->remote): fills (path), and ends->local if that is unset, and ends->scope
 * where it has to be. 0, -ENETUNREACH, -EHOSTUNREACH, -EINVAL (local is none of ours). */
must_check int ip_route(struct ip_ends *ends, struct net_path *path);

/* Payload of IP that fits into one packet of the path, which ip_route or ip_output has filled. */
unsigned ip_path_room(const struct ip_ends *ends, const struct net_path *path);

/* A list of packets came by (i), each from its IP header on (its link-layer header stripped, or
 * none). Takes them. */
void ip_input(struct ip_iface *i, struct pkt *list);

/* Delivers packets that this machine has sent to itself, until there are none, and tells transports
 * that the batch is over. To be called, with nothing of a transport on the stack, at the end of
 * each call of a program, each batch of a device and each timer that may have sent. */
void ip_run_local(void);

/* Makes ICMP of both versions known. By icmp/. */
void icmp_start(void);

/* A packet that came, (p) with its IP header still before (data) as struct ip_rx says, cannot be
 * delivered: ICMP tells its sender. Does not take (p). By icmp/. */
enum ip_failure {
    IP_NO_PROTOCOL,
    IP_NO_PORT,
    IP_REASSEMBLY_TIME,
    IP_BAD_HEADER, /* a field at (offset) of the packet */
    IP_BAD_OPTION, /* an option there; IPv6 only */
};
void ip_failed(const struct pkt *p, enum ip_failure failure, unsigned offset);

/* A packet of ours, (p) from its IP header on, cannot be delivered on the link of (i): its
 * transport is told -EHOSTUNREACH, as if ICMP had. Takes it. By icmp/. */
void ip_undeliverable(struct ip_iface *i, struct pkt *p);

/* The path to (to) takes packets of (mtu) bytes (ICMP said so): remembered for ten minutes. And
 * what is known: 0: nothing. In ip/pmtu.c. */
void ip_pmtu_set(const struct ip_addr *to, unsigned mtu);
unsigned ip_pmtu(const struct ip_addr *to);

/* Calls the error function of the transport (protocol) for a packet of ours that (p), not owned,
 * quotes from its transport header on. */
void ip_report(uint8_t protocol, struct ip_ends *ends, int err, unsigned mtu,
               const struct ip_icmp *icmp, struct pkt *p);

/* Changes whenever routes, addresses or neighbours do: what a struct net_path remembers of an older
 * generation is looked up again. */
extern uint32_t ip_generation;

/* Every packet, before transports, for raw sockets; linked with them. (p) is not owned. Returns
 * whether somebody took a copy: then it is no error that no transport wants it. */
__attribute__((weak, visibility("hidden"))) bool ip_raw_input(const struct ip_ends *ends,
                                                              const struct pkt *p);

/* A copy of (p), whose struct ip_rx is filled, with the headers that lie before it. NULL: no memory.
 */
struct pkt *ip_copy(const struct pkt *p);

struct ip_counts {
    uint64_t in, in_header_errors, in_address_errors, in_unknown_protocol, in_discards, in_delivers;
    uint64_t out, out_discards, out_no_routes;
    uint64_t reassembly_timeouts, reassembly_required, reassembly_done, reassembly_failed;
    uint64_t frag_done, frag_failed, frag_created;
};
extern struct ip_counts ip_counts[2]; /* IPv4, IPv6 */

#endif
