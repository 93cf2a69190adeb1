/* SPDX-License-Identifier: MIT
 *
 * Descriptors: dup and its relatives, lowest free number, shared positions, close-on-exec, limits.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include "calls.h"

/* musl 1.2.3 has no function for it. */
#define CLOSE_RANGE_CLOEXEC 4

static long close_range(unsigned first, unsigned last, unsigned how)
{
    return syscall(SYS_close_range, first, last, how);
}

static void shared_position(void)
{
    char buf[4] = "";
    put_file("f", "abcdef");
    int fd = open("f", O_RDWR), copy = dup(fd), own = open("f", O_RDONLY);

    T(read(fd, buf, 2));
    T(lseek(copy, 0, SEEK_CUR));
    T(lseek(own, 0, SEEK_CUR));
    T(fcntl(copy, F_SETFL, O_APPEND));
    T(fcntl(fd, F_GETFL) & O_APPEND);
    T(fcntl(own, F_GETFL) & O_APPEND);
    T(close(fd));
    T(read(copy, buf, 1));
    close(copy);
    close(own);
}

static void numbers(void)
{
    struct rlimit usual = {1024, 1024};
    need(setrlimit(RLIMIT_NOFILE, &usual) == 0, "limit");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY), c = open("f", O_RDONLY);
    printf("%d %d %d\n", a, b, c);
    T(close(b));
    T(dup(a));
    T(dup(a));
    T(dup2(a, 40));
    T(dup2(a, a));
    T(dup2(a, 5));
    T(dup2(99, 5));
    T(dup2(99, 99));
    T(dup2(a, -1));
    T(dup2(a, 1 << 20));
    T(dup3(a, 41, O_CLOEXEC));
    T(dup3(a, a, 0));
    T(fcntl(41, F_GETFD));
    T(fcntl(40, F_GETFD));
    T(fcntl(a, F_DUPFD, 10));
    T(fcntl(a, F_DUPFD, 10));
    T(fcntl(a, F_DUPFD_CLOEXEC, 40));
    T(fcntl(42, F_GETFD));
    T(fcntl(a, F_DUPFD, -1));
    T(fcntl(a, F_DUPFD, 1 << 20));
    T(fcntl(99, F_DUPFD, 0));
    for (int fd = 3; fd < 64; fd++)
        close(fd);
}

static void flags(void)
{
    int fd = open("f", O_RDWR | O_CLOEXEC);
    T(fcntl(fd, F_GETFD));
    T(fcntl(fd, F_SETFD, 0));
    T(fcntl(fd, F_GETFD));
    int copy = dup(fd);
    T(fcntl(copy, F_SETFD, FD_CLOEXEC));
    T(fcntl(fd, F_GETFD));
    T(fcntl(copy, F_GETFD));
    T(fcntl(fd, F_GETFL) & O_ACCMODE);
    T(fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK));
    T(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    T(fcntl(fd, 9999));
    T(fcntl(77, F_GETFD));
    close(fd);
    close(copy);
}

static void limit(void)
{
    struct rlimit old, small = {20, 20};
    getrlimit(RLIMIT_NOFILE, &old);
    small.rlim_max = old.rlim_max;
    T(setrlimit(RLIMIT_NOFILE, &small));
    int last = -1, fd;
    while ((fd = dup(1)) >= 0)
        last = fd;
    printf("last %d: %s\n", last, strerror(errno));
    T(open("f", O_RDONLY));
    T(dup2(1, 20));
    T(dup2(1, 19));
    T(fcntl(1, F_DUPFD, 20));
    int pipes[2];
    T(close(10));
    T(pipe(pipes));
    T(dup(1));
    T(setrlimit(RLIMIT_NOFILE, &old));
    T(dup(1));
}

static void ranges(void)
{
    for (int fd = 30; fd < 40; fd++)
        need(dup2(1, fd) == fd, "dup2");
    T(close_range(32, 35, 0));
    T(fcntl(31, F_GETFD));
    T(fcntl(32, F_GETFD));
    T(fcntl(35, F_GETFD));
    T(fcntl(36, F_GETFD));
    T(close_range(37, ~0u, CLOSE_RANGE_CLOEXEC));
    T(fcntl(36, F_GETFD));
    T(fcntl(37, F_GETFD));
    T(close_range(5, 4, 0));
    T(close_range(5, 6, 1u << 30));
    T(close_range(3, ~0u, 0));
    T(open("f", O_RDONLY));
}

int main(void)
{
    enter_folder();
    shared_position();
    numbers();
    flags();
    limit();
    ranges();
    return 0;
}
