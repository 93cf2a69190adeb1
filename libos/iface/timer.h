/* SPDX-License-Identifier: MIT
 *
 * Timers of the library OS: a function is called once a moment has passed. Implemented by thread/;
 * weak, so that images without timers link none of it: only who has a struct timer calls timer_set.
 *
 * They run when a thread waits, at the ends of system calls after the platform's tick, and within
 * 10 ms while the program computes. */
#ifndef PITH_IFACE_TIMER_H
#define PITH_IFACE_TIMER_H

#include "base/base.h"
#include "iface/clock.h"

/* In memory of the caller, zero at first; armed from timer_set until its function is called or
 * timer_cancel. */
struct timer {
    nsec_t at;                   /* of clock_monotonic */
    void (*fn)(struct timer *t); /* must not block; may cancel any timer, and set any, (t) too,
                                    for a moment to come */
    struct timer *child, *next, *prev; /* pairing heap; prev: elder sibling or parent */
    bool armed;
};

/* Arms (t), anew if it is armed, to call (fn) at (at) or soon after. A moment that is past: at the
 * next occasion. Never fails. */
void timer_set(struct timer *t, nsec_t at, void (*fn)(struct timer *t));

/* Disarms (t); nothing if it is not armed. */
void timer_cancel(struct timer *t);

/* When the first timer is due; DEADLINE_NEVER without any. */
#define TIMER_HOOK __attribute__((weak, visibility("hidden")))
TIMER_HOOK nsec_t timer_next(void);

/* Calls the functions of all timers that are due at (now). */
TIMER_HOOK void timer_run(nsec_t now);

#endif
