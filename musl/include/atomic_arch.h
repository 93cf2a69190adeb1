/* SPDX-License-Identifier: MIT
 *
 * musl's, but for the instruction by which it stops a program whose memory is damaged: hlt faults in a
 * process, and sleeps for ever in ring 0. An interrupt that has no gate faults in both alike. */
#include_next "atomic_arch.h"

#undef a_crash
#define a_crash pith_crash
static inline void pith_crash(void)
{
    __asm__ __volatile__("int $0xf4" : : : "memory");
}
