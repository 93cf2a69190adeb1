/* SPDX-License-Identifier: MIT
 *
 * The CPUID leaves of the machine (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E). Not
 * those of KVM_GET_SUPPORTED_CPUID: asking for them takes a quarter of a machine's whole life where
 * cpuid traps to a further hypervisor, and most describe what is for an operating system. */
#include "monitor/kvm/cpuid.h"

#include <cpuid.h>

#define BIT(n) (1u << (n))

#define XCR0_X87_SSE_AVX 0x07u
#define XCR0_AVX512      0xe0u

/* A leaf, and which of the host's bits to keep. */
struct leaf {
    uint32_t function, index;
    uint32_t eax, ebx, ecx, edx;
};

#define ALL 0xffffffffu

static const struct leaf leaves[] = {
    {0, 0, ALL, ALL, ALL, ALL},
    /* ecx: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND
     * edx: FPU DE PSE TSC MSR PAE CX8 PGE CMOV PAT CLFSH MMX FXSR SSE SSE2 */
    {1, 0, ALL, 0x0000ff00, 0x76d83203, 0x0789a17d},
    /* ebx: FSGSBASE BMI1 AVX2 BMI2 ERMS AVX512F DQ RDSEED ADX IFMA CLFLUSHOPT CLWB CD SHA BW VL
     * ecx: VBMI VBMI2 GFNI VAES VPCLMUL VNNI BITALG VPOPCNTDQ RDPID; edx: FSRM */
    {7, 0, 0, 0xf1af0329, 0x00405f42, BIT(4)},
    {0xd, 0, XCR0_X87_SSE_AVX | XCR0_AVX512, ALL, ALL, 0},
    {0xd, 1, 0x3, 0, 0, 0}, /* XSAVEOPT XSAVEC */
    {0xd, 2, ALL, ALL, 0, 0},
    {0xd, 5, ALL, ALL, 0, 0},
    {0xd, 6, ALL, ALL, 0, 0},
    {0xd, 7, ALL, ALL, 0, 0},
    {0x80000000, 0, ALL, ALL, ALL, ALL},
    /* ecx: LAHF ABM SSE4A PREFETCHW; edx: NX MMXEXT FXSROPT 1GB RDTSCP LM */
    {0x80000001, 0, ALL, 0, 0x161, 0x2e500000},
    {0x80000008, 0, 0xffff, 0, 0, 0}, /* widths of addresses */
};

unsigned cpuid_make(struct kvm_cpuid_entry2 *entry, uint64_t *xcr0, unsigned *address_bits)
{
    _Static_assert(ARRAY_LEN(leaves) <= CPUID_MAX, "all leaves have room");
    uint32_t highest[2] = {0, 0};
    unsigned n = 0;

    *xcr0 = 0;
    *address_bits = 36; /* of processors that do not tell */
    for (unsigned i = 0; i < ARRAY_LEN(leaves); i++) {
        const struct leaf *l = &leaves[i];
        struct kvm_cpuid_entry2 *e = &entry[n];
        bool extended = l->function >> 31;
        if ((l->function & ~BIT(31)) > highest[extended] && (l->function & ~BIT(31)))
            continue;
        *e = (struct kvm_cpuid_entry2){.function = l->function, .index = l->index};
        if (l->function == 7 || l->function == 0xd)
            e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
        __cpuid_count(l->function, l->index, e->eax, e->ebx, e->ecx, e->edx);
        if ((l->function & ~BIT(31)) == 0) {
            /* The highest leaf of its kind: the host's, but none that is not here. */
            uint32_t limit = extended ? 0x80000008 : 0xd;
            e->eax = e->eax < limit ? e->eax : limit;
            highest[extended] = e->eax & ~BIT(31);
        }
        e->eax &= l->eax;
        e->ebx &= l->ebx;
        e->ecx &= l->ecx;
        e->edx &= l->edx;
        if (l->function == 1)
            e->ecx |= BIT(31); /* a hypervisor is there */
        if (l->function == 0x80000008)
            *address_bits = e->eax & 0xff;
        if (l->function == 0xd && l->index == 0) {
            if ((e->eax & XCR0_AVX512) != XCR0_AVX512)
                e->eax &= XCR0_X87_SSE_AVX;
            *xcr0 = e->eax;
        }
        n++;
    }
    return n;
}
