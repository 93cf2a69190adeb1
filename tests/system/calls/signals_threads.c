/* SPDX-License-Identifier: MIT
 *
 * Signals between threads: masks, who gets them, waiting for them, values, alternate stacks,
 * leaving handlers, and which calls end with EINTR.
 *
 */
#define _GNU_SOURCE
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "pthreads.h"

static volatile int count, code, value, in;
static volatile pthread_t handled_by;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)context;
    code = info->si_code;
    value = info->si_value.sival_int;
    handled_by = pthread_self();
    __atomic_add_fetch(&count, sig == info->si_signo, __ATOMIC_SEQ_CST);
}

static void handle(int sig, int flags)
{
    struct sigaction sa = {.sa_flags = flags | SA_SIGINFO, .sa_sigaction = note};

    need(sigaction(sig, &sa, NULL) == 0, "sigaction");
}

static void block(int sig)
{
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, sig);
    need_ok(pthread_sigmask(SIG_BLOCK, &mask, NULL), "sigmask");
}

static void unblock(int sig)
{
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, sig);
    need_ok(pthread_sigmask(SIG_UNBLOCK, &mask, NULL), "sigmask");
}

static bool is_blocked(int sig)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, sig);
}

static bool is_pending(int sig)
{
    sigset_t mask;

    sigpending(&mask);
    return sigismember(&mask, sig);
}

static void *masks_of_new(void *arg)
{
    bool inherited = is_blocked(SIGUSR1) && !is_blocked(SIGUSR2) && !is_pending(SIGUSR1);

    unblock(SIGUSR1);
    block(SIGUSR2);
    return (void *)(long)(inherited && arg);
}

static void masks(void)
{
    sigset_t mask;

    puts("- masks");
    handle(SIGUSR1, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    IS(is_pending(SIGUSR1));
    IS(join(start(masks_of_new, &mask)) != NULL); /* pending ones are not inherited */
    IS(is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
    IS(count == 0);
    unblock(SIGUSR1);
    IS(count == 1 && handled_by == pthread_self());
    sigemptyset(&mask);
    E(pthread_sigmask(99, &mask, NULL));
    E(pthread_sigmask(99, NULL, &mask));
    sigfillset(&mask);
    E(pthread_sigmask(SIG_SETMASK, &mask, NULL));
    IS(!is_blocked(SIGKILL) && !is_blocked(SIGSTOP) && is_blocked(SIGTERM));
    sigemptyset(&mask);
    E(pthread_sigmask(SIG_SETMASK, &mask, NULL));
}

static pid_t spinner;

static void *spin_until(void *arg)
{
    int n = (int)(long)arg;

    spinner = gettid();
    set(&in, 1);
    while (__atomic_load_n(&count, __ATOMIC_SEQ_CST) < n)
        sched_yield();
    return (void *)(long)(handled_by == pthread_self());
}

static void *sleep_until_end(void *arg)
{
    set(&in, 1);
    wait_for(arg, 1);
    return NULL;
}

static void directed(void)
{
    pthread_t t;
    volatile int end = 0;

    puts("- to a thread");
    count = in = 0;
    t = start(spin_until, (void *)1);
    wait_for(&in, 1);
    E(pthread_kill(t, 0));
    T(kill(spinner, 0));
    T(kill(-spinner, 0));
    T(kill(0x3fffffff, 99));
    E(pthread_kill(t, 99));
    E(pthread_kill(t, -1));
    E(pthread_kill(t, SIGUSR1));
    IS(join(t) != NULL);
    IS(code == SI_TKILL);
    count = 0;
    E(pthread_kill(pthread_self(), SIGUSR1));
    IS(count == 1 && handled_by == pthread_self());
    T(syscall(SYS_tgkill, getpid(), 0, SIGUSR1));
    T(syscall(SYS_tgkill, -1, getpid(), SIGUSR1));
    T(syscall(SYS_tkill, 0x3fffffff, SIGUSR1));

    puts("- to the process: a thread that does not block it");
    count = in = 0;
    t = start(spin_until, (void *)1);
    wait_for(&in, 1);
    block(SIGUSR1);
    T(kill(getpid(), SIGUSR1));
    IS(join(t) != NULL);
    IS(code == SI_USER);
    T(kill(getpid(), SIGUSR1));
    IS(count == 1 && is_pending(SIGUSR1)); /* everybody blocks it: it waits */
    in = 0;
    t = start(sleep_until_end, (void *)&end); /* inherits the mask */
    wait_for(&in, 1);
    IS(count == 1);
    unblock(SIGUSR1);
    IS(count == 2 && handled_by == pthread_self());
    set(&end, 1);
    join(t);
}

static void *wait_info(void *arg)
{
    siginfo_t info = {0};
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGRTMIN);
    sigaddset(&mask, SIGUSR2);
    set(&in, 1);
    int sig = sigwaitinfo(&mask, &info);
    *(siginfo_t *)arg = info;
    return (void *)(long)sig;
}

static void waiting(void)
{
    sigset_t mask;
    siginfo_t info;
    struct timespec ts = {0, 20000000}, none = {0, 0};
    int sig;
    pthread_t t;

    puts("- waiting for signals");
    block(SIGRTMIN);
    block(SIGUSR2);
    sigemptyset(&mask);
    sigaddset(&mask, SIGRTMIN);
    sigaddset(&mask, SIGUSR2);
    T(sigtimedwait(&mask, &info, &none));
    T(sigtimedwait(&mask, &info, &ts));
    ts.tv_nsec = 1000000000;
    T(sigtimedwait(&mask, &info, &ts));
    T(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 7}));
    T(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 8}));
    T(kill(getpid(), SIGUSR2));
    T(sigwaitinfo(&mask, &info) == SIGUSR2);
    IS(info.si_code == SI_USER && info.si_pid == getpid() && info.si_uid == getuid());
    T(sigwaitinfo(&mask, &info) == SIGRTMIN);
    IS(info.si_code == SI_QUEUE && info.si_value.sival_int == 7 && info.si_pid == getpid());
    T(sigwait(&mask, &sig));
    IS(sig == SIGRTMIN);
    T(sigtimedwait(&mask, NULL, &none));
    T(sigqueue(getpid(), 0, (union sigval){0}));
    T(sigqueue(getpid(), 99, (union sigval){0}));
    T(sigqueue(0x3fffffff, SIGUSR1, (union sigval){0}));

    set(&in, 0);
    t = start(wait_info, &info);
    wait_for(&in, 1);
    let_block();
    T(kill(getpid(), SIGUSR2));
    IS((long)join(t) == SIGUSR2 && info.si_signo == SIGUSR2 && info.si_code == SI_USER);
    set(&in, 0);
    t = start(wait_info, &info);
    wait_for(&in, 1);
    let_block();
    E(pthread_kill(t, SIGUSR2));
    IS((long)join(t) == SIGUSR2 && info.si_code == SI_TKILL);
    set(&in, 0);
    t = start(wait_info, &info);
    wait_for(&in, 1);
    let_block();
    T(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 99}));
    IS((long)join(t) == SIGRTMIN && info.si_value.sival_int == 99);

    /* A handler that runs meanwhile ends the wait. */
    handle(SIGUSR1, SA_RESTART);
    count = 0;
    set(&in, 0);
    t = start(wait_info, &info);
    wait_for(&in, 1);
    unblock(SIGUSR1);
    let_block();
    E(pthread_kill(t, SIGUSR2));
    join(t);
    unblock(SIGRTMIN);
    unblock(SIGUSR2);
}

