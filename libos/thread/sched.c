/* SPDX-License-Identifier: MIT
 *
 * The scheduler: see sched.h. One processor runs all threads; nothing here needs a lock, as it runs
 * held (iface/hold.h).
 *
 * A thread is running (thread_self), ready (in the queue of that name), or sleeps (waits_for). The
 * stack of one that does not run has on top what cpu_switch left; one that was preempted has its
 * registers in its context, which stands for a stack there. */
#include "thread/sched.h"

#include <errno.h>
#include <signal.h>

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/log.h"
#include "iface/hold.h"
#include "iface/plat.h"
#include "iface/wait.h"
#include "mm/page.h"
#include "thread/upcall.h"

LINKS(console_pause);

static struct list ready = LIST_INIT(ready);
static struct list threads = LIST_INIT(threads);
static struct list ended = LIST_INIT(ended); /* whose memory is still to be freed */
static unsigned count = 1, external_waits;
static int last_tid = 1;
static uint64_t switched_at;  /* time stamp counter, when the running thread began to */
static uint64_t tsc_start;    /* it, when the first thread was started */
static uint64_t ended_cycles; /* of threads that are gone */

nsec_t sched_began, sched_idle_before;

#define TID_MAX 0x400000 /* as Linux's highest pid_max */

struct thread *sched_next(struct thread *t)
{
    struct list *next = t ? t->all.next : threads.next;

    if (list_empty(&threads))
        return t ? NULL : &thread_main;
    return next == &threads ? NULL : list_entry(next, struct thread, all);
}

struct thread *sched_find(int tid)
{
    for (struct thread *t = sched_next(NULL); t; t = sched_next(t))
        if (t->tid == tid)
            return t;
    return NULL;
}

nsec_t sched_cpu_time(const struct thread *which)
{
    uint64_t tsc = __builtin_ia32_rdtsc();
    uint64_t cycles = which ? 0 : ended_cycles;

    if (sched_began == 0 || tsc <= tsc_start)
        return 0;
    for (struct thread *t = sched_next(NULL); t; t = sched_next(t))
        if (!which || t == which)
            cycles += t->cycles + (t == thread_self ? tsc - switched_at : 0);
    return (nsec_t)((unsigned __int128)cycles * (uint64_t)(clock_monotonic() - sched_began) /
                    (tsc - tsc_start));
}

static _Noreturn void deadlock(void)
{
    log_line("deadlock: every thread waits for another");
    for (struct thread *t = sched_next(NULL); t; t = sched_next(t)) {
        log_line("thread %d%s%s waits for ever in: %s", t->tid, *t->name ? " " : "", t->name,
                 t->waits_for ? t->waits_for : "(none)");
        if (t == thread_self)
            continue;
        const uintptr_t *sp = (const uintptr_t *)t->sp; /* as cpu_switch left it: rbp, return */
        plat_trace(sp[6], (uintptr_t)(sp + 7), sp[5]);
    }
    plat_crash(SIGABRT, "deadlock: every thread waits for another; the last one to do so:");
}

/* The first thread that is ready, no longer in the queue. The processor sleeps until there is one.
 */
static struct thread *pick(void)
{
    while (list_empty(&ready)) {
        wait_prepare();
        nsec_t until = timer_next();
        if (until == DEADLINE_NEVER && external_waits == 0 && !(signal_awaited && signal_awaited()))
            deadlock();
        uint64_t idle = __builtin_ia32_rdtsc();
        (void)wait_cross(until);
        switched_at += __builtin_ia32_rdtsc() - idle;
        timer_run(clock_recent());
        if (signal_collect)
            signal_collect();
    }
    struct thread *t = list_entry(ready.next, struct thread, ready);
    list_remove(&t->ready);
    return t;
}

/* Makes (next) thread_self. What remains is to change stacks. */
static void take_over(struct thread *next)
{
    struct thread *prev = thread_self;
    uint64_t tsc = __builtin_ia32_rdtsc();

    prev->cycles += tsc - switched_at;
    switched_at = tsc;
    prev->hold = plat_hold & ~HOLD_TICK;
    thread_self = next;
    plat_hold = next->hold;
    upcall_context = next->context;
    if (prev->tp != next->tp)
        (void)plat_set_thread_pointer(next->tp);
    if (unlikely(prev->gs_base != next->gs_base))
        (void)plat_set_gs_base(next->gs_base);
    if (next->preempted) {
        next->preempted = false;
        if (signal_due && signal_due())
            signal_enter(next->context);
    }
}

