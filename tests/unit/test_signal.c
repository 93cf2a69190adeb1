/* SPDX-License-Identifier: MIT
 *
 * Signals of the host and their effect on waits; what programs can see of signals to themselves is
 * compared with Linux by tests/system/calls.
 *
 * sources: libos/posix/signal.c libos/posix/signal_pending.c libos/posix/signal_deliver.c
 * sources: tests/unit/fake_mm.c libos/thread/wait.c
 * sources: libos/thread/thread.c
 * sources: tests/unit/fake_plat.c
 * uses:    thread time posix arch mm */
#include <errno.h>
#include <time.h>

#include "unit.h"
#include "arch/cpu.h"
#include "fake_plat.h"
#include "iface/signal.h"
#include "iface/wait.h"
#include "pith_calls.h"
#include "posix/signal.h"
#include "thread/upcall.h"
#include "iface/hold.h"

/* Nothing is interrupted here. */
void signal_enter(struct cpu_context *c)
{
    (void)c;
}

/* The host build has no assembly; alternate stacks are tested in images. */
void cpu_call_on_stack(void *sp, void (*fn)(void *), void *arg)
{
    (void)sp;
    fn(arg);
}

/* Nobody interrupts the host build; what is noted is done at the end of each call. */
void upcall_start(void)
{
}

void hold_work(void)
{
    do {
        plat_hold = 1;
        signal_check();
    } while (--plat_hold != 0);
}

static int ran[8], count;
static uint64_t mask_in_handler;

static void handler(int sig, siginfo_t *info, void *context)
{
    (void)context;
    assert_int_equal(info->si_signo, sig);
    ran[count++ % 8] = sig;
    mask_in_handler = thread_main.signals.blocked;
}

static void act(int sig, void (*fn)(int, siginfo_t *, void *), unsigned long flags)
{
    struct signal_action a = {.handler = fn, .flags = flags};
    assert_int_equal(pith_sys_rt_sigaction(sig, (long)&a, 0, 8), 0);
}

static void change_mask(int how, uint64_t set)
{
    assert_int_equal(pith_sys_rt_sigprocmask(how, (long)&set, 0, 8), 0);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    thread_start();
    memset(&signal_state, 0, sizeof(signal_state));
    memset(&thread_main.signals, 0, sizeof(thread_main.signals));
    plat_hold = 0;
    count = 0;
    return 0;
}

#define BIT(sig) (1ull << ((sig)-1))

static void caught_set_follows(void **state)
{
    (void)state;
    act(SIGTERM, handler, 0);
    assert_int_equal(fake.caught, BIT(SIGTERM));
    act(SIGINT, (void *)SIG_IGN, 0);
    change_mask(SIG_BLOCK, BIT(SIGHUP) | BIT(SIGKILL) | BIT(SIGSTOP));
    assert_int_equal(fake.caught, BIT(SIGTERM) | BIT(SIGINT) | BIT(SIGHUP));
    act(SIGTERM, (void *)SIG_DFL, 0);
    change_mask(SIG_SETMASK, 0);
    /* What was blocked once is caught for good: the default action is then taken here. */
    assert_int_equal(fake.caught, BIT(SIGINT) | BIT(SIGHUP));
}

static void host_signals_run_handlers(void **state)
{
    (void)state;
    act(SIGTERM, handler, 0);
    act(SIGUSR1, handler, 0);
    fake.pending = BIT(SIGTERM) | BIT(SIGUSR1);
    assert_true(signal_check());
    assert_int_equal(count, 2);
    /* The later one interrupts the earlier one before it begins, as on Linux. */
    assert_int_equal(ran[0], SIGTERM);
    assert_int_equal(ran[1], SIGUSR1);
    assert_int_equal(thread_main.signals.blocked, 0);
    assert_false(signal_check());
}

static void host_signals_wait_while_blocked(void **state)
{
    uint64_t pending;

    (void)state;
    act(SIGTERM, handler, 0);
    change_mask(SIG_BLOCK, BIT(SIGTERM));
    fake.pending = BIT(SIGTERM);
    assert_false(signal_check());
    assert_int_equal(pith_sys_rt_sigpending((long)&pending, 8), 0);
    assert_int_equal(pending, BIT(SIGTERM));
    change_mask(SIG_UNBLOCK, BIT(SIGTERM));
    assert_int_equal(count, 1);
    assert_true(mask_in_handler & BIT(SIGTERM));
}

