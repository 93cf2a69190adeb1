/* SPDX-License-Identifier: MIT
 *
 * epoll: its errors and their order, level, edge and one-shot, many items and fairness, duplicated
 * descriptors, sets in sets. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include "calls.h"

static int ep;

static int ctl(int op, int fd, unsigned events)
{
    struct epoll_event e = {.events = events, .data.u64 = 1000u + (unsigned)fd};
    return epoll_ctl(ep, op, fd, &e);
}

static int by_data(const void *a, const void *b)
{
    const struct epoll_event *x = a, *y = b;
    return (int)x->data.u64 - (int)y->data.u64;
}

/* Prints what is ready now, in order; if all of it fits, sorted: one wake has several. */
static void wait_for(int set, int max)
{
    struct epoll_event e[64];
    int n = epoll_wait(set, e, max, 0);
    if (n > 0 && n < max)
        qsort(e, (size_t)n, sizeof(*e), by_data);
    printf("  %d ready:", n);
    for (int i = 0; i < n; i++)
        printf(" %lld:%x", (long long)e[i].data.u64 - 1000, e[i].events);
    printf("\n");
}

static void errors(void)
{
    struct epoll_event e = {.events = EPOLLIN}, out[2];
    int p[2], file = open("f", O_CREAT | O_RDWR, 0644), dir = open(".", O_RDONLY);
    int path = open("f", O_PATH), null = open("/dev/null", O_RDWR);

    need(pipe(p) == 0, "pipe");
    T(syscall(SYS_epoll_create, 0));
    T(syscall(SYS_epoll_create, -1));
    T(epoll_create1(1));
    T(epoll_create1(EPOLL_CLOEXEC | O_NONBLOCK));
    int cloexec = epoll_create1(EPOLL_CLOEXEC);
    T(fcntl(cloexec, F_GETFD));
    T(fcntl(cloexec, F_GETFL));
    close(cloexec);
    T(epoll_ctl(-1, EPOLL_CTL_ADD, p[0], &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &e));
    T(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e));
    T(epoll_ctl(p[0], EPOLL_CTL_ADD, file, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, path, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, null, &e));
    T(epoll_ctl(ep, EPOLL_CTL_DEL, file, &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], NULL));
    T(epoll_ctl(-1, EPOLL_CTL_ADD, p[0], NULL));
    T(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
    T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    T(epoll_ctl(ep, 0, p[0], &e));
    T(epoll_ctl(ep, 4, p[0], &e));
    T(epoll_ctl(ep, 4, p[0], NULL));
    T(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
    T(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
    T(epoll_wait(-1, out, 0, 0));
    T(epoll_wait(ep, out, 0, 0));
    T(epoll_wait(ep, out, -1, 0));
    T(epoll_wait(p[0], out, 1, 0));
    T(epoll_wait(p[0], out, 0, 0));
    T(epoll_wait(ep, NULL, 2147483647 / 12, 0));
    T(epoll_wait(ep, (struct epoll_event *)-12, 1, 0));
    T(epoll_wait(ep, out, 2147483647 / 12 + 1, 0));
    T(epoll_wait(ep, NULL, 1, 0));
    ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT);
    T(epoll_wait(ep, NULL, 1, 0));
    T(epoll_wait(ep, out, 1, 0));
    T(epoll_pwait(ep, out, 2, 0, NULL));
    T(syscall(SYS_epoll_pwait, ep, out, 2, 0, &e, 4));
    T(syscall(SYS_epoll_pwait, ep, out, 2, 0, NULL, 4));
    T(syscall(SYS_epoll_pwait, ep, out, 2, 0, 1, 8));
    struct timespec bad = {0, 1000000000}, none = {0, 0};
    T(syscall(SYS_epoll_pwait2, ep, out, 2, &bad, NULL, 8));
    T(syscall(SYS_epoll_pwait2, ep, out, 2, &none, NULL, 8));
    T(syscall(SYS_epoll_pwait2, ep, out, 2, 1, NULL, 8));
    T(ctl(EPOLL_CTL_DEL, p[1], 0));
    char c;
    T(read(ep, &c, 1));
    T(write(ep, &c, 1));
    T(pread(ep, &c, 1, 0));
    T(lseek(ep, 0, SEEK_SET));
    T(ftruncate(ep, 0));
    struct stat st;
    T(fstat(ep, &st));
    printf("%o %lld\n", st.st_mode, (long long)st.st_size);
    close(p[0]);
    close(p[1]);
    close(file);
    close(dir);
    close(path);
    close(null);
}

static void ways_to_tell(void)
{
    int p[2];
    char buf[8];

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    printf("level\n");
    ctl(EPOLL_CTL_ADD, p[0], EPOLLIN);
    wait_for(ep, 9);
    T(write(p[1], "ab", 2));
    wait_for(ep, 9);
    wait_for(ep, 9);
    T(read(p[0], buf, 1));
    wait_for(ep, 9);
    T(read(p[0], buf, 1));
    wait_for(ep, 9);
    printf("edge\n");
    ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET);
    wait_for(ep, 9);
    T(write(p[1], "ab", 2));
    wait_for(ep, 9);
    wait_for(ep, 9);
    T(read(p[0], buf, 1));
    wait_for(ep, 9);
    T(write(p[1], "c", 1));
    wait_for(ep, 9);
    T(write(p[1], "d", 1));
    T(read(p[0], buf, 8));
    wait_for(ep, 9);
    T(write(p[1], "e", 1));
    wait_for(ep, 9);
    ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET);
    wait_for(ep, 9);
    wait_for(ep, 9);
    printf("one-shot\n");
    ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT);
    wait_for(ep, 9);
    wait_for(ep, 9);
    T(write(p[1], "f", 1));
    wait_for(ep, 9);
    ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT);
    wait_for(ep, 9);
    printf("nothing wanted\n");
    ctl(EPOLL_CTL_MOD, p[0], 0);
    wait_for(ep, 9);
    ctl(EPOLL_CTL_MOD, p[0], EPOLLOUT | EPOLLPRI | EPOLLWAKEUP);
    wait_for(ep, 9);
    ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLRDNORM | EPOLLRDHUP);
    wait_for(ep, 9);
    printf("hang-up\n");
    ctl(EPOLL_CTL_MOD, p[0], 0);
    close(p[1]);
    wait_for(ep, 9);
    close(p[0]);
    wait_for(ep, 9);
}

