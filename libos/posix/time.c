/* SPDX-License-Identifier: MIT
 *
 * The system calls on time. The wall clock is the host's and cannot be set. */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "iface/signal.h"
#include "iface/wait.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/cputime.h"
#include "posix/timespec.h"

/* A clock id of a process or thread: the complement of its number, three bits to the left; then bit
 * 2 for a thread, and which of three kinds of CPU time. */
#define CPU_CLOCK_OWNER(id) (~((int)(id) >> 3))
#define CPU_CLOCK_KIND(id)  ((int)(id)&3)
#define CPU_CLOCK_KINDS     3
#define CPU_CLOCK_THREAD    4

enum clock_kind { CLOCK_NONE, CLOCK_WALL, CLOCK_MONO, CLOCK_CPU };

static enum clock_kind kind_of(long id)
{
    HOLD;
    int n = (int)id;

    if (n < 0) {
        int owner = CPU_CLOCK_OWNER(n);
        bool there = n & CPU_CLOCK_THREAD ? thread_by_id(owner) != NULL : owner == 0 || owner == 1;
        return there && CPU_CLOCK_KIND(n) < CPU_CLOCK_KINDS ? CLOCK_CPU : CLOCK_NONE;
    }
    switch (n) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        return CLOCK_WALL;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        return CLOCK_MONO;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        return CLOCK_CPU;
    default:
        return CLOCK_NONE;
    }
}

/* What the clock (id), of CPU time, says. */
static nsec_t cpu_clock(long id)
{
    HOLD;
    int n = (int)id;

    if (n == CLOCK_THREAD_CPUTIME_ID)
        return cpu_time(thread_self);
    return cpu_time(n < 0 && (n & CPU_CLOCK_THREAD) ? thread_by_id(CPU_CLOCK_OWNER(n)) : NULL);
}

long pith_sys_clock_gettime(long id, long result)
{
    enum clock_kind kind = kind_of(id);

    if (kind == CLOCK_NONE)
        return -EINVAL;
    nsec_t now = kind == CLOCK_WALL   ? clock_wall()
                 : kind == CLOCK_MONO ? clock_monotonic()
                                      : cpu_clock(id);
    if (!user_writable((void *)result, sizeof(struct timespec)))
        return -EFAULT;
    *(struct timespec *)result = timespec_from(now);
    return 0;
}

long pith_sys_clock_getres(long id, long result)
{
    if (kind_of(id) == CLOCK_NONE)
        return -EINVAL;
    if (result && !user_writable((void *)result, sizeof(struct timespec)))
        return -EFAULT;
    if (result)
        *(struct timespec *)result = (struct timespec){.tv_nsec = 1};
    return 0;
}

long pith_sys_clock_settime(long id, long value)
{
    HOLD;
    if (id >= 0 && id != CLOCK_REALTIME)
        return -EINVAL;
    if (!user_readable((const void *)value, sizeof(struct timespec)))
        return -EFAULT;
    if (id < 0)
        return kind_of(id) == CLOCK_CPU ? -EPERM : -EINVAL;
    return timespec_valid((const struct timespec *)value) ? -EPERM : -EINVAL;
}

long pith_sys_settimeofday(long tv, long tz)
{
    HOLD;
    const struct timeval *value = (const struct timeval *)tv;

    if (value && !user_readable(value, sizeof(*value)))
        return -EFAULT;
    if (value && (value->tv_sec < 0 || value->tv_usec < 0 || value->tv_usec >= 1000000))
        return -EINVAL;
    const struct timezone *zone = (const struct timezone *)tz;
    if (zone && !user_readable(zone, sizeof(*zone)))
        return -EFAULT;
    if (zone && (zone->tz_minuteswest > 15 * 60 || zone->tz_minuteswest < -15 * 60))
        return -EINVAL;
    return tv || tz ? -EPERM : 0;
}

