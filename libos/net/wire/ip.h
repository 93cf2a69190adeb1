/* SPDX-License-Identifier: MIT
 *
 * Headers of IPv4 (RFC 791) and IPv6 (RFC 8200), of UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC
 * 4443, 4861). Fields are big endian. */
#ifndef PITH_WIRE_IP_H
#define PITH_WIRE_IP_H

#include "wire/bytes.h"

enum {
    PROTO_HOP_BY_HOP = 0,
    PROTO_ICMP = 1,
    PROTO_IGMP = 2,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_ICMP6 = 58,
    PROTO_NONE = 59,
    PROTO_OPTIONS = 60,
};

#define IP4_DF        0x4000
#define IP4_MF        0x2000
#define IP4_OFFSET    0x1fff
#define IP4_MIN_MTU   576
#define IP6_MIN_MTU   1280
#define IP4_HEADER    20u
#define IP6_HEADER    40u
#define UDP_HEADER    8u
#define ETHER_HEADER  14u
#define IP_MAX_HEADER IP6_HEADER

struct packed wire_ip4 {
    uint8_t version_ihl, tos;
    uint16_t len, id, frag; /* flags and offset */
    uint8_t ttl, protocol;
    uint16_t checksum;
    uint32_t from, to;
};

struct packed wire_ip6 {
    uint32_t flow; /* version, traffic class, flow label */
    uint16_t len;  /* of what follows */
    uint8_t next, hops;
    uint8_t from[16], to[16];
};

struct packed wire_ip6_frag {
    uint8_t next, reserved;
    uint16_t offset; /* in bytes, M in bit 0 */
    uint32_t id;
};

struct packed wire_udp {
    uint16_t from, to, len, checksum;
};

enum {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_ECHO = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER = 12,
};

enum {
    UNREACH_NET,
    UNREACH_HOST,
    UNREACH_PROTOCOL,
    UNREACH_PORT,
    UNREACH_FRAG,
    UNREACH_ADMIN = 13
};

enum {
    ICMP6_UNREACHABLE = 1,
    ICMP6_TOO_BIG = 2,
    ICMP6_TIME_EXCEEDED = 3,
    ICMP6_PARAMETER = 4,
    ICMP6_ECHO = 128,
    ICMP6_ECHO_REPLY = 129,
    ICMP6_MLD_QUERY = 130,
    ICMP6_ROUTER_SOLICIT = 133,
    ICMP6_ROUTER_ADVERT = 134,
    ICMP6_SOLICIT = 135,
    ICMP6_ADVERT = 136,
    ICMP6_REDIRECT = 137,
    ICMP6_MLD2_REPORT = 143,
};

/* Both versions. */
struct packed wire_icmp {
    uint8_t type, code;
    uint16_t checksum;
    union {
        uint32_t info;
        struct {
            uint16_t id, seq; /* echo */
        };
        struct {
            uint16_t unused, mtu; /* ICMP_UNREACHABLE, UNREACH_FRAG */
        };
    };
};

/* Neighbour solicitation and advertisement; options follow. */
struct packed wire_nd {
    struct wire_icmp icmp; /* info: flags of an advertisement */
    uint8_t target[16];
};

#define ND_ROUTER    0x80000000u
#define ND_SOLICITED 0x40000000u
#define ND_OVERRIDE  0x20000000u

#define ND_OPTION_SOURCE 1
#define ND_OPTION_TARGET 2
#define ND_OPTION_PREFIX 3
#define ND_OPTION_MTU    5
#define ND_OPTION_NONCE  14 /* RFC 3971, used as RFC 7527 says */
#define ND_OPTION_RDNSS  25 /* RFC 8106 */
#define ND_OPTION_DNSSL  31

/* Router advertisement (RFC 4861, 4.2; 4191); options follow. */
struct packed wire_ra {
    uint8_t type, code;
    uint16_t checksum;
    uint8_t hops, flags; /* RA_* */
    uint16_t lifetime;   /* seconds */
    uint32_t reachable, retrans; /* milliseconds; 0: not said */
};

#define RA_PREFERENCE 0x18 /* of default routers: 0x08 high, 0x18 low */

struct packed wire_ra_prefix {
    uint8_t type, len, bits, flags; /* PREFIX_* */
    uint32_t valid, preferred;      /* seconds; all ones: for ever */
    uint32_t reserved;
    uint8_t prefix[16];
};

#define PREFIX_ON_LINK    0x80
#define PREFIX_AUTONOMOUS 0x40

#endif
