/* SPDX-License-Identifier: MIT
 *
 * ICMP (RFC 792, 1122, 1812's rate limits) and ICMPv6 (RFC 4443). */
#ifndef PITH_ICMP_H
#define PITH_ICMP_H

#include "ip/iface.h"
#include "ip/ip.h"

/* Makes both known to IP. */
void icmp_start(void);

/* Sends an ICMPv6 message, checksum field zero. Takes (p). */
void icmp6_send(const struct ip_ends *ends, struct net_path *path, struct pkt *p);

/* Where messages of neighbour discovery go (types 135, 136), and those of routers (134) and of
 * multicast listeners (130): hop limit, source and checksum are checked. (p), from the ICMP header
 * on, is not owned. The first is set by the link layer; the others are weak. */
extern void (*icmp6_nd)(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);
IP_HOOK void slaac_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);
IP_HOOK void mld_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);

void ndp_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);

struct icmp_counts {
    uint64_t in, in_errors, out, out_limited;
};
extern struct icmp_counts icmp_counts[2]; /* ICMP, ICMPv6 */

#endif
