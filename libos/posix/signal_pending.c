/* SPDX-License-Identifier: MIT
 *
 * Signals that have come: for whom, what they carry, and in which order they are taken. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "iface/hold.h"
#include "mm/heap.h"
#include "posix/signal.h"
#include "thread/sched.h"

struct signal_state signal_state;
struct wait_queue signal_arrival = WAIT_QUEUE_EXTERNAL_INIT;
struct wait_queue signal_watched = WAIT_QUEUE_EXTERNAL_INIT;

#define BIT(sig) (1ull << ((sig)-1))

/* signal(7), default actions. */
#define DEFAULT_IGNORE (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))

/* From here on signals queue up: what Linux counts as SIGRTMIN; libc keeps the first three. */
#define REALTIME 32

/* Faults of the program come first, as in Linux. */
#define FAULTS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE) | BIT(SIGSYS))

/* So many are queued at once, at most: what RLIMIT_SIGPENDING is on a small Linux machine. */
#define QUEUED_MAX 4096

bool signal_ignored_by_default(int sig)
{
    return DEFAULT_IGNORE & signal_bit(sig);
}

bool signal_is_ignored(int sig)
{
    const struct signal_action *a = &signal_state.action[sig - 1];

    return a->handler == (void *)SIG_IGN ||
           (a->handler == (void *)SIG_DFL && signal_ignored_by_default(sig));
}

static bool has_entry(const struct signal_pending *p, int sig)
{
    for (const struct signal_entry *e = p->first; e; e = e->next)
        if (e->info.si_signo == sig)
            return true;
    return false;
}

/* The first entry of (sig), unlinked; NULL if there is none. */
static struct signal_entry *unlink_entry(struct signal_pending *p, int sig)
{
    for (struct signal_entry **link = &p->first; *link; link = &(*link)->next) {
        struct signal_entry *e = *link;
        if (e->info.si_signo == sig) {
            *link = e->next;
            return e;
        }
    }
    return NULL;
}

static void discard(struct signal_pending *p, int sig)
{
    struct signal_entry *e;

    if (!(p->set & signal_bit(sig)))
        return;
    p->set &= ~signal_bit(sig);
    while ((e = unlink_entry(p, sig)))
        e->done(e, NULL);
}

static struct thread *next_thread(struct thread *t)
{
    return sched_next ? sched_next(t) : t ? NULL : &thread_main;
}

void signal_discard(int sig)
{
    discard(&signal_state.pending, sig);
    for (struct thread *t = next_thread(NULL); t; t = next_thread(t))
        discard(&t->signals.pending, sig);
}

uint64_t signal_pending_set(void)
{
    return thread_self->signals.pending.set | signal_state.pending.set;
}

static void free_entry(struct signal_entry *e, siginfo_t *info)
{
    (void)info;
    signal_state.queued--;
    heap_free(e, sizeof(*e));
}

static bool takes(const struct thread *t, uint64_t bit)
{
    return !((t->signals.blocked & ~t->signals.waited) & bit);
}

/* Makes (t) look at its signals: soon if it runs or is preempted, at once if it sleeps. */
static void notify(struct thread *t, uint64_t bit)
{
    if (t->signals.waited & bit)
        wait_wake(&signal_arrival);
    if (t == thread_self)
        plat_hold |= HOLD_SIGNAL;
    else if (!t->preempted)
        t->hold |= HOLD_SIGNAL;
    if (sched_wake)
        sched_wake(t);
}

/* The thread that is to act on a signal of the process; NULL: all block it. */
static struct thread *choose(uint64_t bit)
{
    if (takes(thread_self, bit))
        return thread_self;
    for (struct thread *t = next_thread(NULL); t; t = next_thread(t))
        if (takes(t, bit))
            return t;
    return NULL;
}

/* Signals that continue undo those that stop, and the other way round: POSIX. */
static void cancel_opposites(int sig)
{
    if (sig == SIGCONT)
        for (int stop = 1; stop <= SIGNALS; stop++)
            if (SIGNALS_STOP & signal_bit(stop))
                signal_discard(stop);
    if (SIGNALS_STOP & signal_bit(sig))
        signal_discard(SIGCONT);
}

