/* SPDX-License-Identifier: MIT
 *
 * Clocks and sleeping. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include "calls.h"

static long long now_of(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) < 0 ? -1 : t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void reading(void)
{
    static const struct {
        clockid_t id;
        const char *name;
    } clocks[] = {{CLOCK_REALTIME, "real"},
                  {CLOCK_MONOTONIC, "monotonic"},
                  {CLOCK_PROCESS_CPUTIME_ID, "process"},
                  {CLOCK_THREAD_CPUTIME_ID, "thread"},
                  {CLOCK_MONOTONIC_RAW, "raw"},
                  {CLOCK_REALTIME_COARSE, "real coarse"},
                  {CLOCK_MONOTONIC_COARSE, "monotonic coarse"},
                  {CLOCK_BOOTTIME, "boot"}};
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        struct timespec res;
        long long last = now_of(clocks[i].id);
        bool forward = last >= 0;
        for (int n = 0; n < 1000; n++) {
            long long next = now_of(clocks[i].id);
            forward &= next >= last;
            last = next;
        }
        printf("%s: forward %d, getres %d\n", clocks[i].name, forward,
               clock_getres(clocks[i].id, &res));
    }
    struct timespec t;
    struct timeval tv;
    T(clock_gettime(99, &t));
    T(clock_getres(99, &t));
    T(gettimeofday(&tv, NULL));
    IS(tv.tv_sec > 1600000000 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    time_t a = time(NULL), b;
    IS(time(&b) >= a && b >= a && a - tv.tv_sec <= 1);
    struct tms ticks;
    IS(times(&ticks) != (clock_t)-1);
    struct rusage use;
    T(getrusage(RUSAGE_SELF, &use));
    T(getrusage(RUSAGE_CHILDREN, &use));
    T(getrusage(55, &use));
    T(sysconf(_SC_CLK_TCK));
}

static void sleeping(void)
{
    struct timespec t = {0, 30000000}, bad = {0, 1000000000}, negative = {-1, 0}, left = {7, 7};
    long long start = now_of(CLOCK_MONOTONIC);
    T(nanosleep(&t, &left));
    IS(now_of(CLOCK_MONOTONIC) - start >= 30000000);
    IS(now_of(CLOCK_MONOTONIC) - start < 3000000000);
    IS(left.tv_sec == 7);
    T(nanosleep(&bad, NULL));
    T(nanosleep(&negative, NULL));
    start = now_of(CLOCK_MONOTONIC);
    T(usleep(20000));
    IS(now_of(CLOCK_MONOTONIC) - start >= 20000000);
    long long until = now_of(CLOCK_MONOTONIC) + 20000000;
    struct timespec at = {until / 1000000000, until % 1000000000};
    T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
    IS(now_of(CLOCK_MONOTONIC) >= until);
    T(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL));
    until = now_of(CLOCK_REALTIME) + 20000000;
    at = (struct timespec){until / 1000000000, until % 1000000000};
    T(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL));
    IS(now_of(CLOCK_REALTIME) >= until);
    T(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
    T(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL));
    T(clock_nanosleep(99, 0, &t, NULL));
    T(nanosleep(&(struct timespec){0, 0}, NULL));
    T(sleep(0));
}

int main(void)
{
    reading();
    sleeping();
    return 0;
}
