/* SPDX-License-Identifier: MIT
 *
 * Upcalls: how a monitor interrupts a guest that has asked for it (PITH_HC_UPCALL). There are two reasons:
 * a tick, about every 5 ms of processor time that the guest uses, or at once when a signal of the host
 * that the guest catches (pith_shared.caught) has become pending; and a fault of the guest's, in place
 * of a crash report.
 *
 * The monitor saves where the guest stood in *frame, sets *hold to 1 and goes on at (entry) with the
 * stack pointer at (frame), DF, TF and AC clear. All other registers, FPU and vectors too, are
 * those of the interrupted code. The guest returns by itself; there is no call for that.
 *
 * Not interrupted is a guest that
 *   - has *hold other than 0: for a tick the monitor then sets PITH_UPCALL_TICK in *hold
 *   - stands at an address from (critical) up to (critical_end), or outside its own memory: a tick is left out
 * A fault there, or of a vector whose bit in (faults) is 0, ends the guest with a crash report; but a page fault at the
 * very address where it stands, outside its memory, is a jump of its own, and delivered. */
#ifndef PITH_ABI_UPCALL_H
#define PITH_ABI_UPCALL_H

#include <stdint.h>

#include "abi/boot.h"

#define PITH_UPCALL_TICK 0x80000000u

/* What became of the interrupted code, on a stack of its own, 16-byte aligned. */
struct pith_upcall_frame {
    uint64_t rip, rsp, rflags;
    uint64_t vector; /* of an exception of x86-64, or PITH_UPCALL_NO_FAULT: a tick */
    uint64_t error;  /* its error code, 0 where it has none */
    uint64_t addr;   /* the address of a page fault (vector 14) */
    uint64_t reserved[2];
};

#define PITH_UPCALL_NO_FAULT 256u

/* In the guest's memory, in a part of its image that is writable, as is all that it points to. Read by the
 * monitor at each upcall; a part that is not sound (PITH_HC_UPCALL) means: no upcall. */
struct pith_upcall {
    pith_gaddr entry;
    pith_gaddr frame; /* struct pith_upcall_frame */
    pith_gaddr hold;  /* uint32_t */
    pith_gaddr critical, critical_end;
    uint64_t faults; /* bit N: exceptions of vector N are delivered, N from 0 to 31 */
};

_Static_assert(sizeof(struct pith_upcall_frame) == 64, "ABI");
_Static_assert(sizeof(struct pith_upcall) == 48, "ABI");

#endif
