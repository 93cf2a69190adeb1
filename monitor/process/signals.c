/* SPDX-License-Identifier: MIT
 *
 * Signal handling. All handlers run on the alternate stack, as the guest may be interrupted
 * anywhere, its stack exhausted.
 *
 * States: loading (the guest has not run yet), running, reporting. */
#include "monitor/process/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/core/sys.h"
#include "monitor/core/crash.h"
#include "monitor/core/upcall.h"
#include "monitor/process/guest.h"

#define STACK_LEN (64u << 10)
#define TICK_NS   5000000

/* The kernel's struct sigaction. */
struct kernel_sigaction {
    void (*handler)(int, const siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* entry.S */
extern const char wait_call_check[], wait_call_made[], wait_call_abort[];
extern const char probe_load[], probe_failed[];
void signal_return(void);

static void on_signal(int sig, const siginfo_t *info, void *context);

static struct machine *machine;
static bool loading = true, guest_faults;
static int reporting; /* the signal whose report is being written, or 0 */
static uint64_t
    ignored; /* bit N-1: signal N was ignored when the monitor was started, as nohup does */
static uint64_t timeout; /* in microseconds */

/* The stack of handlers. "common": behind all other data, so that what is in use stays on few
 * pages. */
extern char signals_stack[STACK_LEN];
char signals_stack[STACK_LEN] __attribute__((common, aligned(16)));

static uint64_t bit(int sig)
{
    return 1ull << (sig - 1);
}

/* Nested faults must arrive as well, so nothing is blocked during a handler. */
static bool handle(int sig)
{
    struct kernel_sigaction act = {
        on_signal, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | (unsigned)SA_RESTORER, signal_return, 0};
    struct kernel_sigaction old = {0};
    sys4(SYS_rt_sigaction, sig, (long)&act, (long)&old, sizeof(act.mask));
    return old.handler == (void *)SIG_IGN;
}

__attribute__((noreturn)) void signals_die(const struct machine *m, int sig)
{
    static const struct kernel_sigaction by_default;
    if (sig >= 1 && sig <= 64 && (m->die_signals & bit(sig)))
        sys4(SYS_rt_sigaction, sig, (long)&by_default, 0, sizeof(by_default.mask));
    if (sig == SIGKILL || (sig >= 1 && sig <= 64 && (m->die_signals & bit(sig))))
        sys3(SYS_tgkill, m->pid, m->pid, sig);
    _exit(128 + sig);
}

void signals_report_begin(int sig)
{
    reporting = sig;
}

/* Continues at (target) when the handler returns. */
static void redirect(ucontext_t *context, const char *target)
{
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)target;
}

/* The fault in the terms of a report. */
static struct crash_fault describe(int sig, const siginfo_t *info, const ucontext_t *context)
{
    static const uint8_t index[CRASH_REGS] = {
        REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL,
    };
    const greg_t *g = context->uc_mcontext.gregs;
    struct crash_fault f = {.sig = sig,
                            .vector = (unsigned)g[REG_TRAPNO],
                            .error = (unsigned)g[REG_ERR],
                            .addr = (uint64_t)info->si_addr,
                            .file_gone = sig == SIGBUS && info->si_code == BUS_ADRERR,
                            .call = info->si_syscall};
    for (unsigned i = 0; i < CRASH_REGS; i++)
        f.reg[i] = (uint64_t)g[index[i]];
    return f;
}

#define RFLAGS_CLEAR (1u << 8 | 1u << 10 | 1u << 18) /* TF, DF, AC */

/* Interrupts the guest, if it wants to be: abi/upcall.h. Not while this is not the guest that runs:
 * its registers are then the monitor's. */
static bool upcall(ucontext_t *context, unsigned vector, unsigned error, uint64_t addr)
{
    greg_t *g = context->uc_mcontext.gregs;
    struct pith_upcall_frame at = {.rip = (uint64_t)g[REG_RIP],
                                   .rsp = (uint64_t)g[REG_RSP],
                                   .rflags = (uint64_t)g[REG_EFL],
                                   .vector = vector,
                                   .error = error,
                                   .addr = addr};
    uint64_t rip, rsp;
    if (!guest_faults || !upcall_begin(machine, &at, &rip, &rsp))
        return false;
    g[REG_RIP] = (greg_t)rip;
    g[REG_RSP] = (greg_t)rsp;
    g[REG_EFL] &= ~(greg_t)RFLAGS_CLEAR;
    return true;
}

static void tick(ucontext_t *context)
{
    (void)upcall(context, PITH_UPCALL_NO_FAULT, 0, 0);
}

static void fault(int sig, const siginfo_t *info, ucontext_t *context)
{
    uint64_t rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    if (info->si_code <= 0) /* sent by a process: no fault */
        signals_die(machine, sig);
    if (rip == (uint64_t)probe_load) {
        redirect(context, probe_failed);
        return;
    }
    const greg_t *g = context->uc_mcontext.gregs;
    if (sig != SIGSYS && !reporting && !loading &&
        upcall(context, (unsigned)g[REG_TRAPNO], (unsigned)g[REG_ERR], (uint64_t)info->si_addr))
        return;
    if (reporting) {
        say("a second fault, signal %d, while reporting the first: the report ends here", sig);
        _exit(128 + reporting);
    }
    reporting = sig;
    if (!loading)
        guest_take_thread_pointer();
    if (loading && sig == SIGBUS) {
        say("%s: the file was changed or cut short while it was being loaded", machine->name);
        _exit(126);
    }
    if (!guest_faults) {
        say("a fault in the monitor itself, signal %d at 0x%lx: please report this", sig,
            (unsigned long)rip);
        _exit(125);
    }
    struct crash_fault f = describe(sig, info, context);
    crash_report_fault(machine, &f);
    _exit(128 + sig);
}

static void time_is_up(void)
{
    guest_take_thread_pointer();
    say("%s: time is up after %lu.%03lu seconds", machine->name, (unsigned long)(timeout / 1000000),
        (unsigned long)(timeout / 1000 % 1000));
    _exit(124);
}

static void host_signal(int sig, ucontext_t *context)
{
    struct pith_shared *shared = machine->shared;
    uint64_t rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    if (__atomic_load_n(&shared->caught, __ATOMIC_RELAXED) & bit(sig)) {
        __atomic_fetch_or(&shared->pending, bit(sig), __ATOMIC_RELAXED);
        /* About to wait: the check has been made already, the system call not. */
        if (rip >= (uint64_t)wait_call_check && rip < (uint64_t)wait_call_made)
            redirect(context, wait_call_abort);
        tick(context);
        return;
    }
    if ((ignored & bit(sig)) || sig == SIGCONT || sig == SIGWINCH)
        return;
    signals_die(machine, sig);
}

static void on_signal(int sig, const siginfo_t *info, void *context)
{
    switch (sig) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
        fault(sig, info, context);
        break;
    case SIGALRM:
        time_is_up();
        break;
    case SIGVTALRM:
        tick(context);
        break;
    default:
        host_signal(sig, context);
        break;
    }
}

