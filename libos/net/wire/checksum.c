/* SPDX-License-Identifier: MIT */
#include "wire/checksum.h"

#include "wire/bytes.h"

uint64_t checksum_add(uint64_t sum, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t carry = 0;

    /* Halves of 64-bit words, so that no carry can be lost in 2^32 of them. */
    for (; len >= 32; p += 32, len -= 32) {
        uint64_t w[4];
        memcpy(w, p, sizeof(w));
        sum +=
            (w[0] & 0xffffffff) + (w[1] & 0xffffffff) + (w[2] & 0xffffffff) + (w[3] & 0xffffffff);
        carry += (w[0] >> 32) + (w[1] >> 32) + (w[2] >> 32) + (w[3] >> 32);
    }
    sum += carry;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t w;
        memcpy(&w, p, sizeof(w));
        sum += (w & 0xffffffff) + (w >> 32);
    }
    if (len >= 4) {
        uint32_t w;
        memcpy(&w, p, sizeof(w));
        sum += w;
        p += 4;
        len -= 4;
    }
    if (len >= 2) {
        uint16_t w;
        memcpy(&w, p, sizeof(w));
        sum += w;
        p += 2;
        len -= 2;
    }
    return len ? sum + *p : sum;
}

uint64_t checksum_add_pkt(uint64_t sum, const struct pkt *p, size_t off, size_t len)
{
    bool odd = false; /* bytes are summed in the other place: swapped in the end (RFC 1071, 2 B) */

    for (; len > 0; p = p->more) {
        if (off >= p->len) {
            off -= p->len;
            continue;
        }
        size_t n = min_size(len, p->len - off);
        uint16_t part = checksum_fold(checksum_add(0, p->data + off, n));
        sum += odd ? __builtin_bswap16(part) : part;
        odd ^= n & 1;
        len -= n;
        off = 0;
    }
    return sum;
}

uint64_t checksum_pseudo(const struct ip_addr *from, const struct ip_addr *to, uint8_t protocol,
                         size_t len)
{
    uint64_t sum = (uint64_t)be16((uint16_t)len) + be16((uint16_t)(len >> 16)) + be16(protocol);

    if (ip_is_v4(from))
        return sum + ip_to_v4(from) + ip_to_v4(to);
    return checksum_add(checksum_add(sum, from->b, 16), to->b, 16);
}
