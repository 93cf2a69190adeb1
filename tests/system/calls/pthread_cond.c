/* SPDX-License-Identifier: MIT
 *
 * Condition variables, read-write locks, barriers and semaphores. */
#define _GNU_SOURCE
#include <limits.h>

#include "pthreads.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn, waiting, woken;

static void *wait_turn(void *arg)
{
    int mine = (int)(long)arg;

    pthread_mutex_lock(&m);
    waiting++;
    while (turn < mine)
        pthread_cond_wait(&c, &m);
    woken++;
    pthread_mutex_unlock(&m);
    return arg;
}

static void wait_until_waiting(int n)
{
    for (;;) {
        pthread_mutex_lock(&m);
        bool all = waiting == n;
        pthread_mutex_unlock(&m);
        if (all)
            return;
        sleep_ms(1);
    }
}

static void conditions(void)
{
    pthread_t t[10];
    pthread_condattr_t a;
    clockid_t clock = 99;
    int shared = 99;

    puts("- condition variables");
    E(pthread_condattr_init(&a));
    E(pthread_condattr_getclock(&a, &clock));
    IS(clock == CLOCK_REALTIME);
    E(pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
    E(pthread_condattr_getclock(&a, &clock));
    IS(clock == CLOCK_MONOTONIC);
    E(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID));
    E(pthread_condattr_setclock(&a, -1));
    E(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
    E(pthread_condattr_getpshared(&a, &shared));
    IS(shared == PTHREAD_PROCESS_SHARED);
    E(pthread_condattr_setpshared(&a, 99));
    E(pthread_condattr_destroy(&a));

    E(pthread_cond_signal(&c)); /* nobody waits: lost */
    E(pthread_cond_broadcast(&c));
    for (long i = 0; i < 10; i++)
        t[i] = start(wait_turn, (void *)(i + 1));
    wait_until_waiting(10);
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&m);
        turn = i + 1;
        pthread_cond_broadcast(&c);
        pthread_mutex_unlock(&m);
        join(t[i]);
        pthread_mutex_lock(&m);
        if (woken != i + 1)
            printf("%d are awake, not %d\n", woken, i + 1);
        pthread_mutex_unlock(&m);
    }
    T(woken);
    E(pthread_cond_destroy(&c));
}

/* One signal wakes at least one, and who waits is never forgotten. */
static int tokens;

static void *take_token(void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&m);
        while (tokens == 0)
            pthread_cond_wait(&c, &m);
        tokens--;
        pthread_mutex_unlock(&m);
    }
    return arg;
}

static void *put_token(void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&m);
        tokens++;
        pthread_cond_signal(&c);
        pthread_mutex_unlock(&m);
    }
    return arg;
}

static void no_lost_wakes(void)
{
    pthread_t t[8];

    puts("- signals to many");
    pthread_cond_init(&c, NULL);
    for (int i = 0; i < 8; i++)
        t[i] = start(i % 2 ? put_token : take_token, NULL);
    for (int i = 0; i < 8; i++)
        join(t[i]);
    T(tokens);
    pthread_cond_destroy(&c);
}

static void timed(clockid_t clock, bool shared, const char *name)
{
    pthread_condattr_t a;
    struct timespec at;

    printf("- until a moment, %s\n", name);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, clock);
    pthread_condattr_setpshared(&a, shared);
    E(pthread_cond_init(&c, &a));
    pthread_mutex_lock(&m);
    long before = now_ms();
    at = in_ms(clock, 50);
    E(pthread_cond_timedwait(&c, &m, &at));
    IS(now_ms() - before >= 45);
    at = in_ms(clock, -1000);
    E(pthread_cond_timedwait(&c, &m, &at));
    at.tv_nsec = 1000000000;
    E(pthread_cond_timedwait(&c, &m, &at));
    at.tv_nsec = -1;
    E(pthread_cond_timedwait(&c, &m, &at));
    E(pthread_mutex_trylock(&m)); /* held again each time */
    pthread_mutex_unlock(&m);

    turn = waiting = woken = 0;
    pthread_t t = start(wait_turn, (void *)1);
    wait_until_waiting(1);
    pthread_mutex_lock(&m);
    turn = 1;
    E(pthread_cond_signal(&c));
    pthread_mutex_unlock(&m);
    join(t);
    T(woken);
    E(pthread_cond_destroy(&c));
}

