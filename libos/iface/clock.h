/* SPDX-License-Identifier: MIT
 *
 * Time. Implemented by plat/; chosen by linking. */
#ifndef PITH_IFACE_CLOCK_H
#define PITH_IFACE_CLOCK_H

#include <stdint.h>

/* Nanoseconds. Deadlines are times of the monotonic clock. */
typedef int64_t nsec_t;

#define NSEC_PER_SEC   1000000000ll
#define DEADLINE_NOW   ((nsec_t)0)
#define DEADLINE_NEVER INT64_MAX

/* Time since some point before the start of the machine; never goes back. */
nsec_t clock_monotonic(void);

/* What clock_monotonic returned last: for who is called where it has just been asked, as after
 * every crossing to the host (iface/wait.h), or may take an earlier moment for now. */
nsec_t clock_recent(void);

/* Time since the Epoch, as the host has it. May jump. */
nsec_t clock_wall(void);

#endif
