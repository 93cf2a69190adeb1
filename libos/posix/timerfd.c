/* SPDX-License-Identifier: MIT
 *
 * timerfd(2): timers behind descriptors. One that repeats is not armed again before somebody asks
 * how often it has expired; the number follows from the time that has passed. */
#include <poll.h>
#include <sys/timerfd.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/timespec.h"
#include "time/alarm.h"
#include "vfs/fdinfo.h"
#include "vfs/vector.h"

#define SET_FLAGS (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)

/* By more than this the wall clock moves against the monotonic one only when it is set. */
#define CLOCK_SET (50 * NSEC_PER_SEC / 1000)

struct timerfd {
    struct alarm alarm;
    nsec_t interval;
    uint64_t ticks; /* expirations that nobody has read; those of (expired) count as one */
    bool expired;   /* a->at has passed; with an interval more may have since */
    bool wall;
    int clock; /* as created, and the flags as set: for /proc */
    unsigned flags;
    struct timer watch; /* TFD_TIMER_CANCEL_ON_SET: looks for a set clock every second */
    nsec_t offset;      /* of the wall clock from the monotonic one at the start of the watch */
    bool cancelled;
    struct wait_queue wait;
};

static void on_alarm(struct alarm *a)
{
    struct timerfd *t = container_of(a, struct timerfd, alarm);

    t->expired = true;
    t->ticks++;
    wait_wake_events(&t->wait, POLLIN);
}

static nsec_t wall_offset(void)
{
    return clock_wall() - clock_monotonic();
}

static void on_watch(struct timer *timer)
{
    struct timerfd *t = container_of(timer, struct timerfd, watch);
    nsec_t offset = wall_offset(), by = offset - t->offset;

    if (by > CLOCK_SET || by < -CLOCK_SET) {
        t->cancelled = true;
        t->offset = offset;
        wait_wake_events(&t->wait, POLLIN);
    }
    timer_set(&t->watch, clock_monotonic() + NSEC_PER_SEC, on_watch);
}

/* Brings (t) up to date: the timers of the machine run only now and then. */
static void catch_up(struct timerfd *t)
{
    if (timer_next() <= clock_monotonic())
        timer_run(clock_monotonic());
    if (!t->expired || t->interval == 0)
        return;
    t->ticks += alarm_forward(&t->alarm, t->interval);
    t->expired = false;
    alarm_set(&t->alarm, t->alarm.at, on_alarm);
}

static ssize_t timerfd_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct timerfd *t = f->data;

    (void)pos;
    if (vector_total(iov, n) < sizeof(t->ticks))
        return -EINVAL;
    catch_up(t);
    while (t->ticks == 0 && !t->cancelled) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep_vector(&t->wait, iov, n, false, DEADLINE_NEVER, "read of a timerfd");
        if (err)
            return err;
        catch_up(t);
    }
    uint64_t ticks = t->ticks;
    t->ticks = 0;
    if (t->cancelled) {
        t->cancelled = false;
        return -ECANCELED;
    }
    vector_put(&(struct vector){iov, 0}, &ticks, sizeof(ticks));
    return sizeof(ticks);
}

static int timerfd_poll(struct file *f, struct wait_queue **q)
{
    struct timerfd *t = f->data;

    *q = &t->wait;
    if (t->ticks == 0 && timer_next() <= clock_monotonic())
        timer_run(clock_monotonic());
    return t->ticks > 0 || t->cancelled ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->data;

    alarm_cancel(&t->alarm);
    timer_cancel(&t->watch);
    heap_free(t, sizeof(*t));
    file_free(f);
}

static const struct file_ops timerfd_ops = {
    .readv = timerfd_readv,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .name = "anon_inode:[timerfd]",
};

long pith_sys_timerfd_create(long clock, long flags)
{
    HOLD;
    bool wall = (int)clock == CLOCK_REALTIME || (int)clock == CLOCK_REALTIME_ALARM;

    if ((int)flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    if (!wall && (int)clock != CLOCK_MONOTONIC && (int)clock != CLOCK_BOOTTIME &&
        (int)clock != CLOCK_BOOTTIME_ALARM)
        return -EINVAL;
    struct timerfd *t = heap_alloc(sizeof(*t));
    struct file *f = file_anonymous(&timerfd_ops, t, O_RDWR | (unsigned)flags);
    if (!f) {
        heap_free(t, sizeof(*t));
        return -ENOMEM;
    }
    t->wall = wall;
    t->clock = (int)clock;
    if (wall)
        alarm_wall(&t->alarm);
    else
        alarm_monotonic(&t->alarm);
    return fd_install_new(f, flags);
}

/* The timer of (fd). -EBADF, -EINVAL. */
static long find(long fd, struct timerfd **out)
{
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    if (f->ops != &timerfd_ops)
        return -EINVAL;
    *out = f->data;
    return 0;
}

static struct itimerspec setting(struct timerfd *t)
{
    catch_up(t);
    bool armed = t->alarm.timer.armed;
    nsec_t left = armed ? alarm_left(&t->alarm) : 0;

    /* Due, but not run yet: 0 would say that it is disarmed. */
    return (struct itimerspec){timespec_from(t->interval),
                               timespec_from(armed && !left ? 1 : left)};
}

bool timerfd_look(const struct file *f, struct fdinfo_timer *timer)
{
    if (f->ops != &timerfd_ops)
        return false;
    struct timerfd *t = f->data;
    timer->clock = t->clock;
    timer->flags = t->flags;
    timer->setting = setting(t);
    timer->ticks = t->ticks;
    return true;
}

static void start(struct timerfd *t, const struct itimerspec *to, bool absolute)
{
    nsec_t value = timespec_ns(&to->it_value);

    t->interval = timespec_ns(&to->it_interval);
    t->ticks = 0;
    t->expired = false;
    if (value == 0) {
        alarm_cancel(&t->alarm);
        return;
    }
    if (!absolute) {
        nsec_t now = t->alarm.clock(&t->alarm);
        value = value > NSEC_LAST - now ? NSEC_LAST : now + value;
    }
    alarm_set(&t->alarm, value, on_alarm);
}

static void watch(struct timerfd *t, bool on)
{
    t->cancelled = false;
    if (!on) {
        timer_cancel(&t->watch);
        return;
    }
    t->offset = wall_offset();
    timer_set(&t->watch, clock_monotonic() + NSEC_PER_SEC, on_watch);
}

long pith_sys_timerfd_settime(long fd, long flags, long value, long old)
{
    HOLD;
    struct timerfd *t;

    if (!user_readable((const void *)value, sizeof(struct itimerspec)))
        return -EFAULT;
    const struct itimerspec to = *(const struct itimerspec *)value;
    if ((int)flags & ~SET_FLAGS || !timespec_valid(&to.it_value) ||
        !timespec_valid(&to.it_interval))
        return -EINVAL;
    long err = find(fd, &t);
    if (err)
        return err;
    struct itimerspec before = setting(t);
    t->flags = (unsigned)flags;
    watch(t, t->wall && (flags & SET_FLAGS) == SET_FLAGS);
    start(t, &to, flags & TFD_TIMER_ABSTIME);
    if (!old)
        return 0;
    if (!user_writable((void *)old, sizeof(before)))
        return -EFAULT;
    *(struct itimerspec *)old = before;
    return 0;
}

long pith_sys_timerfd_gettime(long fd, long value)
{
    HOLD;
    struct timerfd *t;
    long err = find(fd, &t);

    if (err)
        return err;
    if (!user_writable((void *)value, sizeof(struct itimerspec)))
        return -EFAULT;
    *(struct itimerspec *)value = setting(t);
    return 0;
}
