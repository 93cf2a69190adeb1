/* SPDX-License-Identifier: MIT
 *
 * signalfd: what is read of signals of all origins, readiness, changing the set, errors. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "calls.h"

static sigset_t set_of(int a, int b)
{
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, a);
    if (b)
        sigaddset(&s, b);
    return s;
}

static long get(int fd, int n)
{
    struct signalfd_siginfo s[4];
    memset(s, 0x55, sizeof(s));
    long r = read(fd, s, (size_t)n * sizeof(*s));
    for (long i = 0; i < r / (long)sizeof(*s); i++)
        printf("  %u errno %d code %d int %d pid %s uid %u overrun %u\n", s[i].ssi_signo,
               s[i].ssi_errno, s[i].ssi_code, s[i].ssi_int,
               s[i].ssi_pid == (unsigned)getpid() ? "own"
               : s[i].ssi_pid                     ? "other"
                                                  : "0",
               s[i].ssi_uid, s[i].ssi_overrun);
    return r;
}

int main(void)
{
    sigset_t both = set_of(SIGUSR1, SIGRTMIN + 1), one = set_of(SIGUSR1, 0);
    sigset_t kill_stop = set_of(SIGKILL, SIGSTOP), alarms = set_of(SIGALRM, 0);
    char buf[200];

    T(signalfd(-1, &both, 0x1));
    T(syscall(SYS_signalfd4, -1, &both, 4, 0));
    T(syscall(SYS_signalfd4, -1, 1, 8, 0));
    T(syscall(SYS_signalfd4, 99, &both, 8, 0));
    T(syscall(SYS_signalfd4, 0, &both, 8, 0));
    int fd = (int)T(signalfd(-1, &both, SFD_NONBLOCK | SFD_CLOEXEC));
    T(fcntl(fd, F_GETFL));
    T(fcntl(fd, F_GETFD));
    T(read(fd, buf, 127));
    T(read(fd, buf, 128));
    T(write(fd, buf, 128));
    T(lseek(fd, 0, SEEK_SET));
    sigprocmask(SIG_BLOCK, &both, NULL);
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    T(poll(&p, 1, 0));
    raise(SIGUSR1);
    T(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    T(get(fd, 4));
    T(poll(&p, 1, 0));
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    union sigval v = {.sival_int = 7};
    T(sigqueue(getpid(), SIGRTMIN + 1, v));
    v.sival_int = 8;
    T(sigqueue(getpid(), SIGRTMIN + 1, v));
    T(get(fd, 2));
    T(get(fd, 2));
    T(get(fd, 2));
    int other = (int)T(signalfd(-1, &one, SFD_NONBLOCK));
    raise(SIGUSR1);
    T(get(other, 1));
    T(get(fd, 1));
    T(signalfd(fd, &one, 0) == fd);
    T(sigqueue(getpid(), SIGRTMIN + 1, v));
    T(get(fd, 1));
    T(signalfd(fd, &both, 0) == fd);
    T(get(fd, 1));
    T(signalfd(fd, &kill_stop, 0) == fd);
    raise(SIGUSR1);
    T(get(fd, 1));
    T(get(other, 1));

    /* A timer's signal, waited for. */
    sigprocmask(SIG_BLOCK, &alarms, NULL);
    T(signalfd(fd, &alarms, 0) == fd);
    T(fcntl(fd, F_SETFL, 0));
    struct itimerval t = {{0, 0}, {0, 20000}};
    setitimer(ITIMER_REAL, &t, NULL);
    T(get(fd, 1));
    int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    T(epoll_wait(ep, &e, 1, 0));
    timer_t id;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = 5};
    T(timer_create(CLOCK_MONOTONIC, &event, &id));
    struct itimerspec when = {{0, 0}, {0, 10000000}};
    T(timer_settime(id, 0, &when, NULL));
    T(epoll_wait(ep, &e, 1, 2000));
    printf("%x\n", e.events);
    T(get(fd, 1));
    T(epoll_wait(ep, &e, 1, 0));
    return 0;
}
