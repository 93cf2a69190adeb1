/* SPDX-License-Identifier: MIT
 *
 * Crash reports: at most CRASH_LINES lines on standard error that say what happened, where, and how
 * the program came there. */
#ifndef PITH_MONITOR_CRASH_H
#define PITH_MONITOR_CRASH_H

#include <signal.h>
#include <ucontext.h>

#include "monitor/core/machine.h"

#define CRASH_LINES 24

/* Reports that the guest was stopped by (sig) as (info) and (context) describe. */
void crash_report_fault(const struct machine *m, int sig, const siginfo_t *info,
                        const ucontext_t *context);

/* Reports a crash by the guest's own decision: (reason) is the address of (len) bytes of text in
 * guest memory. */
void crash_report_call(const struct machine *m, int sig, uint64_t reason, uint64_t len,
                       const struct guest_frame *frame);

#endif
