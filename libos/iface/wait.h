/* SPDX-License-Identifier: MIT
 *
 * Blocking. Whoever must wait for something sleeps on a queue; whoever makes it true wakes the
 * queue. Implemented by thread/. */
#ifndef PITH_IFACE_WAIT_H
#define PITH_IFACE_WAIT_H

#include "base/base.h"
#include "base/list.h"
#include "iface/clock.h"

struct wait_queue {
    uint32_t wakes; /* counts wait_wake: what sleepers compare */
    bool external;  /* a device or the host may wake it; else only this program can */
};

#define WAIT_QUEUE_INIT          {0, false}
#define WAIT_QUEUE_EXTERNAL_INIT {0, true}

/* Sleeps until wait_wake(q) was called after this call began, or (deadline). The caller checks its
 * condition before and again after: wakes may be spurious. (what) names the call for the deadlock report,
 * as in "read from a pipe".
 * Returns 0; -ETIMEDOUT; -EINTR when a signal handler has run or is due. If nothing can ever
 * wake the queue, the machine ends with a report that says what it waited for, not by hanging. */
must_check int wait_sleep(struct wait_queue *q, nsec_t deadline, const char *what);

/* The same for up to (n) queues at once: returns when any of them was woken. */
must_check int wait_sleep_any(struct wait_queue *const *qs, size_t n, nsec_t deadline,
                              const char *what);

/* Wakes all that sleep on (q). May be called from anywhere, never blocks. */
void wait_wake(struct wait_queue *q);

/* Serves the devices once as plat_poll(deadline) does, and lets the wait sources see what was used. For
 * drivers that wait for their own device. Runs no signal handlers: after -EINTR the caller puts its
 * things in order and calls signal_check (iface/signal.h). Returns what plat_poll returned. */
int wait_poll(nsec_t deadline);

/* Drivers whose completions wake queues: (fn) is called after every plat_poll that used a buffer.
 * The struct is the caller's and stays registered for ever. */
struct wait_source {
    void (*fn)(void);
    struct wait_source *next;
};
void wait_source_add(struct wait_source *s);

#endif
