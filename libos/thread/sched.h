/* SPDX-License-Identifier: MIT
 *
 * The scheduler: which thread runs. Threads take turns, in the order in which they became ready.
 * Only images that can start threads link it; the hooks are NULL in others. */
#ifndef PITH_THREAD_SCHED_H
#define PITH_THREAD_SCHED_H

#include "iface/clock.h"
#include "thread/thread.h"

#define SCHED_HOOK __attribute__((weak, visibility("hidden")))

/* Lets other threads run until this one is woken (sched_wake), (deadline) has passed, or nothing in
 * particular has happened. Returns 0; -ETIMEDOUT if (deadline) has passed. (what) and (external) as
 * in iface/wait.h. A machine in which all threads wait for each other ends with a report. */
SCHED_HOOK int sched_block(nsec_t deadline, const char *what, bool external);

/* Makes (t) ready if it sleeps. */
SCHED_HOOK void sched_wake(struct thread *t);

/* Lets those that are ready run before the caller goes on. */
SCHED_HOOK void sched_yield_now(void);

/* For the upcall of a thread: if others are ready, it goes on after them with its context; the
 * upcall's stack is then left. */
SCHED_HOOK void sched_preempt(void);

/* Room for (len) bytes of what a call copies because other threads may change it; NULL: out of
 * memory. Here, as programs without threads need none. */
SCHED_HOOK void *sched_room(size_t len);
SCHED_HOOK void sched_room_free(void *room, size_t len);

/* A new thread that runs (fn), which must not return, on the stack that ends at (stack), aligned
 * to 16 bytes, with plat_hold 1 and thread pointer (tp). It is not ready before sched_begin. NULL:
 * out of memory. */
struct thread *sched_new(void *stack, void *tp, void (*fn)(void));
void sched_begin(struct thread *t);

/* Ends the calling thread, whose struct is freed and whose t->unmap is unmapped in due course. The
 * last one ends the machine with exit status (status). */
_Noreturn void sched_exit(int status);

/* The thread with number (tid), or NULL. */
SCHED_HOOK struct thread *sched_find(int tid);

/* The next thread after (t) of all, in the order of their numbers; the first one for NULL. NULL: no
 * more. */
SCHED_HOOK struct thread *sched_next(struct thread *t);

/* Time that (t) has run, or all have with NULL, since the first thread was started. */
SCHED_HOOK nsec_t sched_cpu_time(const struct thread *t);

/* When that was, by clock_monotonic, and thread_idle then. 0: it was not yet. */
SCHED_HOOK extern nsec_t sched_began, sched_idle_before;

/* wait_poll (iface/wait.h) without wait_prepare, for who has called that. */
int wait_cross(nsec_t deadline);

#endif
