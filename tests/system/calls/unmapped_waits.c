/* SPDX-License-Identifier: MIT
 *
 * Calls that sleep, and whose memory another thread unmaps meanwhile.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <fcntl.h>
#include <poll.h>
#include "calls.h"
#include "pthreads.h"

#define LEN (4 * 4096)

static struct {
    int fd;
    char *buf;
    long (*call)(void);
    long result;
    int err;
} job;

static void *run(void *arg)
{
    (void)arg;
    errno = 0;
    job.result = job.call();
    job.err = job.result < 0 ? errno : 0;
    return NULL;
}

/* Has a thread make (call) on (fd), unmaps its memory while it sleeps, and ends the wait. */
static void unmapped(const char *what, int fd, long (*call)(void), void (*end)(int), int arg)
{
    pthread_t t;

    job.fd = fd;
    job.call = call;
    job.buf = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&t, NULL, run, NULL);
    let_block();
    munmap(job.buf, LEN);
    end(arg);
    pthread_join(t, NULL);
    printf("%s: %ld %s\n", what, job.result, strerror(job.err));
}

static long do_read(void)
{
    return read(job.fd, job.buf, LEN);
}

static long do_readv(void)
{
    /* The vector goes, too, after it was copied. */
    struct iovec *v = (struct iovec *)job.buf;
    static char text[12][4];

    for (int i = 0; i < 12; i++)
        v[i] = (struct iovec){text[i], 4};
    return readv(job.fd, v, 12);
}

static long do_write(void)
{
    return write(job.fd, job.buf, LEN);
}

static long do_poll(void)
{
    struct pollfd *p = (struct pollfd *)job.buf;

    *p = (struct pollfd){job.fd, POLLIN, 0};
    return poll(p, 1, -1);
}

static long do_epoll(void)
{
    return epoll_wait(job.fd, (struct epoll_event *)job.buf, 8, -1);
}

static long do_recv(void)
{
    return recv(job.fd, job.buf, LEN, 0);
}

static long do_msgrcv(void)
{
    return msgrcv(job.fd, job.buf, 100, 0, 0);
}

static long do_sigwait(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return sigwaitinfo(&set, (siginfo_t *)job.buf);
}

static void give(int fd)
{
    char text[8] = {1, 0, 0, 0, 0, 0, 0, 0};

    if (write(fd, text, sizeof(text)) != sizeof(text))
        printf("write failed\n");
}

static void drain(int fd)
{
    static char text[65536];

    if (read(fd, text, sizeof(text)) <= 0)
        printf("read failed\n");
}

static void arm(int fd)
{
    timerfd_settime(fd, 0, &(struct itimerspec){.it_value.tv_nsec = 1}, NULL);
}

static void send_signal(int sig)
{
    kill(getpid(), sig);
}

static void make_file(int unused)
{
    (void)unused;
    close(open("made", O_CREAT | O_WRONLY, 0600));
}

static void send_message(int queue)
{
    struct {
        long type;
        char text[8];
    } m = {1, "message"};

    msgsnd(queue, &m, sizeof(m.text), 0);
}

int main(void)
{
    int p[2], s[2];
    static char fill[65536];
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigdelset(&set, SIGUSR2);

    T(pipe(p));
    unmapped("read of a pipe", p[0], do_read, give, p[1]);
    T(pipe(p));
    unmapped("readv of a pipe", p[0], do_readv, give, p[1]);
    T(pipe(p));
    T(write(p[1], fill, sizeof(fill)));
    unmapped("write to a pipe", p[1], do_write, drain, p[0]);
    T(pipe(p));
    unmapped("poll", p[0], do_poll, give, p[1]);
    int e = eventfd(0, 0);
    unmapped("read of an eventfd", e, do_read, give, e);
    int t = timerfd_create(CLOCK_MONOTONIC, 0);
    unmapped("read of a timerfd", t, do_read, arm, t);
    int g = signalfd(-1, &set, 0);
    unmapped("read of a signalfd", g, do_read, send_signal, SIGUSR1);
    int in = inotify_init();
    T(inotify_add_watch(in, ".", IN_CREATE) > 0);
    unmapped("read of an inotify descriptor", in, do_read, make_file, 0);
    T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    unmapped("recv of a stream", s[0], do_recv, give, s[1]);
    T(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    unmapped("recv of datagrams", s[0], do_recv, give, s[1]);
    T(pipe(p));
    int ep = epoll_create1(0);
    T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){.events = EPOLLIN}));
    unmapped("epoll_wait", ep, do_epoll, give, p[1]);
    int q = msgget(IPC_PRIVATE, 0600);
    unmapped("msgrcv", q, do_msgrcv, send_message, q);
    T(msgctl(q, IPC_RMID, NULL));
    unmapped("sigwaitinfo", 0, do_sigwait, send_signal, SIGUSR2);
    unlink("made");
    return 0;
}
