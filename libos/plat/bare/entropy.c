/* SPDX-License-Identifier: MIT
 *
 * Entropy for the boot info: the CPU's generator, else the jitter of its clock, which is poor and
 * said so; to either, what an entropy device gives. */
#include "arch/cpu.h"
#include "bare/bare.h"
#include "bare/virtio.h"

#define WORDS    4
#define PATIENCE 10000000u

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

/* Adds what an entropy device (virtio 1.2, 5.4) gives, once. False: there is none, or it gives less
 * than is wanted in some tenths of a second. */
static bool add_device(uint64_t words[WORDS])
{
    static uint64_t buffer[WORDS];
    struct virtio_device *d = virtio_find(VIRTIO_ENTROPY, 0);
    int64_t got = -1;

    if (!d)
        return false;
    virtio_give(d, 0, buffer, sizeof(buffer), true);
    for (uint32_t tries = 0; got < 0 && tries < PATIENCE; tries++) {
        __asm__ volatile("pause");
        got = virtio_taken(d, 0);
    }
    virtio_drop(d);
    for (size_t i = 0; i < WORDS; i++)
        words[i] ^= buffer[i];
    return got == sizeof(buffer);
}

void entropy_gather(uint8_t out[32])
{
    bool good = cpu_has_rdrand();
    uint64_t words[WORDS] = {0};

    for (size_t i = 0; good && i < WORDS; i++)
        good = cpu_rdrand(&words[i]);
    /* A device's numbers are added, never taken instead. */
    if (add_device(words))
        good = true;
    if (!good) {
        say_text(
            "pith: the CPU has no random numbers (RDRAND): keys that this program makes can be "
            "guessed\n");
        uint64_t seed = cpu_tsc();
        for (size_t i = 0; i < WORDS; i++)
            words[i] ^= seed = jitter(seed);
    }
    __builtin_memcpy(out, words, sizeof(words));
}
