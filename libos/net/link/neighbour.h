/* SPDX-License-Identifier: MIT
 *
 * The neighbours on Ethernet links and their addresses there, of both versions (RFC 4861, 7.3;
 * ARP's entries go through the same states). */
#ifndef PITH_LINK_NEIGHBOUR_H
#define PITH_LINK_NEIGHBOUR_H

#include "ip/iface.h"
#include "wire/ether.h"

enum neighbour_state {
    NEIGHBOUR_INCOMPLETE, /* asked for; packets wait */
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_STALE,
    NEIGHBOUR_DELAY, /* stale, and used since */
    NEIGHBOUR_PROBE,
};

struct neighbour {
    struct neighbour *next; /* in its hash chain */
    struct ip_iface *iface;
    struct ip_addr addr;
    uint8_t mac[6];
    bool router;
    enum neighbour_state state;
    uint8_t probes;
    nsec_t used;     /* last time that somebody asked for it */
    nsec_t deadline; /* of the state; DEADLINE_NEVER */
    struct pkt_queue waiting;
};

/* What a message said of a neighbour. */
#define NEIGHBOUR_CONFIRMED (1u << 0) /* it answered us: reachable */
#define NEIGHBOUR_OVERRIDE  (1u << 1) /* its address may replace another that we know */
#define NEIGHBOUR_CREATE    (1u << 2) /* it is worth an entry of its own */
#define NEIGHBOUR_ROUTER    (1u << 3)

/* Takes note of what a message said. */
void neighbour_learn(struct ip_iface *i, const struct ip_addr *addr, const uint8_t mac[6],
                     unsigned what);

/* Writes the Ethernet header for packets to (hop) to (header), if its address is known: false if
 * not. */
bool neighbour_header(struct ip_iface *i, const struct ip_addr *hop, struct wire_ether *header);

/* Sends (p), from its IP header on, to (hop), now or when its address is known. Takes it. */
void neighbour_output(struct ip_iface *i, const struct ip_addr *hop, struct pkt *p);

/* Calls (fn) for each, for netlink. */
void neighbour_each(void (*fn)(void *arg, const struct neighbour *n), void *arg);

/* Asks for (addr): ARP or neighbour solicitation; to (mac), or to all if that is NULL. In arp.c and
 * ndp.c. */
void arp_solicit(struct ip_iface *i, const struct ip_addr *addr, const uint8_t *mac);
void ndp_solicit(struct ip_iface *i, const struct ip_addr *addr, const uint8_t *mac);

/* An ARP packet came, from its header on. Takes it. */
void arp_input(struct ip_iface *i, struct pkt *p);

/* ICMPv6's messages of the link (icmp6_link): all; router advertisements, queries for listeners.
 * (p) is not owned. */
void ndp_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);
void slaac_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);
void mld_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);

/* Makes IGMP known to IP. */
void igmp_start(void);

/* Tells the link of an address that is ours now. */
void arp_announce(struct ip_iface *i, const struct ip_addr *addr);
void ndp_announce(struct ip_iface *i, const struct ip_addr *addr);

/* Sends an ICMPv6 message of the link, (p) from its header on with the checksum field zero, by (i)
 * whatever routes say, and from nobody if (from) is unset. Takes it. In ndp.c. */
void ndp_send(struct ip_iface *i, const struct ip_addr *from, const struct ip_addr *to,
              struct pkt *p);

/* Puts an Ethernet header before (p) and hands it to the device. Takes it. */
void ethernet_send(struct ip_iface *i, const uint8_t to[6], uint16_t type, struct pkt *p);

#endif
