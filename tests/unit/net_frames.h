/* SPDX-License-Identifier: MIT
 *
 * Frames of the peers that tests play, built and taken apart without the code under test. */
#ifndef PITH_TESTS_NET_FRAMES_H
#define PITH_TESTS_NET_FRAMES_H

#include <string.h>

#include "fake_netdev.h"

/* A growing frame. */
struct frame {
    uint8_t b[FAKE_FRAME];
    size_t len;
};

static inline void add(struct frame *f, const void *data, size_t len)
{
    memcpy(f->b + f->len, data, len);
    f->len += len;
}

static inline void add8(struct frame *f, unsigned x)
{
    f->b[f->len++] = (uint8_t)x;
}

static inline void add16(struct frame *f, unsigned x)
{
    add8(f, x >> 8);
    add8(f, x & 0xff);
}

static inline void add32(struct frame *f, uint32_t x)
{
    add16(f, x >> 16);
    add16(f, x & 0xffff);
}

static inline unsigned get16(const uint8_t *b)
{
    return (unsigned)b[0] << 8 | b[1];
}

static inline uint32_t get32(const uint8_t *b)
{
    return (uint32_t)get16(b) << 16 | get16(b + 2);
}

/* The checksum, byte by byte, from (sum) on. */
static inline uint32_t naive_sum(uint32_t sum, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static inline void put16(uint8_t *b, unsigned x)
{
    b[0] = (uint8_t)(x >> 8);
    b[1] = (uint8_t)x;
}

static const uint8_t peer_mac[6] = {2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};
static const uint8_t all_macs[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static inline void ether(struct frame *f, const uint8_t to[6], unsigned type)
{
    f->len = 0;
    add(f, to, 6);
    add(f, peer_mac, 6);
    add16(f, type);
}

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* An IPv4 header; (frag): flags and offset. What follows is to be added, then ip4_end. */
static inline void ip4(struct frame *f, uint32_t from, uint32_t to, unsigned protocol, unsigned id,
                       unsigned frag)
{
    add8(f, 0x45);
    add8(f, 0);
    add16(f, 0);
    add16(f, id);
    add16(f, frag);
    add8(f, 64);
    add8(f, protocol);
    add16(f, 0);
    add32(f, from);
    add32(f, to);
}

static inline void ip4_end(struct frame *f)
{
    uint8_t *h = f->b + 14;
    size_t header = (h[0] & 15u) * 4;

    put16(h + 2, (unsigned)(f->len - 14));
    put16(h + 10, 0);
    put16(h + 10, ~naive_sum(0, h, header) & 0xffff);
}

static inline void ip6(struct frame *f, const uint8_t from[16], const uint8_t to[16], unsigned next,
                       unsigned hops)
{
    add32(f, 6u << 28);
    add16(f, 0);
    add8(f, next);
    add8(f, hops);
    add(f, from, 16);
    add(f, to, 16);
}

/* The length, and the checksum at (at), counted from the transport's header at (transport), both
 * from the frame's start; protocol (p). */
static inline void ip6_end(struct frame *f, size_t transport, size_t at, unsigned p)
{
    size_t len = f->len - transport;
    uint32_t sum = naive_sum(0, f->b + 22, 32);

    put16(f->b + 18, (unsigned)(f->len - 54));
    put16(f->b + transport + at, 0);
    sum = naive_sum(sum + (uint32_t)len + p, f->b + transport, len);
    put16(f->b + transport + at, ~sum & 0xffff);
}

/* The checksum of ICMP or IGMP at byte 2 of (len) bytes at (at). */
static inline void sum_at(uint8_t *at, size_t len)
{
    put16(at + 2, 0);
    put16(at + 2, ~naive_sum(0, at, len) & 0xffff);
}

/* A UDP header without checksum, and (len) bytes behind it that count up from (seed). */
static inline void udp(struct frame *f, unsigned from, unsigned to, size_t len, unsigned seed)
{
    add16(f, from);
    add16(f, to);
    add16(f, (unsigned)len + 8);
    add16(f, 0);
    for (size_t i = 0; i < len; i++)
        add8(f, (unsigned)(seed + i * 7));
}

#endif
