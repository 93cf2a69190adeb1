/* SPDX-License-Identifier: MIT
 *
 * What a signal does. In a system call, a handler is called like any function once the call holds
 * nothing any more; so it finds the program's state as that call left it, and nothing has to be
 * restored when it returns but the mask. (signal_frame.c is for signals that come while the program
 * computes.) */
#include <string.h>
#include <ucontext.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "iface/hold.h"
#include "posix/signal.h"
#include "thread/upcall.h"

LINKS(signal_enter);

/* The exceptions of x86-64 that become each signal. */
#define VECTORS_FPE  (1u << 0 | 1u << 16 | 1u << 19)
#define VECTORS_TRAP (1u << 1 | 1u << 3)
#define VECTORS_ILL  (1u << 6)
#define VECTORS_SEGV (1u << 4 | 1u << 5 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14)
#define VECTORS_BUS  (1u << 14 | 1u << 17)

static bool has_handler(int sig)
{
    uintptr_t handler = (uintptr_t)signal_state.action[sig - 1].handler;

    return handler != (uintptr_t)SIG_DFL && handler != (uintptr_t)SIG_IGN;
}

void signal_update_caught(void)
{
    static uint64_t told;
    struct signal_state *s = &signal_state;
    uint64_t caught = (s->handled | s->masked) & ~SIGNALS_FIXED;

    if (caught != told) {
        upcall_start();
        plat_signals_catch(caught);
        told = caught;
    }
    plat_upcall_faults(
        (has_handler(SIGFPE) ? VECTORS_FPE : 0) | (has_handler(SIGTRAP) ? VECTORS_TRAP : 0) |
        (has_handler(SIGILL) ? VECTORS_ILL : 0) | (has_handler(SIGSEGV) ? VECTORS_SEGV : 0) |
        (has_handler(SIGBUS) ? VECTORS_BUS : 0));
}

void signal_set_mask(uint64_t set)
{
    thread_self->signals.blocked = set & ~SIGNALS_FIXED;
    if (set & ~signal_state.masked) {
        signal_state.masked |= set;
        signal_update_caught();
    }
    if (signal_pending_set() & ~set)
        plat_hold |= HOLD_SIGNAL;
}

static uint64_t ready(void)
{
    const struct thread_signals *s = &thread_self->signals;

    return signal_pending_set() & ~s->blocked & ~s->waited;
}

bool signal_due(void)
{
    signal_collect();
    for (uint64_t set = ready(); set; set &= set - 1)
        if (!signal_is_ignored(__builtin_ctzll(set) + 1))
            return true;
    return false;
}

static const char *crash_reason(int sig)
{
    switch (sig) {
    case SIGQUIT:
        return "killed by SIGQUIT";
    case SIGILL:
        return "killed by SIGILL";
    case SIGTRAP:
        return "killed by SIGTRAP";
    case SIGABRT:
        return "abort() called";
    case SIGBUS:
        return "killed by SIGBUS";
    case SIGFPE:
        return "killed by SIGFPE";
    case SIGSEGV:
        return "killed by SIGSEGV";
    case SIGXCPU:
        return "killed by SIGXCPU";
    case SIGXFSZ:
        return "killed by SIGXFSZ";
    case SIGSYS:
        return "killed by SIGSYS";
    default:
        return NULL;
    }
}

void signal_default_action(int sig)
{
    if (signal_ignored_by_default(sig))
        return;
    if (SIGNALS_STOP & signal_bit(sig)) {
        log_line("signal %d would stop the program, which there is nobody to continue: ignored",
                 sig);
        return;
    }
    const char *reason = crash_reason(sig);
    if (reason)
        plat_crash(sig, reason);
    plat_die(sig);
}

struct signal_action signal_use_action(int sig)
{
    struct signal_action *a = &signal_state.action[sig - 1];
    struct signal_action action = *a;

    if ((action.flags & SA_RESETHAND) && has_handler(sig)) {
        a->handler = (void *)SIG_DFL;
        signal_state.handled &= ~signal_bit(sig);
        signal_update_caught();
    }
    return action;
}

uint64_t signal_handler_mask(int sig, const struct signal_action *action)
{
    uint64_t own = action->flags & SA_NODEFER ? 0 : signal_bit(sig);

    return thread_self->signals.blocked | action->mask | own;
}

bool signal_on_alt(uintptr_t sp)
{
    uintptr_t start = (uintptr_t)thread_self->signals.alt.ss_sp;

    return sp > start && sp - start <= thread_self->signals.alt.ss_size;
}

/* What a handler is called with. */
struct frame {
    void (*handler)(int, siginfo_t *, void *);
    siginfo_t info;
    ucontext_t context;
};

/* How the processor rounds, and what it traps. */
struct float_control {
    uint32_t mxcsr;
    uint16_t x87;
};
#define FLOAT_DEFAULT (struct float_control){0x1f80, 0x37f}

