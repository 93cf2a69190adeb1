/* SPDX-License-Identifier: MIT
 *
 * DHCP for IPv4 (RFC 2131, 2132). Fields are big endian. */
#ifndef PITH_WIRE_DHCP_H
#define PITH_WIRE_DHCP_H

#include "wire/bytes.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_MAGIC       0x63825363u
#define DHCP_BROADCAST   0x8000

/* Options follow. */
struct packed wire_dhcp {
    uint8_t op, htype, hlen, hops; /* op: 1 from clients, 2 from servers */
    uint32_t xid;
    uint16_t secs, flags;
    uint32_t ciaddr, yiaddr, siaddr, giaddr;
    uint8_t chaddr[16], sname[64], file[128];
    uint32_t magic;
};

enum {
    DHCP_DISCOVER = 1,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
};

enum {
    DHCP_OPT_PAD = 0,
    DHCP_OPT_MASK = 1,
    DHCP_OPT_ROUTER = 3,
    DHCP_OPT_DNS = 6,
    DHCP_OPT_HOSTNAME = 12,
    DHCP_OPT_DOMAIN = 15,
    DHCP_OPT_MTU = 26,
    DHCP_OPT_ADDRESS = 50,
    DHCP_OPT_LEASE = 51,
    DHCP_OPT_OVERLOAD = 52,
    DHCP_OPT_TYPE = 53,
    DHCP_OPT_SERVER = 54,
    DHCP_OPT_WANTED = 55,
    DHCP_OPT_MAX_SIZE = 57,
    DHCP_OPT_T1 = 58,
    DHCP_OPT_T2 = 59,
    DHCP_OPT_VENDOR = 60,
    DHCP_OPT_CLIENT = 61,
    DHCP_OPT_SEARCH = 119,
    DHCP_OPT_ROUTES = 121,
    DHCP_OPT_END = 255,
};

#endif
