/* SPDX-License-Identifier: MIT
 *
 * The system calls on scheduling. All threads take turns: policies, priorities and sets of CPUs are
 * checked and kept as on Linux, for programs that ask again, and change nothing. */
#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "iface/cred.h"
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
    return policy_sound((unsigned)policy, 0) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

long pith_sys_sched_get_priority_min(long policy)
{
    if (policy_sound((unsigned)policy, 1))
        return 1;
    return policy_sound((unsigned)policy, 0) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

static bool is_realtime(int policy)
{
    policy &= ~SCHED_RESET_ON_FORK;
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* (policy) may carry SCHED_RESET_ON_FORK, which is kept; -1: that of the thread. Only root comes
 * nearer to real time (RLIMIT_RTPRIO is 0), or takes that bit away. */
static long change(struct thread *t, int policy, int priority)
{
    if (policy < 0)
        policy = t->policy;
    if (!policy_sound((unsigned)policy & ~SCHED_RESET_ON_FORK, priority))
        return -EINVAL;
    bool nearer = is_realtime(policy) && (policy != t->policy || priority > t->priority);
    if ((nearer || t->policy & ~policy & SCHED_RESET_ON_FORK) && !cred_may(CAP_SYS_NICE))
        return -EPERM;
    t->policy = policy;
    t->priority = priority;
    return 0;
}

static long set_policy(long tid, int policy, long param)
{
    if ((int)tid < 0 || !param)
        return -EINVAL;
    if (!user_readable((void *)param, sizeof(int)))
        return -EFAULT;
    struct thread *t = thread_by_id(tid);
    return t ? change(t, policy, *(const int *)param) : -ESRCH;
}

/* Its first member is its size, 0 for that of the first version. One that asks for more than is
 * known here is told how large the known one is. */
static long take_attr(struct sched_attr *from, struct sched_attr *attr)
{
    if (!user_readable(from, SCHED_ATTR_SIZE_VER0))
        return -EFAULT;
    uint32_t size = from->size != 0 ? from->size : SCHED_ATTR_SIZE_VER0;
    int err = size < SCHED_ATTR_SIZE_VER0 ? -E2BIG : user_extended(attr, sizeof(*attr), from, size);
    if (err == -E2BIG && user_writable(&from->size, sizeof(from->size)))
        from->size = sizeof(*attr);
    return err;
}

/* As on Linux a thread's policy may be one with deadlines; here nobody can promise to keep them. */
static bool deadline_sound(const struct sched_attr *a)
{
    uint64_t period = a->sched_period ? a->sched_period : a->sched_deadline;

    return a->sched_priority == 0 && a->sched_runtime >= 1024 && a->sched_deadline != 0 &&
           a->sched_runtime <= a->sched_deadline && a->sched_deadline <= period &&
           !((a->sched_deadline | period) >> 63);
}

long pith_sys_sched_setattr(long tid, long from, long flags)
{
    HOLD;
    struct sched_attr attr;

    if (!from || (int)tid < 0 || flags)
        return -EINVAL;
    long err = take_attr((struct sched_attr *)from, &attr);
    if (err)
        return err;
    if ((int)attr.sched_policy < 0)
        return -EINVAL;
    struct thread *t = thread_by_id(tid);
    if (!t)
        return -ESRCH;
    if (attr.sched_flags & ~(uint64_t)SCHED_FLAG_ALL)
        return -EINVAL;
    bool keep_policy = attr.sched_flags & SCHED_FLAG_KEEP_POLICY;
    bool keep_params = attr.sched_flags & SCHED_FLAG_KEEP_PARAMS;
    if (!keep_policy && attr.sched_policy == SCHED_DEADLINE)
        return deadline_sound(&attr) ? -EBUSY : -EINVAL;
    int policy = keep_policy ? t->policy : (int)attr.sched_policy;
    if (!keep_policy && attr.sched_flags & SCHED_FLAG_RESET_ON_FORK)
        policy |= SCHED_RESET_ON_FORK;
    err = change(t, policy, keep_params ? t->priority : (int)attr.sched_priority);
    if (!err && !keep_params && !is_realtime(policy))
        err = pith_sys_setpriority(PRIO_PROCESS, 0, attr.sched_nice);
    return err;
}

long pith_sys_sched_getattr(long tid, long to, long size, long flags)
{
    HOLD;
    struct sched_attr attr = {.size = (uint32_t)min_size((unsigned)size, sizeof(attr))};

    if (!to || (int)tid < 0 || (unsigned)size > PAGE_SIZE ||
        (unsigned)size < SCHED_ATTR_SIZE_VER0 || flags)
        return -EINVAL;
    const struct thread *t = thread_by_id(tid);
    if (!t)
        return -ESRCH;
    attr.sched_policy = (uint32_t)(t->policy & ~SCHED_RESET_ON_FORK);
    if (t->policy & SCHED_RESET_ON_FORK)
        attr.sched_flags = SCHED_FLAG_RESET_ON_FORK;
    attr.sched_priority = (uint32_t)t->priority;
    if (!is_realtime(t->policy))
        attr.sched_nice = 20 - (int)pith_sys_getpriority(PRIO_PROCESS, 0);
    if (!user_writable((void *)to, (unsigned)size))
        return -EFAULT;
    memcpy((void *)to, &attr, attr.size);
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