static void writing(void)
{
    int p[2];
    static char page[65536];

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET);
    wait_for(ep, 9);
    wait_for(ep, 9);
    T(write(p[1], page, 4096));
    wait_for(ep, 9);
    T(read(p[0], page, 4096));
    wait_for(ep, 9);
    T(write(p[1], page, sizeof(page)));
    wait_for(ep, 9);
    T(read(p[0], page, 4096));
    wait_for(ep, 9);
    T(read(p[0], page, 4096));
    wait_for(ep, 9);
    close(p[0]);
    wait_for(ep, 9);
    wait_for(ep, 9);
    close(p[1]);
}

static void exclusive(void)
{
    int p[2], other = epoll_create1(0);

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    T(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
    T(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP));
    T(ctl(EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE));
    T(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET | EPOLLEXCLUSIVE));
    T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN));
    T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE));
    T(ctl(EPOLL_CTL_MOD, p[1], EPOLLIN | EPOLLEXCLUSIVE));
    T(ctl(EPOLL_CTL_MOD, p[1], EPOLLIN));
    struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = 1007};
    T(epoll_ctl(other, EPOLL_CTL_ADD, p[0], &e));
    T(write(p[1], "x", 1));
    wait_for(ep, 9);
    wait_for(other, 9);
    close(p[0]);
    close(p[1]);
    close(other);
}

/* Of many ready items each gets its turn. */
static void fairness(void)
{
    int p[6][2];

    for (int i = 0; i < 6; i++) {
        need(pipe(p[i]) == 0, "pipe");
        ctl(EPOLL_CTL_ADD, p[i][0], EPOLLIN);
    }
    for (int i = 5; i >= 0; i--)
        need(write(p[i][1], "x", 1) == 1, "write");
    for (int i = 0; i < 5; i++)
        wait_for(ep, 2);
    ctl(EPOLL_CTL_MOD, p[3][0], EPOLLIN | EPOLLET);
    ctl(EPOLL_CTL_MOD, p[0][0], EPOLLIN | EPOLLONESHOT);
    ctl(EPOLL_CTL_DEL, p[1][0], 0);
    for (int i = 0; i < 5; i++)
        wait_for(ep, 3);
    for (int i = 0; i < 6; i++) {
        close(p[i][0]);
        close(p[i][1]);
    }
    wait_for(ep, 9);
}

