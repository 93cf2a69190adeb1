/* SPDX-License-Identifier: MIT
 *
 * Upcalls: see upcall.h, iface/hold.h. */
#include "thread/upcall.h"

#include "iface/hold.h"
#include "iface/plat.h"
#include "iface/signal.h"
#include "iface/timer.h"
#include "iface/wait.h"
#include "thread/sched.h"

/* Of thread_main: the size is known only at run time, and this is more than any state needs that
 * is saved. */
#define MAIN_CONTEXT_LEN 4096

/* Called by upcall_entry. */
_Noreturn void upcall_handle(struct cpu_context *c);

void upcall_start(void)
{
    static uint8_t main_context[MAIN_CONTEXT_LEN] __attribute__((aligned(64)));
    static bool started;

    if (started)
        return;
    started = true;
    thread_main.context = (struct cpu_context *)main_context;
    upcall_context = thread_self->context;
    plat_upcall_start(upcall_entry, cpu_resume_critical, cpu_resume_end);
}

/* What the time that has passed asks for. */
static void tick(void)
{
    (void)wait_poll(DEADLINE_NOW);
    if (timer_run)
        timer_run(clock_recent());
}

_Noreturn void upcall_handle(struct cpu_context *c)
{
    if (c->vector == UPCALL_NO_FAULT)
        tick();
    else if (signal_fault)
        signal_fault(c);
    if (signal_due && signal_due())
        signal_enter(c);
    if (sched_preempt)
        sched_preempt();
    cpu_resume(c);
}

void hold_work(void)
{
    do {
        uint32_t notes = plat_hold;
        plat_hold = 1;
        if (notes & HOLD_TICK) {
            tick();
            if (sched_yield_now)
                sched_yield_now();
        }
        signal_check();
    } while (--plat_hold != 0);
}
