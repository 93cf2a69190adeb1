/* SPDX-License-Identifier: MIT
 *
 * Files that send signals: owners, F_SETSIG, O_ASYNC, and what pipes and sockets of each kind tell,
 * also of urgent data. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include "calls.h"

#define MINE (SIGRTMIN + 3)

static sigset_t all;

/* Fetches what has come of SIGIO, SIGURG and MINE, and prints it; (fd): what si_fd should be. Of
 * several alike the first is told. */
static void came(const char *after, int fd)
{
    static const struct timespec none, soon = {0, 20000000};
    siginfo_t i;
    int before = 0, code = 0;

    printf("%s:", after);
    for (int sig; (sig = sigtimedwait(&all, &i, before ? &none : &soon)) > 0;) {
        if (before != sig || code != i.si_code) {
            printf(" %s code %d",
                   sig == SIGIO    ? "SIGIO"
                   : sig == SIGURG ? "SIGURG"
                                   : "MINE",
                   i.si_code);
            if (sig == MINE)
                printf(" band %#lx fd %s", (long)i.si_band, i.si_fd == fd ? "right" : "wrong");
            else
                printf(" pid %d", i.si_pid);
        }
        before = sig;
        code = i.si_code;
    }
    puts(before ? "" : " nothing");
}

static int flags(int fd)
{
    return fcntl(fd, F_GETFL) & O_ASYNC ? 1 : 0;
}

/* Makes (fd) send (sig) to the process, 0: SIGIO. */
static void start(int fd, int sig)
{
    need(fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETSIG, sig) == 0 &&
             fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) == 0,
         "O_ASYNC");
}

static int shown(int pid)
{
    return pid == getpid() ? 1 : pid == -getpid() ? -1 : pid == 0 ? 0 : 99;
}

static void show_ex(int fd)
{
    struct f_owner_ex o = {77, 77};
    int r = fcntl(fd, F_GETOWN_EX, &o);
    printf("F_GETOWN_EX = %d: type %d pid %d\n", r, o.type, shown(o.pid));
}

static long raw(int fd, int command, long arg)
{
    return syscall(SYS_fcntl, fd, command, arg);
}

static void owners(void)
{
    int p[2];
    struct f_owner_ex o;

    need(pipe(p) == 0, "pipe");
    T(fcntl(p[0], F_GETOWN));
    T(fcntl(p[0], F_GETSIG));
    show_ex(p[0]);
    T(fcntl(p[0], F_SETOWN, getpid()));
    T(shown(fcntl(p[0], F_GETOWN)));
    show_ex(p[0]);
    T(shown(fcntl(p[1], F_GETOWN)));
    T(fcntl(p[0], F_SETOWN, -getpgrp() == 0 ? -1 : -getpid()) == 0 || errno == ESRCH);
    T(fcntl(p[0], F_SETOWN, 0));
    show_ex(p[0]);
    T(fcntl(p[0], F_SETOWN, 4194304));
    T(fcntl(p[0], F_SETOWN, -4194304));
    T(raw(p[0], F_SETOWN, INT32_MIN));
    o = (struct f_owner_ex){F_OWNER_TID, (int)syscall(SYS_gettid)};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    show_ex(p[0]);
    T(shown(fcntl(p[0], F_GETOWN)));
    o = (struct f_owner_ex){F_OWNER_PID, getpid()};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    show_ex(p[0]);
    o = (struct f_owner_ex){3, getpid()};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    o = (struct f_owner_ex){-1, getpid()};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    o = (struct f_owner_ex){F_OWNER_PID, 4194304};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    o = (struct f_owner_ex){F_OWNER_PID, 0};
    T(fcntl(p[0], F_SETOWN_EX, &o));
    show_ex(p[0]);
    T(raw(p[0], F_SETOWN_EX, 8));
    T(raw(p[0], F_GETOWN_EX, 8));
    T(fcntl(p[0], F_SETSIG, 65));
    T(fcntl(p[0], F_SETSIG, -1));
    T(fcntl(p[0], F_SETSIG, SIGUSR1));
    T(fcntl(p[0], F_GETSIG));
    T(fcntl(p[1], F_GETSIG));
    T(fcntl(p[0], F_SETSIG, 0));
    T(fcntl(-1, F_SETOWN, getpid()));
    close(p[0]);
    close(p[1]);
    int fd = open(".", O_PATH);
    T(fcntl(fd, F_SETOWN, getpid()));
    T(fcntl(fd, F_GETOWN));
    T(fcntl(fd, F_SETSIG, 0));
    close(fd);
}

