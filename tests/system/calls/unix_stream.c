/* SPDX-License-Identifier: MIT
 *
 * Unix stream sockets: connecting, queues of connections, bytes, ends, flags and limits. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/uio.h>
#include "sockets.h"

static volatile sig_atomic_t pipes, alarms;

static void on_signal(int sig)
{
    pipes += sig == SIGPIPE;
    alarms += sig == SIGUSR1;
}

static int fresh(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    need(fd >= 0, "socket");
    return fd;
}

static void listening(void)
{
    int l = fresh(), c[6], a;

    T(listen(l, 1));
    T(accept(l, NULL, NULL));
    T(bind_to(l, "l"));
    T(connect_to(fresh(), "l"));
    T(listen(l, 1));
    T(option(l, SO_ACCEPTCONN));
    BITS(l);
    fcntl(l, F_SETFL, O_NONBLOCK);
    T(accept(l, NULL, NULL));
    for (int i = 0; i < 6; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        printf("%d: ", i);
        T(connect_to(c[i], "l"));
    }
    BITS(l);
    BITS(c[0]);
    BITS(c[5]);
    T(connect_to(c[0], "l"));
    T(listen(l, 4));
    T(connect_to(c[2], "l"));
    T(connect_to(c[0], "l"));
    T(connect_to(c[0], "none"));
    T(connect_to(l, "l"));
    T(write(c[0], "first", 5));
    T(write(c[1], "second", 6));
    close(c[1]);
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    a = (int)T(accept4(l, (struct sockaddr *)&name, &len, SOCK_CLOEXEC | SOCK_NONBLOCK) > 0);
    show_addr("from", &name, len);
    a = (int)(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    printf("%d %x\n", fcntl(a, F_GETFD), fcntl(a, F_GETFL));
    receive(a, 100, 0);
    receive(a, 100, 0);
    BITS(a);
    T(listen(a, 1));
    T(listen(c[0], 1));
    T(read(l, &name, 1));
    T(write(l, &name, 1));
    T(recv(l, &name, 1, 0));
    T(send(l, &name, 1, 0));
    int n = 0;
    T(ioctl(l, FIONREAD, &n));
    T(shutdown(l, SHUT_RD));
    BITS(l);
    T(accept(l, NULL, NULL) > 0);
    T(accept(l, NULL, NULL));
    T(connect_to(c[3], "l"));
    T(connect_to(c[4], "l"));
    close(l);
    BITS(c[2]);
    T(read(c[2], &name, 1));
    T(read(c[2], &name, 1));
    T(accept4(fresh(), NULL, NULL, 1));
    T(accept(fresh(), NULL, NULL));
}

/* A connection that was never accepted, and one whose socket had something to read. */
static void resets(void)
{
    char buf[16];
    int l = fresh(), c = fresh(), s[2];

    T(bind_to(l, "reset"));
    T(listen(l, 2));
    T(connect_to(c, "reset"));
    T(write(c, "abc", 3));
    close(l);
    BITS(c);
    T(option(c, SO_ERROR));
    T(option(c, SO_ERROR));
    T(read(c, buf, 1));
    T(write(c, buf, 1));
    close(c);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(write(s[0], "unread", 6));
    T(write(s[1], "waiting", 7));
    close(s[1]);
    BITS(s[0]);
    T(read(s[0], buf, 4));
    T(read(s[0], buf, 4));
    T(read(s[0], buf, 4));
    T(read(s[0], buf, 4));
    T(write(s[0], buf, 4));
    close(s[0]);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(write(s[0], "unread", 6));
    close(s[1]);
    T(write(s[0], buf, 4));
    T(write(s[0], buf, 4));
    printf("signals %d\n", (int)pipes);
    close(s[0]);
}

static void unconnected(void)
{
    char c = 'x';
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = fresh();

    BITS(s);
    T(read(s, &c, 1));
    T(recv(s, &c, 1, MSG_DONTWAIT));
    T(write(s, &c, 1));
    T(write(s, &c, 0));
    T(sendto(s, &c, 1, 0, (struct sockaddr *)&a, sizeof(a)));
    T(send(s, &c, 1, MSG_OOB | MSG_NOSIGNAL));
    T(recv(s, &c, 1, MSG_OOB));
    T(shutdown(s, SHUT_WR));
    BITS(s);
    T(shutdown(s, SHUT_RD));
    BITS(s);
    T(write(s, &c, 1));
    T(shutdown(s, 3));
    T(shutdown(s, -1));
    int n = -1;
    T(ioctl(s, FIONREAD, &n));
    close(s);
}

