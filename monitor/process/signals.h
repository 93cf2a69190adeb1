/* SPDX-License-Identifier: MIT
 *
 * Signals of the process back end: faults end in a report, signals of the host are passed on to a
 * guest that catches them or end the process as they would any other, and the time limit. */
#ifndef PITH_MONITOR_SIGNALS_H
#define PITH_MONITOR_SIGNALS_H

#include "monitor/core/machine.h"

/* Installs the handlers of faults. From here on a fault in the monitor is reported too: while the
 * image is being loaded, as a change of its file. After guest_prepare(m). */
void signals_catch_faults(struct machine *m);

/* Starts the time limit, (timeout_us) from now, if it is not 0. The image is loaded: faults now are
 * those of a guest that is a part of this process. */
void signals_start(uint64_t timeout_us);

/* struct backend's pass_on: installs the handlers of those signals of (set) that can be passed on,
 * when they are first wanted, since each costs time in every start. */
void signals_pass_on(uint64_t set);

/* The signals that can be: bit N-1 for signal N. */
uint64_t signals_passed_on(void);

/* struct backend's die. */
__attribute__((noreturn)) void signals_die(const struct machine *m, int sig);

/* A report of (sig) begins: another fault from here on ends the process with its status. */
void signals_report_begin(int sig);

#endif
