/* SPDX-License-Identifier: MIT
 *
 * POSIX timers, timer_create(2) and so on. One that has gone off and repeats is armed again when
 * its signal is taken; how often it would have gone off meanwhile is its overrun count. */
#include <errno.h>
#include <limits.h>
#include <signal.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/clocks.h"
#include "posix/clone.h"
#include "posix/signal.h"
#include "posix/timespec.h"
#include "thread/sched.h"
#include "time/alarm.h"

#define TIMERS_MAX 4096

/* struct sigevent as the kernel takes it; libc's differs. */
struct event {
    union sigval value;
    int signo, notify, tid;
};

#define NOTIFY_THREAD_ID 4

struct posix_timer {
    struct alarm alarm;
    struct signal_entry entry; /* its signal */
    long clock;
    nsec_t interval;
    int id, notify, tid;
    int overrun;  /* of the signal that was taken last */
    bool pending; /* its signal is; with an interval it is not armed meanwhile */
    bool deleted; /* (pending) keeps it */
};

static struct {
    struct posix_timer **timers; /* by id; NULL: free */
    unsigned size;
} table;

static struct posix_timer *find(long id)
{
    return (unsigned)id < table.size && (int)id >= 0 ? table.timers[(int)id] : NULL;
}

/* Goes on to the first expiration to come. Returns how many have been passed over. */
static uint64_t next_period(struct posix_timer *t)
{
    uint64_t missed = alarm_forward(&t->alarm, t->interval);

    alarm_set(&t->alarm, t->alarm.at, t->alarm.fn);
    return missed;
}

/* The signal was taken, or dropped. */
static void on_taken(struct signal_entry *e, siginfo_t *info)
{
    struct posix_timer *t = container_of(e, struct posix_timer, entry);

    t->pending = false;
    if (t->deleted) {
        heap_free(t, sizeof(*t));
        return;
    }
    uint64_t missed = t->interval && !t->alarm.timer.armed ? next_period(t) : 0;
    t->overrun = missed > INT_MAX ? INT_MAX : (int)missed;
    if (info)
        info->si_overrun = t->overrun;
}

static void on_alarm(struct alarm *a)
{
    struct posix_timer *t = container_of(a, struct posix_timer, alarm);
    struct thread *to = t->notify == NOTIFY_THREAD_ID ? thread_by_id(t->tid) : NULL;

    /* Its signal is still pending where it was set anew: that tells it. Nobody is told of a timer
     * whose thread has ended. */
    if (t->pending || t->notify == SIGEV_NONE || (t->notify == NOTIFY_THREAD_ID && !to))
        return;
    t->pending = true;
    signal_send_entry(to, &t->entry);
}

/* What a timer is to do, checked. 0; -EINVAL. */
static long take_event(long user, int id, struct event *e)
{
    *e = (struct event){.signo = SIGALRM, .notify = SIGEV_SIGNAL, .value.sival_int = id};
    if (user)
        *e = *(const struct event *)user;
    if (e->notify == SIGEV_NONE)
        return 0;
    if (e->notify == NOTIFY_THREAD_ID ? !thread_exists(e->tid)
                                      : e->notify != SIGEV_SIGNAL && e->notify != SIGEV_THREAD)
        return -EINVAL;
    return e->signo < 1 || e->signo > SIGNALS ? -EINVAL : 0;
}

/* The lowest free id, for which there is room then. -EAGAIN. */
static int free_id(void)
{
    unsigned id = 0, size = table.size ? 2 * table.size : 8;

    while (id < table.size && table.timers[id])
        id++;
    if (id < table.size)
        return (int)id;
    struct posix_timer **timers = size <= TIMERS_MAX ? heap_alloc(size * sizeof(*timers)) : NULL;
    if (!timers)
        return -EAGAIN;
    for (unsigned i = 0; i < table.size; i++)
        timers[i] = table.timers[i];
    heap_free(table.timers, table.size * sizeof(*timers));
    table.timers = timers;
    table.size = size;
    return (int)id;
}

