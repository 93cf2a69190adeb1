/* SPDX-License-Identifier: MIT
 *
 * How long this machine has run. */
#ifndef PITH_TIME_UPTIME_H
#define PITH_TIME_UPTIME_H

#include "iface/clock.h"

/* Remembers the time of boot. Called once, by init/, where uptime is linked. */
void uptime_start(void);

/* Time since boot. Also stands for CPU time, which nobody accounts: one thread, which mostly runs.
 */
nsec_t uptime(void);

#endif
