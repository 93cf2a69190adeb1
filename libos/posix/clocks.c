/* SPDX-License-Identifier: MIT
 *
 * Alarms by clock number: see clocks.h. */
#include <errno.h>
#include <time.h>

#include "posix/clocks.h"
#include "posix/clone.h"
#include "posix/cputime.h"

/* A clock id of a process or thread: the complement of its number, three bits to the left; then bit
 * 2 for a thread, and which of three kinds of CPU time. */
#define OWNER(id)  (~((int)(id) >> 3))
#define THREAD(id) ((int)(id)&4)
#define KIND(id)   ((int)(id)&3)
#define KINDS      3

/* How often a clock of CPU time is looked at, at most, while it may stand still. */
#define CPU_LOOK (4 * NSEC_PER_SEC / 1000)

/* The clock of a thread that has ended stands still. */
static nsec_t cpu_clock(const struct alarm *a)
{
    const struct thread *t = a->owner ? thread_by_id(a->owner) : NULL;

    return a->owner && !t ? 0 : cpu_time(t);
}

void alarm_cpu(struct alarm *a, int tid)
{
    a->clock = cpu_clock;
    a->owner = tid;
    a->look_again = DEADLINE_NEVER;
    a->rest = CPU_LOOK;
}

/* A clock of CPU time, that of the calling thread where (id) says so. */
static long cpu_alarm(long id, struct alarm *a)
{
    int tid = (int)id == CLOCK_THREAD_CPUTIME_ID ? thread_self->tid : 0;

    if ((int)id < 0) {
        if (KIND(id) >= KINDS || (!THREAD(id) && OWNER(id) != 0 && OWNER(id) != 1))
            return -EINVAL;
        if (THREAD(id))
            tid = OWNER(id) ? OWNER(id) : thread_self->tid;
        if (tid && !thread_by_id(tid))
            return -EINVAL;
    }
    /* A timer that has one keeps it: the clock of the thread that made it. */
    if (!a->clock)
        alarm_cpu(a, tid);
    return 0;
}

long clock_alarm(long id, bool absolute, struct alarm *a)
{
    if ((int)id < 0 || (int)id == CLOCK_PROCESS_CPUTIME_ID || (int)id == CLOCK_THREAD_CPUTIME_ID)
        return cpu_alarm(id, a);
    switch ((int)id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        if (absolute)
            alarm_wall(a);
        else
            alarm_monotonic(a);
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        alarm_monotonic(a);
        return 0;
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_COARSE:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}
