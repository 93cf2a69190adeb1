/* SPDX-License-Identifier: MIT
 *
 * Consoles: buffers of the queues are read and written in place, one system call a chain. */
#include "monitor/dev/console.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/say.h"

/* An offset for preadv2 and pwritev2: at the file's own position, as pipes and terminals want it.
 * One pair of calls that serves disks too leaves the sandbox with fewer to allow. */
#define HERE (-1l)

static void stop(struct console *c, const char *direction, const char *why)
{
    say("console %s: %s queue: %s; the device is stopped", c->name, direction, why);
    c->stopped = true;
}

/* Whether there is a chain in (q); stops the console if the queue is malformed. */
static bool peek(struct console *c, struct queue *q, const char *direction,
                 struct queue_chain *chain)
{
    const char *why;
    if (c->stopped)
        return false;
    int found = queue_peek(q, chain, &why);
    if (found < 0)
        stop(c, direction, why);
    return found > 0;
}

/* Sends what is available until the descriptor takes no more. Returns the number of chains used. */
static int transmit(struct consoles *cs, struct console *c)
{
    struct queue_chain chain;
    int used = 0;
    while (!c->out_full && peek(c, &c->tx, "transmit", &chain)) {
        long n = wait_call(cs->pending, SYS_pwritev2, c->out, (long)chain.iov, chain.count, HERE);
        if (n == -EAGAIN || n == -EINTR) {
            c->out_full = true;
            break;
        }
        queue_use(&c->tx, &chain, (uint32_t)n);
        used++;
    }
    return used;
}

/* The descriptor has room: sends one chain. Not by wait_call, which sends nothing while a signal is
 * due. */
static int transmit_ready(struct console *c)
{
    struct queue_chain chain;
    c->out_full = false;
    if (!peek(c, &c->tx, "transmit", &chain))
        return 0;
    long n = syscall(SYS_pwritev2, c->out, chain.iov, (long)chain.count, HERE, 0l, 0l);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    queue_use(&c->tx, &chain, (uint32_t)(n < 0 ? -errno : n));
    return 1;
}

/* Fills one posted chain. May block if the descriptor does; never while a signal is due. */
static int receive(struct consoles *cs, struct console *c)
{
    struct queue_chain chain;
    if (!peek(c, &c->rx, "receive", &chain))
        return 0;
    long n = wait_call(cs->pending, SYS_preadv2, c->in, (long)chain.iov, chain.count, HERE);
    c->in_empty = n == -EAGAIN;
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    queue_use(&c->rx, &chain, (uint32_t)n);
    return 1;
}

/* What a console waits for, in terms of poll(2). */
struct waits {
    struct pollfd fd[2 * CONSOLES_MAX];
    struct console *dev[2 * CONSOLES_MAX];
    unsigned count;
};

static void wait_for(struct waits *w, struct console *c, int fd, short events)
{
    w->fd[w->count] = (struct pollfd){fd, events, 0};
    w->dev[w->count++] = c;
}

static void collect(struct consoles *cs, struct waits *w)
{
    struct queue_chain chain;
    w->count = 0;
    for (unsigned i = 0; i < cs->count; i++) {
        struct console *c = &cs->dev[i];
        if (c->out_full && peek(c, &c->tx, "transmit", &chain))
            wait_for(w, c, c->out, POLLOUT);
        if (peek(c, &c->rx, "receive", &chain))
            wait_for(w, c, c->in, POLLIN);
    }
}

/* Waits for (w) for at most (limit) ns and serves what became ready. Returns the chains used. */
static int wait_and_serve(struct consoles *cs, struct waits *w, int64_t limit)
{
    struct timespec ts = {limit / 1000000000, limit % 1000000000};
    static const uint64_t none = 0;
    /* Asking without waiting must work while a signal is due. */
    long n = wait_call(limit ? cs->pending : &none, SYS_ppoll, (long)w->fd, w->count,
                       limit == PITH_POLL_FOREVER ? 0 : (long)&ts, 0);
    int used = 0;
    for (unsigned i = 0; n > 0 && i < w->count; i++)
        if (w->fd[i].revents)
            used += w->fd[i].events == POLLOUT ? transmit_ready(w->dev[i]) : receive(cs, w->dev[i]);
    return used;
}

/* Whether input on one blocking descriptor is all that (w) is about: then reading is waiting. */
static bool just_reading(const struct waits *w)
{
    return w->count == 1 && w->fd[0].events == POLLIN && !w->dev[0]->in_empty;
}

long consoles_poll(struct consoles *cs, int64_t deadline)
{
    struct waits w;
    for (;;) {
        int used = 0;
        for (unsigned i = 0; i < cs->count; i++) {
            cs->dev[i].out_full = false;
            used += transmit(cs, &cs->dev[i]);
        }
        collect(cs, &w);

        bool due = __atomic_load_n(cs->pending, __ATOMIC_RELAXED) != 0;
        int64_t limit = 0;
        if (!used && !due && deadline == PITH_POLL_FOREVER)
            limit = PITH_POLL_FOREVER;
        else if (!used && !due && deadline > 0)
            limit = deadline - cs->now();
        if (limit < 0)
            limit = 0;

        if (limit == PITH_POLL_FOREVER && just_reading(&w))
            used += receive(cs, w.dev[0]);
        else if (w.count || limit)
            used += wait_and_serve(cs, &w, limit);

        if (used)
            return used;
        if (__atomic_load_n(cs->pending, __ATOMIC_RELAXED))
            return -EINTR;
        if (limit == 0)
            return 0;
    }
}
