/* SPDX-License-Identifier: MIT
 *
 * eventfd: counting, semaphores, limits, readiness, errors. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "calls.h"

static uint64_t value;

static long get(int fd)
{
    value = 77;
    long r = read(fd, &value, sizeof(value));
    printf("  value %llu\n", (unsigned long long)value);
    return r;
}

static long put(int fd, uint64_t v)
{
    return write(fd, &v, sizeof(v));
}

static void ready(int fd)
{
    struct pollfd f = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM, 0};
    int n = poll(&f, 1, 0);
    printf("  poll %d: %x\n", n, f.revents);
}

int main(void)
{
    char buf[32] = {0};
    struct stat st;

    int fd = (int)T(eventfd(0, EFD_NONBLOCK));
    T(fcntl(fd, F_GETFL));
    T(fcntl(fd, F_GETFD));
    ready(fd);
    T(get(fd));
    T(put(fd, 3));
    ready(fd);
    T(put(fd, 4));
    T(get(fd));
    T(get(fd));
    T(put(fd, 0));
    T(get(fd));
    T(put(fd, UINT64_MAX));
    T(put(fd, UINT64_MAX - 1));
    ready(fd);
    T(put(fd, 0));
    T(put(fd, 1));
    T(get(fd));
    T(put(fd, UINT64_MAX - 2));
    ready(fd);
    T(put(fd, 2));
    T(put(fd, 1));
    ready(fd);
    T(get(fd));
    T(read(fd, buf, 7));
    T(write(fd, buf, 7));
    T(write(fd, buf, 16));
    T(put(fd, 1));
    T(read(fd, buf, 32));
    T(read(fd, buf, 0));
    T(write(fd, buf, 0));
    struct iovec v[3] = {{buf, 8}, {buf + 8, 8}, {buf + 16, 4}};
    buf[0] = 1;
    buf[8] = 2;
    T(writev(fd, v, 3));
    T(get(fd));
    T(put(fd, 0x0102030405060708));
    struct iovec split[2] = {{buf, 3}, {buf + 10, 7}};
    T(readv(fd, split, 2));
    printf("%x %x\n", buf[0], buf[14]);
    T(lseek(fd, 0, SEEK_CUR));
    T(pread(fd, buf, 8, 0));
    T(pwrite(fd, buf, 8, 0));
    T(ftruncate(fd, 0));
    T(fsync(fd));
    T(fstat(fd, &st));
    printf("%o %lld\n", st.st_mode, (long long)st.st_size);
    char link[64] = "";
    snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
    T(readlink(buf, link, sizeof(link)));
    printf("%s\n", link);
    T(close(fd));

    fd = (int)T(eventfd(2, EFD_SEMAPHORE | EFD_CLOEXEC));
    T(fcntl(fd, F_GETFD));
    T(get(fd));
    T(put(fd, 1));
    T(get(fd));
    T(get(fd));
    T(fcntl(fd, F_SETFL, O_NONBLOCK));
    T(get(fd));
    T(close(fd));
    T(eventfd(0, 2));
    T(syscall(SYS_eventfd2, 0x1ffffffffull, 0));
    T(get(3));
    close(3);

    /* Edge-triggered: each write tells, and each read that the other side waits for. */
    fd = eventfd(1, EFD_NONBLOCK);
    int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    T(epoll_wait(ep, &e, 1, 0));
    printf("%x\n", e.events);
    T(epoll_wait(ep, &e, 1, 0));
    T(put(fd, 1));
    T(epoll_wait(ep, &e, 1, 0));
    printf("%x\n", e.events);
    T(get(fd));
    T(epoll_wait(ep, &e, 1, 0));
    printf("%x\n", e.events);
    T(put(fd, 0));
    T(epoll_wait(ep, &e, 1, 0));
    return 0;
}
