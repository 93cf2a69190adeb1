/* SPDX-License-Identifier: MIT
 *
 * Interval timers: setitimer(2), alarm(2). */
#include <errno.h>
#include <limits.h>
#include <sys/time.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/clocks.h"
#include "posix/signal.h"
#include "posix/timespec.h"
#include "time/alarm.h"

struct itimer {
    struct alarm alarm;
    nsec_t interval;
};

#define ITIMERS 3

static struct itimer itimers[ITIMERS];

static void on_alarm(struct alarm *a)
{
    static const int signals[ITIMERS] = {SIGALRM, SIGVTALRM, SIGPROF};
    struct itimer *t = container_of(a, struct itimer, alarm);
    siginfo_t info = {.si_signo = signals[t - itimers], .si_code = SI_KERNEL};

    if (t->interval) {
        alarm_forward(a, t->interval);
        alarm_set(a, a->at, on_alarm);
    }
    (void)signal_send(NULL, &info);
}

static struct timeval timeval_from(nsec_t ns)
{
    return (struct timeval){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / 1000};
}

static nsec_t timeval_ns(const struct timeval *tv)
{
    return timespec_ns(&(struct timespec){tv->tv_sec, tv->tv_usec * 1000});
}

static bool timeval_valid(const struct timeval *tv)
{
    return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

static struct itimerval setting(const struct itimer *t)
{
    nsec_t left = t->alarm.timer.armed ? alarm_left(&t->alarm) : 0;

    /* 0 would say that it is not armed. */
    if (t->alarm.timer.armed && left < 1000)
        left = 1000;
    return (struct itimerval){timeval_from(t->interval), timeval_from(left)};
}

static void set(struct itimer *t, const struct itimerval *to)
{
    nsec_t value = timeval_ns(&to->it_value);

    alarm_cancel(&t->alarm);
    /* As Linux does: the timers of CPU time keep an interval without being armed. */
    t->interval = value || t != &itimers[ITIMER_REAL] ? timeval_ns(&to->it_interval) : 0;
    if (!value)
        return;
    if (t == &itimers[ITIMER_REAL])
        alarm_monotonic(&t->alarm);
    else
        alarm_cpu(&t->alarm, 0);
    nsec_t now = t->alarm.clock(&t->alarm);
    alarm_set(&t->alarm, value > NSEC_LAST - now ? NSEC_LAST : now + value, on_alarm);
}

long pith_sys_setitimer(long which, long value, long old)
{
    HOLD;
    struct itimerval to = {0};

    if (value) {
        if (!user_readable((const void *)value, sizeof(to)))
            return -EFAULT;
        to = *(const struct itimerval *)value;
        if (!timeval_valid(&to.it_value) || !timeval_valid(&to.it_interval))
            return -EINVAL;
    }
    if ((unsigned)which >= ITIMERS)
        return -EINVAL;
    struct itimer *t = &itimers[(unsigned)which];
    struct itimerval before = setting(t);
    set(t, &to);
    if (!old)
        return 0;
    if (!user_writable((void *)old, sizeof(before)))
        return -EFAULT;
    *(struct itimerval *)old = before;
    return 0;
}

long pith_sys_getitimer(long which, long value)
{
    HOLD;
    if ((unsigned)which >= ITIMERS)
        return -EINVAL;
    if (!user_writable((void *)value, sizeof(struct itimerval)))
        return -EFAULT;
    *(struct itimerval *)value = setting(&itimers[(unsigned)which]);
    return 0;
}

long pith_sys_alarm(long seconds)
{
    HOLD;
    struct itimer *t = &itimers[ITIMER_REAL];
    struct timeval left = setting(t).it_value;
    const struct itimerval to = {
        .it_value.tv_sec = (unsigned)seconds > INT_MAX ? INT_MAX : (long)(unsigned)seconds};

    set(t, &to);
    /* Rounded, but what is armed is not nothing. */
    return left.tv_sec + (left.tv_usec >= 500000 || (left.tv_sec == 0 && left.tv_usec > 0));
}
