/* SPDX-License-Identifier: MIT
 *
 * Signals: becoming pending, and what happens then. A handler is called like any function from the
 * call in which the signal is noticed; so it finds the program's state as that call left it, and
 * nothing has to be restored when it returns but the mask. */
#include <errno.h>
#include <string.h>
#include <ucontext.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "iface/hold.h"
#include "posix/signal.h"

struct signal_state signal_state = {.arrival = WAIT_QUEUE_EXTERNAL_INIT};

#define BIT(sig) (1ull << ((sig)-1))

/* signal(7), default actions. */
#define DEFAULT_IGNORE (BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH))
#define DEFAULT_STOP   (BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

/* From here on signals queue up: what Linux counts as SIGRTMIN; libc keeps the first three. */
#define REALTIME 32

/* Faults of the program come first, as in Linux. */
#define FAULTS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGFPE) | BIT(SIGSYS))

bool signal_ignored_by_default(int sig)
{
    return DEFAULT_IGNORE & signal_bit(sig);
}

void signal_update_caught(void)
{
    struct signal_state *s = &signal_state;

    plat_signals_catch((s->handled | s->blocked | s->waited) & ~SIGNALS_FIXED);
}

void signal_set_mask(uint64_t set)
{
    signal_state.blocked = set & ~SIGNALS_FIXED;
    signal_update_caught();
}

void signal_discard(int sig)
{
    signal_state.pending &= ~signal_bit(sig);
    signal_state.queued[sig - 1] = 0;
}

static bool ignored(int sig)
{
    const struct signal_action *a = &signal_state.action[sig - 1];

    return a->handler == (void *)SIG_IGN ||
           (a->handler == (void *)SIG_DFL && signal_ignored_by_default(sig));
}

int signal_send(int sig, int code)
{
    struct signal_state *s = &signal_state;
    uint64_t bit = signal_bit(sig);

    if (sig == SIGCONT)
        for (int stop = 1; stop <= SIGNALS; stop++)
            if (DEFAULT_STOP & signal_bit(stop))
                signal_discard(stop);
    if (DEFAULT_STOP & bit)
        signal_discard(SIGCONT);
    if (!((s->blocked | s->waited) & bit) && ignored(sig))
        return 0;
    if (sig < REALTIME && (s->pending & bit))
        return 0;
    if (s->queued[sig - 1] == UINT16_MAX)
        return -EAGAIN;
    s->pending |= bit;
    s->queued[sig - 1]++;
    s->code[sig - 1] = (int8_t)code;
    if (s->waited & bit)
        wait_wake(&s->arrival);
    return 0;
}

bool signal_due(void)
{
    struct signal_state *s = &signal_state;

    signal_collect();
    for (uint64_t ready = s->pending & ~s->blocked & ~s->waited; ready; ready &= ready - 1) {
        int sig = __builtin_ctzll(ready) + 1;
        if (!ignored(sig) &&
            !((DEFAULT_STOP & signal_bit(sig)) && s->action[sig - 1].handler == (void *)SIG_DFL))
            return true;
    }
    return false;
}

void signal_collect(void)
{
    uint64_t sent = plat_signals_take();

    for (; sent; sent &= sent - 1)
        (void)signal_send(__builtin_ctzll(sent) + 1, SI_USER);
}

void signal_take(int sig, siginfo_t *info)
{
    struct signal_state *s = &signal_state;

    *info = (siginfo_t){.si_signo = sig, .si_code = s->code[sig - 1]};
    info->si_pid = 1;
    if (--s->queued[sig - 1] == 0)
        s->pending &= ~signal_bit(sig);
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

static void default_action(int sig)
{
    if (signal_ignored_by_default(sig))
        return;
    if (DEFAULT_STOP & signal_bit(sig)) {
        log_line("signal %d would stop the program, which there is nobody to continue: ignored",
                 sig);
        return;
    }
    const char *reason = crash_reason(sig);
    if (reason)
        plat_crash(sig, reason);
    plat_die(sig);
}

bool signal_on_alt(uintptr_t sp)
{
    uintptr_t start = (uintptr_t)signal_state.alt.ss_sp;

    return sp > start && sp - start <= signal_state.alt.ss_size;
}

/* What a handler is called with. */
struct frame {
    void (*handler)(int, siginfo_t *, void *);
    siginfo_t info;
    ucontext_t context;
};

static void call_handler(void *arg)
{
    struct frame *f = arg;
    uint32_t hold = plat_hold;

    plat_hold = 0;
    f->handler(f->info.si_signo, &f->info, &f->context);
    plat_hold = hold;
}

static void fill_context(ucontext_t *c, uint64_t mask)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    memset(c, 0, sizeof(*c));
    c->uc_stack = signal_state.alt;
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
    struct signal_state *s = &signal_state;
    uint64_t own = action->flags & SA_NODEFER ? 0 : signal_bit(f->info.si_signo);
    uint64_t after = s->suspended ? s->saved_mask : s->blocked;
    stack_t alt = s->alt;
    bool use_alt = (action->flags & SA_ONSTACK) && alt.ss_size > 0 &&
                   !signal_on_alt((uintptr_t)__builtin_frame_address(0));

    s->suspended = false;
    s->waited = 0;
    f->handler = action->handler;
    fill_context(&f->context, after);
    signal_set_mask(s->blocked | action->mask | own);
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

/* Acts on pending signal (sig). Returns whether a handler ran; *restart becomes false unless it has
 * SA_RESTART. */
static bool act(int sig, bool *restart)
{
    struct signal_action *a = &signal_state.action[sig - 1];
    struct signal_action action = *a;
    struct frame f;

    signal_take(sig, &f.info);
    if (action.handler == (void *)SIG_IGN)
        return false;
    if (action.handler == (void *)SIG_DFL) {
        default_action(sig);
        return false;
    }
    if (action.flags & SA_RESETHAND) {
        a->handler = (void *)SIG_DFL;
        signal_state.handled &= ~signal_bit(sig);
    }
    if (!(action.flags & SA_RESTART))
        *restart = false;
    run_handler(&f, &action);
    return true;
}

bool signal_deliver(void)
{
    struct signal_state *s = &signal_state;
    uint64_t ready;
    bool ran = false;
    bool restart = true;

    signal_collect();
    while ((ready = s->pending & ~s->blocked & ~s->waited) != 0) {
        if (ready & FAULTS)
            ready &= FAULTS;
        ran |= act(__builtin_ctzll(ready) + 1, &restart);
    }
    if (ran)
        s->restart = restart;
    return ran;
}

void signal_raise(int sig)
{
    (void)signal_send(sig, SI_USER);
    signal_deliver();
}

bool signal_restart(void)
{
    return signal_state.restart;
}

bool signal_awaited(void)
{
    struct signal_state *s = &signal_state;

    for (int sig = 1; sig <= SIGNALS; sig++)
        if ((s->handled & ~s->blocked & signal_bit(sig)) &&
            s->action[sig - 1].handler != (void *)SIG_IGN)
            return true;
    return s->waited != 0;
}

void signal_mask_begin(uint64_t set)
{
    signal_state.saved_mask = signal_state.blocked;
    signal_state.suspended = true;
    signal_set_mask(set);
}

void signal_mask_end(void)
{
    if (signal_state.suspended) {
        signal_state.suspended = false;
        signal_set_mask(signal_state.saved_mask);
    }
    signal_deliver();
}
