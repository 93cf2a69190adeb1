/* SPDX-License-Identifier: MIT
 *
 * Signals to itself: actions, masks, pending ones, siginfo, alternate stack, jumps out of handlers.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include "calls.h"

static volatile sig_atomic_t count, last, depth, deepest;
static volatile int code, sender_is_self, on_alternate;
static char alternate[65536];

static void note(int sig)
{
    count++;
    last = sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
    char here;
    note(sig);
    code = info->si_code;
    sender_is_self = info->si_pid == getpid() && info->si_signo == sig && context != NULL;
    on_alternate = &here >= alternate && &here < alternate + sizeof(alternate);
}

static void nest(int sig)
{
    note(sig);
    if (++depth > deepest)
        deepest = depth;
    if (count < 3)
        raise(sig);
    depth--;
}

static void act(int sig, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&sa.sa_mask);
    need(sigaction(sig, &sa, NULL) == 0, "sigaction");
}

static void show(const char *what)
{
    printf("%s: %d handled, last %d\n", what, count, last);
    count = last = 0;
}

static void actions(void)
{
    struct sigaction old, sa = {.sa_handler = note, .sa_flags = SA_RESTART};
    T(sigaction(SIGUSR1, &sa, NULL));
    T(sigaction(SIGUSR1, NULL, &old));
    IS(old.sa_handler == note && (old.sa_flags & SA_RESTART));
    T(raise(SIGUSR1));
    show("raise");
    T(kill(getpid(), SIGUSR1));
    show("kill");
    T(kill(getpid(), 0));
    T(kill(getpid(), 99));
    T(kill(0, 0));
    T(sigaction(SIGKILL, &sa, NULL));
    T(sigaction(SIGSTOP, &sa, NULL));
    T(sigaction(0, &sa, NULL));
    T(sigaction(65, &sa, NULL));
    T(sigaction(SIGKILL, NULL, &old));
    IS(signal(SIGUSR2, SIG_IGN) == SIG_DFL);
    T(raise(SIGUSR2));
    IS(signal(SIGUSR2, note) == SIG_IGN);
    T(raise(SIGUSR2));
    show("signal");
    IS(signal(SIGUSR2, SIG_DFL) == note);
    T(raise(SIGCHLD));
    T(raise(SIGWINCH));
    T(raise(SIGURG));
    act(SIGUSR1, note, SA_RESETHAND);
    T(raise(SIGUSR1));
    show("reset");
    T(sigaction(SIGUSR1, NULL, &old));
    IS(old.sa_handler == SIG_DFL);
    act(SIGUSR1, nest, 0);
    T(raise(SIGUSR1));
    show("blocked in its handler");
    printf("deepest %d\n", deepest);
    deepest = depth = 0;
    act(SIGUSR1, nest, SA_NODEFER);
    T(raise(SIGUSR1));
    show("nested");
    printf("deepest %d\n", deepest);
}

static void masks(void)
{
    sigset_t set, old, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    act(SIGUSR1, note, 0);
    act(SIGRTMIN + 1, note, 0);
    T(sigprocmask(SIG_BLOCK, &set, &old));
    T(sigismember(&old, SIGUSR1));
    T(raise(SIGUSR1));
    T(raise(SIGUSR1));
    show("while blocked");
    T(sigpending(&pending));
    T(sigismember(&pending, SIGUSR1));
    T(sigismember(&pending, SIGUSR2));
    T(sigprocmask(SIG_UNBLOCK, &set, NULL));
    show("after unblocking");
    T(sigprocmask(77, &set, NULL));
    sigfillset(&set);
    T(sigprocmask(SIG_SETMASK, &set, NULL));
    T(sigprocmask(SIG_SETMASK, NULL, &old));
    T(sigismember(&old, SIGKILL));
    T(sigismember(&old, SIGTERM));
    T(raise(SIGUSR1));
    sigset_t none;
    sigemptyset(&none);
    T(sigsuspend(&none));
    show("sigsuspend");
    T(raise(SIGUSR1));
    act(SIGUSR1, SIG_IGN, 0);
    T(sigpending(&pending));
    T(sigismember(&pending, SIGUSR1));
    T(sigprocmask(SIG_SETMASK, &none, NULL));
    show("ignored while pending");
    T(sigaddset(&none, 0));
    T(sigaddset(&none, 65));
}

static void waiting(void)
{
    sigset_t set;
    siginfo_t info;
    int sig = 0;
    struct timespec zero = {0, 0}, some = {0, 20000000}, bad = {0, -1};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    act(SIGUSR1, note, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    T(sigtimedwait(&set, &info, &zero));
    T(sigtimedwait(&set, &info, &some));
    T(sigtimedwait(&set, &info, &bad));
    T(raise(SIGUSR2));
    T(sigtimedwait(&set, &info, &some) == SIGUSR2);
    IS(info.si_signo == SIGUSR2 && info.si_pid == getpid());
    T(raise(SIGUSR1));
    T(sigwait(&set, &sig));
    IS(sig == SIGUSR1);
    T(raise(SIGUSR1));
    T(sigwaitinfo(&set, NULL) == SIGUSR1);
    show("none handled");
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void information(void)
{
    struct sigaction sa = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)}, old;
    stack_t small = {.ss_sp = alternate, .ss_size = 100};
    T(sigaltstack(NULL, &old));
    IS(old.ss_flags == SS_DISABLE);
    T(sigaltstack(&small, NULL));
    T(sigaltstack(&stack, NULL));
    T(sigaltstack(NULL, &old));
    IS(old.ss_sp == alternate && old.ss_flags == 0);
    T(sigaction(SIGUSR1, &sa, NULL));
    T(kill(getpid(), SIGUSR1));
    printf("code %d, self %d, alternate %d\n", code, sender_is_self, on_alternate);
    T(raise(SIGUSR1));
    printf("code %d, self %d, alternate %d\n", code, sender_is_self, on_alternate);
    sa.sa_flags = SA_SIGINFO;
    T(sigaction(SIGUSR1, &sa, NULL));
    T(raise(SIGUSR1));
    printf("alternate %d\n", on_alternate);
    stack.ss_flags = SS_DISABLE;
    T(sigaltstack(&stack, NULL));
    count = last = 0;
}

static sigjmp_buf back;

static void jump(int sig)
{
    siglongjmp(back, sig);
}

static void jumping(void)
{
    sigset_t now;
    act(SIGUSR1, jump, 0);
    for (volatile int i = 0; i < 3; i++)
        if (sigsetjmp(back, 1) == 0) {
            raise(SIGUSR1);
            printf("not reached\n");
        }
    sigprocmask(SIG_SETMASK, NULL, &now);
    T(sigismember(&now, SIGUSR1));
    if (sigsetjmp(back, 0) == 0)
        raise(SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &now);
    T(sigismember(&now, SIGUSR1));
    sigemptyset(&now);
    sigprocmask(SIG_SETMASK, &now, NULL);
}

static volatile int rounds;

static void round_down(int sig)
{
    (void)sig;
    rounds = fegetround();
    fesetround(FE_DOWNWARD);
}

/* A handler has a floating-point environment of its own. */
static void rounding(void)
{
    signal(SIGUSR1, round_down);
    fesetround(FE_UPWARD);
    raise(SIGUSR1);
    IS(rounds == FE_TONEAREST);
    IS(fegetround() == FE_UPWARD);
    fesetround(FE_TONEAREST);
}

/* What may be claimed to another process, which need not be there; and policies that are known. */
static void elsewhere(void)
{
    siginfo_t info = {.si_code = SI_USER};
    const pid_t none = 999999;

    T(syscall(SYS_rt_sigqueueinfo, none, 0, &info));
    T(syscall(SYS_rt_tgsigqueueinfo, none, none, 0, &info));
    info.si_code = SI_TKILL;
    T(syscall(SYS_rt_sigqueueinfo, none, 0, &info));
    T(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
    info.si_code = SI_QUEUE;
    T(syscall(SYS_rt_sigqueueinfo, none, 0, &info));
    T(syscall(SYS_rt_sigqueueinfo, none, 0, 8));
    T(syscall(SYS_sched_get_priority_max, 6));
    T(syscall(SYS_sched_get_priority_min, 6));
    T(syscall(SYS_sched_get_priority_max, 4));
}

int main(void)
{
    actions();
    masks();
    waiting();
    information();
    jumping();
    rounding();
    elsewhere();
    return 0;
}
