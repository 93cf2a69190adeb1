/* SPDX-License-Identifier: MIT
 *
 * Instructions that C has no words for. */
#ifndef PITH_ARCH_CPU_H
#define PITH_ARCH_CPU_H

#include <cpuid.h>
#include "base/base.h"

/* The time stamp counter, not read before earlier instructions are done. */
static inline uint64_t cpu_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* FS and GS base, user mode instructions: whoever runs the guest has enabled them (CR4.FSGSBASE).
 */
static inline void cpu_set_fs_base(void *base)
{
    __asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
}

static inline void cpu_set_gs_base(uint64_t base)
{
    __asm__ volatile("wrgsbase %0" : : "r"(base) : "memory");
}

/* Whether the CPU has RDRAND. Slow: CPUID may trap to a hypervisor. */
static inline bool cpu_has_rdrand(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND);
}

/* One word from the CPU's generator. False when it has none at hand (Intel SDM 7.3.17.1 advises ten
 * attempts). */
static inline bool cpu_rdrand(uint64_t *out)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        bool ok;

        __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
        if (ok)
            return true;
    }
    return false;
}

/* Calls fn(arg) on the stack whose end (highest address) is (sp), aligned to 16 bytes; comes back
 * on the caller's. Frame pointers link the two stacks, so back-traces go on. */
void cpu_call_on_stack(void *sp, void (*fn)(void *), void *arg);

#endif
