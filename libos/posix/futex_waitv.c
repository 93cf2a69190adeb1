/* SPDX-License-Identifier: MIT
 *
 * futex_waitv(2): waits for any of several words. */
#include <errno.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/futex.h"

#define WORDS_MAX 128 /* FUTEX_WAITV_MAX */

/* FUTEX2_*: the size of a word, which must be this one, and that only threads of one process wait
 * for it. */
#define SIZE_U32 2u
#define PRIVATE  128u

/* struct futex_waitv of linux/futex.h. */
struct word {
    uint64_t value, addr;
    uint32_t flags, reserved;
};

/* A call: its words, and who waits for each. */
struct vector {
    const struct word *words;
    struct futex_waiter *waiters;
    unsigned n;
    struct wait_queue queue;
};

static uint32_t *word_at(const struct word *w)
{
    return (uint32_t *)w->addr;
}

/* What is wrong with the words, in Linux's order: all values and flags come first. */
static int check(const struct word *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (!user_readable(&words[i], sizeof(words[i])))
            return -EFAULT;
        if ((words[i].flags | PRIVATE) != (SIZE_U32 | PRIVATE) || words[i].reserved != 0 ||
            words[i].value > UINT32_MAX)
            return -EINVAL;
    }
    for (unsigned i = 0; i < n; i++) {
        int err = futex_check_key(word_at(&words[i]), words[i].flags & PRIVATE);
        if (err)
            return err;
    }
    return 0;
}

/* Ends the waits for the first (n) words. Returns the last one that was woken, or -1. */
static int end(struct vector *v, unsigned n)
{
    int woken = -1;

    for (unsigned i = 0; i < n; i++)
        if (!futex_wait_off(&v->waiters[i]))
            woken = (int)i;
    return woken;
}

/* Begins to wait for each word. Nothing happens meanwhile, since the call is held. 0; -EAGAIN: one
 * has another value, -EFAULT: then it waits for none. */
static int begin(struct vector *v)
{
    for (unsigned i = 0; i < v->n; i++) {
        const struct word *w = &v->words[i];
        bool readable = user_readable(word_at(w), sizeof(uint32_t));
        if (!readable || __atomic_load_n(word_at(w), __ATOMIC_SEQ_CST) != w->value) {
            end(v, i);
            return readable ? -EAGAIN : -EFAULT;
        }
        v->waiters[i] = (struct futex_waiter){.word = word_at(w), .bitset = UINT32_MAX};
        v->waiters[i].shared = !(w->flags & PRIVATE);
        futex_wait_on(&v->waiters[i], &v->queue);
    }
    return 0;
}

/* One wait. Returns which word was woken; -EAGAIN, -EFAULT, -EINVAL, -ENOMEM, -ETIMEDOUT, -EINTR.
 */
static long wait_once(struct vector *v, nsec_t deadline)
{
    size_t size = v->n * sizeof(*v->waiters);
    int err = check(v->words, v->n);

    if (err)
        return err;
    v->waiters = heap_alloc(size);
    if (!v->waiters)
        return -ENOMEM;
    err = begin(v);
    if (!err) {
        int woken = -1;
        while (!err && woken < 0) {
            err = wait_sleep(&v->queue, deadline, FUTEX_WAITS);
            for (unsigned i = 0; i < v->n; i++)
                woken = v->waiters[i].woken ? (int)i : woken;
        }
        woken = end(v, v->n);
        err = woken < 0 ? err : woken;
    }
    heap_free(v->waiters, size);
    return err;
}

long pith_sys_futex_waitv(long words, long count, long flags, long timeout, long clock)
{
    HOLD;
    unsigned n = (unsigned)count;
    struct vector v = {.words = (const struct word *)words, .n = n, .queue = WAIT_QUEUE_INIT};
    nsec_t deadline;

    if (flags != 0 || n == 0 || n > WORDS_MAX || !words)
        return -EINVAL;
    if (timeout && (int)clock != CLOCK_MONOTONIC && (int)clock != CLOCK_REALTIME)
        return -EINVAL;
    long result = futex_deadline((const struct timespec *)timeout, true,
                                 (int)clock == CLOCK_REALTIME, &deadline);
    /* Times are absolute, so that waiting again waits no longer. */
    while (!result && (result = wait_once(&v, deadline)) == -EINTR && signal_restarts())
        result = 0;
    return result;
}
