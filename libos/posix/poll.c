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
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/mask.h"
#include "posix/timespec.h"

LINKS(console_poll);

#define ALWAYS  (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)
#define IN_SET  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL)
#define OUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL)
#define EX_SET  (POLLPRI | POLLNVAL)

/* Files to sleep on; most programs have few. */
#define FEW 16

struct sleep {
    struct waiter *waiters;
    struct file **files; /* those of the waiters */
    size_t count, room;
    bool external;
    struct waiter few_waiters[FEW];
    struct file *few_files[FEW];
};

#define ROOM_BYTES(n) ((n) * (sizeof(struct waiter) + sizeof(struct file *)))

static long sleep_start(struct sleep *s, size_t files)
{
    s->room = files;
    s->waiters = s->few_waiters;
    s->files = s->few_files;
    if (files > FEW) {
        s->waiters = heap_alloc(ROOM_BYTES(files));
        s->files = (struct file **)(s->waiters + files);
    }
    return s->waiters ? 0 : -ENOMEM;
}

static void sleep_end(struct sleep *s)
{
    if (s->waiters != s->few_waiters)
        heap_free(s->waiters, ROOM_BYTES(s->room));
}

static void forget(struct sleep *s)
{
    s->count = 0;
    s->external = false;
}

/* The POLL* bits of (f); notes the queue to sleep on. */
static int look(struct file *f, struct sleep *s)
{
    struct wait_queue *q = NULL;
    int bits = f->ops->poll ? f->ops->poll(f, &q) : ALWAYS;

    if (q) {
        s->external |= q->external;
        s->files[s->count] = f;
        s->waiters[s->count++].queue = q;
    }
    return bits;
}

/* Waits until the files that were looked at are worth another look: other threads may close them
 * meanwhile. Returns 0; -ETIMEDOUT after the last look; -EINTR. */
static int sleep_until(struct sleep *s, nsec_t deadline, const char *what)
{
    if (deadline == DEADLINE_NOW) {
        wait_look(s->external);
        return -ETIMEDOUT;
    }
    for (size_t i = 0; i < s->count; i++)
        file_hold(s->files[i]);
    int err = wait_sleep_any(s->waiters, s->count, deadline, what);
    for (size_t i = 0; i < s->count; i++)
        file_put(s->files[i]);
    return err;
}

/* A time-out as a deadline, NEVER where (t) is NULL. 0; -EINVAL: it is not sound. */
static long deadline_of(const struct timespec *t, nsec_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (!t)
        return 0;
    if (!timespec_valid(t))
        return -EINVAL;
    nsec_t ns = timespec_ns(t);
    *deadline = ns ? deadline_in(ns) : DEADLINE_NOW;
    return 0;
}

/* The same of the program's (t). -EFAULT. */
static long deadline_from(const struct timespec *t, nsec_t *deadline)
{
    return t && !user_readable(t, sizeof(*t)) ? -EFAULT : deadline_of(t, deadline);
}

static struct timespec rest_of(nsec_t deadline)
{
    nsec_t left = deadline == DEADLINE_NOW ? 0 : deadline - clock_monotonic();

    return timespec_from(left > 0 ? left : 0);
}

/* Writes back what is left of a time-out. */
static void put_rest(struct timespec *t, nsec_t deadline)
{
    if (t && deadline != DEADLINE_NEVER && user_writable(t, sizeof(*t)))
        *t = rest_of(deadline);
}