long pith_sys_gettimeofday(long tv, long tz)
{
    if (tv && !user_writable((void *)tv, sizeof(struct timeval)))
        return -EFAULT;
    if (tv) {
        nsec_t now = clock_wall();
        *(struct timeval *)tv =
            (struct timeval){.tv_sec = now / NSEC_PER_SEC, .tv_usec = now % NSEC_PER_SEC / 1000};
    }
    if (tz && !user_writable((void *)tz, sizeof(struct timezone)))
        return -EFAULT;
    if (tz)
        *(struct timezone *)tz = (struct timezone){0};
    return 0;
}

long pith_sys_time(long result)
{
    time_t now = clock_wall() / NSEC_PER_SEC;

    if (result && !user_writable((void *)result, sizeof(now)))
        return -EFAULT;
    if (result)
        *(time_t *)result = now;
    return now;
}

/* Clock ticks: 100 a second, as AT_CLKTCK says. */
long pith_sys_times(long result)
{
    HOLD;
    const nsec_t tick = NSEC_PER_SEC / 100;

    if (result && !user_writable((void *)result, sizeof(struct tms)))
        return -EFAULT;
    if (result)
        *(struct tms *)result = (struct tms){.tms_utime = cpu_time(NULL) / tick};
    return clock_monotonic() / tick;
}

/* Sleeps until (deadline). Returns 0, or -EINTR: a sleep is not started over after a handler. */
static int sleep_until(nsec_t deadline)
{
    struct wait_queue never_woken = WAIT_QUEUE_INIT;
    int err;

    do
        err = wait_sleep(&never_woken, deadline, "nanosleep");
    while (err == 0);
    return err == -EINTR ? -EINTR : 0;
}

static long sleep_for(nsec_t ns, struct timespec *left)
{
    nsec_t deadline = deadline_in(ns);
    int err = sleep_until(deadline);

    if (err && left) {
        nsec_t rest = deadline - clock_monotonic();
        if (!user_writable(left, sizeof(*left)))
            return -EFAULT;
        *left = timespec_from(rest > 0 ? rest : 0);
    }
    return err;
}

/* Sleeps until the wall clock says (ns). It may be set while we sleep: look again at least once a
 * second. */
static long sleep_until_wall(nsec_t ns)
{
    for (;;) {
        nsec_t left = ns - clock_wall();
        if (left <= 0)
            return 0;
        int err = sleep_until(deadline_in(left < NSEC_PER_SEC ? left : NSEC_PER_SEC));
        if (err)
            return err;
    }
}

/* Whether (id) is the CPU time of the calling thread, which stands still while it sleeps. */
static bool is_own_clock(long id)
{
    int n = (int)id, owner = CPU_CLOCK_OWNER(n);

    return n < 0 && n & CPU_CLOCK_THREAD && (owner == 0 || owner == thread_self->tid);
}

long pith_sys_clock_nanosleep(long id, long flags, long request, long left)
{
    HOLD;
    const struct timespec *ts = (const struct timespec *)request;
    enum clock_kind kind = kind_of(id);

    if (kind == CLOCK_NONE && (int)id >= 0)
        return -EINVAL;
    if (id == CLOCK_THREAD_CPUTIME_ID || id == CLOCK_MONOTONIC_RAW ||
        id == CLOCK_MONOTONIC_COARSE || id == CLOCK_REALTIME_COARSE)
        return -EOPNOTSUPP;
    if (!user_readable(ts, sizeof(*ts)))
        return -EFAULT;
    if (kind == CLOCK_NONE || is_own_clock(id) || !timespec_valid(ts))
        return -EINVAL;
    nsec_t ns = timespec_ns(ts);
    if (!(flags & TIMER_ABSTIME))
        return sleep_for(ns, (struct timespec *)left);
    if (kind == CLOCK_WALL)
        return sleep_until_wall(ns);
    if (kind == CLOCK_MONO)
        return sleep_until(ns);
    nsec_t ran = cpu_clock(id);
    return sleep_for(ns > ran ? ns - ran : 0, NULL);
}

long pith_sys_nanosleep(long request, long left)
{
    HOLD;
    return pith_sys_clock_nanosleep(CLOCK_MONOTONIC, 0, request, left);
}
