/* SPDX-License-Identifier: MIT
 *
 * Upcalls (abi/upcall.h). Once the program has asked for them, interrupts are on but inside calls
 * of this platform; the timer and the devices interrupt at one vector. */
#include "abi/upcall.h"

#include "arch/ring0.h"
#include "bare/bare.h"

#define RFLAGS_CLEAR (1u << 8 | 1u << 10 | 1u << 18) /* TF, DF, AC */

static const volatile struct pith_upcall *upcall;
static bool serving; /* a call: what interrupts ends its sleep, and is nothing else */

long upcall_register(uint64_t addr)
{
    upcall = (const struct pith_upcall *)addr;
    return 0;
}

void upcall_pause(void)
{
    serving = true;
    if (upcall)
        cpu_interrupts_off();
}

void upcall_go_on(void)
{
    serving = false;
    if (!upcall)
        return;
    clock_tick();
    cpu_interrupts_on();
}

/* Makes (f) go on in the program's upcall, if it may be interrupted where it stands. */
static bool begin(struct bare_frame *f, uint64_t vector, uint64_t addr)
{
    volatile uint32_t *hold = (volatile uint32_t *)upcall->hold.addr;

    if (*hold) {
        if (vector == PITH_UPCALL_NO_FAULT)
            *hold |= PITH_UPCALL_TICK;
        return false;
    }
    if (range_inside(f->rip, 1, upcall->critical.addr,
                     upcall->critical_end.addr - upcall->critical.addr))
        return false;
    if (vector != PITH_UPCALL_NO_FAULT && !(upcall->faults >> vector & 1))
        return false;
    *hold = 1;
    *(struct pith_upcall_frame *)upcall->frame.addr = (struct pith_upcall_frame){
        .rip = f->rip,
        .rsp = f->rsp,
        .rflags = f->rflags,
        .vector = vector,
        .error = f->error,
        .addr = addr,
    };
    f->rip = upcall->entry.addr;
    f->rsp = upcall->frame.addr;
    f->rflags &= ~(uint64_t)RFLAGS_CLEAR;
    return true;
}

void upcall_tick(struct bare_frame *f)
{
    if (!upcall || serving)
        return;
    clock_tick();
    (void)begin(f, PITH_UPCALL_NO_FAULT, 0);
}

bool upcall_fault(struct bare_frame *f, uint64_t addr)
{
    return upcall && f->vector < BARE_EXCEPTIONS && begin(f, f->vector, addr);
}