/* Fills in revents. Returns how many files have some; -EFAULT. */
static long scan(struct pollfd *fds, size_t n, struct sleep *s)
{
    long ready = 0;

    if (!user_writable(fds, n * sizeof(*fds)))
        return -EFAULT;
    forget(s);
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

    if (n > fd_limit())
        return -EINVAL;
    long err = sleep_start(&s, n);
    if (err)
        return err;
    while ((ready = scan(fds, n, &s)) == 0 && err != -ETIMEDOUT) {
        err = sleep_until(&s, deadline, "poll");
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
    return poll_until((struct pollfd *)fds, (unsigned)n, deadline_ms((int)timeout));
}

long pith_sys_ppoll(long fds, long n, long timeout, long mask, long mask_size)
{
    HOLD;
    struct timespec *t = (struct timespec *)timeout;
    const uint64_t *set = (const uint64_t *)mask;
    nsec_t deadline;

    long r = deadline_from(t, &deadline);
    if (!r)
        r = mask_begin(set, mask_size);
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

/* Looks at all files of (want); sets bits in (got), which are clear. Returns how many, or
 * -EBADF for the (first) look: what is closed later is ready for everything, as on Linux. */
static long scan_sets(unsigned n, const struct sets *want, const struct sets *got, struct sleep *s,
                      bool first)
{
    long ready = 0;

    forget(s);
    for (unsigned fd = 0; fd < n; fd++) {
        if (!in_set(want->in, fd) && !in_set(want->out, fd) && !in_set(want->ex, fd))
            continue;
        struct file *f = file_get(fd);
        if (!f && first)
            return -EBADF;
        int bits = f ? look(f, s) : POLLNVAL;
        ready += keep(got->in, want->in, fd, bits & IN_SET);
        ready += keep(got->out, want->out, fd, bits & OUT_SET);
        ready += keep(got->ex, want->ex, fd, bits & EX_SET);
    }
    return ready;
}

/* Waits for files of (want), of (n) descriptors, and says in (got) which are ready. */
static long wait_sets(unsigned n, const struct sets *want, const struct sets *got, nsec_t deadline)
{
    struct sleep s;
    bool first = true;
    long ready, err = sleep_start(&s, n);

    if (err)
        return err;
    while ((ready = scan_sets(n, want, got, &s, first)) == 0 && err != -ETIMEDOUT) {
        first = false;
        err = sleep_until(&s, deadline, "select");
        if (err == -EINTR) {
            ready = -EINTR;
            break;
        }
    }
    sleep_end(&s);
    return ready;
}

/* Copies a set of the program to (to). Returns that, NULL if there is none. */
static unsigned long *copy_in(unsigned long *to, const unsigned long *user, size_t bytes)
{
    if (user)
        memcpy(to, user, bytes);
    return user ? to : NULL;
}

static bool set_writable(unsigned long *user, size_t bytes)
{
    return !user || user_writable(user, bytes);
}

static bool sets_writable(const struct sets *user, size_t bytes)
{
    return set_writable(user->in, bytes) && set_writable(user->out, bytes) &&
           set_writable(user->ex, bytes);
}

static void copy_out(unsigned long *user, const unsigned long *from, size_t bytes)
{
    if (user)
        memcpy(user, from, bytes);
}

/* select with room for six sets at (room), all bits clear. */
static long select_with(unsigned n, const struct sets *user, nsec_t deadline, unsigned long *room,
                        size_t bytes)
{
    size_t words = bytes / sizeof(*room);
    const struct sets got = {room, room + words, room + 2 * words};

    if (!sets_writable(user, bytes))
        return -EFAULT;
    const struct sets want = {copy_in(room + 3 * words, user->in, bytes),
                              copy_in(room + 4 * words, user->out, bytes),
                              copy_in(room + 5 * words, user->ex, bytes)};
    long ready = wait_sets(n, &want, &got, deadline);
    if (ready < 0)
        return ready;
    if (!sets_writable(user, bytes))
        return -EFAULT;
    copy_out(user->in, got.in, bytes);
    copy_out(user->out, got.out, bytes);
    copy_out(user->ex, got.ex, bytes);
    return ready;
}

/* Descriptors that cannot be open are not looked at, as on Linux, whose table has room for at least
 * 64. */
#define TABLE_MIN 64u

/* select on the first (n) descriptors until (deadline). */
static long select_until(unsigned n, const struct sets *user, nsec_t deadline)
{
    unsigned long few[6 * FD_SETSIZE / WORD_BITS] = {0}, *room = few;

    n = (unsigned)min_size(n, max_size(fd_table.size, TABLE_MIN));
    size_t bytes = (n + WORD_BITS - 1) / WORD_BITS * sizeof(*room);
    if (n > FD_SETSIZE)
        room = heap_alloc(6 * bytes);
    if (!room)
        return -ENOMEM;
    long ready = select_with(n, user, deadline, room, bytes);
    if (room != few)
        heap_free(room, 6 * bytes);
    return ready;
}

long pith_sys_select(long n, long in, long out, long ex, long timeout)
{
    HOLD;
    struct timeval *tv = (struct timeval *)timeout;
    const struct sets user = {(unsigned long *)in, (unsigned long *)out, (unsigned long *)ex};
    struct timespec t = {0};
    nsec_t deadline;

    if (tv) {
        if (!user_readable(tv, sizeof(*tv)))
            return -EFAULT;
        if (tv->tv_usec < 0 || tv->tv_sec < 0)
            return -EINVAL;
        t.tv_sec = tv->tv_sec + tv->tv_usec / 1000000;
        t.tv_nsec = tv->tv_usec % 1000000 * 1000;
    }
    long r = deadline_of(tv ? &t : NULL, &deadline);
    if (r || (int)n < 0)
        return -EINVAL;
    r = select_until((unsigned)n, &user, deadline);
    if (tv && deadline != DEADLINE_NEVER && user_writable(tv, sizeof(*tv))) {
        t = rest_of(deadline);
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
    nsec_t deadline;

    if (m && !user_readable(m, sizeof(*m)))
        return -EFAULT;
    const uint64_t *set = m ? m->set : NULL;
    long r = deadline_from(t, &deadline);
    if (!r)
        r = mask_begin(set, m ? (long)m->size : 0);
    if (r)
        return r;
    r = (int)n < 0 ? -EINVAL : select_until((unsigned)n, &user, deadline);
    mask_end(set);
    put_rest(t, deadline);
    return r;
}
