/* SPDX-License-Identifier: MIT
 *
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as they lie in memory, so nothing is
 * swapped; they grow in 64 bits and are folded at the end. */
#ifndef PITH_WIRE_CHECKSUM_H
#define PITH_WIRE_CHECKSUM_H

#include "iface/pkt.h"
#include "wire/addr.h"

/* Adds (len) bytes to (sum); an odd last byte counts as followed by 0. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len);

/* The same for (len) bytes of a packet from (off) on, which it has. */
uint64_t checksum_add_pkt(uint64_t sum, const struct pkt *p, size_t off, size_t len);

/* The pseudo-header of both versions: (len) bytes of transport header and payload. */
uint64_t checksum_pseudo(const struct ip_addr *from, const struct ip_addr *to, uint8_t protocol,
                         size_t len);

/* The sum of a header of IPv4 without options. */
static inline uint64_t checksum_ip4(const void *header)
{
    uint32_t w[5];

    memcpy(w, header, sizeof(w));
    return (uint64_t)w[0] + w[1] + w[2] + w[3] + w[4];
}

/* The sum as 16 bits; its complement is what a header holds. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    uint32_t s = (uint32_t)sum;
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

static inline uint16_t checksum_finish(uint64_t sum)
{
    return (uint16_t)~checksum_fold(sum);
}

#endif
