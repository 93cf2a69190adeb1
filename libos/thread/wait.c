/* SPDX-License-Identifier: MIT
 *
 * Wait queues, and sleeping on them. With one thread (thread/sched.c is not linked), to sleep is to
 * let the platform serve the devices until one of them, a timer, a signal handler or the clock has
 * made the wait end; with several, others run meanwhile. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "iface/hold.h"
#include "iface/plat.h"
#include "iface/signal.h"
#include "iface/timer.h"
#include "iface/user.h"
#include "iface/wait.h"
#include "thread/sched.h"

static struct wait_source *sources;
static bool unseen; /* wait_serve has used buffers */

void wait_source_add(struct wait_source *s)
{
    s->next = sources;
    sources = s;
}

void wait_prepare(void)
{
    for (struct wait_source *s = sources; s; s = s->next)
        if (s->before)
            s->before();
}

void wait_serve(void)
{
    if (plat_poll(DEADLINE_NOW) > 0)
        unseen = true;
}

int wait_cross(nsec_t deadline)
{
    nsec_t before = deadline == DEADLINE_NOW ? 0 : clock_monotonic();
    int used = plat_poll(unseen ? DEADLINE_NOW : deadline);
    nsec_t after = before || timer_run ? clock_monotonic() : 0;

    if (before)
        thread_idle += (uint64_t)(after - before);
    if (unseen && used == 0)
        used = 1;
    if (used > 0 || unseen) {
        unseen = false;
        for (struct wait_source *s = sources; s; s = s->next)
            if (s->fn)
                s->fn();
    }
    return used;
}

int wait_poll(nsec_t deadline)
{
    wait_prepare();
    return wait_cross(deadline);
}

void wait_add(struct wait_queue *q, struct waiter *w, void (*woken)(struct waiter *w))
{
    w->queue = q;
    w->woken = woken;
    w->next = NULL;
    if (q->first) {
        w->prev = q->first->prev;
        w->prev->next = w;
        q->first->prev = w;
    } else {
        w->prev = w;
        q->first = w;
    }
}

void wait_remove(struct waiter *w)
{
    struct wait_queue *q = w->queue;

    if (!q)
        return;
    if (w->next)
        w->next->prev = w->prev;
    else
        q->first->prev = w->prev;
    if (q->first == w)
        q->first = w->next;
    else
        w->prev->next = w->next;
    w->queue = NULL;
}

/* Those who were there at the start are told, each once, whatever they add and remove meanwhile: a
 * mark behind the last one says where to stop, and they go round to behind it. */
static void wake_all(struct wait_queue *q)
{
    struct waiter *w = q->first, mark;

    if (!w->next) {
        w->woken(w);
        return;
    }
    wait_add(q, &mark, NULL);
    while ((w = q->first) != &mark) {
        void (*woken)(struct waiter *) = w->woken;
        wait_remove(w);
        wait_add(q, w, woken);
        if (woken) /* else the mark of a wake that this one is part of */
            woken(w);
    }
    wait_remove(&mark);
}

void wait_wake_events(struct wait_queue *q, unsigned events)
{
    uint16_t outer = q->events; /* of a wake that this one is part of */
    bool taken = q->taken;

    if (!q->first)
        return;
    q->events = (uint16_t)events;
    q->taken = false;
    wake_all(q);
    q->events = outer;
    q->taken = taken;
}

/* One thread in one call that sleeps. */
struct sleeper {
    struct thread *thread;
    bool woken;
};

static void wake_sleeper(struct waiter *w)
{
    struct sleeper *s = w->arg;

    s->woken = true;
    if (sched_wake)
        sched_wake(s->thread);
}

static bool any_external(const struct waiter *ws, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ws[i].queue->external)
            return true;
    return false;
}

static _Noreturn void wait_deadlock(const char *what)
{
    static const char before[] = "deadlock: the program waits for ever in: ";
    char reason[160];

    memcpy(reason, before, sizeof(before) - 1);
    size_t len = min_size(strlen(what), sizeof(reason) - sizeof(before));
    memcpy(reason + sizeof(before) - 1, what, len);
    reason[sizeof(before) - 1 + len] = '\0';
    plat_crash(SIGABRT, reason);
}

/* Lets something happen, until (deadline) at the latest. Returns 0; -ETIMEDOUT, if that has passed;
 * -EDEADLK: nothing can happen any more. */
static int pass_time(nsec_t deadline, bool external)
{
    nsec_t until = deadline;

    wait_prepare();
    if (timer_next && timer_next() < until)
        until = timer_next();
    if (until == DEADLINE_NEVER && !external && !(signal_awaited && signal_awaited()))
        return -EDEADLK;
    int used = wait_cross(until);
    if (timer_run)
        timer_run(clock_recent());
    if (used != 0 || deadline == DEADLINE_NEVER)
        return 0;
    return until == deadline || clock_monotonic() >= deadline ? -ETIMEDOUT : 0;
}

/* Sleeps on the (n) queues that ws[i].queue name until one is woken (0), (deadline) has passed
 * (-ETIMEDOUT), or a signal that is not blocked has come (-EINTR; not if (hard)). */
static int sleep_once(struct waiter *ws, size_t n, nsec_t deadline, const char *what, bool hard)
{
    struct sleeper me = {.thread = thread_self};
    bool external = any_external(ws, n);
    int err = 0;

    for (size_t i = 0; i < n; i++) {
        ws[i].arg = &me;
        wait_add(ws[i].queue, &ws[i], wake_sleeper);
    }
    while (!me.woken && !err) {
        if (signal_due && signal_due() && !hard)
            err = -EINTR;
        else if (sched_block)
            err = sched_block(deadline, what, external);
        else
            err = pass_time(deadline, external);
    }
    for (size_t i = 0; i < n; i++)
        wait_remove(&ws[i]);
    if (err == -EDEADLK)
        wait_deadlock(what);
    return me.woken ? 0 : err;
}

int wait_sleep_any(struct waiter *ws, size_t n, nsec_t deadline, const char *what)
{
    int err = sleep_once(ws, n, deadline, what, false);

    /* For the end of the call, if nobody acts before. */
    if (err == -EINTR)
        plat_hold |= HOLD_SIGNAL;
    return err;
}

int wait_sleep(struct wait_queue *q, nsec_t deadline, const char *what)
{
    struct waiter w = {.queue = q};

    return wait_sleep_any(&w, 1, deadline, what);
}

static bool usable(const struct iovec *iov, int n, bool write)
{
    for (int i = 0; i < n; i++)
        if (write ? !user_readable(iov[i].iov_base, iov[i].iov_len)
                  : !user_writable(iov[i].iov_base, iov[i].iov_len))
            return false;
    return true;
}

int wait_sleep_vector(struct wait_queue *q, const struct iovec *iov, int n, bool write,
                      nsec_t deadline, const char *what)
{
    /* Where it was not, the memory is the library OS's own, as in splice. */
    bool checked = usable(iov, n, write);
    int err = wait_sleep(q, deadline, what);

    return err != -EINTR && checked && !usable(iov, n, write) ? -EFAULT : err;
}

bool wait_others(void)
{
    return sched_next && sched_next(sched_next(NULL));
}

void wait_sleep_hard(struct wait_queue *q, const char *what)
{
    struct waiter w = {.queue = q};

    (void)sleep_once(&w, 1, DEADLINE_NEVER, what, true);
}

void wait_look(bool external)
{
    if (external && wait_poll(DEADLINE_NOW) == -EINTR)
        plat_hold |= HOLD_SIGNAL;
    if (timer_run)
        timer_run(external ? clock_recent() : clock_monotonic());
}
