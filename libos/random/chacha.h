/* SPDX-License-Identifier: MIT
 *
 * The ChaCha20 block function: RFC 8439, 2.3. */
#ifndef PITH_RANDOM_CHACHA_H
#define PITH_RANDOM_CHACHA_H

#include "base/base.h"

#define CHACHA_KEY   32
#define CHACHA_BLOCK 64

/* Writes one block of key stream to (out), of CHACHA_BLOCK bytes, which may overlap (key), of
 * CHACHA_KEY bytes. (nonce) is the RFC's, 12 bytes as three little-endian words. Needs no random
 * state: boot derives its canary with it. */
void chacha_block(void *out, const void *key, uint32_t counter, const uint32_t nonce[3]);

#endif
