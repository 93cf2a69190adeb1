/* SPDX-License-Identifier: MIT
 *
 * poll and select. Each looks at all its files, and sleeps on the queues of those that are not
 * ready until one of them is woken, to look again. */
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"

#define ALWAYS  (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define IN_SET  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define OUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define EX_SET  POLLPRI

/* Queues to sleep on; most programs have few. */
#define FEW 16

struct sleep {
    struct waiter *waiters;
    size_t count, room;
    struct waiter few[FEW];
};

static long sleep_start(struct sleep *s, size_t files)
{
    s->count = 0;
    s->room = files;
    s->waiters = s->few;
    if (files > FEW)
        s->waiters = heap_alloc(files * sizeof(*s->waiters));
    return s->waiters ? 0 : -ENOMEM;
}

static void sleep_end(struct sleep *s)
{
    if (s->waiters != s->few)
        heap_free(s->waiters, s->room * sizeof(*s->waiters));
}

/* The POLL* bits of (f); notes the queue to sleep on. */
static int look(struct file *f, struct sleep *s)
{
    struct wait_queue *q = NULL;
    int bits = f->ops->poll ? f->ops->poll(f, &q) : ALWAYS;

    if (q)
        s->waiters[s->count++].queue = q;
    return bits;
}

/* A time-out as a deadline, NEVER where (t) is NULL. False: it is not sound. */
static bool deadline_of(const struct timespec *t, nsec_t *deadline)
{
    nsec_t ns;

    *deadline = DEADLINE_NEVER;
    if (!t)
        return true;
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= NSEC_PER_SEC)
        return false;
    if (t->tv_sec == 0 && t->tv_nsec == 0) {
        *deadline = DEADLINE_NOW;
    } else if (!__builtin_mul_overflow(t->tv_sec, NSEC_PER_SEC, &ns) &&
               !__builtin_add_overflow(ns, t->tv_nsec, &ns) &&
               !__builtin_add_overflow(ns, clock_monotonic(), &ns)) {
        *deadline = ns;
    }
    return true;
}

/* Writes back what is left of a time-out. */
static void put_rest(struct timespec *t, nsec_t deadline)
{
    if (!t || deadline == DEADLINE_NEVER)
        return;
    nsec_t left = deadline == DEADLINE_NOW ? 0 : deadline - clock_monotonic();
    if (left < 0)
        left = 0;
    *t = (struct timespec){left / NSEC_PER_SEC, left % NSEC_PER_SEC};
}

/* Sets the signal mask for the call; (set) 0: none. 0; -EINVAL. */
static long mask_begin(const uint64_t *set, long size)
{
    if (!set)
        return 0;
    if (size != sizeof(*set))
        return -EINVAL;
    if (signal_mask_begin)
        signal_mask_begin(*set);
    return 0;
}

static void mask_end(const uint64_t *set)
{
    if (set && signal_mask_end)
        signal_mask_end();
}

/* Fills in revents. Returns how many files have some. */
static long scan(struct pollfd *fds, size_t n, struct sleep *s)
{
    long ready = 0;

    s->count = 0;
    for (size_t i = 0; i < n; i++) {
        int bits = 0;
        if (fds[i].fd >= 0) {
            struct file *f = file_get(fds[i].fd);
            bits = f ? look(f, s) & (fds[i].events | POLLERR | POLLHUP) : POLLNVAL;
        }
        fds[i].revents = (short)bits;
        ready += bits != 0;
    }
    return ready;
}

static long poll_until(struct pollfd *fds, size_t n, nsec_t deadline)
{
    struct sleep s;
    long ready;

    if (n > fd_limit() && n > FD_LIMIT_DEFAULT)
        return -EINVAL;
    if (n > 0 && bad_pointer((long)fds))
        return -EFAULT;
    long err = sleep_start(&s, n);
    if (err)
        return err;
    for (;;) {
        ready = scan(fds, n, &s);
        if (ready || deadline == DEADLINE_NOW || err == -ETIMEDOUT)
            break;
        err = wait_sleep_any(s.waiters, s.count, deadline, "poll");
        if (err == -EINTR) {
            ready = -EINTR;
            break;
        }
    }
    sleep_end(&s);
    return ready;
}

long pith_sys_poll(long fds, long n, long timeout)
{
    HOLD;
    const struct timespec t = {(int)timeout / 1000, (int)timeout % 1000 * 1000000l};
    nsec_t deadline = DEADLINE_NEVER;

    if ((int)timeout >= 0)
        deadline_of(&t, &deadline);
    return poll_until((struct pollfd *)fds, (unsigned)n, deadline);
}

long pith_sys_ppoll(long fds, long n, long timeout, long mask, long mask_size)
{
    HOLD;
    struct timespec *t = (struct timespec *)timeout;
    const uint64_t *set = (const uint64_t *)mask;
    nsec_t deadline;

    if (!deadline_of(t, &deadline))
        return -EINVAL;
    long r = mask_begin(set, mask_size);
    if (r)
        return r;
    r = poll_until((struct pollfd *)fds, (unsigned)n, deadline);
    mask_end(set);
    put_rest(t, deadline);
    return r;
}