static void wrong_mutex(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t e;
    struct timespec at = in_ms(CLOCK_REALTIME, 20);

    puts("- with a mutex that is not held");
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&e, &a);
    pthread_cond_init(&c, NULL);
    E(pthread_cond_wait(&c, &e));
    E(pthread_cond_timedwait(&c, &e, &at));
    pthread_mutex_destroy(&e);
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static volatile int readers, most_readers, wrong;
static long value[2];

static void *read_values(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_rwlock_rdlock(&rw);
        int n = __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        if (n > most_readers)
            most_readers = n;
        if (value[0] != value[1])
            wrong = 1;
        if (i % 10 == 0)
            sched_yield();
        __atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        pthread_rwlock_unlock(&rw);
    }
    return arg;
}

static void *write_values(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_rwlock_wrlock(&rw);
        if (readers)
            wrong = 2;
        value[0]++;
        if (i % 10 == 0)
            sched_yield();
        value[1]++;
        pthread_rwlock_unlock(&rw);
    }
    return arg;
}

static void *rw_attempt(void *arg)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 20);
    int err;

    switch ((long)arg) {
    case 'r':
        err = pthread_rwlock_tryrdlock(&rw);
        break;
    case 'w':
        err = pthread_rwlock_trywrlock(&rw);
        break;
    case 'R':
        err = pthread_rwlock_timedrdlock(&rw, &at);
        break;
    default:
        err = pthread_rwlock_timedwrlock(&rw, &at);
        break;
    }
    if (!err)
        pthread_rwlock_unlock(&rw);
    return (void *)(long)err;
}

static int rw_other(char how)
{
    return (int)(long)join(start(rw_attempt, (void *)(long)how));
}

