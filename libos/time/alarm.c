/* SPDX-License-Identifier: MIT
 *
 * Alarms: timers that look at their own clock when they go off, and go on if it is not time yet. */
#include "time/alarm.h"

static nsec_t monotonic(const struct alarm *a)
{
    (void)a;
    return clock_monotonic();
}

static nsec_t wall(const struct alarm *a)
{
    (void)a;
    return clock_wall();
}

void alarm_monotonic(struct alarm *a)
{
    a->clock = monotonic;
    a->look_again = DEADLINE_NEVER;
}

void alarm_wall(struct alarm *a)
{
    a->clock = wall;
    a->look_again = NSEC_PER_SEC;
}

static void arm(struct alarm *a);

static void due(struct timer *t)
{
    struct alarm *a = container_of(t, struct alarm, timer);

    if (alarm_left(a) > 0)
        arm(a);
    else
        a->fn(a);
}

static void arm(struct alarm *a)
{
    nsec_t left = alarm_left(a), now = clock_monotonic();

    if (left > a->look_again)
        left = a->look_again;
    timer_set(&a->timer, left >= DEADLINE_NEVER - now ? DEADLINE_NEVER - 1 : now + left, due);
}

void alarm_set(struct alarm *a, nsec_t at, void (*fn)(struct alarm *a))
{
    a->at = at;
    a->fn = fn;
    arm(a);
}

void alarm_cancel(struct alarm *a)
{
    timer_cancel(&a->timer);
}
