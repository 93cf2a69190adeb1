/* SPDX-License-Identifier: MIT
 *
 * What wait.c asks of the scheduler (sched.c), which is linked only with what starts threads. */
#ifndef PITH_THREAD_SCHED_H
#define PITH_THREAD_SCHED_H

#include "iface/clock.h"
#include "thread/thread.h"

#define SCHED_HOOK __attribute__((weak, visibility("hidden")))

/* Lets other threads run until this one is woken (sched_wake), (deadline) has passed, or nothing in
 * particular has happened. Returns 0; -ETIMEDOUT if (deadline) has passed. (what) and (external) as
 * in iface/wait.h. A machine in which all threads wait for each other ends with a report. */
SCHED_HOOK int sched_block(nsec_t deadline, const char *what, bool external);

/* Makes (t) runnable; nothing if it is. */
SCHED_HOOK void sched_wake(struct thread *t);

/* Lets others run, if there are any: the caller goes on after them. */
SCHED_HOOK void sched_yield_now(void);

#endif
