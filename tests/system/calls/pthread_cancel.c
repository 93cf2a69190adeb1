/* SPDX-License-Identifier: MIT
 *
 * Cancellation, clean-up handlers, keys with destructors, once.
 *
 */
#define _GNU_SOURCE
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "pthreads.h"

static int ends[2];
static volatile int in, cleaned;

static void clean(void *arg)
{
    cleaned = cleaned * 10 + (int)(long)arg;
}

/* The cancellation points that block: each is called when nothing would ever end it. */
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static sem_t s;
static pthread_t sleeper;

static void unlock(void *arg)
{
    pthread_mutex_unlock(arg);
}

static void do_read(void)
{
    char x;
    (void)!read(ends[0], &x, 1);
}

static void do_readv(void)
{
    char x;
    struct iovec v = {&x, 1};
    (void)!readv(ends[0], &v, 1);
}

static void do_write(void)
{
    static char big[65536 * 4];
    int full[2];
    need(pipe(full) == 0, "pipe");
    (void)!write(full[1], big, sizeof(big)); /* a part has been written: that is what it answers */
    (void)!write(full[1], big, sizeof(big));
}

static void do_poll(void)
{
    struct pollfd p = {ends[0], POLLIN, 0};
    poll(&p, 1, -1);
}

static void do_ppoll(void)
{
    ppoll(NULL, 0, NULL, NULL);
}

static void do_select(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    select(ends[0] + 1, &set, NULL, NULL, NULL);
}

static void do_pselect(void)
{
    pselect(0, NULL, NULL, NULL, NULL, NULL);
}

static void do_pause(void)
{
    pause();
}

static void do_sigsuspend(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigsuspend(&set);
}

static void do_sigwaitinfo(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwaitinfo(&set, NULL);
}

static void do_sigtimedwait(void)
{
    sigset_t set;
    struct timespec ts = {100, 0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigtimedwait(&set, NULL, &ts);
}

static void do_sigwait(void)
{
    sigset_t set;
    int sig;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &sig);
}

static void do_nanosleep(void)
{
    struct timespec ts = {100, 0};
    nanosleep(&ts, NULL);
}

static void do_clock_nanosleep(void)
{
    struct timespec ts = in_ms(CLOCK_MONOTONIC, 100000);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void do_sleep(void)
{
    sleep(100);
}

static void do_usleep(void)
{
    usleep(999999);
    usleep(999999);
}

static void do_cond_wait(void)
{
    pthread_mutex_lock(&m);
    pthread_cleanup_push(unlock, &m);
    pthread_cond_wait(&c, &m);
    pthread_cleanup_pop(1);
}

static void do_cond_timedwait(void)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 100000);
    pthread_mutex_lock(&m);
    pthread_cleanup_push(unlock, &m);
    pthread_cond_timedwait(&c, &m, &at);
    pthread_cleanup_pop(1);
}

static void do_sem_wait(void)
{
    sem_wait(&s);
}

static void do_sem_timedwait(void)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 100000);
    sem_timedwait(&s, &at);
}

static void do_join(void)
{
    pthread_join(sleeper, NULL);
}

static void do_testcancel(void)
{
    for (;;)
        pthread_testcancel();
}

static const struct point {
    const char *name;
    void (*call)(void);
} points[] = {
    {"read", do_read},
    {"readv", do_readv},
    {"write", do_write},
    {"poll", do_poll},
    {"ppoll", do_ppoll},
    {"select", do_select},
    {"pselect", do_pselect},
    {"pause", do_pause},
    {"sigsuspend", do_sigsuspend},
    {"sigwaitinfo", do_sigwaitinfo},
    {"sigtimedwait", do_sigtimedwait},
    {"sigwait", do_sigwait},
    {"nanosleep", do_nanosleep},
    {"clock_nanosleep", do_clock_nanosleep},
    {"sleep", do_sleep},
    {"usleep", do_usleep},
    {"pthread_cond_wait", do_cond_wait},
    {"pthread_cond_timedwait", do_cond_timedwait},
    {"sem_wait", do_sem_wait},
    {"sem_timedwait", do_sem_timedwait},
    {"pthread_join", do_join},
    {"pthread_testcancel", do_testcancel},
};

