/* SPDX-License-Identifier: MIT
 *
 * timerfd: its clocks, one expiration and many, absolute times, settings read back, errors. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include "calls.h"

#define MS 1000000l

static const struct itimerspec never;

static int64_t now(int clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void nap(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * MS};
    nanosleep(&t, NULL);
}

static struct itimerspec spec(int64_t value, int64_t interval)
{
    return (struct itimerspec){{interval / 1000000000, interval % 1000000000},
                               {value / 1000000000, value % 1000000000}};
}

static int64_t left(int fd)
{
    struct itimerspec t;
    return timerfd_gettime(fd, &t) ? -1 : t.it_value.tv_sec * 1000000000ll + t.it_value.tv_nsec;
}

static uint64_t ticks(int fd)
{
    uint64_t n = 0;
    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void errors(void)
{
    struct itimerspec t = spec(MS, 0), bad = {.it_value = {0, 1000000000}};
    char buf[16];
    int p[2];

    T(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    T(timerfd_create(CLOCK_MONOTONIC_RAW, 0));
    T(timerfd_create(-1, 0));
    T(timerfd_create(CLOCK_MONOTONIC, 4));
    int fd = (int)T(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    T(fcntl(fd, F_GETFL));
    T(fcntl(fd, F_GETFD));
    T(timerfd_settime(fd, 4, &t, NULL));
    T(timerfd_settime(fd, 0, &bad, NULL));
    bad = (struct itimerspec){.it_interval = {-1, 0}};
    T(timerfd_settime(fd, 0, &bad, NULL));
    T(timerfd_settime(-1, 0, &bad, NULL));
    T(timerfd_settime(-1, 0, &t, NULL));
    T(timerfd_settime(-1, 0, NULL, NULL));
    T(timerfd_settime(fd, 0, NULL, NULL));
    T(timerfd_settime(1, 0, &t, NULL));
    T(timerfd_gettime(1, &t));
    T(timerfd_gettime(-1, &t));
    T(timerfd_gettime(fd, NULL));
    T(read(fd, buf, 7));
    T(read(fd, buf, 8));
    T(write(fd, buf, 8));
    T(lseek(fd, 0, SEEK_SET));
    T(pread(fd, buf, 8, 0));
    need(pipe(p) == 0, "pipe");
    T(timerfd_settime(p[0], 0, &t, NULL));
    close(p[0]);
    close(p[1]);
    close(fd);
}

static void one_shot(int clock)
{
    int fd = timerfd_create(clock, 0);
    struct itimerspec t = spec(20 * MS, 0), old;
    struct pollfd f = {fd, POLLIN | POLLOUT, 0};

    IS(left(fd) == 0);
    T(poll(&f, 1, 0));
    int64_t start = now(CLOCK_MONOTONIC);
    T(timerfd_settime(fd, 0, &t, NULL));
    IS(left(fd) > 0 && left(fd) <= 20 * MS);
    T((long long)ticks(fd));
    IS(now(CLOCK_MONOTONIC) - start >= 20 * MS);
    IS(left(fd) == 0);
    t = spec(now(clock) + 20 * MS, 0);
    T(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, &old));
    IS(old.it_value.tv_nsec == 0);
    T(poll(&f, 1, 2000));
    printf("%x\n", f.revents);
    IS(now(clock) >= t.it_value.tv_sec * 1000000000ll + t.it_value.tv_nsec);
    T((long long)ticks(fd));
    T(poll(&f, 1, 0));
    t = spec(1, 0);
    T(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    T((long long)ticks(fd));
    t = spec(100000 * MS, 7 * MS);
    T(timerfd_settime(fd, 0, &t, NULL));
    T(timerfd_settime(fd, 0, &never, &old));
    IS(old.it_value.tv_sec >= 99);
    printf("%ld\n", (long)old.it_interval.tv_nsec);
    IS(left(fd) == 0);
    close(fd);
}

static void interval(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec t = spec(10 * MS, 10 * MS), old;

    T(timerfd_settime(fd, 0, &t, NULL));
    T((long long)ticks(fd));
    nap(55);
    uint64_t n = ticks(fd);
    IS(n >= 5 && n < 100);
    T((long long)ticks(fd) > 1);
    nap(25);
    IS(left(fd) > 0 && left(fd) <= 10 * MS);
    IS(ticks(fd) >= 2);
    nap(15);
    T(timerfd_settime(fd, 0, &never, &old));
    IS(old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 10 * MS);
    printf("%ld\n", old.it_interval.tv_nsec);
    T((long long)ticks(fd));
    /* An interval alone arms nothing. */
    t = spec(0, 10 * MS);
    T(timerfd_settime(fd, 0, &t, NULL));
    T(timerfd_gettime(fd, &old));
    printf("%ld %ld\n", old.it_value.tv_nsec, old.it_interval.tv_nsec);
    nap(15);
    T((long long)ticks(fd));
    /* Absolute and long past: every missed interval counts. */
    t = spec(now(CLOCK_MONOTONIC) - 1000 * MS, 10 * MS);
    T(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    n = ticks(fd);
    IS(n >= 100 && n < 200);
    close(fd);
}

static void edges(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), ep = epoll_create1(0);
    struct itimerspec t = spec(5 * MS, 5 * MS);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};

    T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    T(epoll_wait(ep, &e, 1, 0));
    T(timerfd_settime(fd, 0, &t, NULL));
    T(epoll_wait(ep, &e, 1, 2000));
    printf("%x\n", e.events);
    T(epoll_wait(ep, &e, 1, 20));
    IS(ticks(fd) >= 3);
    T(epoll_wait(ep, &e, 1, 2000));
    close(fd);
    T(epoll_wait(ep, &e, 1, 0));
    close(ep);
}

int main(void)
{
    errors();
    one_shot(CLOCK_MONOTONIC);
    one_shot(CLOCK_REALTIME);
    one_shot(CLOCK_BOOTTIME);
    interval();
    edges();
    int fd = (int)T(timerfd_create(CLOCK_REALTIME_ALARM, 0));
    close(fd);
    fd = (int)T(timerfd_create(CLOCK_BOOTTIME_ALARM, 0));
    close(fd);
    fd = timerfd_create(CLOCK_REALTIME, 0);
    struct itimerspec t = spec(now(CLOCK_REALTIME) + 20 * MS, 0);
    T(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL));
    T((long long)ticks(fd));
    T(timerfd_settime(fd, TFD_TIMER_CANCEL_ON_SET, &never, NULL));
    return 0;
}
