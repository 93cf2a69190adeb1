/* SPDX-License-Identifier: MIT
 *
 * Giving up what the process may do. */
#ifndef PITH_MONITOR_LOCKDOWN_H
#define PITH_MONITOR_LOCKDOWN_H

#include "monitor/sandbox/filter.h"

/* Signals whose default action ends a process and that the guest may die of: bit N-1 for signal N.
 * Not among them: SIGKILL (needs no permission), SIGSYS (reports what the filter refuses), SIGALRM
 * (the time limit's). */
uint64_t lockdown_die_signals(void);

/* Closes every descriptor from (first_fd) on, drops all capabilities, and installs the filter for
 * (params): from its return on nothing else can be done. Returns 0; else a negative error number
 * with *what naming the step that failed, and what to do about it (static text). */
must_check int lockdown(const struct filter_params *params, unsigned first_fd, const char **what);

/* The same for a process that only passes packets on (monitor/dev/gate.h): it may read, write, wait for descriptors
 * and end. */
must_check int lockdown_gate(unsigned first_fd, const char **what);

#endif
