/* SPDX-License-Identifier: MIT
 *
 * What a DHCP server's message says, checked. */
#ifndef PITH_DHCP_OPTIONS_H
#define PITH_DHCP_OPTIONS_H

#include "ip/iface.h"
#include "wire/dhcp.h"

#define DHCP_ROUTES_MAX  32
#define DHCP_LEASE_MIN   30u  /* seconds: who gives less is not believed */
#define DHCP_MTU_MIN     1280 /* IPv6 is on the same link */
#define DHCP_MESSAGE_MAX 1500

struct dhcp_route {
    uint32_t to; /* as on the wire */
    uint8_t bits;
    uint32_t gateway; /* 0: on the link */
};

struct dhcp_offer {
    uint8_t type;    /* DHCP_OFFER, DHCP_ACK, DHCP_NAK */
    uint32_t server; /* as on the wire; 0: not said */
    uint32_t address;
    uint8_t prefix;
    uint32_t lease, t1, t2; /* seconds; lease ~0: for ever; t1 <= t2 <= lease */
    uint16_t mtu;           /* 0: not said */
    struct dhcp_route route[DHCP_ROUTES_MAX];
    unsigned routes;
    struct ip_addr dns[IP_DNS_MAX];
    unsigned dns_count;
    char search[256], hostname[65]; /* "": not said */
};

/* Reads (len) bytes of a message to the client (mac) in transaction (xid, as on the wire) into (o).
 * False: it is none, or not sound, or an offer or acknowledgement that no host could use. Options
 * that are not sound by themselves count as not said. */
must_check bool dhcp_read(const uint8_t *message, size_t len, uint32_t xid, const uint8_t mac[6],
                          struct dhcp_offer *o);

#endif
