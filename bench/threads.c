/* SPDX-License-Identifier: MIT
 *
 * args: WHAT. Prints the time of one in ns:
 *     create   pthread_create and pthread_join of a thread that does nothing
 *     futex    a switch to another thread and back, over two futexes
 *     cond     the same over a mutex and condition variables
 *     mutex    pthread_mutex_lock and unlock that nobody contends for, in a program with threads
 * With a second argument it stays on one CPU: then Linux switches too, instead of waking another
 * CPU. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* <linux/futex.h>, which musl-gcc does not find. */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *nothing(void *arg)
{
    return arg;
}

static void create(int n)
{
    pthread_t t;

    for (int i = 0; i < n; i++) {
        pthread_create(&t, NULL, nothing, NULL);
        pthread_join(t, NULL);
    }
}

/* Each thread waits for its word to be 1, makes it 0, and the other's 1. */
static int words[2];

static void turn(int me)
{
    while (__atomic_load_n(&words[me], __ATOMIC_ACQUIRE) == 0)
        syscall(SYS_futex, &words[me], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    words[me] = 0;
    __atomic_store_n(&words[!me], 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &words[!me], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_partner(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        turn(1);
    return NULL;
}

static void futex(int n)
{
    pthread_t t;

    words[0] = 1;
    pthread_create(&t, NULL, futex_partner, &n);
    for (int i = 0; i < n; i++)
        turn(0);
    pthread_join(t, NULL);
}

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int whose;

static void *cond_partner(void *arg)
{
    int n = *(int *)arg;

    pthread_mutex_lock(&m);
    for (int i = 0; i < n; i++) {
        while (whose != 1)
            pthread_cond_wait(&c[1], &m);
        whose = 0;
        pthread_cond_signal(&c[0]);
    }
    pthread_mutex_unlock(&m);
    return NULL;
}

static void cond(int n)
{
    pthread_t t;

    pthread_create(&t, NULL, cond_partner, &n);
    pthread_mutex_lock(&m);
    for (int i = 0; i < n; i++) {
        whose = 1;
        pthread_cond_signal(&c[1]);
        while (whose != 0)
            pthread_cond_wait(&c[0], &m);
    }
    pthread_mutex_unlock(&m);
    pthread_join(t, NULL);
}

static void mutex(int n)
{
    static int started;

    if (!started)
        create(1);
    started = 1;
    for (int i = 0; i < n; i++) {
        pthread_mutex_lock(&m);
        __asm__ volatile("" : : : "memory");
        pthread_mutex_unlock(&m);
    }
}

static const struct {
    const char *name;
    void (*run)(int n);
    int n;
} kinds[] = {
    {"create", create, 20}, {"futex", futex, 200}, {"cond", cond, 200}, {"mutex", mutex, 20000}};

static void stay(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
    if (argc > 2)
        stay();
    for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(argv[1], kinds[i].name) != 0)
            continue;
        double best = 1e18;
        kinds[i].run(kinds[i].n);
        /* The best of many short ones: others use the machine, too. */
        for (int round = 0; round < 200; round++) {
            double before = now();
            kinds[i].run(kinds[i].n);
            double each = (now() - before) / kinds[i].n;
            if (each < best)
                best = each;
        }
        printf("%.1f\n", best);
        return 0;
    }
    return 1;
}
