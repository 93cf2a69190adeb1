/* SPDX-License-Identifier: MIT
 *
 * What the parts of IP share. */
#ifndef PITH_IP_INTERNAL_H
#define PITH_IP_INTERNAL_H

#include "ip/iface.h"
#include "ip/ip.h"

/* The interface and the neighbour on the way to (ends->remote), and the route's MTU (0: the
 * interface's). -ENETUNREACH. */
int ip_find_hop(const struct ip_ends *ends, const struct net_path *path, struct ip_iface **iface,
                struct ip_addr *hop, unsigned *mtu);

/* Keeps (p), from its IP header on, for ip_run_local, as if it had come by (i). */
void ip_send_local(struct ip_iface *i, struct pkt *p);

/* A fragment came: (p) from its IP header on, of which (header) bytes, those before the payload or
 * before IPv6's fragment header, and that one, are checked and lie in the head. Takes it; the whole
 * packet, from its IP header on and with (frag_size) of its struct ip_rx set, once it is there,
 * else NULL. In reassembly.c. */
struct pkt *ip_reassemble(struct ip_iface *i, struct pkt *p, size_t header);

/* One packet from its IP header on. Takes it. */
void ip_input_one(struct ip_iface *i, struct pkt *p);

/* Tells all transports that the batch is over. */
void ip_protocols_done(void);

/* Starts duplicate address detection. In lifetime.c. */
void ip_dad_start(struct ip_iface *i, struct ip_iface_addr *a);

/* Cuts (p), a large segment of TCP from its IP header on, into segments (RFC 793's, as a device
 * would). Takes it. NULL: out of memory. In gso.c. */
struct pkt *ip_segment(struct pkt *p);

/* Cuts (p), from its IP header on, into fragments and gives each to (output). Takes it. 0,
 * -ENOBUFS. In frag.c. */
int ip_fragment(struct pkt *p, unsigned mtu, void (*output)(void *arg, struct pkt *p), void *arg);

/* Puts the checksum that is left to a device, of (p) from its IP header on, in place. */
void ip_checksum_finish(struct pkt *p);

#endif
