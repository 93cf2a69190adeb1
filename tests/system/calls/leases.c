/* SPDX-License-Identifier: MIT
 *
 * Leases of files: who may have one, the signal that asks to give it up, and opens that wait for
 * it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include "calls.h"

static volatile sig_atomic_t got, code, from, give_up = -1, lower = -1;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    got = sig;
    code = info->si_code;
    from = info->si_code == SI_KERNEL ? -1 : info->si_fd;
    if (give_up >= 0)
        fcntl(give_up, F_SETLEASE, F_UNLCK);
    if (lower >= 0)
        fcntl(lower, F_SETLEASE, F_RDLCK);
}

static void told(int fd)
{
    printf("signal %d, %s, %s\n", got == SIGRTMIN ? 99 : got,
           code == SI_KERNEL ? "of the kernel" : "of a file", from == fd ? "this file" : "no file");
    got = 0;
}

static void allowed(void)
{
    int p[2], folder = open(".", O_RDONLY), path = open("f", O_PATH), r = open("f", O_RDONLY), w;

    need(pipe(p) == 0 && r >= 0, "files");
    T(fcntl(folder, F_SETLEASE, F_RDLCK));
    T(fcntl(p[0], F_SETLEASE, F_RDLCK));
    T(fcntl(path, F_SETLEASE, F_RDLCK));
    T(fcntl(path, F_GETLEASE));
    T(fcntl(-1, F_GETLEASE));
    T(fcntl(p[0], F_GETLEASE));
    T(fcntl(r, F_SETLEASE, 77));
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(fcntl(r, F_GETLEASE));
    int other = open("f", O_RDONLY | O_NONBLOCK);
    printf("another open: %s\n", other < 0 ? strerror(errno) : "ok");
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    other = open("f", O_RDONLY);
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(fcntl(other, F_SETLEASE, F_RDLCK));
    T(fcntl(other, F_GETLEASE));
    T(close(other));
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    w = open("f", O_RDWR);
    T(fcntl(w, F_SETLEASE, F_RDLCK));
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(close(r));
    T(fcntl(w, F_SETLEASE, F_WRLCK));
    r = dup(w);
    T(fcntl(r, F_GETLEASE));
    T(close(w));
    T(fcntl(r, F_GETLEASE));
    T(close(r));
    T(close(open("f", O_RDWR | O_NONBLOCK)));
}

static void asked(void)
{
    int r = open("f", O_RDONLY);

    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(fcntl(r, F_GETOWN) == getpid());
    T(close(open("f", O_RDONLY | O_NONBLOCK)));
    IS(got == 0);
    T(open("f", O_WRONLY | O_NONBLOCK));
    told(r);
    T(fcntl(r, F_GETLEASE));
    T(open("f", O_WRONLY | O_NONBLOCK));
    IS(got == 0);
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(fcntl(r, F_GETLEASE));
    T(close(open("f", O_WRONLY | O_NONBLOCK)));

    T(fcntl(r, F_SETSIG, SIGRTMIN));
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(open("f", O_RDONLY | O_NONBLOCK));
    told(r);
    T(fcntl(r, F_GETLEASE));
    T(open("f", O_WRONLY | O_NONBLOCK));
    told(r);
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(open("f", O_RDONLY | O_NONBLOCK));
    told(r);
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(close(open("f", O_RDONLY | O_NONBLOCK)));
    T(fcntl(r, F_GETLEASE));
    T(close(r));
}

/* The handler does what is asked for, and the open goes on. */
static void handled(void)
{
    int r = open("f", O_RDONLY);

    T(fcntl(r, F_SETLEASE, F_WRLCK));
    give_up = r;
    T(truncate("f", 3));
    told(r);
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(close(open("f", O_RDWR | O_TRUNC)));
    told(r);
    give_up = -1;
    lower = r;
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    T(close(open("f", O_RDONLY)));
    told(r);
    T(fcntl(r, F_GETLEASE));
    lower = -1;
    T(close(r));
}

static void *opens(void *arg)
{
    int fd = open("f", O_WRONLY);

    *(int *)arg = 1;
    return (void *)(long)(fd >= 0 && close(fd) == 0);
}

static void waits(bool closes)
{
    int r = open("f", O_RDONLY), done = 0;
    pthread_t t;
    void *ok;

    T(fcntl(r, F_SETLEASE, F_RDLCK));
    need(pthread_create(&t, NULL, opens, &done) == 0, "thread");
    while (!got)
        usleep(1000);
    usleep(20000);
    told(r);
    printf("waits: %d\n", !*(volatile int *)&done);
    if (closes)
        T(close(r));
    else
        T(fcntl(r, F_SETLEASE, F_UNLCK));
    pthread_join(t, &ok);
    printf("opened: %d\n", ok != NULL);
    if (!closes)
        close(r);
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

    enter_folder();
    put_file("f", "text");
    sigaction(SIGIO, &sa, NULL);
    sigaction(SIGRTMIN, &sa, NULL);
    allowed();
    asked();
    handled();
    waits(false);
    waits(true);
    return 0;
}
