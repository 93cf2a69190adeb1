/* SPDX-License-Identifier: MIT
 *
 * Calls that libc does not wrap, or wraps so that their edges do not show: futex, prctl, robust
 * lists, personality, signal calls with their raw arguments. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include "calls.h"

static void futex(void)
{
    uint32_t words[2] = {5, 6};
    struct timespec bad = {0, 1000000000}, brief = {0, 1000000}, past = {1, 0};

    T(syscall(SYS_futex, words, FUTEX_WAIT, 4, NULL, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAIT, 5, &brief, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, &brief, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAIT, 5, &bad, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAIT_BITSET, 5, &past, NULL, 1));
    T(syscall(SYS_futex, words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &past, NULL, 1));
    T(syscall(SYS_futex, words, FUTEX_WAIT_BITSET, 5, &past, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAKE, 1, NULL, NULL, 0));
    T(syscall(SYS_futex, (char *)words + 1, FUTEX_WAKE, 1, NULL, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    T(syscall(SYS_futex, words, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 4));
    T(syscall(SYS_futex, words, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 5));
    T(syscall(SYS_futex, words, FUTEX_REQUEUE, 1, -1, words + 1, 0));
    T(syscall(SYS_futex, words, 99, 0, NULL, NULL, 0));
}

static void attributes(void)
{
    int value = -1;
    char name[17] = "";

    T(prctl(PR_SET_NAME, "abc"));
    T(prctl(PR_GET_NAME, name));
    IS(!strcmp(name, "abc"));
    T(prctl(PR_SET_PDEATHSIG, 65));
    T(prctl(PR_SET_PDEATHSIG, SIGTERM));
    T(prctl(PR_GET_PDEATHSIG, &value));
    IS(value == SIGTERM);
    T(prctl(PR_SET_PDEATHSIG, 0));
    T(prctl(PR_SET_DUMPABLE, 7));
    T(prctl(PR_SET_DUMPABLE, 0));
    T(prctl(PR_GET_DUMPABLE));
    T(prctl(PR_SET_DUMPABLE, 1));
    T(prctl(PR_GET_DUMPABLE));
    T(prctl(PR_SET_KEEPCAPS, 2));
    T(prctl(PR_SET_KEEPCAPS, 1));
    T(prctl(PR_GET_KEEPCAPS));
    T(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
    T(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    T(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    T(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    T(prctl(PR_SET_CHILD_SUBREAPER, 5));
    T(prctl(PR_GET_CHILD_SUBREAPER, &value));
    IS(value == 1);
    T(prctl(PR_SET_TIMERSLACK, 1000));
    T(prctl(PR_GET_TIMERSLACK));
    T(prctl(PR_CAPBSET_READ, 63));
}

static void lists(void)
{
    long head[3] = {0};
    void *got = NULL;
    size_t size = 0;

    T(syscall(SYS_set_robust_list, head, 23));
    T(syscall(SYS_set_robust_list, head, sizeof(head)));
    T(syscall(SYS_get_robust_list, 0, &got, &size));
    IS(got == head && size == 24);
    IS(syscall(SYS_set_tid_address, head) == getpid());
    T(syscall(SYS_set_robust_list, NULL, sizeof(head)));
}

static void kinds(void)
{
    T(personality(0xffffffff));
    T(personality(ADDR_NO_RANDOMIZE));
    T(personality(0xffffffff));
    T(personality(0));
}

static volatile int ran;
static stack_t in_handler;

static void handler(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *c = context;
    uint64_t mask;
    memcpy(&mask, &c->uc_sigmask, sizeof(mask));
    printf("handler %d %d, mask before %llx\n", sig, info->si_signo, (unsigned long long)mask);
    sigaltstack(NULL, &in_handler);
    ran++;
}

static void signal_calls(void)
{
    uint64_t set = 1ull << (SIGUSR1 - 1), old = 0;
    char raw[32] = {0};

    T(syscall(SYS_rt_sigprocmask, 77, &set, &old, 8));
    T(syscall(SYS_rt_sigprocmask, 77, NULL, &old, 8));
    T(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 4));
    T(syscall(SYS_rt_sigaction, SIGUSR1, NULL, raw, 16));
    T(syscall(SYS_rt_sigaction, 65, NULL, raw, 8));
    T(syscall(SYS_rt_sigaction, SIGKILL, raw, NULL, 8));
    T(syscall(SYS_rt_sigpending, &old, 9));
    T(syscall(SYS_rt_sigsuspend, &set, 4));
    T(syscall(SYS_tkill, -1, SIGUSR1));
    T(syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
    T(syscall(SYS_tgkill, getpid(), getpid(), 65));
    T(kill(getpid(), -1));
    T(kill(99999999, 0));
}

/* SS_AUTODISARM, which libc's header may not name. */
static void autodisarm(void)
{
    static char stack[16384];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack), .ss_flags = (int)(1u << 31)}, now;
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaddset(&sa.sa_mask, SIGUSR2);
    T(sigaltstack(&alt, NULL));
    T(sigaction(SIGUSR1, &sa, NULL));
    T(kill(getpid(), SIGUSR1));
    IS(in_handler.ss_flags == SS_DISABLE);
    T(sigaltstack(NULL, &now));
    IS(now.ss_sp == stack && (unsigned)now.ss_flags == 1u << 31);
    IS(ran == 1);
    alt.ss_flags = 3;
    T(syscall(SYS_sigaltstack, &alt, NULL));
}

/* What a handler leaves in the context's mask stays. */
static void leave_blocked(int sig, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    (void)sig, (void)info;
    sigaddset(&c->uc_sigmask, SIGUSR2);
}

static void mask_from_context(void)
{
    struct sigaction sa = {.sa_sigaction = leave_blocked, .sa_flags = SA_SIGINFO};
    sigset_t now;

    T(sigaction(SIGUSR1, &sa, NULL));
    T(kill(getpid(), SIGUSR1));
    T(sigprocmask(SIG_SETMASK, NULL, &now));
    IS(sigismember(&now, SIGUSR2));
    IS(!sigismember(&now, SIGUSR1));
}

int main(void)
{
    futex();
    attributes();
    lists();
    kinds();
    signal_calls();
    autodisarm();
    mask_from_context();
    return 0;
}
