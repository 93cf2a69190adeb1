/* SPDX-License-Identifier: MIT
 *
 * The system calls on resource limits, use and priority. Limits are kept for programs that read
 * back what they set; RLIMIT_NOFILE (vfs/fd.h), RLIMIT_FSIZE and those on memory (posix/memory.h)
 * also take effect, the others have nothing to limit here. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "iface/plat.h"
#include "mm/page.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/cputime.h"
#include "posix/memory.h"
#include "posix/timespec.h"
#include "vfs/fd.h"

#define LIMITS 16

/* Weak: reading limits must not link the page allocator, nor a descriptor table with its files. */
#define OPTIONAL __attribute__((weak, visibility("hidden")))
OPTIONAL void page_count(struct page_counts *c);
extern OPTIONAL struct fd_table fd_table;
extern OPTIONAL uint64_t file_size_limit;
extern OPTIONAL struct memory_limits memory_limits;

struct limit {
    uint64_t soft, hard;
};

/* What was set; until then, and for those with a life of their own, default_limit. */
static struct limit set[LIMITS];
static uint16_t is_set;

static struct limit default_limit(unsigned which)
{
    switch (which) {
    case RLIMIT_NOFILE:
        return (struct limit){&fd_table ? fd_limit() : FD_LIMIT_DEFAULT, FD_LIMIT_MAX};
    case RLIMIT_STACK:
        return (struct limit){plat_info.stack_len, plat_info.stack_len};
    case RLIMIT_CORE:
        return (struct limit){0, RLIM_INFINITY};
    case RLIMIT_NPROC:
        return (struct limit){1, 1};
    case RLIMIT_MEMLOCK:
        return (struct limit){plat_info.mem_len, plat_info.mem_len};
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO:
        return (struct limit){0, 0};
    case RLIMIT_MSGQUEUE:
        return (struct limit){819200, 819200};
    case RLIMIT_SIGPENDING:
        return (struct limit){UINT16_MAX, UINT16_MAX};
    default:
        return (struct limit){RLIM_INFINITY, RLIM_INFINITY};
    }
}

static struct limit current_limit(unsigned which)
{
    return is_set >> which & 1 ? set[which] : default_limit(which);
}

static int set_limit(unsigned which, const struct limit *l)
{
    if (l->soft > l->hard)
        return -EINVAL;
    if (l->hard > current_limit(which).hard && !cred_may(CAP_SYS_RESOURCE))
        return -EPERM;
    if (which == RLIMIT_NOFILE) {
        /* Linux has a ceiling for root too (fs.nr_open). */
        if (l->hard > FD_LIMIT_MAX)
            return -EPERM;
        if (&fd_table && fd_set_limit(l->soft))
            return -EPERM;
    }
    if (which == RLIMIT_FSIZE && &file_size_limit)
        file_size_limit = l->soft;
    if (&memory_limits) {
        if (which == RLIMIT_AS)
            memory_limits.space = l->soft;
        if (which == RLIMIT_DATA)
            memory_limits.data = l->soft;
        if (which == RLIMIT_MEMLOCK)
            memory_limits.locked = l->soft;
    }
    set[which] = *l;
    is_set |= (uint16_t)(1u << which);
    return 0;
}

static long get_and_set(unsigned which, const struct limit *new_limit, struct limit *old)
{
    if (new_limit && !user_readable(new_limit, sizeof(*new_limit)))
        return -EFAULT;
    if (which >= LIMITS)
        return -EINVAL;
    struct limit before = current_limit(which);
    int err = new_limit ? set_limit(which, new_limit) : 0;
    if (err)
        return err;
    if (old && !user_writable(old, sizeof(*old)))
        return -EFAULT;
    if (old)
        *old = before;
    return 0;
}

long pith_sys_prlimit64(long pid, long which, long new_limit, long old)
{
    HOLD;
    const struct limit *l = (const struct limit *)new_limit;

    if (l && !user_readable(l, sizeof(*l)))
        return -EFAULT;
    if ((int)pid != 0 && (int)pid != 1)
        return -ESRCH;
    return get_and_set((unsigned)which, l, (struct limit *)old);
}

long pith_sys_getrlimit(long which, long old)
{
    HOLD;
    struct limit *l = (struct limit *)old;

    if ((unsigned)which < LIMITS && !l)
        return -EFAULT;
    return get_and_set((unsigned)which, NULL, l);
}

long pith_sys_setrlimit(long which, long new_limit)
{
    HOLD;
    return new_limit ? get_and_set((unsigned)which, (const struct limit *)new_limit, NULL)
                     : -EFAULT;
}

