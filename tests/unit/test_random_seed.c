/* SPDX-License-Identifier: MIT
 *
 * Seeding, with a CPU whose RDRAND is replaced: numbers depend on the entropy, on every restore,
 * and on RDRAND; and what was handed out is gone from the state. The generator is included whole,
 * to start it afresh and to look inside.
 *
 * sources: libos/random/chacha.c tests/unit/fake_plat.c
 * uses:    random arch */
#include "unit.h"
#include "fake_plat.h"

#include "arch/cpu.h"

static bool has_rdrand;
static uint64_t rdrand_word;

static bool fake_rdrand(uint64_t *out)
{
    *out = rdrand_word;
    return true;
}

#define cpu_has_rdrand() has_rdrand
#define cpu_rdrand       fake_rdrand
#include "../../libos/random/random.c"

static uint8_t entropy[32];
static uint64_t generation;

/* The first 32 bytes of a generator that starts now. */
static void first(uint8_t out[32])
{
    memset(&state, 0, sizeof(state));
    random_bytes(out, 32);
}

static int setup(void **unused)
{
    (void)unused;
    fake_reset();
    has_rdrand = false;
    rdrand_word = 0;
    memset(entropy, 1, sizeof(entropy));
    generation = 1;
    plat_info.entropy = entropy;
    plat_info.generation = &generation;
    return 0;
}

static void depends_on_every_bit_of_entropy(void **unused)
{
    uint8_t before[32], after[32];

    (void)unused;
    first(before);
    first(after);
    assert_memory_equal(before, after, 32);
    for (int bit = 0; bit < 256; bit++) {
        entropy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        first(after);
        assert_memory_not_equal(before, after, 32);
        entropy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void depends_on_rdrand(void **unused)
{
    uint8_t without[32], with[32];

    (void)unused;
    first(without);
    has_rdrand = true;
    rdrand_word = 42;
    first(with);
    assert_memory_not_equal(without, with, 32);
}

static void restore_seeds_anew(void **unused)
{
    uint8_t a[32], b[32];

    (void)unused;
    /* Two machines from one snapshot: the same state, entropy and generation of their own. */
    first(a);
    __typeof__(state) snapshot = state;
    entropy[0] = 7;
    generation = 2;
    random_bytes(a, 32);
    state = snapshot;
    entropy[0] = 8;
    generation = 3;
    random_bytes(b, 32);
    assert_memory_not_equal(a, b, 32);

    /* Without a new generation, the old state goes on. */
    state = snapshot;
    generation = 1;
    random_bytes(a, 32);
    state = snapshot;
    entropy[0] = 9;
    random_bytes(b, 32);
    assert_memory_equal(a, b, 32);
}

static void output_is_erased(void **unused)
{
    uint8_t out[POOL];

    (void)unused;
    memset(&state, 0, sizeof(state));
    for (int i = 0; i < 1000; i++) {
        size_t len = 8 + (size_t)i % 200;
        random_bytes(out, len);
        assert_null(memmem(&state, sizeof(state), out, 8));
        assert_null(memmem(&state, sizeof(state), out + len - 8, 8));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(depends_on_every_bit_of_entropy, setup),
        cmocka_unit_test_setup(depends_on_rdrand, setup),
        cmocka_unit_test_setup(restore_seeds_anew, setup),
        cmocka_unit_test_setup(output_is_erased, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
