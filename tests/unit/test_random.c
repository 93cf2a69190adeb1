/* SPDX-License-Identifier: MIT
 *
 * Random numbers: the block function against RFC 8439, and what the generator promises.
 *
 * sources: libos/random/chacha.c libos/random/random.c tests/unit/fake_plat.c
 * uses:    random arch */
#include "unit.h"
#include "fake_plat.h"
#include "random/chacha.h"
#include "random/random.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void from_hex(uint8_t *out, const char *hex)
{
    unsigned byte;

    for (; *hex; hex += 2) {
        sscanf(hex, "%2x", &byte);
        *out++ = (uint8_t)byte;
    }
}

/* RFC 8439, 2.3.2 and appendix A.1. Nonces are three little-endian words. */
static const struct {
    const char *key;
    uint32_t counter;
    uint32_t nonce[3];
    const char *block;
} vectors[] = {
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     1,
     {0x09000000, 0x4a000000, 0},
     "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
     "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"},
    {"0000000000000000000000000000000000000000000000000000000000000000",
     0,
     {0, 0, 0},
     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
     "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
    {"0000000000000000000000000000000000000000000000000000000000000000",
     1,
     {0, 0, 0},
     "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
     "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
    {"0000000000000000000000000000000000000000000000000000000000000001",
     1,
     {0, 0, 0},
     "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
     "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
    {"00ff000000000000000000000000000000000000000000000000000000000000",
     2,
     {0, 0, 0},
     "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
     "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096"},
    {"0000000000000000000000000000000000000000000000000000000000000000",
     0,
     {0, 0, 0x02000000},
     "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
     "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d"},
};

static void block_matches_the_rfc(void **state)
{
    uint8_t key[CHACHA_KEY], expect[CHACHA_BLOCK], got[CHACHA_BLOCK];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        from_hex(key, vectors[i].key);
        from_hex(expect, vectors[i].block);
        chacha_block(got, key, vectors[i].counter, vectors[i].nonce);
        assert_memory_equal(got, expect, sizeof(got));
    }
}

static void block_may_replace_its_key(void **state)
{
    uint8_t both[CHACHA_BLOCK] = {0}, expect[CHACHA_BLOCK];

    (void)state;
    from_hex(expect, vectors[1].block);
    chacha_block(both, both, 0, vectors[1].nonce);
    assert_memory_equal(both, expect, sizeof(both));
}

/* Every length up to two pools fills its buffer to the last byte and not beyond: no byte stays 0 in
 * ten draws, but for one in 2^80. */
static void every_length_is_filled(void **state)
{
    uint8_t buf[600], seen[600];

    (void)state;
    for (size_t len = 0; len < 580; len++) {
        memset(seen, 0, sizeof(seen));
        for (int draw = 0; draw < 10; draw++) {
            memset(buf, 0, sizeof(buf));
            random_bytes(buf, len);
            for (size_t i = 0; i < sizeof(buf); i++)
                seen[i] |= buf[i];
        }
        for (size_t i = 0; i < sizeof(buf); i++)
            assert_true((seen[i] != 0) == (i < len));
    }
}

static int compare_words(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

/* 64-bit words of long and short requests do not repeat: 2^-30 for the chance of one pair. */
static void words_do_not_repeat(void **state)
{
    static uint64_t words[1 << 14];

    (void)state;
    random_bytes(words, sizeof(words) / 2);
    for (size_t i = ARRAY_LEN(words) / 2; i < ARRAY_LEN(words); i++)
        random_bytes(&words[i], sizeof(words[i]));
    qsort(words, ARRAY_LEN(words), sizeof(words[0]), compare_words);
    for (size_t i = 1; i < ARRAY_LEN(words); i++)
        assert_true(words[i] != words[i - 1]);
}

static void bits_are_balanced(void **state)
{
    static uint8_t bytes[1 << 16];
    long ones = 0;

    (void)state;
    random_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        ones += __builtin_popcount(bytes[i]);
    /* The standard deviation of 2^19 coin tosses is 362: seven of them. */
    assert_in_range(ones, (1 << 18) - 2534, (1 << 18) + 2534);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(block_matches_the_rfc, setup),
        cmocka_unit_test_setup(block_may_replace_its_key, setup),
        cmocka_unit_test_setup(every_length_is_filled, setup),
        cmocka_unit_test_setup(words_do_not_repeat, setup),
        cmocka_unit_test_setup(bits_are_balanced, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
