/* SPDX-License-Identifier: MIT
 *
 * Descriptors of the process itself: made, asked, signals by them, files by them, errors. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include "calls.h"

static volatile int got, code, value;

static void handler(int sig, siginfo_t *info, void *context)
{
    (void)context;
    got = sig;
    code = info->si_code;
    value = info->si_value.sival_int;
}

static void told(void)
{
    printf("  signal %d, code %d, value %d\n", got, code, value);
    got = code = value = 0;
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
    char byte;

    sigaction(SIGUSR1, &sa, NULL);
    T(syscall(SYS_pidfd_open, 0, 0));
    T(syscall(SYS_pidfd_open, -1, 0));
    T(syscall(SYS_pidfd_open, 0x7ffffff0, 0));
    T(syscall(SYS_pidfd_open, getpid(), 1));
    int fd = (int)T(syscall(SYS_pidfd_open, getpid(), 0));
    T(fcntl(fd, F_GETFD));
    int quick = (int)T(syscall(SYS_pidfd_open, getpid(), O_NONBLOCK));
    T(fcntl(quick, F_GETFL) & O_NONBLOCK);
    struct pollfd p = {fd, POLLIN, 0};
    T(poll(&p, 1, 0));
    T(read(fd, &byte, 1));
    T(write(fd, &byte, 1));

    T(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    T(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0));
    told();
    info.si_value.sival_int = 42;
    T(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0));
    told();
    T(syscall(SYS_pidfd_send_signal, fd, SIGUSR2, &info, 0));
    T(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, (void *)8, 0));
    T(syscall(SYS_pidfd_send_signal, fd, 99, NULL, 0));
    T(syscall(SYS_pidfd_send_signal, fd, -1, NULL, 0));
    T(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0x100));
    T(syscall(SYS_pidfd_send_signal, 0, SIGUSR1, NULL, 0));
    T(syscall(SYS_pidfd_send_signal, 999, SIGUSR1, NULL, 0));

    int file = open("/dev/null", O_RDONLY);
    int copy = (int)T(syscall(SYS_pidfd_getfd, fd, file, 0));
    T(fcntl(copy, F_GETFD));
    T(fcntl(copy, F_GETFL) & O_ACCMODE);
    T(syscall(SYS_pidfd_getfd, fd, 999, 0));
    T(syscall(SYS_pidfd_getfd, file, file, 0));
    T(syscall(SYS_pidfd_getfd, fd, file, 1));
    T(close(fd));
    return 0;
}
