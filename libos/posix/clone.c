/* SPDX-License-Identifier: MIT
 *
 * Starting and ending threads. clone makes threads and nothing else: there is one process. */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <string.h>

#include "base/log.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/creds.h"
#include "posix/signal.h"
#include "thread/sched.h"

/* What has a meaning for a thread, or none here. */
#define KNOWN                                                                                      \
    (CLONE_SHARED | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |                      \
     CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_IO)

/* What libc's __clone leaves on the new stack (musl/src/thread/clone.c): the thread calls
 * (func)(arg), and exits with what that returns. */
struct clone_start {
    int (*func)(void *);
    void *arg;
};

static void begin(void)
{
    const struct clone_start *start = thread_self->start;

    hold_end(NULL);
    pith_sys_exit(start->func(start->arg));
}

void clone_refuse(unsigned flags, const void *caller)
{
    static const void *told[16];

    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        if (told[i] == caller)
            return;
        if (!told[i]) {
            told[i] = caller;
            log_line("clone with flags 0x%lx failed: there are threads (pthread_create), but no "
                     "further processes",
                     (long)flags);
            return;
        }
    }
}

/* A priority is one of real time; such a policy may be its thread's own. */
static void inherit_policy(struct thread *t)
{
    bool reset = thread_self->policy & SCHED_RESET_ON_FORK;

    t->io_priority = thread_self->io_priority;
    if (!reset || thread_self->nice > 0)
        t->nice = thread_self->nice;
    if (reset && thread_self->priority > 0)
        return;
    t->policy = thread_self->policy & ~SCHED_RESET_ON_FORK;
    t->priority = thread_self->priority;
}

static void inherit_rights(struct thread *t)
{
    t->creds = thread_self->creds;
    if (t->creds)
        t->creds->refs++;
    t->bounding_dropped = thread_self->bounding_dropped;
    t->secure_bits = thread_self->secure_bits;
    t->no_new_privs = thread_self->no_new_privs;
}

long clone_thread(unsigned flags, const struct clone_where *where, void (*fn)(void), void *start)
{
    if (((flags & CLONE_PARENT_SETTID) &&
         !user_writable(where->parent_tid, sizeof(*where->parent_tid))) ||
        ((flags & CLONE_CHILD_SETTID) &&
         !user_writable(where->child_tid, sizeof(*where->child_tid))))
        return -EFAULT;
    struct thread *t =
        sched_new(where->stack, flags & CLONE_SETTLS ? where->tls : thread_self->tp, fn);
    if (!t)
        return -EAGAIN;
    t->start = start;
    t->signals.blocked = thread_self->signals.blocked;
    memcpy(t->name, thread_self->name, sizeof(t->name));
    t->named = thread_self->named;
    inherit_policy(t);
    inherit_rights(t);
    if (flags & CLONE_PARENT_SETTID)
        *where->parent_tid = t->tid;
    if (flags & CLONE_CHILD_SETTID)
        *where->child_tid = t->tid;
    if (flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = where->child_tid;
    sched_begin(t);
    return t->tid;
}

long pith_sys_clone(long flags, long stack, long parent_tid, long child_tid, long tls, long start)
{
    HOLD;
    unsigned f = (unsigned)flags;

    if ((f & CLONE_SHARED) != CLONE_SHARED || (f & ~(unsigned)KNOWN)) {
        clone_refuse(f, __builtin_return_address(0));
        return -ENOSYS;
    }
    if (!user_readable((void *)start, sizeof(struct clone_start)) || stack % 16)
        return -EFAULT;
    struct clone_where where = {.stack = (void *)stack, .tls = (void *)tls};
    where.parent_tid = (int32_t *)parent_tid;
    where.child_tid = (int32_t *)child_tid;
    return clone_thread(f, &where, begin, (void *)start);
}

_Noreturn void clone_exit(int status)
{
    struct thread *t = thread_self;

    if (futex_thread_end)
        futex_thread_end(t);
    if (signal_thread_end)
        signal_thread_end(t);
    if (creds_drop)
        creds_drop(t);
    if (t->clear_tid && user_writable(t->clear_tid, sizeof(*t->clear_tid))) {
        __atomic_store_n(t->clear_tid, 0, __ATOMIC_SEQ_CST);
        pith_sys_futex((long)t->clear_tid, FUTEX_WAKE, 1, 0, 0, 0);
    }
    sched_exit(status);
}

_Noreturn void thread_exit_unmap(void *base, size_t len)
{
    hold_begin();
    thread_self->unmap = base;
    thread_self->unmap_len = len;
    clone_exit(0);
}
