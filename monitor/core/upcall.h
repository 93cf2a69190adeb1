/* SPDX-License-Identifier: MIT
 *
 * Upcalls (abi/upcall.h): what both back ends do to interrupt a guest. */
#ifndef PITH_MONITOR_UPCALL_H
#define PITH_MONITOR_UPCALL_H

#include "abi/upcall.h"
#include "monitor/core/machine.h"

/* PITH_HC_UPCALL: 0, or -EINVAL, -ENOSYS. */
long upcall_register(struct machine *m, uint64_t addr);

/* Whether the guest may be interrupted at (at), which says where it stands and why. If so, its
 * frame is written and it is held: let it go on at *rip with its stack pointer at *rsp and DF, TF
 * and AC clear. If not: a tick needs nothing more, a fault is to be reported. */
must_check bool upcall_begin(struct machine *m, const struct pith_upcall_frame *at, uint64_t *rip,
                             uint64_t *rsp);

#endif
