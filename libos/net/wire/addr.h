/* SPDX-License-Identifier: MIT
 *
 * Internet addresses. Both versions are one type: IPv4 as IPv4-mapped IPv6 addresses (RFC 4291,
 * 2.5.5.2), so that tables, sockets and protocols need no case for each. Link-local addresses are
 * told apart by the interface, which stands beside them wherever it matters. */
#ifndef PITH_WIRE_ADDR_H
#define PITH_WIRE_ADDR_H

#include <string.h>

#include "base/base.h"

struct ip_addr {
    union {
        uint8_t b[16]; /* as on the wire */
        uint32_t w[4];
        uint64_t d[2];
    };
};

/* Two ends of a flow, as seen from here. Ports as numbers, not as on the wire. */
struct ip_ends {
    struct ip_addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t scope; /* index of the interface if one of the addresses is link-local, else 0 */
};

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->d[1] == b->d[1] && a->d[0] == b->d[0]; /* all of IPv4 have the same first half */
}

/* :: */
static inline bool ip_is_unset(const struct ip_addr *a)
{
    return (a->d[0] | a->d[1]) == 0;
}

static inline uint32_t ip_be32(uint32_t x)
{
    return __builtin_bswap32(x);
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
    return a->d[0] == 0 && a->w[2] == ip_be32(0xffff);
}

/* (be): as on the wire. */
static inline struct ip_addr ip_from_v4(uint32_t be)
{
    return (struct ip_addr){.w = {0, 0, ip_be32(0xffff), be}};
}

static inline struct ip_addr ip_from_v6(const void *bytes)
{
    struct ip_addr a;

    memcpy(a.b, bytes, sizeof(a.b));
    return a;
}

/* As on the wire. */
static inline uint32_t ip_to_v4(const struct ip_addr *a)
{
    return a->w[3];
}

/* 0.0.0.0 or ::, either way "any". */
static inline bool ip_is_any(const struct ip_addr *a)
{
    return ip_is_unset(a) || (ip_is_v4(a) && a->w[3] == 0);
}

static inline bool ip_is_loopback(const struct ip_addr *a)
{
    if (ip_is_v4(a))
        return a->b[12] == 127;
    return a->d[0] == 0 && a->d[1] == __builtin_bswap64(1);
}

static inline bool ip_is_multicast(const struct ip_addr *a)
{
    return ip_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

/* 255.255.255.255; the broadcast addresses of networks are IP's to know (ip/iface.h). */
static inline bool ip_is_broadcast(const struct ip_addr *a)
{
    return ip_is_v4(a) && a->w[3] == 0xffffffffu;
}

/* fe80::/10, ff02::/16, 169.254/16 is none in this sense. */
static inline bool ip_is_link_local(const struct ip_addr *a)
{
    return (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80) ||
           (a->b[0] == 0xff && (a->b[1] & 0x0f) == 2);
}

#endif
