/* SPDX-License-Identifier: MIT
 *
 * args: SEED MILLISECONDS. Threads that do at random what threads do with each other: locks of all
 * kinds, conditions, semaphores, signals with handlers, cancellation, pipes, timed waits, memory,
 * starting others. What they share is counted twice, under the locks and by atomics, and must agree
 * at the end; then everything is done once more, and memory in use must not have grown. Prints
 * "ok". */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 12, LOCKS = 5 };

static pthread_mutex_t lock[LOCKS];
static long guarded[LOCKS], counted[LOCKS];
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];
static pthread_cond_t cond;
static pthread_mutex_t cond_lock = PTHREAD_MUTEX_INITIALIZER;
static int tokens;
static sem_t sem;
static int pipe_ends[2];
static volatile int stop, failed;
static long signals_sent, signals_seen;
static pthread_t worker[WORKERS];
static pthread_mutex_t worker_lock = PTHREAD_MUTEX_INITIALIZER;
static int alive[WORKERS];

static _Noreturn void fail(const char *what)
{
    printf("failed: %s\n", what);
    fflush(stdout);
    _exit(1);
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void on_signal(int sig)
{
    (void)sig;
    int saved = errno;
    __atomic_add_fetch(&signals_seen, 1, __ATOMIC_SEQ_CST);
    errno = saved;
}

static struct timespec soon(uint64_t us)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += (long)us * 1000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    return ts;
}

static void use_lock(uint64_t *r)
{
    int i = (int)(next(r) % LOCKS);
    struct timespec at = soon(next(r) % 2000);
    int err = next(r) % 3 ? pthread_mutex_lock(&lock[i]) : pthread_mutex_timedlock(&lock[i], &at);

    if (err == ETIMEDOUT)
        return;
    if (err == EOWNERDEAD)
        pthread_mutex_consistent(&lock[i]);
    else if (err)
        fail("mutex");
    long n = guarded[i];
    if (next(r) % 8 == 0)
        sched_yield();
    guarded[i] = n + 1;
    __atomic_add_fetch(&counted[i], 1, __ATOMIC_SEQ_CST);
    if (pthread_mutex_unlock(&lock[i]))
        fail("unlock");
}

static void use_rwlock(uint64_t *r)
{
    if (next(r) % 4) {
        pthread_rwlock_rdlock(&rw);
        if (pair[0] != pair[1])
            fail("a reader saw a write half done");
    } else {
        pthread_rwlock_wrlock(&rw);
        pair[0]++;
        if (next(r) % 4 == 0)
            sched_yield();
        pair[1]++;
    }
    pthread_rwlock_unlock(&rw);
}

static void give_token(void)
{
    pthread_mutex_lock(&cond_lock);
    tokens++;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&cond_lock);
}

static void unlock(void *m)
{
    pthread_mutex_unlock(m);
}

static void take_token(uint64_t *r)
{
    struct timespec at = soon(next(r) % 3000);

    pthread_mutex_lock(&cond_lock);
    pthread_cleanup_push(unlock, &cond_lock);
    while (tokens == 0 && pthread_cond_timedwait(&cond, &cond_lock, &at) == 0)
        ;
    if (tokens > 0)
        tokens--;
    pthread_cleanup_pop(1);
}

static void use_semaphore(uint64_t *r)
{
    struct timespec at = soon(next(r) % 2000);

    if (next(r) % 2)
        sem_post(&sem);
    else
        (void)sem_timedwait(&sem, &at);
}

static void use_pipe(uint64_t *r)
{
    char buf[64];

    if (next(r) % 2)
        (void)!write(pipe_ends[1], buf, next(r) % sizeof(buf));
    else
        (void)!read(pipe_ends[0], buf, sizeof(buf));
}

static void signal_other(uint64_t *r)
{
    int i = (int)(next(r) % WORKERS);

    pthread_mutex_lock(&worker_lock);
    if (alive[i] && pthread_kill(worker[i], SIGUSR1) == 0)
        __atomic_add_fetch(&signals_sent, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&worker_lock);
}

static void *child(void *arg)
{
    uint64_t r = (uint64_t)(uintptr_t)arg | 1;
    struct timespec ts = {0, (long)(next(&r) % 300000)};

    nanosleep(&ts, NULL);
    return arg;
}

/* Cancelled while it does any of this. */
static void *victim(void *arg)
{
    uint64_t r = (uint64_t)(uintptr_t)arg | 1;
    char buf[16];

    for (;;) {
        switch (next(&r) % 4) {
        case 0:
            take_token(&r);
            break;
        case 1:
            (void)!read(pipe_ends[0], buf, 1);
            break;
        case 2:
            (void)usleep(100);
            break;
        case 3:
            pthread_testcancel();
            use_lock(&r);
            break;
        }
    }
    return arg;
}

