/* SPDX-License-Identifier: MIT
 *
 * poll, ppoll, select and pselect on files, pipes and nothing. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>
#include "calls.h"

static long elapsed_ms(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void polls(int *p, int file)
{
    struct pollfd f[5] = {{p[0], POLLIN, 0},
                          {p[1], POLLOUT | POLLIN, 0},
                          {file, POLLIN | POLLOUT, 0},
                          {99, POLLIN, 0},
                          {-1, POLLIN, 7}};
    T(poll(f, 5, 0));
    for (int i = 0; i < 5; i++)
        printf("%d: %x\n", i, f[i].revents);
    T(write(p[1], "x", 1));
    T(poll(f, 1, -1));
    printf("%x\n", f[0].revents);
    f[0].events = POLLPRI;
    T(poll(f, 1, 0));
    f[0].events = POLLIN | POLLRDNORM;
    T(poll(f, 1, 0));
    printf("%x\n", f[0].revents);
    T(poll(NULL, 0, 0));
    T(poll(f, 1u << 30, 0));
}

static void waits(int *empty)
{
    struct timespec start, t = {0, 30000000}, bad = {0, 1000000000}, negative = {-1, 0};
    struct pollfd f = {empty[0], POLLIN, 0};

    clock_gettime(CLOCK_MONOTONIC, &start);
    T(poll(&f, 1, 30));
    IS(elapsed_ms(&start) >= 30);
    IS(elapsed_ms(&start) < 2000);
    clock_gettime(CLOCK_MONOTONIC, &start);
    T(ppoll(&f, 1, &t, NULL));
    IS(elapsed_ms(&start) >= 30);
    T(ppoll(&f, 1, &bad, NULL));
    T(ppoll(&f, 1, &negative, NULL));
    fd_set r;
    FD_ZERO(&r);
    FD_SET(empty[0], &r);
    struct timeval tv = {0, 30000};
    clock_gettime(CLOCK_MONOTONIC, &start);
    T(select(empty[0] + 1, &r, NULL, NULL, &tv));
    IS(elapsed_ms(&start) >= 30);
    IS(!FD_ISSET(empty[0], &r));
    tv = (struct timeval){0, 20000};
    T(select(0, NULL, NULL, NULL, &tv));
}

static void selects(int *p, int *empty, int file)
{
    fd_set r, w, x;
    struct timeval zero = {0, 0}, negative = {-1, 0};
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&x);
    FD_SET(p[0], &r);
    FD_SET(empty[0], &r);
    FD_SET(file, &r);
    FD_SET(p[1], &w);
    FD_SET(file, &w);
    FD_SET(p[0], &x);
    T(select(64, &r, &w, &x, &zero));
    printf("%d %d %d %d %d %d\n", !!FD_ISSET(p[0], &r), !!FD_ISSET(empty[0], &r),
           !!FD_ISSET(file, &r), !!FD_ISSET(p[1], &w), !!FD_ISSET(file, &w), !!FD_ISSET(p[0], &x));
    FD_SET(60, &r);
    T(select(64, &r, NULL, NULL, &zero));
    T(select(-1, NULL, NULL, NULL, &zero));
    T(select(0, NULL, NULL, NULL, &negative));
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    struct timespec none = {0, 0};
    T(pselect(64, &r, NULL, NULL, &none, NULL));
}

static void hang_up(void)
{
    int p[2];
    struct pollfd f;
    need(pipe(p) == 0, "pipe");
    close(p[1]);
    f = (struct pollfd){p[0], POLLIN, 0};
    T(poll(&f, 1, -1));
    printf("%x\n", f.revents);
    f.events = 0;
    T(poll(&f, 1, 0));
    printf("%x\n", f.revents);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    T(select(p[0] + 1, &r, NULL, NULL, NULL));
    close(p[0]);
}

static volatile sig_atomic_t handled;

static void on_usr1(int sig)
{
    handled = sig;
}

/* A signal that is pending but blocked is delivered inside ppoll with its mask. */
static void masked(int *empty)
{
    sigset_t usr1, none;
    struct pollfd f = {empty[0], POLLIN, 0};
    struct timespec t = {5, 0};

    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    signal(SIGUSR1, on_usr1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    printf("handled %d\n", handled != 0);
    T(ppoll(&f, 1, &t, &none));
    printf("handled %d\n", handled != 0);
    handled = 0;
    raise(SIGUSR1);
    T(pselect(0, NULL, NULL, NULL, &t, &none));
    printf("handled %d\n", handled != 0);
}

int main(void)
{
    int p[2], empty[2];

    enter_folder();
    need(pipe(p) == 0 && pipe(empty) == 0, "pipe");
    int file = open("f", O_CREAT | O_RDWR, 0644);
    polls(p, file);
    waits(empty);
    selects(p, empty, file);
    hang_up();
    masked(empty);
    return 0;
}
