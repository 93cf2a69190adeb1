/* SPDX-License-Identifier: MIT
 *
 * Events between threads: pipes, FIFOs, eventfds and sets that one thread waits for and another
 * makes ready or closes; interrupted and restarted reads; handlers that do not return.
 *
 * flags: -pthread */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include "calls.h"

static void nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
    pthread_t t;
    need(pthread_create(&t, NULL, fn, arg) == 0, "thread");
    return t;
}

/* Writes a lot, in pieces of odd sizes. */
static void *writer(void *arg)
{
    static char buf[200000];
    int fd = *(int *)arg;

    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7);
    for (size_t done = 0, n = 1; done < sizeof(buf); n = n * 3 % 70001) {
        size_t len = n < sizeof(buf) - done ? n : sizeof(buf) - done;
        need(write(fd, buf + done, len) == (ssize_t)len, "write");
        done += len;
    }
    close(fd);
    return NULL;
}

static void stream(void)
{
    int p[2];
    char buf[5000];
    size_t total = 0;
    bool good = true;
    ssize_t n;

    need(pipe(p) == 0, "pipe");
    pthread_t t = start(writer, &p[1]);
    while ((n = read(p[0], buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++)
            good &= buf[i] == (char)(total++ * 7);
    pthread_join(t, NULL);
    close(p[0]);
    printf("stream %zu %d\n", total, good);
}

/* Writes of at most a page are not mixed. */
static int shared_pipe[2];

static void *page_writer(void *arg)
{
    char page[4096];

    memset(page, *(char *)arg, sizeof(page));
    for (int i = 0; i < 100; i++)
        need(write(shared_pipe[1], page, 1000 + (size_t)i * 30) > 0, "write");
    return NULL;
}

static void *page_reader(void *arg)
{
    static char buf[4096];
    long runs = 0;
    char last = 0;
    ssize_t n;

    (void)arg;
    while ((n = read(shared_pipe[0], buf, sizeof(buf))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            runs += buf[i] != last;
            last = buf[i];
        }
    return (void *)runs;
}

static void atomic(void)
{
    char names[4] = "abc";
    pthread_t t[3];
    void *runs;

    need(pipe(shared_pipe) == 0, "pipe");
    pthread_t r = start(page_reader, NULL);
    for (int i = 0; i < 3; i++)
        t[i] = start(page_writer, &names[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    close(shared_pipe[1]);
    pthread_join(r, &runs);
    close(shared_pipe[0]);
    IS((long)runs <= 300);
}

static void *open_writer(void *arg)
{
    (void)arg;
    nap(20);
    int fd = open("fifo", O_WRONLY);
    need(write(fd, "x", 1) == 1, "write");
    close(fd);
    return NULL;
}

static void fifo(void)
{
    char c = 0;

    T(mkfifo("fifo", 0600));
    pthread_t t = start(open_writer, NULL);
    int fd = open("fifo", O_RDONLY);
    T(read(fd, &c, 1));
    pthread_join(t, NULL);
    T(read(fd, &c, 1));
    close(fd);
}

static int set, event;

static void *waits_for_set(void *arg)
{
    struct epoll_event e;

    (void)arg;
    long n = epoll_wait(set, &e, 1, 5000);
    uint64_t v;
    if (n == 1)
        need(read(event, &v, 8) == 8, "read");
    return (void *)n;
}

/* Each of three events wakes one of three threads. */
static void sets(void)
{
    struct epoll_event e = {.events = EPOLLIN};
    pthread_t t[3];
    uint64_t one = 1;
    long total = 0;

    set = epoll_create1(0);
    event = eventfd(0, EFD_SEMAPHORE);
    T(epoll_ctl(set, EPOLL_CTL_ADD, event, &e));
    for (int i = 0; i < 3; i++)
        t[i] = start(waits_for_set, NULL);
    for (int i = 0; i < 3; i++) {
        nap(10);
        need(write(event, &one, 8) == 8, "write");
    }
    for (int i = 0; i < 3; i++) {
        void *n;
        pthread_join(t[i], &n);
        total += (long)n;
    }
    printf("sets %ld\n", total);
    T(epoll_wait(set, &e, 1, 0));
    close(event);
    close(set);
}

static int victim[2];

static void *adds_and_closes(void *arg)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 5};

    (void)arg;
    nap(20);
    need(epoll_ctl(set, EPOLL_CTL_ADD, victim[0], &e) == 0, "add");
    nap(10);
    need(write(victim[1], "x", 1) == 1, "write");
    return NULL;
}

static void *closes(void *arg)
{
    (void)arg;
    nap(20);
    close(victim[0]);
    return NULL;
}

static void others_change(void)
{
    struct epoll_event e;
    struct pollfd p;
    fd_set r;

    set = epoll_create1(0);
    need(pipe(victim) == 0, "pipe");
    pthread_t t = start(adds_and_closes, NULL);
    T(epoll_wait(set, &e, 1, 5000));
    pthread_join(t, NULL);
    close(victim[0]);
    T(epoll_wait(set, &e, 1, 0));
    close(victim[1]);

    need(pipe(victim) == 0, "pipe");
    e.events = EPOLLIN;
    epoll_ctl(set, EPOLL_CTL_ADD, victim[0], &e);
    t = start(closes, NULL);
    T(epoll_wait(set, &e, 1, 60));
    pthread_join(t, NULL);
    close(victim[1]);

    need(pipe(victim) == 0, "pipe");
    p = (struct pollfd){victim[0], POLLIN, 0};
    t = start(closes, NULL);
    T(poll(&p, 1, 60));
    pthread_join(t, NULL);
    close(victim[1]);
    printf("%x\n", p.revents);

    need(pipe(victim) == 0, "pipe");
    FD_ZERO(&r);
    FD_SET(victim[0], &r);
    struct timeval tv = {0, 60000};
    t = start(closes, NULL);
    T(select(victim[0] + 1, &r, NULL, NULL, &tv));
    pthread_join(t, NULL);
    close(victim[1]);
    close(set);
}

static void *closes_reader(void *arg)
{
    (void)arg;
    nap(20);
    close(victim[0]);
    return NULL;
}

static void broken(void)
{
    static char buf[100000];

    signal(SIGPIPE, SIG_IGN);
    need(pipe(victim) == 0, "pipe");
    pthread_t t = start(closes_reader, NULL);
    T(write(victim[1], buf, sizeof(buf)));
    T(write(victim[1], buf, 1));
    pthread_join(t, NULL);
    close(victim[1]);
}

static volatile sig_atomic_t handled;
static sigjmp_buf back;

static void count(int sig)
{
    (void)sig;
    handled++;
    if (handled == 3)
        need(write(victim[1], "x", 1) == 1, "write");
}

static void leave(int sig)
{
    siglongjmp(back, sig);
}

static void interrupted(void)
{
    struct itimerval t = {{0, 10000}, {0, 10000}}, none = {{0, 0}, {0, 0}};
    struct sigaction sa = {.sa_handler = count, .sa_flags = SA_RESTART};
    char c;

    need(pipe(victim) == 0, "pipe");
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
    T(read(victim[0], &c, 1));
    IS(handled >= 3);
    sa.sa_flags = 0;
    sigaction(SIGALRM, &sa, NULL);
    handled = 10;
    T(read(victim[0], &c, 1));
    int ep = epoll_create1(0);
    struct epoll_event e;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &sa, NULL);
    T(epoll_wait(ep, &e, 1, 1000));
    T(poll(NULL, 0, 1000));
    struct timeval tv = {1, 0};
    T(select(0, NULL, NULL, NULL, &tv));
    close(ep);
    /* The file that was being read is not held for ever: its writer notices the end. */
    sa.sa_handler = leave;
    sigaction(SIGALRM, &sa, NULL);
    if (sigsetjmp(back, 1) == 0)
        (void)!read(victim[0], &c, 1);
    setitimer(ITIMER_REAL, &none, NULL);
    close(victim[0]);
    T(write(victim[1], "x", 1));
    close(victim[1]);
    mkfifo("lonely", 0600);
    if (sigsetjmp(back, 1) == 0) {
        setitimer(ITIMER_REAL, &t, NULL);
        open("lonely", O_RDONLY);
    }
    setitimer(ITIMER_REAL, &none, NULL);
    T(open("lonely", O_WRONLY | O_NONBLOCK));
}

int main(void)
{
    enter_folder();
    stream();
    atomic();
    fifo();
    sets();
    others_change();
    broken();
    interrupted();
    return 0;
}
