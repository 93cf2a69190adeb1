/* SPDX-License-Identifier: MIT
 *
 * Starting threads, and their end: hooks, NULL in images that do not link them. */
#ifndef PITH_POSIX_CLONE_H
#define PITH_POSIX_CLONE_H

#include <linux/sched.h>

#include "thread/sched.h"

#define CLONE_HOOK __attribute__((weak, visibility("hidden")))

/* What pthread_create asks for: a thread of this process shares all of this. */
#define CLONE_SHARED                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/* The end of a new thread's stack, aligned to 16 bytes, and the rest of what clone(2) is told. */
struct clone_where {
    void *stack;
    int32_t *parent_tid, *child_tid;
    void *tls;
};

/* Starts a thread that runs (fn), held, with thread_self->start as (start). (flags): which of
 * (where) count, CLONE_SETTLS ... Returns its number; -EFAULT, -EAGAIN. */
long clone_thread(unsigned flags, const struct clone_where *where, void (*fn)(void), void *start);

/* Says in the log that there are no further processes: once for each (caller), as far as there is
 * room to remember them. */
void clone_refuse(unsigned flags, const void *caller);

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

/* Whether (tid) is a thread's number, the process's among them; 0 is none. */
static inline bool thread_exists(long tid)
{
    return (int)tid > 0 && thread_by_id(tid);
}

#endif
