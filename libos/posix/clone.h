/* SPDX-License-Identifier: MIT
 *
 * The end of threads: hooks, NULL in images that do not link them. */
#ifndef PITH_POSIX_CLONE_H
#define PITH_POSIX_CLONE_H

#include "thread/sched.h"

#define CLONE_HOOK __attribute__((weak, visibility("hidden")))

/* exit(2): ends the calling thread; the last one ends the machine with (status). */
CLONE_HOOK _Noreturn void clone_exit(int status);

/* What (t), which ends, does for the others that wait for its robust locks. */
CLONE_HOOK void futex_thread_end(struct thread *t);

/* The thread with number (tid), the calling one for 0; NULL: there is none. */
static inline struct thread *thread_by_id(long tid)
{
    if ((int)tid == 0 || (int)tid == thread_self->tid)
        return thread_self;
    return sched_find ? sched_find((int)tid) : NULL;
}

#endif
