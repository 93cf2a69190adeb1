/* SPDX-License-Identifier: MIT
 *
 * Numbers as they are on the wire, big endian, and as the processor has them. Each function works
 * both ways. */
#ifndef PITH_WIRE_BYTES_H
#define PITH_WIRE_BYTES_H

#include "base/base.h"

#define packed __attribute__((packed))

static inline uint16_t be16(uint16_t x)
{
    return __builtin_bswap16(x);
}

static inline uint32_t be32(uint32_t x)
{
    return __builtin_bswap32(x);
}

static inline uint16_t get_be16(const void *p)
{
    uint16_t x;

    __builtin_memcpy(&x, p, 2);
    return be16(x);
}

static inline uint32_t get_be32(const void *p)
{
    uint32_t x;

    __builtin_memcpy(&x, p, 4);
    return be32(x);
}

static inline void put_be16(void *p, uint16_t x)
{
    x = be16(x);
    __builtin_memcpy(p, &x, 2);
}

static inline void put_be32(void *p, uint32_t x)
{
    x = be32(x);
    __builtin_memcpy(p, &x, 4);
}

#endif
