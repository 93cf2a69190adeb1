/* SPDX-License-Identifier: MIT
 *
 * CPU time: see cputime.h. Until a second thread is started, it is all time but that in which the
 * processor slept; from then on the scheduler counts. */
#include "posix/cputime.h"

#include "thread/sched.h"
#include "time/uptime.h"

nsec_t cpu_time(const struct thread *t)
{
    nsec_t up = uptime(), since;

    if (!sched_cpu_time || sched_began == 0)
        return up - (nsec_t)thread_idle;
    since = sched_cpu_time(t);
    if (t && t != &thread_main)
        return since;
    return since + up - (clock_monotonic() - sched_began) - sched_idle_before;
}