long pith_sys_timer_create(long clock, long event, long result)
{
    HOLD;
    struct alarm alarm = {0};
    struct event e;

    if (event && !user_readable((const void *)event, sizeof(e)))
        return -EFAULT;
    long err = clock_alarm(clock, true, &alarm);
    if (err)
        return err;
    int id = free_id();
    if (id < 0)
        return id;
    err = take_event(event, id, &e);
    if (err)
        return err;
    if (!user_writable((void *)result, sizeof(id)))
        return -EFAULT;
    struct posix_timer *t = heap_alloc(sizeof(*t));
    if (!t)
        return -EAGAIN;
    t->alarm = alarm;
    t->clock = clock;
    t->id = id;
    t->notify = e.notify;
    t->tid = e.tid;
    t->entry.done = on_taken;
    t->entry.info.si_signo = e.signo;
    t->entry.info.si_code = SI_TIMER;
    t->entry.info.si_timerid = id;
    t->entry.info.si_value = e.value;
    table.timers[id] = t;
    *(int *)result = id;
    return 0;
}

static struct itimerspec setting(struct posix_timer *t)
{
    bool armed = t->alarm.timer.armed;
    nsec_t left = armed ? alarm_left(&t->alarm) : 0;

    /* A timer of SIGEV_NONE, or one whose signal nobody takes, goes on in theory. */
    if (t->alarm.fn && t->interval && !armed) {
        struct alarm copy = t->alarm;
        alarm_forward(&copy, t->interval);
        left = alarm_left(&copy);
    }
    return (struct itimerspec){timespec_from(t->interval),
                               timespec_from(armed && left == 0 ? 1 : left)};
}

static void start(struct posix_timer *t, const struct itimerspec *to, bool absolute)
{
    nsec_t value = timespec_ns(&to->it_value);

    alarm_cancel(&t->alarm);
    t->alarm.fn = NULL;
    t->interval = value ? timespec_ns(&to->it_interval) : 0;
    t->overrun = 0;
    /* The wall clock may be set, but that does not concern a time-out. */
    if (value == 0 || clock_alarm(t->clock, absolute, &t->alarm) != 0)
        return;
    if (!absolute) {
        nsec_t now = t->alarm.clock(&t->alarm);
        value = value > NSEC_LAST - now ? NSEC_LAST : now + value;
    }
    alarm_set(&t->alarm, value, on_alarm);
}

long pith_sys_timer_settime(long id, long flags, long value, long old)
{
    HOLD;
    const struct itimerspec *user = (const struct itimerspec *)value;

    if (!user)
        return -EINVAL;
    if (!user_readable(user, sizeof(*user)))
        return -EFAULT;
    const struct itimerspec to = *user;
    struct posix_timer *t = find(id);
    if (!timespec_valid(&to.it_value) || !timespec_valid(&to.it_interval) || !t)
        return -EINVAL;
    struct itimerspec before = setting(t);
    start(t, &to, flags & TIMER_ABSTIME);
    if (!old)
        return 0;
    if (!user_writable((void *)old, sizeof(before)))
        return -EFAULT;
    *(struct itimerspec *)old = before;
    return 0;
}

long pith_sys_timer_gettime(long id, long value)
{
    HOLD;
    struct posix_timer *t = find(id);

    if (!t)
        return -EINVAL;
    if (!user_writable((void *)value, sizeof(struct itimerspec)))
        return -EFAULT;
    *(struct itimerspec *)value = setting(t);
    return 0;
}

long pith_sys_timer_getoverrun(long id)
{
    HOLD;
    const struct posix_timer *t = find(id);

    return t ? t->overrun : -EINVAL;
}

long pith_sys_timer_delete(long id)
{
    HOLD;
    struct posix_timer *t = find(id);

    if (!t)
        return -EINVAL;
    table.timers[id] = NULL;
    alarm_cancel(&t->alarm);
    t->deleted = true;
    if (!t->pending)
        heap_free(t, sizeof(*t));
    return 0;
}
