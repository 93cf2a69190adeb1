/* SPDX-License-Identifier: MIT
 *
 * A fuzzer's input, taken byte by byte; zeros follow its end. */
#ifndef PITH_TESTS_FUZZ_INPUT_H
#define PITH_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

static const uint8_t *input;
static size_t left; /* bytes from there on */

static inline unsigned next(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

static inline unsigned next16(void)
{
    unsigned high = next();

    return high << 8 | next();
}

#endif
