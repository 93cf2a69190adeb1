/* SPDX-License-Identifier: MIT
 *
 * Waiting for words: what futex(2) and futex_waitv(2) share. Callers are held (iface/hold.h). */
#ifndef PITH_POSIX_FUTEX_H
#define PITH_POSIX_FUTEX_H

#include <time.h>

#include "base/list.h"
#include "iface/wait.h"

/* What a thread waits for, in the report of a deadlock. */
#define FUTEX_WAITS "futex (a lock, condition or thread)"

/* Who waits for a word; in memory of the caller. */
struct futex_waiter {
    struct list link; /* in its bucket */
    uint32_t *word;
    bool shared; /* without FUTEX_PRIVATE_FLAG: others than private waiters of the same word */
    uint32_t bitset;
    int tid;                  /* of a waiter for a lock that inherits priorities, else 0 */
    int owner;                /* with (lock): who will own it */
    int holder;               /* with (tid): who owns the lock meanwhile, whatever its word says */
    uint32_t *lock;           /* FUTEX_WAIT_REQUEUE_PI: what it is to wait for next, else NULL */
    bool woken;               /* no longer in the bucket */
    struct wait_queue *queue; /* where its thread sleeps */
};

/* Makes (w), whose word and bits are set, a waiter of its word, behind those that are there; who
 * wakes it sets w->woken and wakes (q). */
void futex_wait_on(struct futex_waiter *w, struct wait_queue *q);

/* Undoes that. False: it has been woken. */
bool futex_wait_off(struct futex_waiter *w);

/* The deadline of a wait: without (absolute), (ts) is a duration; NULL: none. 0; -EINVAL, -EFAULT.
 */
int futex_deadline(const struct timespec *ts, bool absolute, bool wall, nsec_t *deadline);

/* What is only a name of waiters: private ones are compared by address, others by what is there.
 * 0; -EINVAL, -EFAULT. */
int futex_check_key(const uint32_t *word, bool private);

#endif