static volatile int order[8], ordered;

static void note_order(int sig)
{
    order[ordered++] = sig - SIGRTMIN;
}

static void queueing(void)
{
    struct sigaction sa = {.sa_handler = note_order};

    puts("- queueing");
    sigfillset(&sa.sa_mask);
    for (int i = 0; i < 3; i++) {
        sigaction(SIGRTMIN + i, &sa, NULL);
        block(SIGRTMIN + i);
    }
    sigqueue(getpid(), SIGRTMIN + 2, (union sigval){0});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0});
    sigqueue(getpid(), SIGRTMIN, (union sigval){0});
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){0});
    sigset_t mask;
    sigemptyset(&mask);
    for (int i = 0; i < 3; i++)
        sigaddset(&mask, SIGRTMIN + i);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
    for (int i = 0; i < ordered; i++)
        printf("%d ", order[i]);
    puts("");
    handle(SIGRTMIN, 0);
    handle(SIGUSR1, 0);
    block(SIGUSR1);
    block(SIGRTMIN);
    count = 0;
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR1);
        raise(SIGRTMIN);
    }
    unblock(SIGUSR1);
    T(count);
    unblock(SIGRTMIN);
    T(count);
}

static volatile bool on_alternate;
static __thread char *alternate;

static void where(int sig)
{
    char here;
    stack_t now;

    (void)sig;
    on_alternate = &here >= alternate && &here < alternate + 65536;
    sigaltstack(NULL, &now);
    IS(!!(now.ss_flags & SS_ONSTACK) == on_alternate);
}