static void bytes(void)
{
    int s[2];
    char buf[64] = "";

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    show_names("pair", s[0]);
    BITS(s[0]);
    T(write(s[0], "one", 3));
    T(write(s[0], "two", 3));
    T(send(s[0], "three", 5, MSG_EOR));
    BITS(s[1]);
    receive(s[1], 2, MSG_PEEK);
    receive(s[1], 20, MSG_PEEK);
    receive(s[1], 4, 0);
    receive(s[1], 20, MSG_TRUNC);
    receive(s[1], 20, 0);
    receive(s[1], 0, 0);
    T(write(s[0], "abc", 3));
    receive(s[1], 0, 0);
    receive(s[1], 20, MSG_WAITALL);
    T(write(s[0], "abcdef", 6));
    T(recv(s[1], buf, 6, MSG_WAITALL));
    T(send(s[0], "", 0, 0));
    receive(s[1], 20, 0);
    T(set_option(s[1], SO_RCVLOWAT, 5));
    T(write(s[0], "abc", 3));
    BITS(s[1]);
    receive(s[1], 20, 0);
    T(set_option(s[1], SO_RCVLOWAT, 1));
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    T(sendto(s[0], "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
    T(sendto(s[0], "x", 1, 0, (struct sockaddr *)&a, 0));
    receive(s[1], 20, 0);
    receive(s[1], 1, MSG_OOB);
    receive(s[1], 1, MSG_ERRQUEUE);
    struct iovec iov[4] = {{buf, 3}, {NULL, 0}, {buf + 10, 4}, {buf + 20, 2}};
    T(write(s[0], "abcdefgh", 8));
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 4};
    T(recvmsg(s[1], &m, 0));
    printf("%.3s %.4s %.1s flags %x\n", buf, buf + 10, buf + 20, m.msg_flags);
    T(sendmsg(s[1], &m, 0));
    receive(s[0], 60, 0);
    m.msg_iovlen = 0;
    T(sendmsg(s[1], &m, 0));
    T(write(s[0], "q", 1));
    T(recvmsg(s[1], &m, 0));
    close(s[0]), close(s[1]);
}

static void peeking(void)
{
    int s[2];

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(option(s[0], SO_PEEK_OFF));
    T(set_option(s[0], SO_PEEK_OFF, 2));
    T(write(s[1], "abcdefgh", 8));
    receive(s[0], 3, MSG_PEEK);
    T(option(s[0], SO_PEEK_OFF));
    receive(s[0], 2, MSG_PEEK);
    receive(s[0], 4, 0);
    T(option(s[0], SO_PEEK_OFF));
    receive(s[0], 9, MSG_PEEK);
    receive(s[0], 9, MSG_PEEK);
    T(write(s[1], "ij", 2));
    receive(s[0], 9, MSG_PEEK);
    T(set_option(s[0], SO_PEEK_OFF, -7));
    T(option(s[0], SO_PEEK_OFF));
    receive(s[0], 9, MSG_PEEK);
    close(s[0]), close(s[1]);
}

static void halves(void)
{
    int s[2];
    char c = 'c';

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(write(s[0], "last", 4));
    T(shutdown(s[0], SHUT_WR));
    BITS(s[0]);
    BITS(s[1]);
    pipes = 0;
    T(write(s[0], &c, 1));
    T(send(s[0], &c, 1, MSG_NOSIGNAL));
    T(write(s[0], &c, 0));
    printf("signals %d\n", (int)pipes);
    receive(s[1], 2, 0);
    receive(s[1], 20, MSG_WAITALL);
    receive(s[1], 20, 0);
    T(read(s[1], &c, 1));
    T(write(s[1], "back", 4));
    receive(s[0], 20, 0);
    T(shutdown(s[0], SHUT_WR));
    T(shutdown(s[0], SHUT_RD));
    BITS(s[0]);
    BITS(s[1]);
    T(write(s[1], &c, 1));
    show_names("shut", s[0]);
    close(s[0]);
    BITS(s[1]);
    T(shutdown(s[1], SHUT_RDWR));
    close(s[1]);

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(write(s[1], "kept", 4));
    T(shutdown(s[0], SHUT_RD));
    BITS(s[0]);
    receive(s[0], 20, 0);
    receive(s[0], 20, 0);
    T(write(s[1], "x", 1));
    T(write(s[0], "y", 1));
    receive(s[1], 20, 0);
    close(s[0]), close(s[1]);
}

static void limits(void)
{
    static char big[1 << 20];
    int s[2];
    size_t sent = 0, got = 0;
    ssize_t n;

    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0, "pair");
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7 + i / 1000);
    n = write(s[0], big, sizeof(big));
    IS(n >= 150000 && n <= 400000);
    sent = (size_t)n;
    T(write(s[0], big, 1));
    BITS(s[0]);
    int queued = 0;
    T(ioctl(s[1], FIONREAD, &queued));
    IS(queued == n);
    bool same = true;
    static char in[70000];
    while ((n = read(s[1], in, sizeof(in))) > 0) {
        same = same && memcmp(in, big + got, (size_t)n) == 0;
        got += (size_t)n;
    }
    T(n);
    IS(same && got == sent);
    BITS(s[0]);
    T(set_option(s[0], SO_SNDBUF, 10000));
    n = write(s[0], big, sizeof(big));
    IS(n >= 5000 && n <= 30000);
    BITS(s[0]);
    got = (size_t)n;
    n = read(s[1], in, got - 100);
    IS(n == (ssize_t)got - 100);
    close(s[0]), close(s[1]);
}

static void timing(void)
{
    int s[2], l = fresh(), c;
    char buf[4];
    struct timeval tv = {0, 20000}, got;
    socklen_t len = sizeof(got);
    static char big[1 << 20];

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    T(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len));
    printf("%ld %ld %u\n", (long)got.tv_sec, (long)got.tv_usec, len);
    T(read(s[0], buf, 1));
    T(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
    ssize_t n = write(s[0], big, sizeof(big));
    IS(n > 100000 && n < (ssize_t)sizeof(big));
    T(write(s[0], big, 1));
    T(write(s[1], "ab", 2));
    T(recv(s[0], buf, 4, MSG_WAITALL));
    T(bind_to(l, "slow"));
    T(listen(l, 0));
    T(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    T(accept(l, NULL, NULL));
    T(connect_to(fresh(), "slow"));
    c = fresh();
    T(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
    T(connect_to(c, "slow"));
    close(s[0]), close(s[1]), close(l), close(c);
}

int main(void)
{
    enter_folder();
    signal(SIGPIPE, on_signal);
    listening();
    resets();
    unconnected();
    bytes();
    peeking();
    halves();
    limits();
    timing();
    return 0;
}
