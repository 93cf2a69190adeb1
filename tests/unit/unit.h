/* SPDX-License-Identifier: MIT
 *
 * What a unit test starts with: cmocka, with the headers that it wants before it. */
#ifndef PITH_TESTS_UNIT_H
#define PITH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The next number of a repeatable sequence whose state is (*seed): every test names its own seed,
 * so that a failure shows again in every run. Any seed will do (splitmix64). */
static inline uint64_t random_next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* One of 0 .. n - 1; (n) is not 0. */
static inline size_t random_below(uint64_t *seed, size_t n)
{
    return (size_t)(random_next(seed) % n);
}

#endif
