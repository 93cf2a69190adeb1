/* SPDX-License-Identifier: MIT
 *
 * Mutexes of all kinds, and spin locks. */
#define _GNU_SOURCE
#include "pthreads.h"

static pthread_mutex_t make(int type, int robust, int protocol)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;

    pthread_mutexattr_init(&a);
    need_ok(pthread_mutexattr_settype(&a, type), "settype");
    need_ok(pthread_mutexattr_setrobust(&a, robust), "setrobust");
    need_ok(pthread_mutexattr_setprotocol(&a, protocol), "setprotocol");
    need_ok(pthread_mutex_init(&m, &a), "init");
    pthread_mutexattr_destroy(&a);
    return m;
}

static void attributes(void)
{
    pthread_mutexattr_t a;
    int n = -1;

    puts("- attributes");
    E(pthread_mutexattr_init(&a));
    E(pthread_mutexattr_gettype(&a, &n));
    IS(n == PTHREAD_MUTEX_DEFAULT);
    E(pthread_mutexattr_settype(&a, 99));
    E(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE));
    E(pthread_mutexattr_gettype(&a, &n));
    IS(n == PTHREAD_MUTEX_RECURSIVE);
    E(pthread_mutexattr_getrobust(&a, &n));
    IS(n == PTHREAD_MUTEX_STALLED);
    E(pthread_mutexattr_setrobust(&a, 99));
    E(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
    E(pthread_mutexattr_getrobust(&a, &n));
    IS(n == PTHREAD_MUTEX_ROBUST);
    E(pthread_mutexattr_getpshared(&a, &n));
    IS(n == PTHREAD_PROCESS_PRIVATE);
    E(pthread_mutexattr_setpshared(&a, 99));
    E(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
    E(pthread_mutexattr_getpshared(&a, &n));
    IS(n == PTHREAD_PROCESS_SHARED);
    E(pthread_mutexattr_getprotocol(&a, &n));
    IS(n == PTHREAD_PRIO_NONE);
    E(pthread_mutexattr_setprotocol(&a, 99));
    E(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT));
    E(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
    E(pthread_mutexattr_getprotocol(&a, &n));
    IS(n == PTHREAD_PRIO_INHERIT);
    E(pthread_mutexattr_destroy(&a));
}

/* What another thread gets. */
struct attempt {
    pthread_mutex_t *m;
    char how; /* lock, try, Timed, unlock, die with it */
};

static void *attempt(void *arg)
{
    struct attempt *a = arg;
    struct timespec at;
    int err = 0;

    switch (a->how) {
    case 't':
        err = pthread_mutex_trylock(a->m);
        if (!err)
            pthread_mutex_unlock(a->m);
        break;
    case 'T':
        at = in_ms(CLOCK_REALTIME, 20);
        err = pthread_mutex_timedlock(a->m, &at);
        if (!err)
            pthread_mutex_unlock(a->m);
        break;
    case 'u':
        err = pthread_mutex_unlock(a->m);
        break;
    case 'd':
        err = pthread_mutex_lock(a->m);
        break;
    }
    return (void *)(long)err;
}

static int other(pthread_mutex_t *m, char how)
{
    return (int)(long)join(start(attempt, &(struct attempt){m, how}));
}

static void kind(const char *name, int type, int protocol)
{
    pthread_mutex_t m = make(type, PTHREAD_MUTEX_STALLED, protocol);
    struct timespec at;

    printf("- %s%s\n", name, protocol == PTHREAD_PRIO_INHERIT ? ", inheriting priority" : "");
    E(pthread_mutex_lock(&m));
    E(other(&m, 't'));
    E(other(&m, 'T'));
    E(pthread_mutex_trylock(&m));
    if (type == PTHREAD_MUTEX_RECURSIVE) {
        E(pthread_mutex_lock(&m));
        E(pthread_mutex_unlock(&m));
        E(pthread_mutex_unlock(&m));
        E(other(&m, 't'));
        E(other(&m, 'u'));
    }
    if (type == PTHREAD_MUTEX_ERRORCHECK) {
        E(pthread_mutex_lock(&m));
        at = in_ms(CLOCK_REALTIME, 20);
        E(pthread_mutex_timedlock(&m, &at));
        E(other(&m, 'u'));
    }
    if (type == PTHREAD_MUTEX_NORMAL) {
        at = in_ms(CLOCK_REALTIME, 20);
        int err = pthread_mutex_timedlock(&m, &at);
        IS(err == ETIMEDOUT || err == EDEADLK);
    }
    E(pthread_mutex_unlock(&m));
    E(other(&m, 't'));
    E(other(&m, 'T'));
    if (type != PTHREAD_MUTEX_NORMAL)
        E(pthread_mutex_unlock(&m));
    at = in_ms(CLOCK_REALTIME, -1000);
    E(pthread_mutex_timedlock(&m, &at)); /* free: the past does not matter */
    E(pthread_mutex_unlock(&m));
    E(pthread_mutex_destroy(&m));
}

static void timeouts(void)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    struct timespec at = in_ms(CLOCK_REALTIME, 50);

    puts("- timeouts");
    pthread_mutex_lock(&m);
    long before = now_ms();
    E(pthread_mutex_timedlock(&m, &at));
    IS(now_ms() - before >= 45);
    at.tv_nsec = 1000000000;
    E(pthread_mutex_timedlock(&m, &at));
    at.tv_nsec = -1;
    E(pthread_mutex_timedlock(&m, &at));
    at = in_ms(CLOCK_REALTIME, -5000);
    E(pthread_mutex_timedlock(&m, &at));
    pthread_mutex_unlock(&m);
}

