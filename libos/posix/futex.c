/* SPDX-License-Identifier: MIT
 *
 * futex(2). Waiters stand in lists by the address of their word, oldest first. Calls run held
 * (iface/hold.h), so nothing changes between looking at a word and falling asleep.
 *
 * Priorities have no meaning here, so locks that inherit them (FUTEX_LOCK_PI) are locks that the
 * owner hands to the longest waiter: the word says who owns it, as Linux has it. */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/user.h"
#include "iface/wait.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/futex.h"
#include "posix/timespec.h"
#include "thread/sched.h"

#define BUCKETS 256 /* a power of two */

/* What waiters wait for, and who wakes them names: a private word is not a shared one. */
struct key {
    uint32_t *word;
    bool shared;
};

static struct list buckets[BUCKETS];
static unsigned lock_waiters; /* how many have (tid) */

static struct list *bucket_of(const uint32_t *word)
{
    uint64_t hash = (uintptr_t)word / sizeof(*word) * 0x9e3779b97f4a7c15ull;
    struct list *b = &buckets[hash >> 56];

    if (!b->next)
        list_init(b);
    return b;
}

static bool waits_for(const struct futex_waiter *w, struct key k)
{
    return w->word == k.word && w->shared == k.shared;
}

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void wake(struct futex_waiter *w)
{
    list_remove(&w->link);
    lock_waiters -= w->tid != 0;
    w->woken = true;
    wait_wake(w->queue);
}

/* Whether (w) can only be given a lock, not just woken or moved. */
static bool wants_lock(const struct futex_waiter *w)
{
    return w->tid || w->lock;
}

/* Wakes at most (n) waiters of (k) whose bit sets meet (bitset). Returns how many; -EINVAL if it
 * meets one that wants a lock. */
static long wake_some(struct key k, int n, uint32_t bitset)
{
    struct list *b = bucket_of(k.word);
    long woken = 0;

    for (struct list *l = b->next; l != b && woken < n;) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
        l = l->next;
        if (!waits_for(w, k))
            continue;
        if (wants_lock(w))
            return -EINVAL;
        if (w->bitset & bitset) {
            wake(w);
            woken++;
        }
    }
    return woken;
}

static void move(struct futex_waiter *w, uint32_t *to)
{
    list_remove(&w->link);
    w->word = to;
    list_insert(bucket_of(to), &w->link);
}

/* Moves at most (n) waiters of (k) to (to). Returns how many; -EINVAL if it meets one that wants
 * a lock. */
static long requeue_some(struct key k, uint32_t *to, int n)
{
    struct list *b = bucket_of(k.word);
    long moved = 0;

    for (struct list *l = b->next; l != b && moved < n;) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
        l = l->next;
        if (!waits_for(w, k) || k.word == to)
            continue;
        if (wants_lock(w))
            return -EINVAL;
        move(w, to);
        moved++;
    }
    return moved;
}

void futex_wait_on(struct futex_waiter *w, struct wait_queue *q)
{
    w->queue = q;
    list_insert(bucket_of(w->word), &w->link);
    lock_waiters += w->tid != 0;
}

bool futex_wait_off(struct futex_waiter *w)
{
    if (w->woken)
        return false;
    list_remove(&w->link);
    lock_waiters -= w->tid != 0;
    return true;
}

/* Sleeps until (w), whose word is set, is woken: 0; -ETIMEDOUT, -EINTR. */
static int sleep_on(struct futex_waiter *w, nsec_t deadline)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    futex_wait_on(w, &q);
    while (!w->woken) {
        int err = wait_sleep(&q, deadline, FUTEX_WAITS);
        if (err && futex_wait_off(w))
            return err;
    }
    return 0;
}

static long futex_wait(struct key k, uint32_t value, uint32_t bitset, nsec_t deadline)
{
    for (;;) {
        struct futex_waiter w = {.word = k.word, .shared = k.shared, .bitset = bitset};
        if (load(k.word) != value)
            return -EAGAIN;
        int err = sleep_on(&w, deadline);
        if (err != -EINTR || deadline != DEADLINE_NEVER || !signal_restarts())
            return err;
        if (!user_readable(k.word, sizeof(*k.word)))
            return -EFAULT;
    }
}