/* Whether (sig) for (t), or the process, is to be dropped: it is ignored, and nobody blocks it or
 * waits for it. */
static bool drops(struct thread *t, int sig)
{
    uint64_t bit = signal_bit(sig);
    const struct thread_signals *s = &(t ? t : thread_self)->signals;

    return signal_is_ignored(sig) && !((s->blocked | s->waited) & bit) &&
           (t || !(signal_state.masked & bit));
}

static void make_pending(struct thread *t, struct signal_pending *p, int sig)
{
    struct thread *taker = t ? t : choose(signal_bit(sig));

    p->set |= signal_bit(sig);
    if (taker && takes(taker, signal_bit(sig)))
        notify(taker, signal_bit(sig));
    wait_wake_events(&signal_watched, POLLIN);
}

static void append(struct signal_pending *p, struct signal_entry *e)
{
    struct signal_entry **link = &p->first;

    while (*link)
        link = &(*link)->next;
    e->next = NULL;
    *link = e;
}

int signal_send(struct thread *t, const siginfo_t *info)
{
    struct signal_pending *p = t ? &t->signals.pending : &signal_state.pending;
    int sig = info->si_signo;

    cancel_opposites(sig);
    if (drops(t, sig) || (sig < REALTIME && (p->set & signal_bit(sig))))
        return 0;
    struct signal_entry *e = signal_state.queued < QUEUED_MAX ? heap_alloc(sizeof(*e)) : NULL;
    /* Without memory only what the number says is lost, unless that is the point. */
    if (!e && sig >= REALTIME && info->si_code != SI_USER)
        return -EAGAIN;
    if (e) {
        signal_state.queued++;
        e->info = *info;
        e->done = free_entry;
        append(p, e);
    }
    make_pending(t, p, sig);
    return 0;
}

void signal_send_entry(struct thread *t, struct signal_entry *e)
{
    struct signal_pending *p = t ? &t->signals.pending : &signal_state.pending;

    if (drops(t, e->info.si_signo)) {
        e->done(e, NULL);
        return;
    }
    append(p, e);
    make_pending(t, p, e->info.si_signo);
}

static void take(struct signal_pending *p, int sig, siginfo_t *info)
{
    struct signal_entry *e = unlink_entry(p, sig);

    *info = e ? e->info : signal_info(sig, SI_USER);
    if (e)
        e->done(e, info);
    if (!has_entry(p, sig))
        p->set &= ~signal_bit(sig);
}

static int lowest(uint64_t set)
{
    return __builtin_ctzll(set & FAULTS ? set & FAULTS : set) + 1;
}

int signal_take(uint64_t set, siginfo_t *info)
{
    struct signal_pending *own = &thread_self->signals.pending;
    struct signal_pending *p = own->set & set ? own : &signal_state.pending;

    if (!(p->set & set))
        return 0;
    int sig = lowest(p->set & set);
    take(p, sig, info);
    return sig;
}

/* Apart: a structure of that size would cost each look something. */
static __attribute__((noinline)) void send_from_outside(int sig)
{
    siginfo_t info = signal_info(sig, SI_USER);

    info.si_pid = 0;
    (void)signal_send(NULL, &info);
}

void signal_collect(void)
{
    for (uint64_t sent = plat_signals_take(); sent; sent &= sent - 1)
        send_from_outside(__builtin_ctzll(sent) + 1);
}

/* Called when a thread ends: its own signals go with it. */
void signal_thread_end(struct thread *t)
{
    for (int sig = 1; sig <= SIGNALS; sig++)
        discard(&t->signals.pending, sig);
}

void signal_tell(uint64_t *pending, uint64_t *ignored, uint64_t *caught)
{
    *pending = signal_state.pending.set;
    *ignored = *caught = 0;
    for (int sig = 1; sig <= SIGNALS; sig++) {
        void (*handler)(int, siginfo_t *, void *) = signal_state.action[sig - 1].handler;
        if ((uintptr_t)handler == (uintptr_t)SIG_IGN)
            *ignored |= signal_bit(sig);
        else if (handler)
            *caught |= signal_bit(sig);
    }
}
