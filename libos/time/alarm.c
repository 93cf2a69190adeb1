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
    a->rest = 0;
}

void alarm_wall(struct alarm *a)
{
    a->clock = wall;
    a->look_again = NSEC_PER_SEC;
    a->rest = 0;
}

static void due(struct timer *t);

/* Looks at the clock again in (left), or earlier. */
static void arm(struct alarm *a, nsec_t left)
{
    nsec_t now = clock_monotonic();

    if (left > a->look_again)
        left = a->look_again;
    timer_set(&a->timer, left >= DEADLINE_NEVER - now ? DEADLINE_NEVER - 1 : now + left, due);
}

static void due(struct timer *t)
{
    struct alarm *a = container_of(t, struct alarm, timer);
    nsec_t left = alarm_left(a);

    if (left == 0)
        a->fn(a);
    else
        arm(a, left > a->rest ? left : a->rest);
}

void alarm_set(struct alarm *a, nsec_t at, void (*fn)(struct alarm *a))
{
    a->at = at;
    a->fn = fn;
    arm(a, alarm_left(a));
}

void alarm_cancel(struct alarm *a)
{
    timer_cancel(&a->timer);
}

uint64_t alarm_forward(struct alarm *a, nsec_t interval)
{
    nsec_t late = a->clock(a) - a->at, next;
    nsec_t periods = late > 0 ? late / interval : 0; /* a clock may have been set back */

    if (__builtin_mul_overflow(periods + 1, interval, &next) ||
        __builtin_add_overflow(a->at, next, &next))
        next = DEADLINE_NEVER - 1;
    a->at = next;
    return (uint64_t)periods;
}
