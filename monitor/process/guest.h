/* SPDX-License-Identifier: MIT
 *
 * The guest as a part of this process: its side of the crossings of entry.S, and the back end. */
#ifndef PITH_MONITOR_GUEST_H
#define PITH_MONITOR_GUEST_H

#include "monitor/core/machine.h"

extern const struct backend process_backend;

/* Enters the guest of (m) for good. The filter is installed and signals are set up. */
_Noreturn void guest_run(struct machine *m);

/* Notes the machine and the thread pointer for everything that enters the monitor from outside:
 * calls of the guest and signals. Before any signal handler is installed. */
void guest_prepare(struct machine *m);

/* What the functions of entry.S do stands there. */
void guest_hypercall(void);
int gettime_call(int clock, struct timespec *ts);
bool probe_word(uint64_t addr, uint64_t *out);

#endif
