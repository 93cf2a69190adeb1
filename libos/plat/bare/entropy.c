/* SPDX-License-Identifier: MIT
 *
 * Entropy for the boot info: the CPU's generator, else the jitter of its clock, which is poor and
 * said so. */
#include "arch/cpu.h"
#include "bare/bare.h"

#define WORDS 4

/* One round of a multiply-xorshift mix: all bits of (word) depend on all it has seen. */
static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 31) * 0x9fb21c651e98df25u;
    return word ^ word >> 29;
}

/* 64 differences of the time stamp counter around an instruction that leaves the CPU's core. */
static uint64_t jitter(uint64_t seed)
{
    for (int i = 0; i < 64; i++) {
        unsigned a, b, c, d;
        __cpuid(0, a, b, c, d);
        seed = mix(seed ^ cpu_tsc());
    }
    return seed;
}

void entropy_gather(uint8_t out[32])
{
    bool good = cpu_has_rdrand();
    uint64_t words[WORDS];

    for (size_t i = 0; good && i < WORDS; i++)
        good = cpu_rdrand(&words[i]);
    if (!good) {
        say_text(
            "pith: the CPU has no random numbers (RDRAND): keys that this program makes can be "
            "guessed\n");
        uint64_t seed = cpu_tsc();
        for (size_t i = 0; i < WORDS; i++)
            words[i] = seed = jitter(seed);
    }
    __builtin_memcpy(out, words, sizeof(words));
}
