/* SPDX-License-Identifier: MIT
 *
 * Timers: a hierarchical wheel. Setting and cancelling take constant time; a timer runs at its tick
 * or up to one later, after it has moved down one level for each 256 ticks that it was away. */
#include "tcp/internal.h"

static void link(struct tcp_wheel *w, struct tcp_timer *timer)
{
    uint64_t tick = (uint64_t)timer->at >> WHEEL_SHIFT;
    unsigned level = 0;

    if (tick < w->tick)
        tick = w->tick;
    /* The level whose slots, from the current one on, reach that far. */
    while (level < WHEEL_LEVELS - 1 &&
           (tick >> WHEEL_BITS * level) - (w->tick >> WHEEL_BITS * level) >= WHEEL_SLOTS)
        level++;
    uint64_t n = tick >> WHEEL_BITS * level, now = w->tick >> WHEEL_BITS * level;
    if (n - now >= WHEEL_SLOTS) /* too far for the wheel: looked at again on the way */
        n = now + WHEEL_SLOTS - 1;
    uint64_t due = max_u64(n << WHEEL_BITS * level, w->tick);
    if (w->count == 0 || due < w->soonest)
        w->soonest = due;
    unsigned slot = n % WHEEL_SLOTS;
    struct tcp_timer **head = &w->slot[level][slot];
    timer->next = *head;
    timer->prev = head;
    if (*head)
        (*head)->prev = &timer->next;
    *head = timer;
    w->used[level][slot / 64] |= 1ull << slot % 64;
    w->count++;
}

static void unlink(struct tcp_wheel *w, struct tcp_timer *timer)
{
    *timer->prev = timer->next;
    if (timer->next)
        timer->next->prev = timer->prev;
    timer->prev = NULL;
    w->count--;
}

void tcp_timer_set(struct tcp *t, struct tcp_timer *timer, nsec_t at)
{
    if (timer->prev)
        unlink(&t->wheel, timer);
    timer->at = at;
    link(&t->wheel, timer);
}

void tcp_timer_cancel(struct tcp *t, struct tcp_timer *timer)
{
    if (timer->prev)
        unlink(&t->wheel, timer);
}

/* The first slot of (level) from (from) on, within one turn, that is not empty: how many slots
 * away; WHEEL_SLOTS: none. Bits of slots that have become empty are stale: cleared here. */
static unsigned next_used(struct tcp_wheel *w, unsigned level, unsigned from)
{
    for (unsigned n = 0; n < WHEEL_SLOTS;) {
        unsigned slot = (from + n) % WHEEL_SLOTS;
        uint64_t bits = w->used[level][slot / 64] >> slot % 64;
        if (!bits) {
            n += 64 - slot % 64;
            continue;
        }
        unsigned skip = (unsigned)__builtin_ctzll(bits);
        n += skip;
        slot = (from + n) % WHEEL_SLOTS;
        if (n < WHEEL_SLOTS && w->slot[level][slot])
            return n;
        if (n < WHEEL_SLOTS)
            w->used[level][slot / 64] &= ~(1ull << slot % 64);
        n++;
    }
    return WHEEL_SLOTS;
}

/* The tick at which something is to be done: a timer, or one to be moved down a level. */
static uint64_t next_tick(struct tcp_wheel *w)
{
    uint64_t best = UINT64_MAX;

    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t now = w->tick >> WHEEL_BITS * level;
        unsigned n = next_used(w, level, now % WHEEL_SLOTS);
        if (n == WHEEL_SLOTS)
            continue;
        uint64_t tick = max_u64((now + n) << WHEEL_BITS * level, w->tick);
        if (tick < best)
            best = tick;
    }
    return best;
}

nsec_t tcp_wheel_next(const struct tcp *t)
{
    if (t->wheel.count == 0)
        return DEADLINE_NEVER;
    uint64_t tick = t->wheel.soonest;
    return tick > INT64_MAX >> WHEEL_SHIFT ? DEADLINE_NEVER : (nsec_t)((tick + 1) << WHEEL_SHIFT);
}

/* Takes all timers out of the slots that (tick) begins, into (list); those that are not due go to
 * where they belong now. */
static void take_due(struct tcp_wheel *w, uint64_t tick, struct tcp_timer **list)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        unsigned slot = (tick >> WHEEL_BITS * level) % WHEEL_SLOTS;
        struct tcp_timer *all = w->slot[level][slot];
        w->slot[level][slot] = NULL;
        w->used[level][slot / 64] &= ~(1ull << slot % 64);
        for (struct tcp_timer *timer = all, *next; timer; timer = next) {
            next = timer->next;
            w->count--;
            if ((uint64_t)timer->at >> WHEEL_SHIFT > tick) {
                link(w, timer);
                continue;
            }
            timer->next = *list;
            timer->prev = list;
            if (*list)
                (*list)->prev = &timer->next;
            *list = timer;
            w->count++;
        }
        if (tick & ((1ull << WHEEL_BITS * (level + 1)) - 1))
            break;
    }
}

void tcp_wheel_run(struct tcp *t)
{
    struct tcp_wheel *w = &t->wheel;
    uint64_t end = (uint64_t)t->now >> WHEEL_SHIFT; /* ticks before it are over */

    for (;;) {
        uint64_t tick = w->soonest = w->count ? next_tick(w) : UINT64_MAX;
        if (tick >= end) {
            w->tick = max_u64(w->tick, end);
            return;
        }
        struct tcp_timer *list = NULL;
        w->tick = tick;
        take_due(w, tick, &list);
        w->tick = tick + 1;
        while (list) {
            struct tcp_timer *timer = list;
            unlink(w, timer);
            timer->fn(t, timer);
        }
    }
}