/* FUTEX_WAKE_OP: futex(2). */
static long wake_op(struct key k, int n, uint32_t *word2, int n2, uint32_t code)
{
    unsigned op = code >> 28 & 7, compare = code >> 24 & 15;
    int32_t arg = (int32_t)(code << 8) >> 20, with = (int32_t)(code << 20) >> 20;

    if (code >> 31)
        arg = (int32_t)(1u << (arg & 31));
    uint32_t old = load(word2), value;
    switch (op) {
    case FUTEX_OP_SET:
        value = (uint32_t)arg;
        break;
    case FUTEX_OP_ADD:
        value = old + (uint32_t)arg;
        break;
    case FUTEX_OP_OR:
        value = old | (uint32_t)arg;
        break;
    case FUTEX_OP_ANDN:
        value = old & ~(uint32_t)arg;
        break;
    case FUTEX_OP_XOR:
        value = old ^ (uint32_t)arg;
        break;
    default:
        return -ENOSYS;
    }
    /* As on Linux, before the comparison turns out to be none. */
    __atomic_store_n(word2, value, __ATOMIC_SEQ_CST);
    bool holds;
    int32_t before = (int32_t)old;
    switch (compare) {
    case FUTEX_OP_CMP_EQ:
        holds = before == with;
        break;
    case FUTEX_OP_CMP_NE:
        holds = before != with;
        break;
    case FUTEX_OP_CMP_LT:
        holds = before < with;
        break;
    case FUTEX_OP_CMP_GE:
        holds = before >= with;
        break;
    case FUTEX_OP_CMP_LE:
        holds = before <= with;
        break;
    case FUTEX_OP_CMP_GT:
        holds = before > with;
        break;
    default:
        return -ENOSYS;
    }
    /* Nobody asks for none: one. */
    long woken = wake_some(k, n > 0 ? n : 1, FUTEX_BITSET_MATCH_ANY);
    if (woken < 0 || !holds)
        return woken;
    k.word = word2;
    long more = wake_some(k, n2 > 0 ? n2 : 1, FUTEX_BITSET_MATCH_ANY);
    return more < 0 ? more : woken + more;
}

/* The longest waiter for lock (word), or NULL. */
static struct futex_waiter *first_for_lock(uint32_t *word)
{
    struct list *b = bucket_of(word);

    list_for_each(l, b)
    {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
        if (w->word == word && w->tid)
            return w;
    }
    return NULL;
}