static void default_actions(void **state)
{
    static const int cores[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};

    (void)state;
    static int sig; /* static: outlives FAKE_ENDS's longjmp */
    static bool core;
    for (sig = 1; sig <= SIGNALS; sig++) {
        core = false;
        for (size_t i = 0; i < ARRAY_LEN(cores); i++)
            core |= cores[i] == sig;
        setup(state);
        bool dies = FAKE_ENDS((signal_raise(sig), signal_check()), FAKE_DIED);
        bool crashes = fake.ended == FAKE_CRASHED;
        bool stops = sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
        bool nothing = sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH;
        assert_int_equal(crashes, core);
        assert_int_equal(dies, !core && !stops && !nothing);
        assert_int_equal(fake.log_len > 0, stops);
        if (dies || crashes)
            assert_int_equal(fake.status, sig);
    }
}

static void waits_are_interrupted(void **state)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    (void)state;
    act(SIGTERM, handler, 0);
    fake.pending = BIT(SIGTERM);
    assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), -EINTR);
    assert_false(signal_restarts());
    act(SIGTERM, handler, SA_RESTART);
    fake.pending = BIT(SIGTERM);
    assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), -EINTR);
    assert_true(signal_restarts());
    /* One handler without SA_RESTART is enough. */
    act(SIGUSR1, handler, 0);
    fake.pending = BIT(SIGTERM) | BIT(SIGUSR1);
    assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), -EINTR);
    assert_false(signal_restarts());
}

/* A signal arrives during the wait, from the host. */
static int poll_signal(nsec_t deadline)
{
    (void)deadline;
    fake.pending = BIT(fake.polls == 1 ? SIGUSR1 : SIGTERM);
    return -EINTR;
}

static void ignored_signals_do_not_interrupt(void **state)
{
    struct wait_queue q = WAIT_QUEUE_EXTERNAL_INIT;

    (void)state;
    act(SIGUSR1, (void *)SIG_IGN, 0);
    act(SIGTERM, handler, 0);
    fake.poll = poll_signal;
    assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), -EINTR);
    assert_int_equal(count, 0);
    assert_false(signal_restarts());
    assert_int_equal(fake.polls, 2);
    assert_int_equal(count, 1);
}

/* Waiting for ever is a deadlock only while no handler could end it. */
static void deadlock_with_and_without_handlers(void **state)
{
    struct wait_queue q = WAIT_QUEUE_INIT;

    (void)state;
    act(SIGUSR1, (void *)SIG_IGN, 0);
    assert_true(
        FAKE_ENDS(assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), 1), FAKE_CRASHED));
    act(SIGTERM, handler, 0);
    change_mask(SIG_BLOCK, BIT(SIGTERM));
    assert_true(
        FAKE_ENDS(assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), 1), FAKE_CRASHED));
    change_mask(SIG_SETMASK, 0);
    fake.polls = 1;
    fake.poll = poll_signal;
    assert_int_equal(wait_sleep(&q, DEADLINE_NEVER, "test"), -EINTR);
    assert_true(signal_check());
}

static void sigsuspend_swaps_the_mask(void **state)
{
    uint64_t none = 0;

    (void)state;
    act(SIGTERM, handler, 0);
    change_mask(SIG_BLOCK, BIT(SIGTERM) | BIT(SIGHUP));
    fake.pending = BIT(SIGTERM);
    assert_int_equal(pith_sys_rt_sigsuspend((long)&none, 8), -EINTR);
    assert_int_equal(count, 1);
    assert_int_equal(mask_in_handler, BIT(SIGTERM));
    assert_int_equal(thread_main.signals.blocked, BIT(SIGTERM) | BIT(SIGHUP));
}

static void sigtimedwait_takes(void **state)
{
    uint64_t set = BIT(SIGTERM) | BIT(SIGUSR2);
    struct timespec ts = {1, 0};
    siginfo_t info;

    (void)state;
    assert_int_equal(pith_sys_rt_sigtimedwait((long)&set, (long)&info, (long)&ts, 8), -EAGAIN);
    assert_int_equal(fake.now, 2 * NSEC_PER_SEC);
    change_mask(SIG_BLOCK, set);
    fake.poll = poll_signal;
    fake.polls = 1;
    assert_int_equal(pith_sys_rt_sigtimedwait((long)&set, (long)&info, 0, 8), SIGTERM);
    assert_int_equal(info.si_signo, SIGTERM);
    assert_int_equal(signal_pending_set(), 0);
    /* Another signal's handler ends the wait. */
    act(SIGUSR1, handler, SA_RESTART);
    fake.polls = 0;
    assert_int_equal(pith_sys_rt_sigtimedwait((long)&set, (long)&info, 0, 8), -EINTR);
    ts.tv_nsec = -1;
    assert_int_equal(pith_sys_rt_sigtimedwait((long)&set, 0, (long)&ts, 8), -EINVAL);
}

