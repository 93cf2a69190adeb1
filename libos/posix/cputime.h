/* SPDX-License-Identifier: MIT
 *
 * CPU time. */
#ifndef PITH_POSIX_CPUTIME_H
#define PITH_POSIX_CPUTIME_H

#include "iface/clock.h"
#include "thread/thread.h"

/* How long (t) has run since the start, or with NULL the process: all its threads, those that have
 * ended included. */
nsec_t cpu_time(const struct thread *t);

#endif