/* Gives the lock to the longest waiter; to nobody, if there is none. (flags): FUTEX_OWNER_DIED. */
static void hand_over(uint32_t *word, uint32_t flags)
{
    struct futex_waiter *w = first_for_lock(word);
    uint32_t value = flags;

    if (w) {
        wake(w);
        value |= (uint32_t)w->tid;
        struct list *b = bucket_of(word);
        list_for_each(l, b)
        {
            struct futex_waiter *next = list_entry(l, struct futex_waiter, link);
            if (next->word == word && next->tid) {
                next->holder = w->tid;
                value |= FUTEX_WAITERS;
            }
        }
    }
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static bool thread_lives(int tid)
{
    return sched_find ? sched_find(tid) != NULL : tid == thread_main.tid;
}

static long lock_pi(struct key k, nsec_t deadline, bool try)
{
    uint32_t *word = k.word;
    int self = thread_self->tid;

    for (;;) {
        uint32_t value = load(word);
        int owner = (int)(value & FUTEX_TID_MASK);
        if (owner == self)
            return -EDEADLK;
        if (owner == 0) {
            __atomic_store_n(word, (value & FUTEX_OWNER_DIED) | (uint32_t)self, __ATOMIC_SEQ_CST);
            return 0;
        }
        if (!thread_lives(owner))
            return -ESRCH;
        if (try)
            return -EAGAIN;
        __atomic_store_n(word, value | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
        struct futex_waiter w = {.word = word, .shared = k.shared};
        w.bitset = FUTEX_BITSET_MATCH_ANY;
        w.tid = self;
        w.holder = owner;
        int err = sleep_on(&w, deadline);
        if (err != -EINTR)
            return err;
        /* Signals do not end the wait for such a lock: their handlers run in between. */
        signal_check();
        if (!user_writable(word, sizeof(*word)))
            return -EFAULT;
    }
}

static long unlock_pi(uint32_t *word)
{
    if ((int)(load(word) & FUTEX_TID_MASK) != thread_self->tid)
        return -EPERM;
    hand_over(word, 0);
    return 0;
}

/* FUTEX_WAIT_REQUEUE_PI: until FUTEX_CMP_REQUEUE_PI has moved the caller to (lock) and it owns
 * that.
 */
static long wait_requeue_pi(struct key k, uint32_t value, nsec_t deadline, uint32_t *lock)
{
    for (;;) {
        struct futex_waiter w = {.word = k.word, .shared = k.shared, .lock = lock};
        w.bitset = FUTEX_BITSET_MATCH_ANY;
        w.owner = thread_self->tid;
        if (load(k.word) != value)
            return -EAGAIN;
        int err = sleep_on(&w, deadline);
        if (err != -EINTR)
            return err;
        /* A handler runs; then the wait goes on, unless it is one for the lock by now. */
        if (w.tid)
            return -EAGAIN;
        signal_check();
        if (!user_readable(k.word, sizeof(*k.word)))
            return -EFAULT;
    }
}

/* FUTEX_CMP_REQUEUE_PI: gives (lock), if it is free, to the first waiter of (k), and makes at
 * most (n) more, or n + 1, wait for it. Returns how many in all. */
static long requeue_pi(struct key k, uint32_t *lock, int n)
{
    struct list *b = bucket_of(k.word);
    long count = 0;

    for (struct list *l = b->next; l != b && count - 1 < n;) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
        l = l->next;
        if (!waits_for(w, k))
            continue;
        if (w->lock != lock)
            return -EINVAL;
        uint32_t value = load(lock);
        int owner = (int)(value & FUTEX_TID_MASK);
        if (owner == w->owner)
            return -EDEADLK;
        if (owner && !thread_lives(owner))
            return -ESRCH;
        if (owner == 0) {
            __atomic_store_n(lock, (value & FUTEX_OWNER_DIED) | (uint32_t)w->owner,
                             __ATOMIC_SEQ_CST);
            wake(w);
        } else {
            __atomic_store_n(lock, value | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
            w->tid = w->owner;
            w->lock = NULL;
            w->holder = owner;
            lock_waiters++;
            move(w, lock);
        }
        count++;
    }
    return count;
}

int futex_deadline(const struct timespec *ts, bool absolute, bool wall, nsec_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (!ts)
        return 0;
    if (!user_readable(ts, sizeof(*ts)))
        return -EFAULT;
    if (!timespec_valid(ts))
        return -EINVAL;
    nsec_t ns = timespec_ns(ts);
    *deadline = !absolute ? deadline_in(ns) : wall ? deadline_at_wall(ns) : ns;
    return 0;
}

int futex_check_key(const uint32_t *word, bool private)
{
    if ((uintptr_t)word % sizeof(*word))
        return -EINVAL;
    bool good =
        private ? user_range((long)word, sizeof(*word)) : user_readable(word, sizeof(*word));
    return good ? 0 : -EFAULT;
}

/* What is looked at. 0; -EINVAL, -EFAULT. */
static int check_word(const uint32_t *word)
{
    if ((uintptr_t)word % sizeof(*word))
        return -EINVAL;
    return user_readable(word, sizeof(*word)) ? 0 : -EFAULT;
}

static bool waits(long command)
{
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

static long futex_two(long command, struct key k, uint32_t *word2, int n, int n2, uint32_t value3)
{
    if (command == FUTEX_WAKE_OP)
        return user_writable(word2, sizeof(*word2)) ? wake_op(k, n, word2, n2, value3) : -EFAULT;
    if (command != FUTEX_REQUEUE) {
        if (!user_readable(k.word, sizeof(*k.word)))
            return -EFAULT;
        if (load(k.word) != value3)
            return -EAGAIN;
    }
    if (command == FUTEX_CMP_REQUEUE_PI)
        return user_writable(word2, sizeof(*word2)) ? requeue_pi(k, word2, n2) : -EFAULT;
    long woken = wake_some(k, n, FUTEX_BITSET_MATCH_ANY);
    long moved = woken < 0 ? 0 : requeue_some(k, word2, n2);
    return moved < 0 ? moved : woken + moved;
}

/* What is wrong with the arguments of a call on two words. 0; -EINVAL, -EFAULT. */
static int check_two(long command, const uint32_t *word, const uint32_t *word2, int n, int n2,
                     bool private)
{
    bool inherits = command == FUTEX_CMP_REQUEUE_PI;

    if (command != FUTEX_WAKE_OP && (n < 0 || n2 < 0))
        return -EINVAL;
    if (inherits && (word == word2 || n != 1))
        return -EINVAL;
    int err = futex_check_key(word, private);
    return err ? err : futex_check_key(word2, private);
}

long pith_sys_futex(long addr, long op, long value, long timeout, long addr2, long value3)
{
    HOLD;
    uint32_t *word = (uint32_t *)addr, bitset = (uint32_t)value3;
    long command = op & FUTEX_CMD_MASK;
    bool wall = op & FUTEX_CLOCK_REALTIME, private = op & FUTEX_PRIVATE_FLAG;
    struct key k = {word, !private};
    nsec_t deadline = DEADLINE_NEVER;
    int n = (int)value;

    if (wall && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2 &&
        command != FUTEX_WAIT_REQUEUE_PI)
        return -ENOSYS;
    if (waits(command)) {
        bool absolute = command != FUTEX_WAIT;
        int err = futex_deadline((const struct timespec *)timeout, absolute,
                                 command == FUTEX_LOCK_PI || wall, &deadline);
        if (err)
            return err;
    }
    int err;
    switch (command) {
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
        err = futex_check_key(word, private);
        break;
    case FUTEX_WAKE_OP:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        err = check_two(command, word, (uint32_t *)addr2, n, (int)timeout, private);
        break;
    default:
        err = check_word(word);
        break;
    }
    if (err)
        return err;
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(k, (uint32_t)value, FUTEX_BITSET_MATCH_ANY, deadline);
    case FUTEX_WAIT_BITSET:
        return bitset ? futex_wait(k, (uint32_t)value, bitset, deadline) : -EINVAL;
    case FUTEX_WAKE:
        /* As on Linux, nobody asks for none. */
        return wake_some(k, n > 0 ? n : 1, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return bitset ? wake_some(k, n > 0 ? n : 1, bitset) : -EINVAL;
    case FUTEX_WAKE_OP:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        /* (timeout) is a number of waiters here. */
        return futex_two(command, k, (uint32_t *)addr2, n, (int)timeout, (uint32_t)value3);
    case FUTEX_WAIT_REQUEUE_PI:
        if (word == (uint32_t *)addr2)
            return -EINVAL;
        err = check_word((uint32_t *)addr2);
        return err ? err : wait_requeue_pi(k, (uint32_t)value, deadline, (uint32_t *)addr2);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_TRYLOCK_PI:
        if (!user_writable(word, sizeof(*word)))
            return -EFAULT;
        return lock_pi(k, deadline, command == FUTEX_TRYLOCK_PI);
    case FUTEX_UNLOCK_PI:
        return user_writable(word, sizeof(*word)) ? unlock_pi(word) : -EFAULT;
    default:
        return -ENOSYS;
    }
}

/* The program's list of the locks that a thread holds: struct robust_list_head, linux/futex.h. */
#define ROBUST_LOCKS_MAX 2048

/* Marks the lock at (word), if the thread owns it, as one whose owner has died. */
static void release_lock(uint32_t *word, int tid, bool inherits)
{
    if (check_word(word) || !user_writable(word, sizeof(*word)))
        return;
    uint32_t value = load(word);
    if ((int)(value & FUTEX_TID_MASK) != tid)
        return;
    if (inherits) {
        hand_over(word, FUTEX_OWNER_DIED);
        return;
    }
    __atomic_store_n(word, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, __ATOMIC_SEQ_CST);
    if (value & FUTEX_WAITERS)
        wake_some((struct key){word, true}, 1, FUTEX_BITSET_MATCH_ANY);
}

static void release_entry(const struct robust_list_head *head, uintptr_t entry, int tid)
{
    /* The lowest bit of an entry's address says that its lock inherits priorities. */
    release_lock((uint32_t *)((entry & ~1ul) + (uintptr_t)head->futex_offset), tid, entry & 1);
}

/* Hands on the locks of (tid) for which others wait, also those that are on no list. */
static void release_waited(int tid)
{
    for (size_t i = 0; i < BUCKETS && lock_waiters > 0; i++) {
        for (struct list *l = buckets[i].next; l && l != &buckets[i]; l = l->next) {
            struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
            if (!w->tid || w->holder != tid || !user_writable(w->word, sizeof(*w->word)))
                continue;
            hand_over(w->word, FUTEX_OWNER_DIED);
            l = &buckets[i]; /* the list has changed */
        }
    }
}

static void release_robust(const struct thread *t)
{
    const struct robust_list_head *head = t->robust;

    if (!head || !user_readable(head, sizeof(*head)))
        return;
    uintptr_t entry = (uintptr_t)head->list.next;
    uintptr_t pending = (uintptr_t)head->list_op_pending;
    for (unsigned n = 0; (entry & ~1ul) != (uintptr_t)&head->list && n < ROBUST_LOCKS_MAX; n++) {
        const struct robust_list *e = (const struct robust_list *)(entry & ~1ul);
        if (!user_readable(e, sizeof(*e)))
            return;
        uintptr_t next = (uintptr_t)e->next;
        if (entry != pending)
            release_entry(head, entry, t->tid);
        entry = next;
    }
    if (pending & ~1ul)
        release_entry(head, pending, t->tid);
}

void futex_thread_end(struct thread *t)
{
    release_robust(t);
    if (lock_waiters > 0)
        release_waited(t->tid);
}
