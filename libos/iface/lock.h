/* SPDX-License-Identifier: MIT
 *
 * A lock to hold across waits. The library OS needs none while it does not block (iface/hold.h).
 * Not recursive; handed on in no particular order. */
#ifndef PITH_IFACE_LOCK_H
#define PITH_IFACE_LOCK_H

#include "iface/wait.h"

struct lock {
    bool held;
    struct wait_queue free;
};

#define LOCK_INIT                                                                                  \
    {                                                                                              \
        false, WAIT_QUEUE_INIT                                                                     \
    }

/* Blocks until the lock is free, and takes it. Signals do not end the wait. (what) as in wait.h. */
static inline void lock_take(struct lock *l, const char *what)
{
    while (l->held)
        wait_sleep_hard(&l->free, what);
    l->held = true;
}

static inline void lock_give(struct lock *l)
{
    l->held = false;
    wait_wake(&l->free);
}

#endif