/* Which files take O_ASYNC. */
static void kinds(void)
{
    void *bad = (void *)8;
    int p[2], s[2], e = eventfd(0, 0), in = inotify_init(), on = 1;
    int file = open("file", O_CREAT | O_RDWR, 0600);

    need(pipe(p) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "files");
    const int fds[] = {p[0], p[1], s[0], e, in, file};
    static const char *const names[] = {"read end", "write end", "socket",
                                        "eventfd",  "inotify",   "file"};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++) {
        printf("%s: ", names[i]);
        T(fcntl(fds[i], F_SETFL, O_ASYNC | fcntl(fds[i], F_GETFL)));
        T(flags(fds[i]));
        T(fcntl(fds[i], F_SETFL, 0));
        T(flags(fds[i]));
        on = 1;
        T(ioctl(fds[i], FIOASYNC, &on));
        T(flags(fds[i]));
        on = 0;
        T(ioctl(fds[i], FIOASYNC, &on));
        T(flags(fds[i]));
        T(fcntl(fds[i], F_SETOWN, getpid()));
        T(shown(fcntl(fds[i], F_GETOWN)));
        on = getpid();
        T(ioctl(fds[i], FIOSETOWN, &on));
        T(ioctl(fds[i], SIOCSPGRP, &on));
        on = 0;
        T(ioctl(fds[i], FIOGETOWN, &on));
        T(shown(on));
        on = 0;
        T(ioctl(fds[i], SIOCGPGRP, &on));
        T(shown(on));
        close(fds[i]);
    }
    T(ioctl(s[1], FIOASYNC, bad));
    T(ioctl(s[1], FIOSETOWN, bad));
    T(ioctl(s[1], SIOCGPGRP, bad));
    T(ioctl(-1, FIOASYNC, &on));
    on = INT32_MIN;
    T(ioctl(s[1], FIOSETOWN, &on));
    on = 4194304;
    T(ioctl(s[1], FIOSETOWN, &on));
    close(s[1]);
}

static void pipes(void)
{
    static char page[65536];
    int p[2];

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    T(write(p[1], "a", 1));
    came("before O_ASYNC", p[0]);
    start(p[0], 0);
    came("data was there", p[0]);
    T(write(p[1], "b", 1));
    came("write", p[0]);
    T(fcntl(p[0], F_SETSIG, MINE));
    T(write(p[1], "c", 1));
    came("write with F_SETSIG", p[0]);
    T(read(p[0], page, sizeof(page)));
    came("read", p[0]);
    start(p[1], MINE);
    while (write(p[1], page, sizeof(page)) > 0)
        ;
    came("filled", p[0]);
    T(read(p[0], page, sizeof(page)));
    came("emptied", p[1]);
    T(fcntl(p[1], F_SETFL, O_NONBLOCK | O_WRONLY));
    T(write(p[1], "c", 1));
    came("write end without", p[0]);
    int copy = dup(p[0]);
    close(p[0]);
    T(write(p[1], "c", 1));
    came("by the copy", p[0]);
    T(fcntl(copy, F_SETOWN, 0));
    T(write(p[1], "c", 1));
    came("no owner", p[0]);
    T(fcntl(copy, F_SETOWN, getpid()));
    close(p[1]);
    came("write end closed", p[0]);
    close(copy);

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    start(p[1], MINE);
    close(p[0]);
    came("read end closed", p[1]);
    start(p[1], SIGCHLD);
    close(p[1]);

    T(mkfifo("fifo", 0600));
    p[0] = open("fifo", O_RDONLY | O_NONBLOCK);
    start(p[0], MINE);
    p[1] = open("fifo", O_WRONLY);
    came("FIFO opened", p[0]);
    T(write(p[1], "c", 1));
    came("FIFO", p[0]);
    close(p[0]);
    close(p[1]);
}

static void sockets(int type)
{
    char buf[16];
    int s[2];

    need(socketpair(AF_UNIX, type, 0, s) == 0, "socketpair");
    start(s[0], MINE);
    came("socket", s[0]);
    T(write(s[1], "a", 1));
    came("data", s[0]);
    T(read(s[0], buf, sizeof(buf)));
    came("read", s[0]);
    T(write(s[0], "a", 1));
    came("sent", s[0]);
    T(read(s[1], buf, sizeof(buf)));
    came("received", s[0]);
    T(shutdown(s[1], SHUT_RD));
    came("peer does not read", s[0]);
    close(s[0]);
    close(s[1]);

    need(socketpair(AF_UNIX, type, 0, s) == 0, "socketpair");
    start(s[0], MINE);
    T(shutdown(s[1], SHUT_WR));
    came("peer does not write", s[0]);
    close(s[1]);
    came("peer closed", s[0]);
    close(s[0]);
}

