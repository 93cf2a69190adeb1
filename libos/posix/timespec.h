/* SPDX-License-Identifier: MIT
 *
 * Times as system calls take and give them. No sum or product here can overflow: what lies beyond
 * the 292 years of nsec_t becomes the last moment of these, which is not DEADLINE_NEVER. */
#ifndef PITH_POSIX_TIMESPEC_H
#define PITH_POSIX_TIMESPEC_H

#include <time.h>
#include "iface/clock.h"

#define NSEC_LAST (DEADLINE_NEVER - 1)

static inline bool timespec_valid(const struct timespec *ts)
{
    return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}

/* Of a valid time. */
static inline nsec_t timespec_ns(const struct timespec *ts)
{
    if (ts->tv_sec >= NSEC_LAST / NSEC_PER_SEC)
        return NSEC_LAST;
    return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static inline struct timespec timespec_from(nsec_t ns)
{
    return (struct timespec){.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};
}

/* The deadline (ns) from now, not negative. */
static inline nsec_t deadline_in(nsec_t ns)
{
    nsec_t now = clock_monotonic();

    return ns > NSEC_LAST - now ? NSEC_LAST : now + ns;
}

/* The deadline of a time-out in milliseconds: negative ones never end. */
static inline nsec_t deadline_ms(int ms)
{
    if (ms <= 0)
        return ms < 0 ? DEADLINE_NEVER : DEADLINE_NOW;
    return deadline_in(ms * (NSEC_PER_SEC / 1000));
}

/* The deadline at time (ns) of the wall clock, as that stands now. */
static inline nsec_t deadline_at_wall(nsec_t ns)
{
    nsec_t now = clock_wall();

    return ns > now ? deadline_in(ns - now) : DEADLINE_NOW;
}

#endif
