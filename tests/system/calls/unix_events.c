/* SPDX-License-Identifier: MIT
 *
 * Unix sockets in epoll sets, and spliced to and from pipes. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include "sockets.h"

static int set;

static void watch(int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    need(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) == 0, "EPOLL_CTL_ADD");
}

/* What the set tells now. */
static void tell(const char *when)
{
    struct epoll_event e[8];
    int n = epoll_wait(set, e, 8, 0);

    printf("%s:", when);
    for (int i = 0; i < n; i++)
        printf(" %x", e[i].events);
    printf("\n");
}

static void edges(int type)
{
    int s[2];
    char buf[4096] = "";

    printf("-- edges %d\n", type);
    set = epoll_create1(0);
    need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0, "pair");
    watch(s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    tell("new");
    tell("again");
    write(s[1], "a", 1);
    tell("one came");
    tell("again");
    write(s[1], "b", 1);
    tell("another came");
    read(s[0], buf, 1);
    tell("one read");
    read(s[0], buf, 1);
    tell("all read");
    while (write(s[0], buf, sizeof(buf)) > 0)
        ;
    tell("full");
    while (read(s[1], buf, sizeof(buf)) > 0)
        ;
    tell("room");
    shutdown(s[1], SHUT_WR);
    tell("half closed");
    close(s[1]);
    tell("closed");
    close(s[0]);
    tell("gone");
    close(set);
}

static void levels(void)
{
    int s[2], l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    char buf[8];

    printf("-- levels\n");
    set = epoll_create1(0);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    watch(s[0], EPOLLIN);
    T(bind_to(l, "@pith-events"));
    T(listen(l, 1));
    watch(l, EPOLLIN);
    tell("nothing");
    T(connect_to(c, "@pith-events"));
    tell("a connection");
    int a = accept(l, NULL, NULL);
    tell("accepted");
    watch(a, EPOLLIN | EPOLLONESHOT);
    write(c, "x", 1);
    tell("one shot");
    tell("again");
    /* In flight: the set goes on watching. */
    struct {
        struct cmsghdr h;
        int fd;
    } control = {.fd = s[0]};
    control.h.cmsg_len = CMSG_LEN(sizeof(int));
    control.h.cmsg_level = SOL_SOCKET;
    control.h.cmsg_type = SCM_RIGHTS;
    struct iovec iov = {buf, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    m.msg_controllen = CMSG_SPACE(sizeof(int));
    T(sendmsg(c, &m, 0));
    close(s[0]);
    write(s[1], "y", 1);
    tell("in flight");
    close(a);
    tell("dropped");
    close(s[1]), close(l), close(c), close(set);
}

static void full_peer(void)
{
    int r = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0);
    char c;

    printf("-- full peer\n");
    set = epoll_create1(0);
    T(bind_to(r, "@pith-peer"));
    T(connect_to(s, "@pith-peer"));
    while (send(s, "x", 1, MSG_DONTWAIT) == 1)
        ;
    watch(s, EPOLLOUT);
    tell("full");
    read(r, &c, 1);
    tell("room");
    write(s, "x", 1);
    tell("full");
    close(r);
    tell("gone");
    close(s), close(set);
}

static void splicing(void)
{
    int s[2], t[2], p[2];
    char buf[32] = "";
    static char big[100000];

    printf("-- splicing\n");
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, t) == 0, "pair");
    need(pipe(p) == 0, "pipe");
    T(write(s[0], "through a pipe", 14));
    T(splice(s[1], NULL, p[1], NULL, 100, 0));
    T(splice(p[0], NULL, t[0], NULL, 7, 0));
    T(splice(p[0], NULL, t[0], NULL, 100, SPLICE_F_NONBLOCK));
    T(splice(p[0], NULL, t[0], NULL, 100, SPLICE_F_NONBLOCK));
    T(read(t[1], buf, sizeof(buf)));
    printf("%s\n", buf);
    T(splice(s[1], NULL, p[1], NULL, 100, SPLICE_F_NONBLOCK));
    T(splice(s[1], NULL, t[0], NULL, 100, 0));
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i % 253);
    T(write(s[0], big, sizeof(big)));
    size_t done = 0;
    bool same = true;
    static char in[100000];
    while (done < sizeof(big)) {
        ssize_t n = splice(s[1], NULL, p[1], NULL, 50000, 0);
        for (ssize_t k; n > 0; n -= k)
            need((k = splice(p[0], NULL, t[0], NULL, (size_t)n, 0)) > 0, "splice");
        while ((n = recv(t[1], in, sizeof(in), MSG_DONTWAIT)) > 0) {
            same = same && memcmp(in, big + done, (size_t)n) == 0;
            done += (size_t)n;
        }
    }
    IS(same);
    shutdown(s[0], SHUT_WR);
    T(splice(s[1], NULL, p[1], NULL, 100, 0));
    close(t[1]);
    signal(SIGPIPE, SIG_IGN);
    write(p[1], "x", 1);
    T(splice(p[0], NULL, t[0], NULL, 100, 0));
    close(s[0]), close(s[1]), close(t[0]), close(p[0]), close(p[1]);
}

int main(void)
{
    edges(SOCK_STREAM);
    edges(SOCK_SEQPACKET);
    edges(SOCK_DGRAM);
    levels();
    full_peer();
    splicing();
    return 0;
}
