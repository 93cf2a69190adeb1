/* SPDX-License-Identifier: MIT
 *
 * Consoles: buffers of the queues are read and written in place, one system call a chain. */
#include "monitor/dev/console.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "abi/hypercall.h"
#include "monitor/core/say.h"

/* For wait_call where a signal must not matter. */
static const uint64_t no_signal;

/* An offset for preadv2 and pwritev2: at the file's own position, as pipes and terminals want it.
 * One pair of calls that serves disks too leaves the sandbox with fewer to allow. */
#define HERE (-1l)

static bool signal_due(const struct consoles *cs)
{
    return __atomic_load_n(cs->pending, __ATOMIC_RELAXED) != 0;
}

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

/* Cuts (chain) to its first (len) bytes. */
static void trim(struct queue_chain *chain, size_t len)
{
    for (int i = 0; i < chain->count; i++) {
        if (chain->iov[i].iov_len >= len) {
            chain->iov[i].iov_len = len;
            chain->count = i + 1;
        }
        len -= chain->iov[i].iov_len;
    }
}

/* Writes (chain), or, unless (blocking), as much of it as any descriptor that polls as writable
 * takes at once (pipe(7)): the host's descriptor may be one that blocks. Returns the bytes accepted
 * or -errno; -EAGAIN: none now; -EINTR, only if (blocking): a signal is due. */
static long send(struct consoles *cs, struct console *c, struct queue_chain *chain, bool blocking)
{
    if (blocking)
        return wait_call(cs->pending, SYS_pwritev2, c->out, (long)chain->iov, chain->count, HERE);

    struct pollfd ready = {c->out, POLLOUT, 0};
    struct timespec at_once = {0, 0};
    long n = wait_call(&no_signal, SYS_ppoll, (long)&ready, 1, (long)&at_once, 0);
    if (n <= 0)
        return n < 0 ? n : -EAGAIN;
    trim(chain, PIPE_BUF);
    return wait_call(&no_signal, SYS_pwritev2, c->out, (long)chain->iov, chain->count, HERE);
}

/* Sends what is available until the descriptor takes no more. Returns the number of chains used. */
static int transmit(struct consoles *cs, struct console *c, bool blocking)
{
    struct queue_chain chain;
    int used = 0;
    c->out_full = false;
    while (!c->out_full && peek(c, &c->tx, "transmit", &chain)) {
        long n = send(cs, c, &chain, blocking);
        if (n == -EAGAIN || n == -EINTR) {
            c->out_full = true;
        } else {
            queue_use(&c->tx, chain.head, (uint32_t)n);
            used++;
        }
    }
    return used;
}

/* No transmit buffer stays here when a poll returns (abi/device.h). Returns the number of chains
 * used. */
static int give_back(struct console *c)
{
    struct queue_chain chain;
    int used = 0;
    for (; peek(c, &c->tx, "transmit", &chain); used++)
        queue_use(&c->tx, chain.head, (uint32_t)-EAGAIN);
    return used;
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
    queue_use(&c->rx, chain.head, (uint32_t)n);
    return 1;
}

/* What is waited for, in terms of poll(2). */
struct waits {
    struct pollfd fd[2 * CONSOLES_MAX + NETS_MAX];
    struct console *dev[2 * CONSOLES_MAX + NETS_MAX]; /* NULL: a network device */
    unsigned count;
};

static void wait_for(struct waits *w, struct console *c, int fd, short events)
{
    w->fd[w->count] = (struct pollfd){fd, events, 0};
    w->dev[w->count++] = c;
}

/* (packets): of network devices, too, which need not be asked where they have just been served. */
static void collect(struct consoles *cs, struct waits *w, bool packets)
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
    for (unsigned i = 0; packets && cs->nets && i < cs->nets->count; i++) {
        struct net *n = &cs->nets->dev[i];
        short events =
            (short)((net_wants_input(n) ? POLLIN : 0) | (net_wants_output(n) ? POLLOUT : 0));
        if (events)
            wait_for(w, NULL, n->fd, events);
    }
}

static int serve_nets(struct consoles *cs)
{
    return cs->nets && cs->nets->count ? nets_serve(cs->nets) : 0;
}

