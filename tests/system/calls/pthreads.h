/* SPDX-License-Identifier: MIT
 *
 * For the programs on threads: what pthread functions return, and waiting for each other. */
#ifndef PTHREADS_H
#define PTHREADS_H

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>

#include "calls.h"

/* Evaluates a call that returns an error number, and prints it as text. */
#define E(call) report_error(#call, (call))

static inline int report_error(const char *call, int err)
{
    printf("%s: %s\n", call, err ? strerror(err) : "ok");
    return err;
}

static inline void need_ok(int err, const char *what)
{
    errno = err;
    need(err == 0, what);
}

static inline pthread_t start(void *(*f)(void *), void *arg)
{
    pthread_t t;

    need_ok(pthread_create(&t, NULL, f, arg), "thread");
    return t;
}

static inline void *join(pthread_t t)
{
    void *result;

    need_ok(pthread_join(t, &result), "join");
    return result;
}

static inline void sleep_ms(int ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

    while (nanosleep(&ts, &ts) && errno == EINTR)
        ;
}

/* The moment in (ms) milliseconds by (clock). */
static inline struct timespec in_ms(clockid_t clock, int ms)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    ts.tv_sec += ms / 1000;
    ts.tv_nsec += ms % 1000 * 1000000L;
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000L;
    } else if (ts.tv_nsec < 0) {
        ts.tv_sec--;
        ts.tv_nsec += 1000000000L;
    }
    return ts;
}

/* Milliseconds since the first call. */
static inline long now_ms(void)
{
    static struct timespec first;
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    if (!first.tv_sec)
        first = ts;
    return (ts.tv_sec - first.tv_sec) * 1000 + (ts.tv_nsec - first.tv_nsec) / 1000000;
}

/* Waits until (flag), set by another thread, is (value); or for ten seconds. */
static inline void wait_for(volatile int *flag, int value)
{
    for (int i = 0; __atomic_load_n(flag, __ATOMIC_SEQ_CST) != value; i++) {
        need(i < 10000, "waiting for another thread");
        sleep_ms(1);
    }
}

static inline void set(volatile int *flag, int value)
{
    __atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* Whether all threads but the calling one sleep. */
static inline bool others_sleep(void)
{
    DIR *d = opendir("/proc/self/task");
    bool all = true;

    need(d, "/proc/self/task");
    for (struct dirent *e; (e = readdir(d));) {
        char path[64], text[256] = "";
        if (e->d_name[0] == '.' || atoi(e->d_name) == (int)syscall(SYS_gettid))
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%.20s/stat", e->d_name);
        int fd = open(path, O_RDONLY);
        const char *state =
            fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strrchr(text, ')') : NULL;
        if (fd >= 0)
            close(fd);
        if (state && state[2] == 'R')
            all = false;
    }
    closedir(d);
    return all;
}

/* Until threads that were just seen on their way into blocking calls are in them: they sleep, twice
 * in turn; or for a second, if there are some that never do. */
static inline void let_block(void)
{
    for (int i = 0, calm = 0; i < 250 && calm < 3; i++) {
        sleep_ms(4);
        calm = others_sleep() ? calm + 1 : 0;
    }
}

#endif