static void start_others(uint64_t *r)
{
    void *arg = (void *)(uintptr_t)next(r), *result;
    pthread_t t;

    switch (next(r) % 3) {
    case 0:
        if (pthread_create(&t, NULL, child, arg) == 0 &&
            (pthread_join(t, &result) || result != arg))
            fail("join");
        break;
    case 1:
        if (pthread_create(&t, NULL, child, arg) == 0)
            pthread_detach(t);
        break;
    case 2:
        if (pthread_create(&t, NULL, victim, arg) == 0) {
            if (next(r) % 2)
                usleep((useconds_t)(next(r) % 500));
            pthread_cancel(t);
            if (pthread_join(t, &result) || result != PTHREAD_CANCELED)
                fail("cancel");
        }
        break;
    }
}

static void use_memory(uint64_t *r)
{
    size_t size = next(r) % 20000 + 1;
    char *p = malloc(size);

    if (!p)
        return;
    memset(p, (int)size, size);
    if (next(r) % 4 == 0)
        sched_yield();
    if (p[0] != (char)size || p[size - 1] != (char)size)
        fail("memory");
    free(p);
}

static void compute(uint64_t *r)
{
    volatile double x = 1.25;
    uint64_t n = next(r) % 20000;

    for (uint64_t i = 0; i < n; i++)
        x = x * 1.0 + 0.0;
    if (x != 1.25)
        fail("floating point");
}

static void *work(void *arg)
{
    uint64_t r = (uint64_t)(uintptr_t)arg;

    while (!stop) {
        switch (next(&r) % 16) {
        case 0 ... 3:
            use_lock(&r);
            break;
        case 4:
        case 5:
            use_rwlock(&r);
            break;
        case 6:
            give_token();
            break;
        case 7:
            take_token(&r);
            break;
        case 8:
            use_semaphore(&r);
            break;
        case 9:
            use_pipe(&r);
            break;
        case 10:
        case 11:
            signal_other(&r);
            break;
        case 12:
            start_others(&r);
            break;
        case 13:
            use_memory(&r);
            break;
        case 14:
            compute(&r);
            break;
        case 15:
            sched_yield();
            break;
        }
    }
    return NULL;
}

static void round_of(uint64_t seed, int ms)
{
    stop = 0;
    for (int i = 0; i < WORKERS; i++) {
        pthread_mutex_lock(&worker_lock);
        if (pthread_create(&worker[i], NULL, work, (void *)(uintptr_t)(seed * 1000 + i + 1)))
            fail("start");
        alive[i] = 1;
        pthread_mutex_unlock(&worker_lock);
    }
    usleep((useconds_t)ms * 1000);
    stop = 1;
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(worker[i], NULL);
        pthread_mutex_lock(&worker_lock);
        alive[i] = 0;
        pthread_mutex_unlock(&worker_lock);
    }
    usleep(2000); /* detached children */
    for (int i = 0; i < LOCKS; i++)
        if (guarded[i] != counted[i])
            fail("counts differ");
    if (signals_seen > signals_sent)
        fail("more signals than were sent");
}

static unsigned long used_memory(void)
{
    struct sysinfo si;

    sysinfo(&si);
    return si.totalram - si.freeram;
}

int main(int argc, char **argv)
{
    static const int types[LOCKS] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
                                     PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_NORMAL,
                                     PTHREAD_MUTEX_NORMAL};
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    int ms = argc > 2 ? atoi(argv[2]) : 500;
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = seed % 2 ? SA_RESTART : 0};

    for (int i = 0; i < LOCKS; i++) {
        pthread_mutexattr_t a;
        pthread_mutexattr_init(&a);
        pthread_mutexattr_settype(&a, types[i]);
        if (i == 3)
            pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
        if (i == 4)
            pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
        pthread_mutex_init(&lock[i], &a);
    }
    pthread_cond_init(&cond, NULL);
    sem_init(&sem, 0, 0);
    if (pipe2(pipe_ends, 04000 /* O_NONBLOCK */))
        fail("pipe");
    sigaction(SIGUSR1, &sa, NULL);

    round_of(seed, ms);
    unsigned long before = used_memory();
    round_of(seed + 1, ms);
    round_of(seed + 2, ms);
    unsigned long after = used_memory();
    /* malloc keeps groups, and stacks are kept: but not without end. */
    if (argc > 3 && after > before + 2 * 1024 * 1024) {
        printf("memory grew from %lu to %lu\n", before, after);
        return 1;
    }
    puts("ok");
    return 0;
}