static void rwlocks(void)
{
    pthread_rwlockattr_t a;
    pthread_t t[8];
    int n = 99;

    puts("- read-write locks");
    E(pthread_rwlockattr_init(&a));
    E(pthread_rwlockattr_getpshared(&a, &n));
    IS(n == PTHREAD_PROCESS_PRIVATE);
    E(pthread_rwlockattr_setpshared(&a, 99));
    E(pthread_rwlockattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
    E(pthread_rwlock_init(&rw, &a));
    E(pthread_rwlockattr_destroy(&a));
    E(pthread_rwlock_rdlock(&rw));
    E(pthread_rwlock_rdlock(&rw));
    E(rw_other('r'));
    E(rw_other('w'));
    E(rw_other('R'));
    E(rw_other('W'));
    E(pthread_rwlock_trywrlock(&rw));
    E(pthread_rwlock_unlock(&rw));
    E(pthread_rwlock_unlock(&rw));
    E(pthread_rwlock_wrlock(&rw));
    E(rw_other('r'));
    E(rw_other('w'));
    E(rw_other('R'));
    E(rw_other('W'));
    E(pthread_rwlock_tryrdlock(&rw));
    E(pthread_rwlock_unlock(&rw));
    E(rw_other('R'));
    E(rw_other('W'));
    struct timespec at = {0, 1000000000};
    E(pthread_rwlock_wrlock(&rw));
    E(pthread_rwlock_timedrdlock(&rw, &at));
    E(pthread_rwlock_timedwrlock(&rw, &at));
    E(pthread_rwlock_unlock(&rw));
    for (int i = 0; i < 8; i++)
        t[i] = start(i < 2 ? write_values : read_values, NULL);
    for (int i = 0; i < 8; i++)
        join(t[i]);
    T(wrong);
    T(value[0]);
    T(value[1]);
    E(pthread_rwlock_destroy(&rw));
}

static pthread_barrier_t b;
static volatile int serial, passed;

static void *pass(void *arg)
{
    for (int i = 0; i < 50; i++) {
        int r = pthread_barrier_wait(&b);
        if (r == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
        else if (r)
            set(&wrong, 3);
        __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}

static void barriers(bool shared)
{
    pthread_barrierattr_t a;
    pthread_t t[5];
    int n = 99;

    printf("- barriers%s\n", shared ? ", shared" : "");
    E(pthread_barrierattr_init(&a));
    E(pthread_barrierattr_setpshared(&a, 99));
    E(pthread_barrierattr_setpshared(&a, shared));
    E(pthread_barrierattr_getpshared(&a, &n));
    IS(n == shared);
    E(pthread_barrier_init(&b, &a, 0));
    E(pthread_barrier_init(&b, &a, 1));
    IS(pthread_barrier_wait(&b) == PTHREAD_BARRIER_SERIAL_THREAD);
    E(pthread_barrier_destroy(&b));
    E(pthread_barrier_init(&b, &a, 5));
    serial = passed = 0;
    for (int i = 0; i < 5; i++)
        t[i] = start(pass, NULL);
    for (int i = 0; i < 5; i++)
        join(t[i]);
    T(serial);
    T(passed);
    E(pthread_barrier_destroy(&b));
    E(pthread_barrierattr_destroy(&a));
}

static sem_t s;

static void *post_later(void *arg)
{
    sleep_ms(20);
    sem_post(&s);
    return arg;
}

static volatile int took;

static void *take(void *arg)
{
    for (int i = 0; i < 200; i++) {
        while (sem_wait(&s))
            ;
        __atomic_add_fetch(&took, 1, __ATOMIC_SEQ_CST);
    }
    return arg;
}

static void semaphores(void)
{
    struct timespec at;
    pthread_t t[4];
    int n = 99;

    puts("- semaphores");
    T(sem_init(&s, 0, (unsigned)SEM_VALUE_MAX + 1));
    T(sem_init(&s, 0, SEM_VALUE_MAX));
    T(sem_post(&s));
    T(sem_init(&s, 0, 2));
    T(sem_getvalue(&s, &n));
    T(n);
    T(sem_wait(&s));
    T(sem_trywait(&s));
    T(sem_trywait(&s));
    at = in_ms(CLOCK_REALTIME, 50);
    long before = now_ms();
    T(sem_timedwait(&s, &at));
    IS(now_ms() - before >= 45);
    at = in_ms(CLOCK_REALTIME, -50);
    T(sem_timedwait(&s, &at));
    at.tv_nsec = -1;
    T(sem_timedwait(&s, &at));
    at.tv_nsec = 1000000000;
    T(sem_timedwait(&s, &at));
    T(sem_post(&s));
    T(sem_timedwait(&s, &at)); /* there is one: the time does not matter */
    t[0] = start(post_later, NULL);
    T(sem_wait(&s));
    join(t[0]);
    for (int i = 0; i < 4; i++)
        t[i] = start(take, NULL);
    for (int i = 0; i < 800; i++)
        sem_post(&s);
    for (int i = 0; i < 4; i++)
        join(t[i]);
    T(took);
    T(sem_getvalue(&s, &n));
    T(n);
    T(sem_destroy(&s));
}

int main(void)
{
    conditions();
    no_lost_wakes();
    timed(CLOCK_REALTIME, false, "wall clock");
    timed(CLOCK_MONOTONIC, false, "monotonic");
    timed(CLOCK_MONOTONIC, true, "monotonic, shared");
    wrong_mutex();
    rwlocks();
    barriers(false);
    barriers(true);
    semaphores();
    return 0;
}
