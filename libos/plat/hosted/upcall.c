/* SPDX-License-Identifier: MIT
 *
 * Upcalls: abi/upcall.h. They have a stack of their own, since the program's may be at fault, or be
 * shorter than they need. A monitor has them for images with the note that stands here. */
#include "abi/image.h"
#include "abi/upcall.h"
#include "iface/hold.h"
#include "iface/plat.h"
#include "plat/hosted.h"

PITH_NOTE_EMPTY(PITH_NOTE_UPCALLS);

#define STACK_LEN (16u << 10)

static struct {
    uint8_t below[STACK_LEN - sizeof(struct pith_upcall_frame)];
    struct pith_upcall_frame frame;
} stack __attribute__((aligned(16)));

static struct pith_upcall upcall;

void plat_upcall_start(void (*entry)(void), const char *critical, const char *critical_end)
{
    upcall.entry = (pith_gaddr){(uintptr_t)entry};
    upcall.frame = (pith_gaddr){(uintptr_t)&stack.frame};
    upcall.hold = (pith_gaddr){(uintptr_t)&plat_hold};
    upcall.critical = (pith_gaddr){(uintptr_t)critical};
    upcall.critical_end = (pith_gaddr){(uintptr_t)critical_end};
    hypercall(PITH_HC_UPCALL, (long)&upcall, 0, 0);
}

void plat_upcall_faults(uint64_t vectors)
{
    upcall.faults = vectors;
}

void plat_trace(uintptr_t rip, uintptr_t rsp, uintptr_t rbp)
{
    hypercall(PITH_HC_TRACE, (long)rip, (long)rsp, (long)rbp);
}