static void *own_stack(void *arg)
{
    stack_t ss = {0}, old;

    T(sigaltstack(NULL, &old));
    IS(old.ss_flags == SS_DISABLE); /* not inherited */
    alternate = malloc(65536);
    ss.ss_sp = alternate;
    ss.ss_size = 65536;
    T(sigaltstack(&ss, NULL));
    raise(SIGUSR1);
    IS(on_alternate);
    ss.ss_flags = SS_DISABLE;
    T(sigaltstack(&ss, NULL));
    raise(SIGUSR1);
    IS(!on_alternate);
    free(alternate);
    return arg;
}

static void alternate_stacks(void)
{
    struct sigaction sa = {.sa_flags = SA_ONSTACK, .sa_handler = where};
    stack_t ss = {0};

    puts("- alternate stacks");
    sigaction(SIGUSR1, &sa, NULL);
    alternate = malloc(65536);
    ss.ss_sp = alternate;
    ss.ss_size = 65536;
    T(sigaltstack(&ss, NULL));
    raise(SIGUSR1);
    IS(on_alternate);
    join(start(own_stack, NULL));
    raise(SIGUSR1);
    IS(on_alternate);
    ss.ss_size = 100;
    T(sigaltstack(&ss, NULL));
    ss.ss_flags = 99;
    T(sigaltstack(&ss, NULL));
    ss.ss_flags = SS_DISABLE;
    T(sigaltstack(&ss, NULL));
    free(alternate);
    alternate = NULL;
}

static sigjmp_buf jump;

static void leave(int sig)
{
    siglongjmp(jump, sig);
}

static void leaving(void)
{
    struct sigaction sa = {.sa_handler = leave};
    int fd[2];
    char x;

    puts("- leaving handlers");
    sigaction(SIGUSR1, &sa, NULL);
    if (sigsetjmp(jump, 1) == 0) {
        raise(SIGUSR1);
        puts("not reached");
    }
    IS(!is_blocked(SIGUSR1));
    if (sigsetjmp(jump, 0) == 0)
        raise(SIGUSR1);
    IS(is_blocked(SIGUSR1));
    unblock(SIGUSR1);
    /* Out of a call that blocks, again and again: nothing is left behind. */
    need(pipe(fd) == 0, "pipe");
    for (volatile int i = 0; i < 20; i++) {
        if (sigsetjmp(jump, 1) == 0) {
            block(SIGUSR1);
            raise(SIGUSR1);
            sigset_t mask;
            sigemptyset(&mask);
            if (i % 2)
                pselect(0, NULL, NULL, NULL, NULL, &mask);
            else
                sigsuspend(&mask);
            puts("not reached");
        }
    }
    T(write(fd[1], "x", 1));
    T(read(fd[0], &x, 1));
    sa.sa_flags = SA_RESETHAND | SA_NODEFER;
    sa.sa_handler = SIG_DFL;
    sigaction(SIGUSR1, &sa, NULL);
}

/* Which calls a handler ends. */
static int ends[2];
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;

static int do_read(void)
{
    char x;
    return (int)read(ends[0], &x, 1);
}

static int do_write(void)
{
    static char big[65536];
    return (int)write(ends[1], big, sizeof(big));
}

static int do_poll(void)
{
    return poll(NULL, 0, 2000);
}

static int do_ppoll(void)
{
    return ppoll(NULL, 0, NULL, NULL);
}

static int do_select(void)
{
    struct timeval tv = {2, 0};
    return select(0, NULL, NULL, NULL, &tv);
}

static int do_pselect(void)
{
    return pselect(0, NULL, NULL, NULL, NULL, NULL);
}

static int do_pause(void)
{
    return pause();
}

static int do_sigsuspend(void)
{
    sigset_t none;
    sigemptyset(&none);
    return sigsuspend(&none);
}

static int do_sigwaitinfo(void)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMAX);
    return (int)syscall(SYS_rt_sigtimedwait, &one, NULL, NULL, 8); /* musl retries */
}

static int do_sigtimedwait(void)
{
    struct timespec ts = {2, 0};
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGRTMAX);
    return (int)syscall(SYS_rt_sigtimedwait, &one, NULL, &ts, 8);
}

static int do_nanosleep(void)
{
    struct timespec ts = {2, 0};
    int r = nanosleep(&ts, &ts);
    if (r && (ts.tv_sec > 1 || (ts.tv_sec == 0 && ts.tv_nsec == 0)))
        puts("wrong rest");
    return r;
}

static int do_clock_nanosleep(void)
{
    struct timespec ts = in_ms(CLOCK_MONOTONIC, 2000);
    errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
    return errno ? -1 : 0;
}

static int do_sem_wait(void)
{
    return sem_wait(&s);
}

static int do_sem_timedwait(void)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 2000);
    return sem_timedwait(&s, &at);
}

static int do_mutex(void)
{
    return pthread_mutex_lock(&m) ? -1 : pthread_mutex_unlock(&m);
}