static void *at_point(void *arg)
{
    const struct point *p = arg;

    pthread_cleanup_push(clean, (void *)1);
    set(&in, 1);
    p->call();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *at_point_pending(void *arg)
{
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    set(&in, 1);
    wait_for(&in, 2);
    pthread_setcancelstate(old, NULL);
    in = 3;
    ((const struct point *)arg)->call();
    return NULL;
}

static void *sleep_on(void *arg)
{
    wait_for((int *)arg, 1);
    return NULL;
}

static void blocking(void)
{
    static volatile int end;

    puts("- while blocked; and before");
    sleeper = start(sleep_on, (void *)&end);
    sem_init(&s, 0, 0);
    need(pipe(ends) == 0, "pipe");
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        in = cleaned = 0;
        pthread_t t = start(at_point, (void *)&points[i]);
        wait_for(&in, 1);
        let_block();
        need_ok(pthread_cancel(t), "cancel");
        bool cancelled = join(t) == PTHREAD_CANCELED;
        in = 0;
        t = start(at_point_pending, (void *)&points[i]);
        wait_for(&in, 1);
        need_ok(pthread_cancel(t), "cancel");
        set(&in, 2);
        bool before = join(t) == PTHREAD_CANCELED;
        printf("%s: %s, cleaned %d; %s\n", points[i].name, cancelled ? "cancelled" : "went on",
               cleaned, before ? "cancelled" : "went on");
    }
    E(pthread_mutex_trylock(&m)); /* taken again by the wait, and given back by the clean-up */
    pthread_mutex_unlock(&m);
    set(&end, 1);
    join(sleeper);
}

/* A request at any moment around the look and the sleep must find the thread. */
static void *loop_reading(void *arg)
{
    char x;

    for (;;) {
        set(&in, 1);
        (void)!read(ends[0], &x, 1);
        set(&in, 0);
    }
    return arg;
}

static void no_lost_requests(void)
{
    int cancelled = 0, fd[2];

    puts("- at any moment");
    need(pipe(fd) == 0, "pipe");
    ends[0] = fd[0];
    for (int i = 0; i < 200; i++) {
        in = 0;
        pthread_t t = start(loop_reading, NULL);
        for (int k = 0; k < i % 20; k++)
            sched_yield();
        if (i % 3 == 0)
            (void)!write(fd[1], "x", 1);
        need_ok(pthread_cancel(t), "cancel");
        cancelled += join(t) == PTHREAD_CANCELED;
    }
    T(cancelled);
    close(fd[0]);
    close(fd[1]);
}

