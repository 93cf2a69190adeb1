/* SPDX-License-Identifier: MIT
 *
 * Alarms (time/alarm.h) of the clocks that calls name by number. */
#ifndef PITH_POSIX_CLOCKS_H
#define PITH_POSIX_CLOCKS_H

#include "time/alarm.h"

/* Gives (a) the clock (id), for times that are (absolute) or are counted from when it is armed. 0;
 * -EINVAL: there is no such clock; -EOPNOTSUPP: it has no timers. */
must_check long clock_alarm(long id, bool absolute, struct alarm *a);

/* Gives (a) the CPU time of thread (tid), or of all for 0. */
void alarm_cpu(struct alarm *a, int tid);

#endif