static void listener(void)
{
    struct sockaddr_un a = {AF_UNIX, "name"};
    int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);

    T(bind(l, (struct sockaddr *)&a, sizeof(a)));
    start(l, MINE);
    start(c, MINE);
    T(listen(l, 4));
    came("listen", l);
    T(connect(c, (struct sockaddr *)&a, sizeof(a)));
    came("connection", l);
    int s = accept(l, NULL, NULL);
    T(flags(s));
    T(fcntl(s, F_GETOWN));
    T(fcntl(s, F_GETSIG));
    came("accept", l);
    close(s);
    came("closed", c);
    close(c);
    close(l);
}

static int bound(int type, struct sockaddr_in *a)
{
    int s = socket(AF_INET, type, 0);
    socklen_t len = sizeof(*a);

    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    need(s >= 0 && bind(s, (struct sockaddr *)a, len) == 0 &&
             getsockname(s, (struct sockaddr *)a, &len) == 0,
         "bind");
    return s;
}

static void internet(void)
{
    struct sockaddr_in a;
    char buf[16];
    int u = bound(SOCK_DGRAM, &a);

    start(u, MINE);
    T(sendto(u, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
    came("datagram", u);
    close(u);

    int l = bound(SOCK_STREAM, &a), c = socket(AF_INET, SOCK_STREAM, 0);
    T(listen(l, 4));
    start(l, MINE);
    T(connect(c, (struct sockaddr *)&a, sizeof(a)));
    came("connection", l);
    int s = accept(l, NULL, NULL);
    T(send(c, "u", 1, MSG_OOB));
    came("urgent without an owner", s);
    T(recv(s, buf, sizeof(buf), MSG_OOB));
    T(fcntl(s, F_SETOWN, getpid()));
    T(send(c, "u", 1, MSG_OOB));
    came("urgent", s);
    T(recv(s, buf, sizeof(buf), MSG_OOB));
    start(s, 0);
    T(send(c, "v", 1, MSG_OOB));
    came("urgent with O_ASYNC", s);
    start(s, MINE);
    T(recv(s, buf, sizeof(buf), MSG_DONTWAIT));
    T(send(c, "d", 1, 0));
    came("data", s);
    T(read(s, buf, sizeof(buf)));
    T(shutdown(c, SHUT_WR));
    came("FIN", s);
    T(send(s, "d", 1, 0));
    came("sent", s);
    close(s);
    close(c);
    close(l);
}

static void watches(void)
{
    int in = inotify_init1(IN_NONBLOCK);

    T(inotify_add_watch(in, ".", IN_CREATE));
    start(in, MINE);
    put_file("new", "x");
    came("inotify", in);
    close(in);
}

static volatile sig_atomic_t handled;

static void handler(int sig, siginfo_t *i, void *context)
{
    (void)context;
    handled = sig;
    (void)i;
}

static void *owner_thread(void *arg)
{
    int *p = arg;
    struct f_owner_ex o = {F_OWNER_TID, (int)syscall(SYS_gettid)};
    sigset_t own;

    sigemptyset(&own);
    T(fcntl(p[0], F_SETOWN_EX, &o));
    T(write(p[1], "x", 1));
    T(sigpending(&own));
    T(sigismember(&own, MINE));
    came("in the thread", p[0]);
    return NULL;
}

/* A signal for one thread; and one that is handled. */
static void threads(void)
{
    pthread_t t;
    sigset_t now;
    int p[2];
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    need(pipe(p) == 0, "pipe");
    start(p[0], MINE);
    need(pthread_create(&t, NULL, owner_thread, p) == 0, "thread");
    T(pthread_join(t, NULL));
    T(write(p[1], "x", 1));
    sigpending(&now);
    T(sigismember(&now, MINE));
    came("thread gone", p[0]);
    T(fcntl(p[0], F_GETOWN));
    start(p[0], 0);
    T(sigaction(SIGIO, &act, NULL));
    T(sigprocmask(SIG_UNBLOCK, &all, NULL));
    T(write(p[1], "x", 1));
    T(handled == SIGIO);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    enter_folder();
    sigemptyset(&all);
    sigaddset(&all, SIGIO);
    sigaddset(&all, SIGURG);
    sigaddset(&all, MINE);
    sigprocmask(SIG_BLOCK, &all, NULL);
    owners();
    kinds();
    pipes();
    sockets(SOCK_STREAM);
    sockets(SOCK_SEQPACKET);
    sockets(SOCK_DGRAM);
    listener();
    internet();
    watches();
    threads();
    return 0;
}
