/* SPDX-License-Identifier: MIT
 *
 * Ethernet II, and ARP for IPv4 over it (RFC 826). Fields are big endian. */
#ifndef PITH_WIRE_ETHER_H
#define PITH_WIRE_ETHER_H

#include "wire/bytes.h"

#define ETHER_IP4 0x0800
#define ETHER_ARP 0x0806
#define ETHER_IP6 0x86dd

struct packed wire_ether {
    uint8_t to[6], from[6];
    uint16_t type;
};

#define ARP_REQUEST 1
#define ARP_REPLY   2

struct packed wire_arp {
    uint16_t hardware, protocol; /* 1, ETHER_IP4 */
    uint8_t hardware_len, protocol_len;
    uint16_t op;
    uint8_t sender_mac[6];
    uint32_t sender;
    uint8_t target_mac[6];
    uint32_t target;
};

#endif
