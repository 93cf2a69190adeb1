/* SPDX-License-Identifier: MIT
 *
 * Which packets a policy lets through (docs/policy.md): one look at each frame, in either direction. Pure, but for what
 * it learns from the network: name servers, the DHCP server. Nothing that the guest wrote is believed, and nothing
 * of it kept; what cannot be understood is not permitted. */
#ifndef PITH_MONITOR_PACKET_H
#define PITH_MONITOR_PACKET_H

#include "abi/policy_match.h"
#include "base/base.h"

#define PACKET_POLICIES  2
#define PACKET_RESOLVERS 8
#define PACKET_HEADER    12u /* virtio's, in front of each frame of a TAP device (virtio 1.2, 5.1.6) */

struct packet_rules {
    const struct pith_policy *policy[PACKET_POLICIES]; /* all must permit */
    unsigned policies;
    uint8_t resolver[PACKET_RESOLVERS][16]; /* servers of names, IPv4 ones as IPv4-mapped */
    unsigned resolvers;
    uint8_t dhcp_server[16]; /* the last one that answered; unset: :: */
};

enum packet_way { PACKET_OUT, PACKET_IN };

/* What was refused, to tell it: "tcp to 10.0.0.1 port 80". */
struct packet_refused {
    const char *what;    /* static text */
    bool has_addr;       /* (addr) and (port) are set */
    uint8_t addr[16];    /* the peer's; IPv4 as IPv4-mapped */
    uint16_t port;       /* the peer's, or of PACKET_IN the machine's; 0: it has none */
    char name[POLICY_NAME_MAX + 1]; /* that was looked up, or "" */
};

/* Adds a server of names. */
void packet_add_resolver(struct packet_rules *r, const uint8_t addr[16]);

/* Whether the frame of (len) bytes, from its Ethernet header on, may pass in direction (way). Fills (why) if not. */
bool packet_permitted(struct packet_rules *r, enum packet_way way, const uint8_t *frame, size_t len,
                      struct packet_refused *why);

/* Whether the guest's header (virtio 1.2, 5.1.6.2) in front of a frame that is permitted asks for nothing that would
 * change what was looked at: checksums only in their place, and cutting only of TCP. */
bool packet_header_sound(const uint8_t header[PACKET_HEADER], const uint8_t *frame, size_t len);

#endif
