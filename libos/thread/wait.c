/* SPDX-License-Identifier: MIT
 *
 * Blocking while there is one thread: to sleep is to let the platform serve the devices until one
 * of them, a signal handler or the clock has made the wait end. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "iface/plat.h"
#include "iface/signal.h"
#include "iface/wait.h"

static struct wait_source *sources;

void wait_source_add(struct wait_source *s)
{
    s->next = sources;
    sources = s;
}

int wait_poll(nsec_t deadline)
{
    int used = plat_poll(deadline);

    if (used > 0)
        for (struct wait_source *s = sources; s; s = s->next)
            s->fn();
    return used;
}

void wait_wake(struct wait_queue *q)
{
    q->wakes++;
}

/* Grows with every wake of any of the queues: equal sums mean that none was woken. */
static uint32_t sum_of_wakes(struct wait_queue *const *qs, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += qs[i]->wakes;
    return sum;
}

static bool any_external(struct wait_queue *const *qs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (qs[i]->external)
            return true;
    return false;
}

static _Noreturn void deadlock(const char *what)
{
    static const char before[] = "deadlock: the program waits for ever in: ";
    char reason[160];

    memcpy(reason, before, sizeof(before) - 1);
    size_t len = min_size(strlen(what), sizeof(reason) - sizeof(before));
    memcpy(reason + sizeof(before) - 1, what, len);
    reason[sizeof(before) - 1 + len] = '\0';
    plat_crash(SIGABRT, reason);
}

int wait_sleep_any(struct wait_queue *const *qs, size_t n, nsec_t deadline, const char *what)
{
    uint32_t before = sum_of_wakes(qs, n);
    bool endless = deadline == DEADLINE_NEVER && !any_external(qs, n);

    for (;;) {
        if (signal_check())
            return -EINTR;
        if (sum_of_wakes(qs, n) != before)
            return 0;
        if (endless && !(signal_awaited && signal_awaited()))
            deadlock(what);
        if (wait_poll(deadline) == 0 && deadline != DEADLINE_NEVER) {
            if (signal_check())
                return -EINTR;
            return sum_of_wakes(qs, n) != before ? 0 : -ETIMEDOUT;
        }
    }
}

int wait_sleep(struct wait_queue *q, nsec_t deadline, const char *what)
{
    return wait_sleep_any(&q, 1, deadline, what);
}