/* The three sets of select, each NULL or of (words) words. */
struct sets {
    unsigned long *in, *out, *ex;
};

#define WORD_BITS (8 * sizeof(unsigned long))

static bool in_set(const unsigned long *set, unsigned fd)
{
    return set && set[fd / WORD_BITS] >> fd % WORD_BITS & 1;
}

static long keep(unsigned long *result, const unsigned long *wanted, unsigned fd, bool ready)
{
    if (!ready || !in_set(wanted, fd))
        return 0;
    result[fd / WORD_BITS] |= 1ul << fd % WORD_BITS;
    return 1;
}

/* Looks at all files of (want); sets bits in (got), which are clear. Returns how many, or -EBADF.
 */
static long scan_sets(unsigned n, const struct sets *want, const struct sets *got, struct sleep *s)
{
    long ready = 0;

    s->count = 0;
    for (unsigned fd = 0; fd < n; fd++) {
        if (!in_set(want->in, fd) && !in_set(want->out, fd) && !in_set(want->ex, fd))
            continue;
        struct file *f = file_get(fd);
        if (!f)
            return -EBADF;
        int bits = look(f, s);
        ready += keep(got->in, want->in, fd, bits & IN_SET);
        ready += keep(got->out, want->out, fd, bits & OUT_SET);
        ready += keep(got->ex, want->ex, fd, bits & EX_SET);
    }
    return ready;
}

static void copy_set(unsigned long *to, const unsigned long *from, size_t bytes)
{
    if (to)
        memcpy(to, from, bytes);
}

/* select on the first (n) descriptors until (deadline). */
static long select_until(unsigned n, const struct sets *user, nsec_t deadline)
{
    size_t words = (n + WORD_BITS - 1) / WORD_BITS, bytes = words * sizeof(long);
    unsigned long result[3][FD_LIMIT_DEFAULT / WORD_BITS];
    const struct sets got = {result[0], result[1], result[2]};
    struct sleep s;
    long ready, err = sleep_start(&s, n);

    if (err)
        return err;
    for (;;) {
        memset(result, 0, sizeof(result));
        ready = scan_sets(n, user, &got, &s);
        if (ready || deadline == DEADLINE_NOW || err == -ETIMEDOUT)
            break;
        err = wait_sleep_any(s.waiters, s.count, deadline, "select");
        if (err == -EINTR) {
            ready = -EINTR;
            break;
        }
    }
    sleep_end(&s);
    if (ready >= 0) {
        copy_set(user->in, got.in, bytes);
        copy_set(user->out, got.out, bytes);
        copy_set(user->ex, got.ex, bytes);
    }
    return ready;
}

/* Descriptors that cannot be open are not looked at, as on Linux; fd_set has room for
 * FD_LIMIT_DEFAULT. */
static unsigned clamp_count(long n)
{
    return (unsigned)min_size((size_t)n, min_size(fd_table.size, FD_LIMIT_DEFAULT));
}

long pith_sys_select(long n, long in, long out, long ex, long timeout)
{
    HOLD;
    struct timeval *tv = (struct timeval *)timeout;
    const struct sets user = {(unsigned long *)in, (unsigned long *)out, (unsigned long *)ex};
    struct timespec t = {0};
    nsec_t deadline;

    if (tv) {
        if (tv->tv_usec < 0 || tv->tv_sec < 0)
            return -EINVAL;
        t.tv_sec = tv->tv_sec + tv->tv_usec / 1000000;
        t.tv_nsec = tv->tv_usec % 1000000 * 1000;
    }
    if ((int)n < 0 || !deadline_of(tv ? &t : NULL, &deadline))
        return -EINVAL;
    long r = select_until(clamp_count((int)n), &user, deadline);
    if (tv) {
        put_rest(&t, deadline);
        *tv = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
    }
    return r;
}

/* The sixth argument of pselect6. */
struct mask_argument {
    const uint64_t *set;
    size_t size;
};

long pith_sys_pselect6(long n, long in, long out, long ex, long timeout, long mask)
{
    HOLD;
    struct timespec *t = (struct timespec *)timeout;
    const struct sets user = {(unsigned long *)in, (unsigned long *)out, (unsigned long *)ex};
    const struct mask_argument *m = (const struct mask_argument *)mask;
    const uint64_t *set = m ? m->set : NULL;
    nsec_t deadline;

    if ((int)n < 0 || !deadline_of(t, &deadline))
        return -EINVAL;
    long r = mask_begin(set, m ? (long)m->size : 0);
    if (r)
        return r;
    r = select_until(clamp_count((int)n), &user, deadline);
    mask_end(set);
    put_rest(t, deadline);
    return r;
}
