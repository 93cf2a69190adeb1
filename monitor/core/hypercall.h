/* SPDX-License-Identifier: MIT
 *
 * The calls of abi/hypercall.h, whichever way they reached the monitor. */
#ifndef PITH_MONITOR_HYPERCALL_H
#define PITH_MONITOR_HYPERCALL_H

#include "monitor/core/machine.h"

/* Serves call (number) and returns its result. The arguments are the guest's and can be anything.
 * May block as the call says. */
long hypercall_serve(struct machine *m, long number, long a, long b, long c,
                     const struct guest_frame *frame);

#endif