static void switch_to(struct thread *next)
{
    struct thread *prev = thread_self;

    if (next == prev)
        return;
    take_over(next);
    cpu_switch(&prev->sp, next->sp);
}

void sched_wake(struct thread *t)
{
    if (t->waits_for && list_empty(&t->ready))
        list_insert(&ready, &t->ready);
}

static void time_out(struct timer *timer)
{
    struct thread *t = container_of(timer, struct thread, timer);

    t->timed_out = true;
    sched_wake(t);
}

int sched_block(nsec_t deadline, const char *what, bool external)
{
    struct thread *self = thread_self;

    if (deadline == DEADLINE_NOW) {
        (void)wait_poll(DEADLINE_NOW);
        sched_yield_now();
        return -ETIMEDOUT;
    }
    self->waits_for = what;
    self->timed_out = false;
    if (deadline != DEADLINE_NEVER)
        timer_set(&self->timer, deadline, time_out);
    external_waits += external;
    switch_to(pick());
    external_waits -= external;
    timer_cancel(&self->timer);
    self->waits_for = NULL;
    return self->timed_out ? -ETIMEDOUT : 0;
}

void sched_yield_now(void)
{
    struct thread *self = thread_self;

    if (list_empty(&ready))
        return;
    list_insert(&ready, &self->ready);
    switch_to(pick());
}

void sched_preempt(void)
{
    struct thread *self = thread_self;

    if (list_empty(&ready))
        return;
    self->preempted = true;
    self->sp = cpu_resume_stack(self->context);
    list_insert(&ready, &self->ready);
    struct thread *next = pick();
    take_over(next);
    cpu_continue(next->sp);
}

/* Pages for a struct thread and its context behind it. */
static size_t thread_pages(void)
{
    size_t len = align_up(sizeof(struct thread), 64) + sizeof(struct cpu_context) + cpu_xsave_len();

    return align_up(len, PAGE_SIZE) / PAGE_SIZE;
}

static void free_ended(void)
{
    while (!list_empty(&ended)) {
        struct thread *t = list_entry(ended.next, struct thread, all);
        list_remove(&t->all);
        ended_cycles += t->cycles;
        page_unmap(t->unmap, align_up(t->unmap_len, PAGE_SIZE) / PAGE_SIZE);
        if (t != &thread_main)
            page_free(t, thread_pages());
    }
}

void *sched_room(size_t len)
{
    return page_alloc(align_up(len, PAGE_SIZE) / PAGE_SIZE);
}

void sched_room_free(void *room, size_t len)
{
    page_free(room, align_up(len, PAGE_SIZE) / PAGE_SIZE);
}

static int new_tid(void)
{
    do
        last_tid = last_tid < TID_MAX ? last_tid + 1 : 2;
    while (sched_find(last_tid));
    return last_tid;
}

struct thread *sched_new(void *stack, void *tp, void (*fn)(void))
{
    free_ended();
    struct thread *t = page_alloc(thread_pages());
    if (!t)
        return NULL;
    if (list_empty(&threads)) {
        list_insert(&threads, &thread_main.all);
        upcall_start();
        sched_began = clock_monotonic();
        sched_idle_before = (nsec_t)thread_idle;
        tsc_start = switched_at = __builtin_ia32_rdtsc();
    }
    *t = (struct thread){.tid = new_tid(), .tp = tp, .hold = 1, .gs_base = thread_self->gs_base};
    t->context = (struct cpu_context *)((char *)t + align_up(sizeof(*t), 64));
    t->sp = cpu_start_stack(stack, fn);
    list_init(&t->ready);
    list_insert(&threads, &t->all);
    count++;
    return t;
}

void sched_begin(struct thread *t)
{
    list_insert(&ready, &t->ready);
}

_Noreturn void sched_exit(int status)
{
    struct thread *self = thread_self;

    if (--count == 0)
        plat_exit(status);
    /* Others take it from there once they run: this is still its stack. */
    list_remove(&self->all);
    list_insert(&ended, &self->all);
    struct thread *next = pick();
    take_over(next);
    cpu_continue(next->sp);
}