static void *states(void *arg)
{
    int old = 99;

    E(pthread_setcancelstate(99, &old));
    E(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
    IS(old == PTHREAD_CANCEL_ENABLE);
    E(pthread_setcanceltype(99, &old));
    E(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
    IS(old == PTHREAD_CANCEL_DEFERRED);
    set(&in, 1);
    wait_for(&in, 2);
    pthread_testcancel();
    sleep_ms(1);
    puts("disabled: goes on");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    IS(old == PTHREAD_CANCEL_DISABLE);
    puts("enabled: nothing yet");
    pthread_testcancel();
    puts("not reached");
    return arg;
}

static void *spin(void *arg)
{
    int old;

    pthread_cleanup_push(clean, (void *)7);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    set(&in, 1);
    for (;;)
        __asm__ volatile("");
    pthread_cleanup_pop(0);
    return arg;
}

static void *order(void *arg)
{
    pthread_cleanup_push(clean, (void *)3);
    pthread_cleanup_push(clean, (void *)2);
    pthread_cleanup_push(clean, (void *)9);
    pthread_cleanup_pop(0);
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_pop(1);
    if (arg)
        pthread_exit(arg);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void kinds(void)
{
    pthread_t t;
    int x;

    puts("- states and types");
    in = 0;
    t = start(states, NULL);
    wait_for(&in, 1);
    E(pthread_cancel(t));
    set(&in, 2);
    IS(join(t) == PTHREAD_CANCELED);

    in = cleaned = 0;
    t = start(spin, NULL);
    wait_for(&in, 1);
    E(pthread_cancel(t));
    IS(join(t) == PTHREAD_CANCELED);
    T(cleaned);

    cleaned = 0;
    IS(join(start(order, NULL)) == PTHREAD_CANCELED);
    T(cleaned);
    cleaned = 0;
    IS(join(start(order, &x)) == &x);
    T(cleaned);
}

/* Blocked where no cancellation acts: mutexes, and calls with it disabled. */
static void *lock(void *arg)
{
    set(&in, 1);
    pthread_mutex_lock(&m);
    set(&in, 2);
    pthread_mutex_unlock(&m);
    pthread_testcancel();
    return arg;
}

static volatile long got;

static void *read_disabled(void *arg)
{
    char x;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    set(&in, 1);
    got = read(ends[0], &x, 1);
    set(&in, 2);
    return arg;
}

static void not_acting(void)
{
    pthread_t t;
    int x;

    puts("- where it does not act");
    in = 0;
    pthread_mutex_lock(&m);
    t = start(lock, NULL);
    wait_for(&in, 1);
    let_block();
    E(pthread_cancel(t));
    let_block();
    IS(in == 1);
    pthread_mutex_unlock(&m);
    IS(join(t) == PTHREAD_CANCELED);
    IS(in == 2);

    in = 0;
    need(pipe(ends) == 0, "pipe");
    t = start(read_disabled, &x);
    wait_for(&in, 1);
    let_block();
    E(pthread_cancel(t));
    let_block();
    IS(in == 1);
    T(write(ends[1], "x", 1));
    IS(join(t) == &x);
    T(got);
}

/* Keys. */
static pthread_key_t key[3];
static volatile int destroyed[3];

static void destroy_0(void *arg)
{
    destroyed[0]++;
    if (arg == (void *)2)
        pthread_setspecific(key[1], (void *)5);
}

static void destroy_1(void *arg)
{
    destroyed[1]++;
    if ((long)arg > 1)
        pthread_setspecific(key[1], (void *)((long)arg - 1));
}

static void destroy_for_ever(void *arg)
{
    destroyed[2]++;
    pthread_setspecific(key[2], arg);
}

static void *use_keys(void *arg)
{
    bool fresh = !pthread_getspecific(key[0]) && !pthread_getspecific(key[1]);

    pthread_setspecific(key[0], arg);
    return (void *)(long)(fresh && pthread_getspecific(key[0]) == arg);
}

static void *use_key_2(void *arg)
{
    pthread_setspecific(key[2], arg);
    return NULL;
}

static void keys(void)
{
    pthread_key_t k;
    int made = 0;

    puts("- keys");
    E(pthread_key_create(&key[0], destroy_0));
    E(pthread_key_create(&key[1], destroy_1));
    E(pthread_key_create(&key[2], destroy_for_ever));
    IS(pthread_getspecific(key[0]) == NULL);
    E(pthread_setspecific(key[0], &k));
    IS(pthread_getspecific(key[0]) == &k);
    IS(join(start(use_keys, (void *)1)));
    printf("%d %d\n", destroyed[0], destroyed[1]);
    IS(join(start(use_keys, (void *)2)));
    printf("%d %d\n", destroyed[0], destroyed[1]);
    join(start(use_key_2, (void *)1));
    T(destroyed[2] == PTHREAD_DESTRUCTOR_ITERATIONS);
    E(pthread_key_delete(key[2]));
    while (made < 2000 && pthread_key_create(&k, NULL) == 0)
        made++;
    T(made + 2);
    E(pthread_key_create(&k, NULL));
    E(pthread_key_delete(key[1]));
    E(pthread_key_create(&key[1], NULL));
    IS(pthread_getspecific(key[1]) == NULL);
}

static pthread_once_t once = PTHREAD_ONCE_INIT, again = PTHREAD_ONCE_INIT;
static volatile int initialised, tries;

static void initialise(void)
{
    sleep_ms(20);
    initialised++;
}

static void *call_once_(void *arg)
{
    pthread_once(&once, initialise);
    return (void *)(long)(initialised == 1 && !arg);
}

static void cancelled_once(void)
{
    tries++;
    if (tries == 1) {
        set(&in, 1);
        pause();
    }
}

static void *call_again(void *arg)
{
    pthread_once(&again, cancelled_once);
    return arg;
}

static void onces(void)
{
    pthread_t t[6];
    bool all = true;

    puts("- once");
    for (int i = 0; i < 6; i++)
        t[i] = start(call_once_, NULL);
    for (int i = 0; i < 6; i++)
        all &= join(t[i]) != NULL;
    IS(all);
    in = 0;
    t[0] = start(call_again, NULL);
    wait_for(&in, 1);
    t[1] = start(call_again, NULL);
    let_block();
    E(pthread_cancel(t[0]));
    IS(join(t[0]) == PTHREAD_CANCELED);
    join(t[1]);
    T(tries);
}

int main(void)
{
    blocking();
    no_lost_requests();
    kinds();
    not_acting();
    keys();
    onces();
    return 0;
}