static struct float_control set_float_control(struct float_control to)
{
    struct float_control before;

    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(before.mxcsr), "=m"(before.x87));
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(to.mxcsr), "m"(to.x87));
    return before;
}

/* The program was interrupted in a call, so of its floating-point state only the control words are
 * alive: a handler starts with the default ones, and what it makes of them is its own affair. */
static void call_handler(void *arg)
{
    struct frame *f = arg;
    uint32_t hold = plat_hold;
    struct float_control control = set_float_control(FLOAT_DEFAULT);

    plat_hold = 0;
    f->handler(f->info.si_signo, &f->info, &f->context);
    plat_hold = hold;
    (void)set_float_control(control);
}

static void fill_context(ucontext_t *c, uint64_t mask)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    memset(c, 0, sizeof(*c));
    c->uc_stack = thread_self->signals.alt;
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)__builtin_return_address(0);
    c->uc_mcontext.gregs[REG_RSP] = (greg_t)(frame + 2 * sizeof(void *));
    c->uc_mcontext.gregs[REG_RBP] = *(greg_t *)frame;
    c->uc_mcontext.gregs[REG_CSGSFS] = 0x33;
    c->uc_mcontext.gregs[REG_EFL] = 0x202;
    c->uc_mcontext.gregs[REG_OLDMASK] = (greg_t)mask;
    memcpy(&c->uc_sigmask, &mask, sizeof(mask));
}

/* Runs the handler of (action) for the signal of f->info. */
static void run_handler(struct frame *f, const struct signal_action *action)
{
    struct thread_signals *s = &thread_self->signals;
    uint64_t after = s->suspended ? s->saved_mask : s->blocked;
    stack_t alt = s->alt;
    bool use_alt = (action->flags & SA_ONSTACK) && alt.ss_size > 0 &&
                   !signal_on_alt((uintptr_t)__builtin_frame_address(0));

    s->suspended = false;
    s->waited = 0;
    f->handler = action->handler;
    fill_context(&f->context, after);
    signal_set_mask(signal_handler_mask(f->info.si_signo, action));
    /* Others that may act run first, as if they had interrupted this handler at its first
     * instruction: in this order Linux runs them. */
    signal_deliver();
    if (use_alt) {
        if ((unsigned)alt.ss_flags & SIGNAL_AUTODISARM)
            s->alt = (stack_t){0};
        uintptr_t end = ((uintptr_t)alt.ss_sp + alt.ss_size) & ~(uintptr_t)15;
        cpu_call_on_stack((void *)end, call_handler, f);
    } else {
        call_handler(f);
    }
    if (use_alt && ((unsigned)alt.ss_flags & SIGNAL_AUTODISARM))
        s->alt = alt;
    memcpy(&after, &f->context.uc_sigmask, sizeof(after));
    signal_set_mask(after);
}

/* Takes one signal of (set) and acts on it. Returns whether a handler ran; *restart becomes false
 * unless it has SA_RESTART. */
static bool act(uint64_t set, bool *restart)
{
    struct frame f;
    int sig = signal_take(set, &f.info);

    if (sig == 0)
        return false;
    struct signal_action action = signal_use_action(sig);
    if (action.handler == (void *)SIG_IGN)
        return false;
    if (action.handler == (void *)SIG_DFL) {
        signal_default_action(sig);
        return false;
    }
    if (!(action.flags & SA_RESTART))
        *restart = false;
    run_handler(&f, &action);
    return true;
}

bool signal_deliver(void)
{
    uint64_t set;
    bool ran = false;
    bool restart = !thread_self->signals.cut; /* from a wait with a time limit */

    thread_self->signals.cut = false;
    signal_collect();
    while ((set = ready()) != 0)
        ran |= act(set, &restart);
    thread_self->signals.restart = restart && !thread_self->signals.cut;
    thread_self->signals.cut = false;
    return ran;
}

void signal_process(int sig)
{
    siginfo_t info = {.si_signo = sig, .si_code = SI_KERNEL};

    (void)signal_send(NULL, &info);
}

void signal_raise(int sig)
{
    siginfo_t info = signal_info(sig, SI_USER);

    (void)signal_send(thread_self, &info);
}

bool signal_restart(void)
{
    return thread_self->signals.restart;
}

bool signal_awaited(void)
{
    struct signal_state *s = &signal_state;

    for (int sig = 1; sig <= SIGNALS; sig++)
        if ((s->handled & ~thread_self->signals.blocked & signal_bit(sig)) && has_handler(sig))
            return true;
    return thread_self->signals.waited != 0;
}

void signal_mask_begin(uint64_t set)
{
    struct thread_signals *s = &thread_self->signals;

    s->saved_mask = s->blocked;
    s->suspended = true;
    signal_set_mask(set);
}

void signal_mask_end(void)
{
    struct thread_signals *s = &thread_self->signals;

    if (plat_hold & HOLD_SIGNAL)
        signal_deliver();
    if (s->suspended) {
        s->suspended = false;
        signal_set_mask(s->saved_mask);
    }
}
