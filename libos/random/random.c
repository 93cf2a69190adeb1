/* SPDX-License-Identifier: MIT
 *
 * The generator: ChaCha20 with fast key erasure. Each refill makes (POOL) bytes of key stream, of
 * which the first 32 are the next key at once; what is handed out is erased. So whoever reads this
 * state learns nothing about numbers handed out before. */
#include <string.h>

#include "arch/cpu.h"
#include "iface/plat.h"
#include "random/chacha.h"
#include "random/random.h"

#define POOL (4 * CHACHA_BLOCK)

/* Nonces that keep the uses of a key apart; boot's canary has its own (init/). */
static const uint32_t nonce_seed[3] = {'s', 'e', 'e'};
static const uint32_t nonce_stream[3] = {0, 0, 0};

static struct {
    uint8_t pool[POOL]; /* the key, in the first CHACHA_KEY bytes, and unused output at the end */
    size_t left;        /* bytes of that output */
    uint64_t generation;
    bool seeded;
} state;

/* The key becomes a hash of itself and what the platform and the CPU offer: the block function
 * keyed with the old key xor the new entropy. */
static void seed(void)
{
    uint8_t mix[CHACHA_KEY];
    uint8_t block[CHACHA_BLOCK];
    uint64_t word;

    memcpy(mix, plat_info.entropy, sizeof(mix));
    for (size_t i = 0; i < sizeof(mix); i++)
        mix[i] ^= state.pool[i];
    chacha_block(block, mix, 0, nonce_seed);
    if (cpu_has_rdrand()) {
        /* Mixed in after hashing: a bad RDRAND takes nothing away. */
        for (size_t i = 0; i < CHACHA_KEY && cpu_rdrand(&word); i += sizeof(word))
            for (size_t j = 0; j < sizeof(word); j++)
                block[i + j] ^= (uint8_t)(word >> 8 * j);
    }
    memcpy(state.pool, block, CHACHA_KEY);
    explicit_bzero(mix, sizeof(mix));
    explicit_bzero(block, sizeof(block));
    state.left = 0;
    state.generation = *plat_info.generation;
    state.seeded = true;
}

static void refill(void)
{
    uint8_t key[CHACHA_KEY];

    memcpy(key, state.pool, sizeof(key));
    for (uint32_t i = 0; i < POOL / CHACHA_BLOCK; i++)
        chacha_block(state.pool + i * CHACHA_BLOCK, key, i, nonce_stream);
    explicit_bzero(key, sizeof(key));
    state.left = POOL - CHACHA_KEY;
}

/* Takes (len) bytes, at most a whole pool's, from the pool. */
static void take(uint8_t *buf, size_t len)
{
    while (len > 0) {
        if (state.left == 0)
            refill();
        size_t n = min_size(len, state.left);
        uint8_t *from = state.pool + POOL - state.left;
        memcpy(buf, from, n);
        memset(from, 0, n);
        state.left -= n;
        buf += n;
        len -= n;
    }
}

/* Long requests get a key of their own and whole blocks, without passing through the pool. */
static void stream(uint8_t *buf, size_t len)
{
    uint8_t key[CHACHA_KEY];
    uint8_t last[CHACHA_BLOCK];

    take(key, sizeof(key));
    for (uint32_t i = 0; len > 0; i++) {
        size_t n = min_size(len, CHACHA_BLOCK);
        chacha_block(n == CHACHA_BLOCK ? buf : last, key, i, nonce_stream);
        if (n < CHACHA_BLOCK)
            memcpy(buf, last, n);
        buf += n;
        len -= n;
    }
    explicit_bzero(key, sizeof(key));
    explicit_bzero(last, sizeof(last));
}

void random_bytes(void *buf, size_t len)
{
    /* One key makes 2^32 blocks; this stays well below. */
    const size_t one_key = (size_t)1 << 30;
    uint8_t *to = buf;

    if (!state.seeded || state.generation != *plat_info.generation)
        seed();
    for (; len > one_key; len -= one_key, to += one_key)
        stream(to, one_key);
    if (len > POOL)
        stream(to, len);
    else
        take(to, len);
}
