/* SPDX-License-Identifier: MIT
 *
 * ChaCha20, plainly: boot and keys need little of it, so it is small rather than fast. */
#include <string.h>

#include "random/chacha.h"

static uint32_t rotl(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotl(*d ^ *a, 16);
    *c += *d;
    *b = rotl(*b ^ *c, 12);
    *a += *b;
    *d = rotl(*d ^ *a, 8);
    *c += *d;
    *b = rotl(*b ^ *c, 7);
}

void chacha_block(void *out, const void *key, uint32_t counter, const uint32_t nonce[3])
{
    /* "expand 32-byte k" */
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint32_t x[16];

    memcpy(start + 4, key, CHACHA_KEY);
    start[12] = counter;
    memcpy(start + 13, nonce, 12);
    memcpy(x, start, sizeof(x));
    for (int i = 0; i < 80; i++) {
        /* Eight quarter rounds make a double round: four on columns, four on diagonals. */
        int column = i & 3;
        int slant = i & 4 ? 1 : 0;
        quarter_round(&x[column], &x[4 + ((column + slant) & 3)],
                      &x[8 + ((column + 2 * slant) & 3)], &x[12 + ((column + 3 * slant) & 3)]);
    }
    for (int i = 0; i < 16; i++)
        x[i] += start[i];
    memcpy(out, x, sizeof(x));
}