static int do_cond(void)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 300);
    static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&own);
    errno = pthread_cond_timedwait(&c, &own, &at);
    int r = errno ? -1 : 0;
    pthread_mutex_unlock(&own);
    return r;
}

static const struct call {
    const char *name;
    int (*call)(void);
} calls[] = {
    {"read", do_read},
    {"write", do_write},
    {"poll", do_poll},
    {"ppoll", do_ppoll},
    {"select", do_select},
    {"pselect", do_pselect},
    {"pause", do_pause},
    {"sigsuspend", do_sigsuspend},
    {"sigwaitinfo", do_sigwaitinfo},
    {"sigtimedwait", do_sigtimedwait},
    {"nanosleep", do_nanosleep},
    {"clock_nanosleep", do_clock_nanosleep},
    {"sem_wait", do_sem_wait},
    {"sem_timedwait", do_sem_timedwait},
    {"pthread_mutex_lock", do_mutex},
    {"pthread_cond_timedwait", do_cond},
};

struct caller {
    const struct call *call;
    int result, err;
    volatile int in;
};

static void *call_it(void *arg)
{
    struct caller *k = arg;

    unblock(SIGUSR1);
    set(&k->in, 1);
    errno = 0;
    k->result = k->call->call();
    k->err = errno;
    set(&k->in, 2);
    return NULL;
}

static void interrupted(int flags)
{
    printf("- interrupted%s\n", flags & SA_RESTART ? ", SA_RESTART" : "");
    handle(SIGUSR1, flags);
    sem_init(&s, 0, 0);
    block(SIGUSR1);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct caller k = {.call = &calls[i]};
        pthread_mutex_lock(&m);
        need(pipe(ends) == 0, "pipe");
        if (calls[i].call == do_write) {
            static char big[65536];
            need(write(ends[1], big, sizeof(big)) == sizeof(big), "write");
        }
        count = 0;
        pthread_t t = start(call_it, &k);
        wait_for(&k.in, 1);
        let_block();
        pthread_kill(t, SIGUSR1);
        wait_for(&count, 1);
        let_block();
        bool goes_on = k.in == 1;
        pthread_mutex_unlock(&m);
        if (goes_on) {
            /* What the call waits for. */
            static char big[65536];
            if (calls[i].call == do_write)
                (void)!read(ends[0], big, sizeof(big));
            else
                (void)!write(ends[1], "x", 1);
            sem_post(&s);
        }
        join(t);
        sem_init(&s, 0, 0);
        printf("%s: %s, %s, handled %d\n", calls[i].name, goes_on ? "goes on" : "ends",
               k.result >= 0 ? "done" : strerror(k.err), count);
        close(ends[0]);
        close(ends[1]);
    }
    unblock(SIGUSR1);
}

/* The state of a handler: masks while it runs, nesting. */
static volatile int depth, deepest, seen_mask, raised;

static void nest(int sig)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    seen_mask = is_blocked(SIGUSR1) | is_blocked(SIGUSR2) << 1 | is_blocked(SIGRTMIN) << 2;
    if (sig == SIGUSR1 && raised++ < 3)
        raise(SIGUSR1);
    depth--;
}

static void nesting(void)
{
    struct sigaction sa = {.sa_handler = nest}, old;

    puts("- in handlers");
    sigaddset(&sa.sa_mask, SIGUSR2);
    T(sigaction(SIGUSR1, &sa, NULL));
    deepest = raised = 0;
    raise(SIGUSR1);
    T(deepest);
    T(seen_mask);
    sa.sa_flags = SA_NODEFER;
    T(sigaction(SIGUSR1, &sa, &old));
    IS(old.sa_handler == nest && sigismember(&old.sa_mask, SIGUSR2));
    deepest = raised = 0;
    raise(SIGUSR1);
    T(deepest);
    T(seen_mask);
    sa.sa_flags = (int)SA_RESETHAND;
    T(sigaction(SIGUSR2, &sa, NULL));
    raise(SIGUSR2);
    T(sigaction(SIGUSR2, NULL, &old));
    IS(old.sa_handler == SIG_DFL);
    T(sigaction(SIGKILL, &sa, NULL));
    T(sigaction(SIGSTOP, NULL, &old));
    T(sigaction(99, NULL, &old));
    T(sigaction(0, NULL, &old));
    signal(SIGUSR1, SIG_IGN);
    T(raise(SIGUSR1));
    T(raise(99));
}

int main(void)
{
    masks();
    directed();
    waiting();
    queueing();
    alternate_stacks();
    leaving();
    interrupted(0);
    interrupted(SA_RESTART);
    nesting();
    return 0;
}