static void realtime_signals_queue(void **state)
{
    (void)state;
    act(40, handler, 0);
    act(SIGUSR1, handler, 0);
    change_mask(SIG_BLOCK, BIT(40) | BIT(SIGUSR1));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pith_sys_kill(1, 40), 0);
        assert_int_equal(pith_sys_kill(0, SIGUSR1), 0);
    }
    change_mask(SIG_SETMASK, 0);
    assert_int_equal(count, 4);
}

static void recipients(void **state)
{
    (void)state;
    act(SIGUSR1, handler, 0);
    assert_int_equal(pith_sys_kill(1, SIGUSR1), 0);
    assert_int_equal(pith_sys_kill(0, SIGUSR1), 0);
    assert_int_equal(pith_sys_kill(-1, SIGUSR1), 0);
    assert_int_equal(pith_sys_tkill(1, SIGUSR1), 0);
    assert_int_equal(pith_sys_tgkill(1, 1, SIGUSR1), 0);
    assert_int_equal(count, 5);
    assert_int_equal(pith_sys_kill(1, 0), 0);
    assert_int_equal(pith_sys_kill(2, SIGUSR1), -ESRCH);
    assert_int_equal(pith_sys_kill(-2, SIGUSR1), -ESRCH);
    assert_int_equal(pith_sys_kill(1, 65), -EINVAL);
    assert_int_equal(pith_sys_kill(1, -1), -EINVAL);
    assert_int_equal(pith_sys_tkill(0, SIGUSR1), -EINVAL);
    assert_int_equal(pith_sys_tkill(2, SIGUSR1), -ESRCH);
    assert_int_equal(pith_sys_tgkill(2, 1, SIGUSR1), -ESRCH);
    assert_int_equal(pith_sys_tgkill(0, 1, SIGUSR1), -EINVAL);
}

static void action_arguments(void **state)
{
    struct signal_action a = {.handler = handler, .flags = ~0ul, .mask = ~0ull}, old;

    (void)state;
    assert_int_equal(pith_sys_rt_sigaction(0, 0, 0, 8), -EINVAL);
    assert_int_equal(pith_sys_rt_sigaction(65, 0, 0, 8), -EINVAL);
    assert_int_equal(pith_sys_rt_sigaction(SIGTERM, 0, 0, 16), -EINVAL);
    assert_int_equal(pith_sys_rt_sigaction(SIGKILL, (long)&a, 0, 8), -EINVAL);
    assert_int_equal(pith_sys_rt_sigaction(SIGSTOP, (long)&a, 0, 8), -EINVAL);
    assert_int_equal(pith_sys_rt_sigaction(SIGKILL, 0, (long)&old, 8), 0);
    assert_int_equal(pith_sys_rt_sigaction(SIGTERM, (long)&a, 0, 8), 0);
    assert_int_equal(pith_sys_rt_sigaction(SIGTERM, 0, (long)&old, 8), 0);
    assert_ptr_equal(old.handler, handler);
    assert_int_equal(old.mask, ~(BIT(SIGKILL) | BIT(SIGSTOP)));
    assert_int_equal(old.flags & 0x400, 0); /* SA_UNSUPPORTED: cleared, as programs test for */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(caught_set_follows, setup),
        cmocka_unit_test_setup(host_signals_run_handlers, setup),
        cmocka_unit_test_setup(host_signals_wait_while_blocked, setup),
        cmocka_unit_test_setup(default_actions, setup),
        cmocka_unit_test_setup(waits_are_interrupted, setup),
        cmocka_unit_test_setup(ignored_signals_do_not_interrupt, setup),
        cmocka_unit_test_setup(deadlock_with_and_without_handlers, setup),
        cmocka_unit_test_setup(sigsuspend_swaps_the_mask, setup),
        cmocka_unit_test_setup(sigtimedwait_takes, setup),
        cmocka_unit_test_setup(realtime_signals_queue, setup),
        cmocka_unit_test_setup(recipients, setup),
        cmocka_unit_test_setup(action_arguments, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
