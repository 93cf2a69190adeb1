/* SPDX-License-Identifier: MIT
 *
 * Timers, in a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986): arming takes constant time,
 * disarming and running logarithmic time, amortised; and nothing is allocated. */
#include "iface/timer.h"

static struct timer *root;

/* Joins two heaps, either of which may be NULL: the later root becomes the first child of the
 * other. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->at < a->at) {
        struct timer *t = a;
        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/* Makes one heap of (first) and its younger siblings: in pairs, then the pairs from the last. */
static struct timer *meld_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *all = NULL;

    while (first) {
        struct timer *a = first, *b = first->next;
        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *next = pairs->next;
        pairs->next = NULL;
        all = meld(all, pairs);
        pairs = next;
    }
    return all;
}

void timer_cancel(struct timer *t)
{
    if (!t->armed)
        return;
    struct timer *children = meld_siblings(t->child);
    t->child = NULL;
    t->armed = false;
    if (t == root) {
        root = children;
        return;
    }
    if (t->prev->child == t)
        t->prev->child = t->next;
    else
        t->prev->next = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
    root = meld(root, children);
}

void timer_set(struct timer *t, nsec_t at, void (*fn)(struct timer *t))
{
    timer_cancel(t);
    *t = (struct timer){.at = at, .fn = fn, .armed = true};
    root = meld(root, t);
}

nsec_t timer_next(void)
{
    return root ? root->at : DEADLINE_NEVER;
}

void timer_run(nsec_t now)
{
    while (root && root->at <= now) {
        struct timer *t = root;
        timer_cancel(t);
        t->fn(t);
    }
}
