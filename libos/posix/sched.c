/* SPDX-License-Identifier: MIT
 *
 * The system calls on scheduling. All threads take turns: policies, priorities and sets of CPUs are
 * checked and kept as on Linux, for programs that ask again, and change nothing. */
#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <string.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/timespec.h"
#include "thread/sched.h"

#define PRIORITY_MAX 99
#define SLICE_NS     100000000 /* of SCHED_RR, as on Linux */

long pith_sys_sched_yield(void)
{
    HOLD;
    if (sched_yield_now)
        sched_yield_now();
    return 0;
}

/* Sets of CPUs are bit masks in whole words; there is CPU 0. */
long pith_sys_sched_getaffinity(long pid, long size, long mask)
{
    HOLD;
    if ((unsigned)size < sizeof(long) || (unsigned)size % sizeof(long))
        return -EINVAL;
    if (!thread_by_id(pid))
        return -ESRCH;
    if (!user_writable((void *)mask, sizeof(long)))
        return -EFAULT;
    *(unsigned long *)mask = 1;
    return sizeof(long);
}

long pith_sys_sched_setaffinity(long pid, long size, long mask)
{
    HOLD;
    if (!user_readable((void *)mask, min_size((unsigned)size, sizeof(long))))
        return -EFAULT;
    if (!thread_by_id(pid))
        return -ESRCH;
    return (unsigned)size > 0 && (*(const unsigned char *)mask & 1) ? 0 : -EINVAL;
}

/* Whether (policy) is known, and (priority) one that it has. */
static bool policy_sound(unsigned policy, int priority)
{
    switch (policy) {
    case SCHED_NORMAL:
    case SCHED_BATCH:
    case SCHED_IDLE:
        return priority == 0;
    case SCHED_FIFO:
    case SCHED_RR:
        return priority >= 1 && priority <= PRIORITY_MAX;
    default:
        return false;
    }
}

long pith_sys_sched_get_priority_max(long policy)
{
    if (policy_sound((unsigned)policy, PRIORITY_MAX))
        return PRIORITY_MAX;
    return policy_sound((unsigned)policy, 0) ? 0 : -EINVAL;
}

long pith_sys_sched_get_priority_min(long policy)
{
    if (policy_sound((unsigned)policy, 1))
        return 1;
    return policy_sound((unsigned)policy, 0) ? 0 : -EINVAL;
}

/* (policy) may carry SCHED_RESET_ON_FORK, which is kept; -1: that of the thread. */
static long set_policy(long tid, int policy, long param)
{
    if ((int)tid < 0 || !param)
        return -EINVAL;
    if (!user_readable((void *)param, sizeof(int)))
        return -EFAULT;
    struct thread *t = thread_by_id(tid);
    if (!t)
        return -ESRCH;
    int priority = *(const int *)param;
    if (policy < 0)
        policy = t->policy;
    if (!policy_sound((unsigned)policy & ~SCHED_RESET_ON_FORK, priority))
        return -EINVAL;
    t->policy = policy;
    t->priority = priority;
    return 0;
}

long pith_sys_sched_setscheduler(long tid, long policy, long param)
{
    HOLD;
    return (int)policy < 0 ? -EINVAL : set_policy(tid, (int)policy, param);
}

long pith_sys_sched_setparam(long tid, long param)
{
    HOLD;
    return set_policy(tid, -1, param);
}

long pith_sys_sched_getscheduler(long tid)
{
    HOLD;
    const struct thread *t = thread_by_id(tid);

    return (int)tid < 0 ? -EINVAL : t ? t->policy : -ESRCH;
}

long pith_sys_sched_getparam(long tid, long param)
{
    HOLD;
    const struct thread *t = thread_by_id(tid);

    if ((int)tid < 0 || !param)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    if (!user_writable((void *)param, sizeof(int)))
        return -EFAULT;
    *(int *)param = t->priority;
    return 0;
}

long pith_sys_sched_rr_get_interval(long tid, long interval)
{
    HOLD;
    const struct thread *t = thread_by_id(tid);

    if ((int)tid < 0)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    if (!user_writable((void *)interval, sizeof(struct timespec)))
        return -EFAULT;
    bool turns = ((unsigned)t->policy & ~SCHED_RESET_ON_FORK) == SCHED_RR;
    *(struct timespec *)interval = timespec_from(turns ? SLICE_NS : 0);
    return 0;
}
