/* SPDX-License-Identifier: MIT
 *
 * Timers of other clocks than the monotonic one: those that do not run evenly with it. */
#ifndef PITH_TIME_ALARM_H
#define PITH_TIME_ALARM_H

#include "iface/timer.h"

/* In memory of the caller, zero at first. Needs no undoing while it is not armed. */
struct alarm {
    nsec_t (*clock)(const struct alarm *a); /* what time it is */
    int owner;                              /* for (clock)'s use */
    nsec_t look_again;                      /* how long the clock can be trusted to run on */
    nsec_t rest; /* it may stand still: looks are so far apart at least */
    nsec_t at;   /* of (clock) */
    void (*fn)(struct alarm *a);
    struct timer timer;
};

/* Gives (a) the monotonic or the wall clock. The wall clock is looked at once a second: the host
 * may set it, and it goes on while the machine is suspended. */
void alarm_monotonic(struct alarm *a);
void alarm_wall(struct alarm *a);

/* Arms (a), whose clock is set, to call (fn), which is as that of a struct timer, when its clock
 * shows (at) or soon after. */
void alarm_set(struct alarm *a, nsec_t at, void (*fn)(struct alarm *a));

void alarm_cancel(struct alarm *a);

/* Moves a->at, which is past, on by whole (interval)s, not 0, to the first moment that is not. Does
 * not arm (a). Returns how many moments in between are past, too. */
uint64_t alarm_forward(struct alarm *a, nsec_t interval);

/* How long until a->at; 0 if that is past. */
static inline nsec_t alarm_left(const struct alarm *a)
{
    nsec_t left = a->at - a->clock(a);

    return left > 0 ? left : 0;
}

#endif