static void robust(const char *name, int type, int protocol)
{
    pthread_mutex_t m = make(type, PTHREAD_MUTEX_ROBUST, protocol);

    printf("- robust: %s%s\n", name, protocol ? ", inheriting priority" : "");
    E(other(&m, 'd'));
    E(pthread_mutex_lock(&m));
    E(pthread_mutex_consistent(&m));
    E(pthread_mutex_consistent(&m));
    E(pthread_mutex_unlock(&m));
    E(pthread_mutex_lock(&m));
    E(pthread_mutex_unlock(&m));

    E(other(&m, 'd'));
    E(pthread_mutex_trylock(&m));
    E(pthread_mutex_unlock(&m)); /* not consistent: lost for ever */
    E(pthread_mutex_lock(&m));
    E(pthread_mutex_trylock(&m));
    E(pthread_mutex_destroy(&m));
}

static volatile int holding;

static void *hold_and_die(void *arg)
{
    pthread_mutex_lock(arg);
    set(&holding, 1);
    sleep_ms(40);
    return NULL;
}

static void robust_waiter(int protocol)
{
    pthread_mutex_t m = make(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, protocol);

    puts("- robust: somebody waits while the owner dies");
    set(&holding, 0);
    pthread_t t = start(hold_and_die, &m);
    wait_for(&holding, 1);
    E(pthread_mutex_lock(&m));
    join(t);
    E(pthread_mutex_consistent(&m));
    E(pthread_mutex_unlock(&m));
    pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
    E(pthread_mutex_consistent(&plain));
}

static struct {
    pthread_mutex_t m;
    long count;
    pthread_spinlock_t spin;
    long spun;
} shared;

static void *increment(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&shared.m);
        long n = shared.count;
        if (i % 50 == 0)
            sched_yield();
        shared.count = n + 1;
        pthread_mutex_unlock(&shared.m);
    }
    return arg;
}

static void contention(const char *name, int type, int robust_, int protocol)
{
    pthread_t t[8];

    printf("- contention: %s\n", name);
    shared.m = make(type, robust_, protocol);
    shared.count = 0;
    for (int i = 0; i < 8; i++)
        t[i] = start(increment, NULL);
    for (int i = 0; i < 8; i++)
        join(t[i]);
    T(shared.count);
    pthread_mutex_destroy(&shared.m);
}

static void *spin(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        pthread_spin_lock(&shared.spin);
        shared.spun++;
        pthread_spin_unlock(&shared.spin);
    }
    return arg;
}

static void *try_spin(void *arg)
{
    (void)arg;
    return (void *)(long)pthread_spin_trylock(&shared.spin);
}

static void spins(void)
{
    pthread_t t[4];

    puts("- spin locks");
    E(pthread_spin_init(&shared.spin, PTHREAD_PROCESS_PRIVATE));
    for (int i = 0; i < 4; i++)
        t[i] = start(spin, NULL);
    for (int i = 0; i < 4; i++)
        join(t[i]);
    T(shared.spun);
    E(pthread_spin_trylock(&shared.spin));
    E((int)(long)join(start(try_spin, NULL)));
    E(pthread_spin_unlock(&shared.spin));
    E(pthread_spin_destroy(&shared.spin));
}

static void ceilings(void)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    int n;

    puts("- priority ceilings");
    E(pthread_mutex_getprioceiling(&m, &n));
    E(pthread_mutex_setprioceiling(&m, 1, &n));
}

int main(void)
{
    attributes();
    kind("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE);
    kind("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE);
    kind("error checking", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE);
    kind("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT);
    kind("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT);
    kind("error checking", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT);
    timeouts();
    robust("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE);
    robust("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE);
    robust("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT);
    robust_waiter(PTHREAD_PRIO_NONE);
    robust_waiter(PTHREAD_PRIO_INHERIT);
    contention("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    contention("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
    contention("robust", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
    contention("inheriting", PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
    spins();
    ceilings();
    return 0;
}
