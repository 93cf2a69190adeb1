/* SPDX-License-Identifier: MIT
 *
 * Numbers that nobody else can guess: initial sequence numbers (RFC 6528), the origin of a
 * connection's timestamps (RFC 7323, 5.4), and SYN cookies. All by SipHash-2-4 (Aumasson,
 * Bernstein) of both ends with a secret. */
#include "tcp/internal.h"

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned n)
{
    while (n-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

uint64_t tcp_siphash(const uint64_t key[2], const void *data, size_t len)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    const uint8_t *p = data;
    uint64_t word;

    for (size_t left = len; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        v[3] ^= word;
        rounds(v, 2);
        v[0] ^= word;
    }
    word = 0;
    memcpy(&word, p, len % 8);
    word |= (uint64_t)len << 56;
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Both ends without padding, and up to two numbers more, which say what the hash is for. */
static uint64_t hash_ends(struct tcp *t, const struct ip_ends *ends, uint32_t what, uint32_t more)
{
    struct {
        struct ip_ends ends;
        uint32_t what, more;
    } all = {*ends, what, more};

    _Static_assert(sizeof(all) == 48, "no padding");
    return tcp_siphash(t->secret, &all, sizeof(all));
}

/* The clock has 4 us a step, as RFC 9293, 3.4.1 has it. */
uint32_t tcp_isn(struct tcp *t, const struct ip_ends *ends)
{
    return (uint32_t)hash_ends(t, ends, 1, 0) + (uint32_t)((uint64_t)t->now >> 12);
}

uint32_t tcp_ts_offset(struct tcp *t, const struct ip_ends *ends)
{
    return (uint32_t)hash_ends(t, ends, 2, 0);
}

/* A cookie: 5 bits of time in units of about a minute, 3 that stand for an MSS, and 24 of a hash of
 * all that, both ends and the peer's number. */
#define COOKIE_TIME_SHIFT 36
#define COOKIE_AGE_MAX    2

static const uint16_t cookie_mss[8] = {64, 512, 536, 1220, 1360, 1440, 1460, 8960};

static uint32_t make_cookie(struct tcp *t, const struct ip_ends *ends, uint32_t irs, uint32_t head)
{
    return head << 24 | (uint32_t)(hash_ends(t, ends, 3 + head, irs) & 0xffffff);
}

uint32_t tcp_cookie(struct tcp *t, const struct ip_ends *ends, uint32_t irs, uint16_t mss)
{
    uint32_t n = ARRAY_LEN(cookie_mss) - 1;
    uint32_t time = (uint32_t)((uint64_t)t->now >> COOKIE_TIME_SHIFT) % 32;

    while (n > 0 && cookie_mss[n] > mss)
        n--;
    return make_cookie(t, ends, irs, time << 3 | n);
}

uint16_t tcp_cookie_check(struct tcp *t, const struct ip_ends *ends, uint32_t cookie, uint32_t irs)
{
    uint32_t time = (uint32_t)((uint64_t)t->now >> COOKIE_TIME_SHIFT), head = cookie >> 24;

    if ((time - (head >> 3)) % 32 >= COOKIE_AGE_MAX || make_cookie(t, ends, irs, head) != cookie)
        return 0;
    return cookie_mss[head & 7];
}