/* Asks the network devices for up to (limit) ns instead of sleeping, where that has been worth it.
 * Returns the chains used. */
static int busy_poll(struct consoles *cs, int64_t limit)
{
    struct busy_poll *b = cs->nets ? &cs->nets->busy : NULL;
    if (!b || !busy_poll_time(b) || !nets_want_input(cs->nets))
        return 0;
    int64_t rest = moderation_rest(&cs->nets->moderation), time = busy_poll_time(b);
    if (rest && (limit == PITH_POLL_FOREVER || rest < limit)) {
        struct timespec ts = {0, rest};
        (void)wait_call(cs->pending, SYS_ppoll, 0, 0, (long)&ts, 0);
        limit -= limit == PITH_POLL_FOREVER ? 0 : rest;
    }
    int64_t began = cs->now();
    int64_t until = began + (limit != PITH_POLL_FOREVER && limit < time ? limit : time);
    int used = 0;
    do
        used = serve_nets(cs);
    while (!used && !signal_due(cs) && cs->now() < until);
    if (used || !signal_due(cs))
        busy_poll_done(b, used);
    if (used)
        moderation_found(&cs->nets->moderation, began, cs->now(), cs->nets->received);
    return used;
}

/* Waits for (w) for at most (limit) ns and serves what became ready. Returns the chains used. */
static int wait_and_serve(struct consoles *cs, struct waits *w, int64_t limit)
{
    struct timespec ts = {limit / 1000000000, limit % 1000000000};
    int64_t began = limit && cs->nets ? cs->now() : 0;
    /* Asking without waiting must work while a signal is due. */
    long n = wait_call(limit ? cs->pending : &no_signal, SYS_ppoll, (long)w->fd, w->count,
                       limit == PITH_POLL_FOREVER ? 0 : (long)&ts, 0);
    int used = 0;
    bool packets = false;
    for (unsigned i = 0; n > 0 && i < w->count; i++)
        if (w->fd[i].revents && !w->dev[i])
            packets = true;
        else if (w->fd[i].revents)
            used += w->fd[i].events == POLLOUT ? transmit(cs, w->dev[i], false)
                                               : receive(cs, w->dev[i]);
    if (began)
        busy_poll_slept(&cs->nets->busy, cs->now() - began, packets);
    return packets ? used + serve_nets(cs) : used;
}

/* Whether input on one blocking descriptor is all that (w) is about: then reading is waiting. */
static bool just_reading(const struct waits *w)
{
    return w->count == 1 && w->dev[0] && w->fd[0].events == POLLIN && !w->dev[0]->in_empty;
}

/* What is left until (deadline), in ns, at least 0; or PITH_POLL_FOREVER. */
static int64_t time_left(const struct consoles *cs, int64_t deadline)
{
    if (deadline <= 0 || deadline == PITH_POLL_FOREVER)
        return deadline > 0 ? deadline : 0;
    int64_t left = deadline - cs->now();
    return left > 0 ? left : 0;
}

/* Serves all queues until something was used or (deadline) passed. Returns the chains used. */
static int serve(struct consoles *cs, int64_t deadline)
{
    struct waits w;
    for (;;) {
        bool due = signal_due(cs);
        int used = serve_nets(cs);
        bool may_block = deadline == PITH_POLL_FOREVER && !due && !used;
        for (unsigned i = 0; i < cs->count; i++)
            used += transmit(cs, &cs->dev[i], may_block);

        int64_t limit = used || signal_due(cs) ? 0 : time_left(cs, deadline);
        if (limit) {
            used = busy_poll(cs, limit);
            limit = used || signal_due(cs) ? 0 : time_left(cs, deadline);
        }
        collect(cs, &w, limit);

        if (limit == PITH_POLL_FOREVER && just_reading(&w))
            used += receive(cs, w.dev[0]);
        else if (w.count || limit)
            used += wait_and_serve(cs, &w, limit);

        if (used || limit == 0 || signal_due(cs))
            return used;
    }
}

long consoles_poll(struct consoles *cs, int64_t deadline)
{
    int used = serve(cs, deadline);
    for (unsigned i = 0; i < cs->count; i++)
        used += give_back(&cs->dev[i]);
    return used ? used : signal_due(cs) ? -EINTR : 0;
}