void signals_catch_faults(struct machine *m)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    const stack_t stack = {.ss_sp = signals_stack, .ss_size = sizeof(signals_stack)};
    machine = m;
    sigaltstack(&stack, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(faults); i++)
        handle(faults[i]);
}

/* SIGALRM brings the message. A hostile guest can block it (a forged signal frame sets the mask),
 * so SIGKILL follows a second later. */
static void start_timeout(void)
{
    struct itimerval alarm_at = {{0, 0}, {(time_t)(timeout / 1000000), (long)(timeout % 1000000)}};
    struct itimerspec kill_at = {
        {0, 0}, {(time_t)(timeout / 1000000) + 1, (long)(timeout % 1000000) * 1000}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    timer_t timer;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    handle(SIGALRM);
    if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
        timer_settime(timer, 0, &kill_at, NULL);
    setitimer(ITIMER_REAL, &alarm_at, NULL);
}

/* Ticks for a guest that wants upcalls, by the processor time that it uses: one that waits is not
 * disturbed. */
static void start_ticks(void)
{
    static const struct itimerspec period = {{0, TICK_NS}, {0, TICK_NS}};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
    timer_t timer;

    handle(SIGVTALRM);
    if (!timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer))
        timer_settime(timer, 0, &period, NULL);
}

static const int passed_on[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGTERM, SIGCONT, SIGWINCH};

uint64_t signals_passed_on(void)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < ARRAY_LEN(passed_on); i++)
        set |= bit(passed_on[i]);
    return set;
}

void signals_pass_on(uint64_t set)
{
    static uint64_t handled;
    for (unsigned i = 0; i < ARRAY_LEN(passed_on); i++)
        if ((set & ~handled & bit(passed_on[i])) && handle(passed_on[i]))
            ignored |= bit(passed_on[i]);
    handled |= set;
}

void signals_start(uint64_t timeout_us)
{
    static const struct kernel_sigaction ignore = {(void *)SIG_IGN, 0, NULL, 0};
    loading = false;
    guest_faults = machine->backend->in_process;
    /* A closed pipe is an error of the write: the guest is told so, and decides. */
    sys4(SYS_rt_sigaction, SIGPIPE, (long)&ignore, 0, sizeof(ignore.mask));
    if (machine->image.upcalls)
        start_ticks();
    timeout = timeout_us;
    if (timeout)
        start_timeout();
}
