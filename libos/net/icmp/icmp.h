/* SPDX-License-Identifier: MIT
 *
 * ICMP (RFC 792, 1122, 1812's rate limits) and ICMPv6 (RFC 4443). */
#ifndef PITH_ICMP_H
#define PITH_ICMP_H

#include "ip/iface.h"
#include "ip/ip.h"

/* Sends an ICMPv6 message, checksum field zero. Takes (p). */
void icmp6_send(const struct ip_ends *ends, struct net_path *path, struct pkt *p);

/* Where what only concerns a link goes: neighbour discovery, its hop limit checked (types 133 to
 * 137), and queries for multicast listeners (130). (p), from the ICMP header on, has the right
 * checksum and is not owned. Set by the link layer. */
extern void (*icmp6_link)(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);

struct icmp_counts {
    uint64_t in, in_errors, out, out_limited;
};
extern struct icmp_counts icmp_counts[2]; /* ICMP, ICMPv6 */

#endif