/* CPU time is the time since boot (time/uptime.h); children there are none. */
long pith_sys_getrusage(long who, long usage)
{
    HOLD;
    struct rusage r = {0};

    if ((int)who != RUSAGE_SELF && (int)who != RUSAGE_THREAD && (int)who != RUSAGE_CHILDREN)
        return -EINVAL;
    if ((int)who != RUSAGE_CHILDREN) {
        nsec_t ran = cpu_time((int)who == RUSAGE_THREAD ? thread_self : NULL);
        r.ru_utime.tv_sec = ran / NSEC_PER_SEC;
        r.ru_utime.tv_usec = ran % NSEC_PER_SEC / 1000;
        size_t used = plat_info.image_len;
        if (page_count) {
            struct page_counts c;
            page_count(&c);
            used += (c.total - c.used[PAGE_FREE]) * PAGE_SIZE;
        }
        r.ru_maxrss = (long)(used / 1024);
    }
    /* Linux's struct ends before the spare fields of libc's. */
    if (!user_writable((void *)usage, offsetof(struct rusage, __reserved)))
        return -EFAULT;
    memcpy((void *)usage, &r, offsetof(struct rusage, __reserved));
    return 0;
}

/* Nice values and I/O priorities, for programs that read back what they set: each thread has its own. */

/* The first thread after (t), the first of all for NULL, that (which) and (who) name. NULL: no more. */
static struct thread *next_named(struct thread *t, long which, long who)
{
    bool all = (int)which == PRIO_PGRP ? (int)who == 0 || (int)who == 1
                                       : (int)who == 0 || (uid_t)who == cred_current().uid;

    if ((int)which == PRIO_PROCESS)
        return t ? NULL : thread_by_id(who);
    if (!all)
        return NULL;
    if (sched_next)
        return sched_next(t);
    return t ? NULL : &thread_main;
}

/* Linux answers 20 - nice, which is never negative; of several the highest. */
long pith_sys_getpriority(long which, long who)
{
    HOLD;
    long best = -ESRCH;

    if ((int)which < PRIO_PROCESS || (int)which > PRIO_USER)
        return -EINVAL;
    for (struct thread *t = NULL; (t = next_named(t, which, who));)
        if (20 - t->nice > best)
            best = 20 - t->nice;
    return best;
}

long pith_sys_setpriority(long which, long who, long value)
{
    HOLD;
    int n = (int)value;
    long err = -ESRCH;

    if ((int)which < PRIO_PROCESS || (int)which > PRIO_USER)
        return -EINVAL;
    n = n < -20 ? -20 : n > 19 ? 19 : n;
    for (struct thread *t = NULL; (t = next_named(t, which, who));) {
        bool may = n >= t->nice || cred_may(CAP_SYS_NICE);
        if (may)
            t->nice = (signed char)n;
        if (!may || err == -ESRCH)
            err = may ? 0 : -EACCES;
    }
    return err;
}

#define IO_CLASS_SHIFT 13
#define IO_LEVELS      8

enum io_class { IO_NONE, IO_REALTIME, IO_BEST_EFFORT, IO_IDLE };

/* Whom (which) names is numbered from 1 in these calls. */
static bool is_io_target(long which)
{
    return (int)which >= PRIO_PROCESS + 1 && (int)which <= PRIO_USER + 1;
}

long pith_sys_ioprio_set(long which, long who, long priority)
{
    HOLD;
    int class = (int)priority >> IO_CLASS_SHIFT & (IO_LEVELS - 1);
    int level = (int)priority & (IO_LEVELS - 1);
    long err = -ESRCH;

    if (class > IO_IDLE || (class == IO_NONE && level != 0))
        return -EINVAL;
    if (class == IO_REALTIME && !cred_may(CAP_SYS_NICE) && !cred_may(CAP_SYS_ADMIN))
        return -EPERM;
    if (!is_io_target(which))
        return -EINVAL;
    for (struct thread *t = NULL; (t = next_named(t, which - 1, who)); err = 0)
        t->io_priority = (unsigned short)priority;
    return err;
}

long pith_sys_ioprio_get(long which, long who)
{
    HOLD;
    long best = -ESRCH;

    if (!is_io_target(which))
        return -EINVAL;
    /* Of classes and levels the lowest number is the highest; none is as best effort. */
    for (struct thread *t = NULL; (t = next_named(t, which - 1, who));)
        if (best <= 0 || (t->io_priority && t->io_priority < best))
            best = t->io_priority;
    return best;
}
