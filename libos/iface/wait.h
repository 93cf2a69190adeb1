/* SPDX-License-Identifier: MIT
 *
 * Blocking. Whoever must wait for something sleeps on a queue; whoever makes it true wakes the
 * queue. Implemented by thread/. While a thread sleeps others run: what it has found out before
 * holds no longer afterwards, and what it goes on using must be held (reference counts). */
#ifndef PITH_IFACE_WAIT_H
#define PITH_IFACE_WAIT_H

#include <sys/uio.h>

#include "base/base.h"
#include "iface/clock.h"

/* One who is told of every wake of a queue; in memory of the caller, from wait_add to wait_remove.
 */
struct waiter {
    struct wait_queue *queue;        /* NULL while on none */
    struct waiter *next, *prev;      /* the first one's prev is the last one */
    void (*woken)(struct waiter *w); /* must not block; may add and remove waiters */
    void *arg;                       /* for (woken)'s use */
};

struct wait_queue {
    struct waiter *first;
    bool external;   /* a device or the host may wake it; else only this program can */
    bool taken;      /* during a wake, for (woken): somebody has it who wanted it alone */
    uint16_t events; /* during a wake, for (woken): POLL* bits of what has come; 0: anything may */
};

#define WAIT_QUEUE_INIT                                                                            \
    {                                                                                              \
        .external = false                                                                          \
    }
#define WAIT_QUEUE_EXTERNAL_INIT                                                                   \
    {                                                                                              \
        .external = true                                                                           \
    }

/* Puts (w), which is on no queue, at the end of (q). */
void wait_add(struct wait_queue *q, struct waiter *w, void (*woken)(struct waiter *w));

/* Takes (w) off its queue; nothing if it is on none. */
void wait_remove(struct waiter *w);

/* Tells all waiters of (q), first come first, that what (events) says has come: POLL* bits, of
 * which those that wait for others may take no notice (epoll); 0: look at everything again. May be
 * called from anywhere, never blocks. */
void wait_wake_events(struct wait_queue *q, unsigned events);

static inline void wait_wake(struct wait_queue *q)
{
    wait_wake_events(q, 0);
}

/* Tells only the first waiter, and takes it off (q): for queues of threads any of which will do. */
static inline void wait_wake_one(struct wait_queue *q)
{
    struct waiter *w = q->first;

    if (w) {
        wait_remove(w);
        w->woken(w);
    }
}

/* Sleeps until wait_wake(q) was called after this call began, or (deadline). The caller checks its
 * condition before and again after: wakes may be spurious. (what) names the call for the deadlock
 * report, as in "read from a pipe": static text.
 * Returns 0; -ETIMEDOUT; -EINTR when a signal is due: its handler runs once the call lets go of
 * what it holds and asks signal_restarts (iface/signal.h), or at its end. If nothing can ever wake
 * any thread, the machine ends with a report that says what each waits for, not by hanging. */
must_check int wait_sleep(struct wait_queue *q, nsec_t deadline, const char *what);

/* The same for up to (n) queues at once, those of ws[i].queue; returns when any of them was woken.
 * The rest of (ws) is the call's to use; afterwards (ws) is on no queue, and ws[i].queue NULL. */
must_check int wait_sleep_any(struct waiter *ws, size_t n, nsec_t deadline, const char *what);

/* The same as wait_sleep for a call that reads or, with (write) false, fills (n) parts of the
 * program's memory afterwards: -EFAULT if the program could access them before and other threads
 * have taken that away meanwhile. Whether it could at all is the caller's to check. */
must_check int wait_sleep_vector(struct wait_queue *q, const struct iovec *iov, int n, bool write,
                                 nsec_t deadline, const char *what);

/* The same as wait_sleep, but no signal ends it: for short waits in the middle of something. */
void wait_sleep_hard(struct wait_queue *q, const char *what);

/* For calls that look and do not wait, which programs make in loops: timers that are due and, if
 * (external), the devices get their turn. */
void wait_look(bool external);

/* Whether there are other threads than the calling one. */
bool wait_others(void);

/* Serves the devices once as plat_poll(deadline) does, and lets the wait sources see what was used.
 * For drivers that wait for their own device: other threads do not run meanwhile. Runs no signal
 * handlers: after -EINTR the caller puts its things in order and calls signal_check
 * (iface/signal.h). Returns what plat_poll returned. In images with timers, clock_recent() is the
 * moment at its end. */
int wait_poll(nsec_t deadline);

/* Serves the devices at once, for who may not let the wait sources run: they see what was used at
 * the next wait_poll, which then does not wait. */
void wait_serve(void);

/* What wait_poll does first: the wait sources hand over what they have put off. For who asks for
 * the next timer before: what was put off has a timer, too, that is no longer needed then. */
void wait_prepare(void);

/* Called by exit before the machine ends; of the internet sockets, weak. Blocks for some seconds at
 * most. */
__attribute__((weak, visibility("hidden"))) void process_ends(void);

/* Who has to do with crossings to the host. The struct is the caller's and stays registered for
 * ever; the one that was registered last is called first. */
struct wait_source {
    void (*before)(void); /* before every plat_poll of wait_poll; may not wake anybody. Or NULL */
    void (*fn)(void);     /* after each that used a buffer. Or NULL */
    struct wait_source *next;
};
void wait_source_add(struct wait_source *s);

#endif
