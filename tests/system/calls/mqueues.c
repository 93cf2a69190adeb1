/* SPDX-License-Identifier: MIT
 *
 * POSIX message queues, and named semaphores. */
#define _GNU_SOURCE
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include "calls.h"

#define NAME "/pith-mqueues-test"

static void receive(mqd_t q, size_t room)
{
    char text[100] = "";
    unsigned priority = 99;
    long n = mq_receive(q, text, room, &priority);
    if (n < 0)
        printf("receive: %s\n", strerror(errno));
    else
        printf("receive: %ld bytes, priority %u, %s\n", n, priority, text);
}

static void show(mqd_t q)
{
    struct mq_attr a;
    T(mq_getattr(q, &a));
    printf("%ld %ld %ld %ld\n", a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
}

static void names(void)
{
    static char name[400];
    struct mq_attr bad[] = {{.mq_maxmsg = 0, .mq_msgsize = 10},
                            {.mq_maxmsg = 10, .mq_msgsize = 0},
                            {.mq_maxmsg = -1, .mq_msgsize = 10},
                            {.mq_maxmsg = 65537, .mq_msgsize = 1},
                            {.mq_maxmsg = 1, .mq_msgsize = (16 << 20) + 1}};
    for (int i = 0; i < 5; i++)
        T(mq_open(NAME, O_RDWR | O_CREAT, 0600, &bad[i]));
    T(mq_open("/", O_RDWR | O_CREAT, 0600, NULL));
    T(mq_open("//x", O_RDWR | O_CREAT, 0600, NULL));
    T(mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));
    T(mq_open("/..", O_RDWR | O_CREAT, 0600, NULL));
    memset(name, 'n', sizeof(name) - 1);
    name[0] = '/';
    T(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
    T(mq_open(NAME, O_RDWR));
    T(mq_unlink(NAME));
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
    OK(q);
    T(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
    T(fcntl(q, F_GETFD));
    show(q);
    mqd_t again = mq_open(NAME, O_RDONLY | O_CREAT, 0600, &bad[0]);
    OK(again);
    T(mq_send(q, "hello", 6, 1));
    T(mq_unlink(NAME));
    T(mq_unlink(NAME));
    char room[8192];
    T(mq_receive(again, room, sizeof(room), NULL));
    T(mq_close(q));
    T(mq_close(again));
    T(mq_close(again));
}

static void order(void)
{
    struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 20};
    struct timespec past = {1, 0}, bad = {1, -1};
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT, 0600, &a);
    T(mq_send(q, "low", 4, 0));
    T(mq_send(q, "high", 5, 32767));
    T(mq_send(q, "middle", 7, 5));
    T(mq_send(q, "middle too", 11, 5));
    T(mq_send(q, "x", 1, 32768));
    T(mq_send(q, "123456789012345678901", 21, 0));
    show(q);
    T(mq_timedsend(q, "full", 5, 0, &past));
    T(mq_timedsend(q, "full", 5, 0, &bad));
    a.mq_flags = O_NONBLOCK;
    T(mq_setattr(q, &a, NULL));
    T(mq_send(q, "full", 5, 0));
    a.mq_flags = O_APPEND;
    T(mq_setattr(q, &a, NULL));
    struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
    T(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    receive(q, 19);
    receive(q, 20);
    T(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    receive(q, 100);
    receive(q, 100);
    receive(q, 100);
    receive(q, 100);
    T(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    T(mq_send(q, NULL, 0, 0));
    receive(q, 100);
    T(mq_send(q, (char *)8, 5, 0));
    mqd_t r = mq_open(NAME, O_RDONLY), w = mq_open(NAME, O_WRONLY);
    T(mq_send(r, "x", 1, 0));
    receive(w, 100);
    T(mq_send(1, "x", 1, 0));
    T(mq_getattr(1, &a));
    char text[20];
    T(mq_timedreceive(r, text, 20, NULL, &past));
    T(mq_timedreceive(r, text, 20, NULL, &bad));
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    T(mq_timedreceive(r, text, 20, NULL, &soon));
    T(mq_close(r));
    T(mq_close(w));
    T(mq_close(q));
    T(mq_unlink(NAME));
}

static volatile sig_atomic_t signals, code, value;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    signals++;
    code = info->si_code == SI_MESGQ;
    value = info->si_value.sival_int;
}

static void notification(void)
{
    struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 20};
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    mqd_t q = mq_open(NAME, O_RDWR | O_CREAT, 0600, &a);
    e.sigev_value.sival_int = 42;
    sigaction(SIGUSR1, &act, NULL);
    T(mq_notify(q, &e));
    T(mq_notify(q, &e));
    T(mq_send(q, "one", 4, 0));
    printf("%d %d %d\n", signals, code, value);
    T(mq_send(q, "two", 4, 0));
    T(mq_notify(q, &e));
    T(mq_send(q, "three", 6, 0));
    printf("%d\n", signals);
    receive(q, 20);
    receive(q, 20);
    receive(q, 20);
    T(mq_send(q, "four", 5, 0));
    printf("%d\n", signals);
    T(mq_notify(q, NULL));
    e.sigev_notify = SIGEV_NONE;
    T(mq_notify(q, &e));
    T(mq_notify(q, &e));
    T(mq_notify(q, NULL));
    e.sigev_notify = 99;
    T(mq_notify(q, &e));
    e.sigev_notify = SIGEV_SIGNAL;
    e.sigev_signo = 65;
    T(mq_notify(q, &e));
    T(mq_notify(1, NULL));
    T(mq_close(q));
    T(mq_unlink(NAME));
}

/* A queue's file says what is in it, and who is told. */
static void text(mqd_t q)
{
    char buf[100] = "";

    T(lseek(q, 0, SEEK_SET));
    IS(read(q, buf, sizeof(buf)) > 50);
    buf[45] = '\0'; /* the process's number comes next */
    puts(buf);
    T(read(q, buf, sizeof(buf)));
}

static void texts(void)
{
    char buf[100] = "";
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    mqd_t q = mq_open("/text", O_RDWR | O_CREAT, 0600, NULL);

    T(pread(q, buf, 60, 0));
    fputs(buf, stdout);
    T(mq_send(q, "12345", 5, 0));
    T(mq_send(q, "12345", 5, 7));
    text(q);
    T(mq_notify(q, &e));
    text(q);
    T(mq_notify(q, NULL));
    e.sigev_notify = SIGEV_NONE;
    T(mq_notify(q, &e));
    text(q);
    T(read(q, buf, 0));
    T(write(q, buf, 1));
    T(mq_close(q));
    T(mq_unlink("/text"));
}

static void semaphores(void)
{
    int count = -1;
    T(sem_open("/none-of-this", O_RDWR) == SEM_FAILED ? -1 : 0);
    sem_t *a = sem_open(NAME, O_CREAT | O_EXCL, 0600, 2), *b = sem_open(NAME, O_CREAT, 0600, 9);
    IS(a != SEM_FAILED && a == b);
    T(sem_open(NAME, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED ? -1 : 0);
    T(sem_wait(a));
    T(sem_trywait(b));
    T(sem_trywait(a));
    T(sem_post(b));
    T(sem_getvalue(a, &count));
    printf("%d\n", count);
    T(sem_close(b));
    T(sem_unlink(NAME));
    T(sem_unlink(NAME));
    T(sem_getvalue(a, &count));
    b = sem_open(NAME, O_CREAT, 0600, 7);
    IS(b != SEM_FAILED && b != a);
    T(sem_getvalue(b, &count));
    printf("%d\n", count);
    T(sem_unlink(NAME));
}

int main(void)
{
    names();
    order();
    notification();
    texts();
    semaphores();
    return 0;
}