/* An item belongs to the open file: descriptors come and go. */
static void descriptors(void)
{
    int p[2];

    need(pipe(p) == 0, "pipe");
    ctl(EPOLL_CTL_ADD, p[0], EPOLLIN);
    int copy = dup(p[0]);
    T(ctl(EPOLL_CTL_ADD, copy, EPOLLIN));
    T(write(p[1], "x", 1));
    wait_for(ep, 9);
    T(close(copy));
    wait_for(ep, 9);
    T(ctl(EPOLL_CTL_DEL, copy, 0));
    int again = dup(p[0]);
    IS(again == copy);
    T(ctl(EPOLL_CTL_ADD, again, EPOLLIN));
    T(ctl(EPOLL_CTL_DEL, again, 0));
    close(p[0]);
    wait_for(ep, 9);
    T(ctl(EPOLL_CTL_DEL, p[0], 0));
    int q[2];
    need(pipe(q) == 0, "pipe");
    IS(q[0] == p[0]);
    T(ctl(EPOLL_CTL_ADD, q[0], EPOLLIN));
    wait_for(ep, 9);
    T(dup2(q[0], again));
    wait_for(ep, 9);
    close(again);
    close(q[0]);
    close(q[1]);
    close(p[1]);
    wait_for(ep, 9);
}

static void nested(void)
{
    int p[2], set[8];

    need(pipe(p) == 0, "pipe");
    for (int i = 0; i < 8; i++)
        set[i] = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 1001};
    T(epoll_ctl(set[0], EPOLL_CTL_ADD, p[0], &e));
    for (int i = 1; i < 7; i++) {
        e.data.u64 = 1000u + (unsigned)i;
        T(epoll_ctl(set[i], EPOLL_CTL_ADD, set[i - 1], &e));
    }
    T(epoll_ctl(set[0], EPOLL_CTL_ADD, set[1], &e));
    T(epoll_ctl(set[0], EPOLL_CTL_ADD, set[3], &e));
    T(epoll_ctl(set[4], EPOLL_CTL_ADD, set[6], &e));
    T(epoll_ctl(set[7], EPOLL_CTL_ADD, set[3], &e));
    T(epoll_ctl(set[7], EPOLL_CTL_ADD, set[2], &e));
    wait_for(set[4], 9);
    T(write(p[1], "x", 1));
    wait_for(set[4], 9);
    wait_for(set[4], 9);
    wait_for(set[0], 9);
    char c;
    T(read(p[0], &c, 1));
    wait_for(set[3], 9);
    e.events = EPOLLIN | EPOLLET;
    T(epoll_ctl(set[2], EPOLL_CTL_MOD, set[1], &e));
    T(write(p[1], "x", 1));
    wait_for(set[2], 9);
    wait_for(set[2], 9);
    T(write(p[1], "x", 1));
    wait_for(set[2], 9);
    close(set[1]);
    T(write(p[1], "x", 1));
    wait_for(set[2], 9);
    wait_for(set[0], 9);
    for (int i = 0; i < 8; i++)
        close(set[i]);
    close(p[0]);
    close(p[1]);
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
    handled = sig;
}

static long elapsed_ms(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void waits(void)
{
    struct timespec start, t = {0, 30000000};
    struct epoll_event e;
    sigset_t usr1, none;

    clock_gettime(CLOCK_MONOTONIC, &start);
    T(epoll_wait(ep, &e, 1, 30));
    IS(elapsed_ms(&start) >= 30 && elapsed_ms(&start) < 2000);
    clock_gettime(CLOCK_MONOTONIC, &start);
    T(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 0));
    IS(elapsed_ms(&start) >= 30 && elapsed_ms(&start) < 2000);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    signal(SIGUSR1, on_signal);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    T(epoll_wait(ep, &e, 1, 1));
    IS(handled);
    T(epoll_pwait(ep, &e, 1, 5000, &none));
    IS(handled);
    handled = 0;
    raise(SIGUSR1);
    t = (struct timespec){5, 0};
    T(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, &none, 8));
    IS(handled);
}

int main(void)
{
    enter_folder();
    ep = epoll_create(1);
    errors();
    ways_to_tell();
    writing();
    exclusive();
    fairness();
    descriptors();
    nested();
    waits();
    T(close(ep));
    T(epoll_wait(ep, NULL, 1, 0));
    return 0;
}
