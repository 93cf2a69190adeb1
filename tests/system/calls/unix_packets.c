/* SPDX-License-Identifier: MIT
 *
 * Unix sockets with message boundaries: datagrams and sequenced packets. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/uio.h>
#include <time.h>
#include "sockets.h"

static volatile sig_atomic_t pipes;

static void on_pipe(int sig)
{
    (void)sig;
    pipes++;
}

static int fresh(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    need(fd >= 0, "socket");
    return fd;
}

static void boundaries(int type)
{
    int s[2];
    char a[4], b[4];
    struct iovec iov[2] = {{a, 2}, {b, 3}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};

    printf("-- boundaries %d\n", type);
    need(socketpair(AF_UNIX, type, 0, s) == 0, "pair");
    show_names("pair", s[0]);
    BITS(s[0]);
    receive(s[0], 10, 0);
    T(write(s[0], "one", 3));
    T(write(s[0], "", 0));
    T(send(s[0], "three and more", 14, MSG_EOR));
    T(write(s[0], "last", 4));
    int n = 0;
    T(ioctl(s[1], FIONREAD, &n));
    printf("%d\n", n);
    BITS(s[1]);
    receive(s[1], 2, MSG_PEEK);
    receive(s[1], 2, MSG_PEEK | MSG_TRUNC);
    receive(s[1], 20, 0);
    receive(s[1], 20, 0);
    T(recvmsg(s[1], &m, 0));
    printf("%.2s %.3s flags %x\n", a, b, m.msg_flags);
    T(recvmsg(s[1], &m, 0));
    printf("%.2s %.2s flags %x\n", a, b, m.msg_flags);
    T(write(s[0], "abcdefgh", 8));
    T(recvmsg(s[1], &m, MSG_TRUNC));
    T(write(s[0], "xyz", 3));
    T(recv(s[1], a, 0, 0));
    receive(s[1], 20, 0);
    T(write(s[0], "xyz", 3));
    T(read(s[1], a, 0));
    receive(s[1], 20, MSG_WAITALL);
    receive(s[1], 20, MSG_OOB);
    T(send(s[0], "x", 1, MSG_OOB));
    T(write(s[0], "xyz", 3));
    receive(s[1], 20, MSG_ERRQUEUE);
    receive(s[1], 20, 0);
    T(set_option(s[1], SO_PEEK_OFF, 1));
    T(write(s[0], "abc", 3));
    T(write(s[0], "defg", 4));
    receive(s[1], 1, MSG_PEEK);
    receive(s[1], 1, MSG_PEEK);
    receive(s[1], 9, MSG_PEEK);
    T(option(s[1], SO_PEEK_OFF));
    receive(s[1], 9, 0);
    T(option(s[1], SO_PEEK_OFF));
    receive(s[1], 9, MSG_PEEK);
    receive(s[1], 9, MSG_PEEK);
    close(s[0]), close(s[1]);
}

static void big(int type)
{
    static char data[1 << 20];
    int s[2];

    printf("-- big %d\n", type);
    need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0, "pair");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i % 251);
    T(write(s[0], data, 212992 - 32));
    T(write(s[0], data, 212992 - 31));
    static char in[212992];
    T(read(s[1], in, sizeof(in)));
    IS(memcmp(in, data, 212992 - 32) == 0);
    T(set_option(s[0], SO_SNDBUF, 20000));
    T(option(s[0], SO_SNDBUF));
    T(write(s[0], data, 40000 - 32));
    T(write(s[0], data, 40000 - 31));
    T(read(s[1], in, sizeof(in)));
    int n = 0;
    while (write(s[0], data, 10000) > 0)
        n++;
    printf("then %s, %s\n", strerror(errno), n >= 2 && n <= 6 ? "some" : "odd");
    BITS(s[0]);
    while (read(s[1], in, sizeof(in)) > 0)
        n--;
    T(n);
    BITS(s[0]);
    T(write(s[0], (char *)0 + 16, 5));
    receive(s[1], 5, 0);
    close(s[0]), close(s[1]);
}

static void ends(int type)
{
    int s[2];
    char c;

    printf("-- ends %d\n", type);
    need(socketpair(AF_UNIX, type, 0, s) == 0, "pair");
    T(write(s[0], "a", 1));
    T(shutdown(s[0], SHUT_WR));
    BITS(s[0]);
    BITS(s[1]);
    T(write(s[0], "b", 1));
    printf("signals %d\n", (int)pipes);
    receive(s[1], 10, 0);
    receive(s[1], 10, 0);
    T(shutdown(s[1], SHUT_RD));
    BITS(s[1]);
    receive(s[1], 10, 0);
    T(read(s[1], &c, 1));
    T(write(s[1], "c", 1));
    receive(s[0], 10, 0);
    close(s[1]);
    BITS(s[0]);
    T(write(s[0], "d", 1));
    receive(s[0], 10, 0);
    close(s[0]);

    need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0, "pair");
    T(write(s[0], "unread", 6));
    T(write(s[1], "waiting", 7));
    close(s[1]);
    BITS(s[0]);
    T(write(s[0], "x", 1));
    T(option(s[0], SO_ERROR));
    receive(s[0], 10, 0);
    receive(s[0], 10, 0);
    T(write(s[0], "x", 1));
    show_names("after", s[0]);
    BITS(s[0]);
    close(s[0]);
}

static void datagrams(void)
{
    int a = fresh(SOCK_DGRAM), b = fresh(SOCK_DGRAM), c = fresh(SOCK_DGRAM);
    char buf[8];

    T(write(a, "x", 1));
    T(recv(a, buf, 1, MSG_DONTWAIT));
    T(listen(a, 1));
    T(accept(a, NULL, NULL));
    BITS(a);
    T(bind_to(a, "a"));
    T(bind_to(b, "@b"));
    T(send_to(c, "hello", "a"));
    receive(a, 10, 0);
    T(send_to(b, "named", "a"));
    receive(a, 10, 0);
    T(send_to(a, "self", "a"));
    receive(a, 10, 0);
    T(send_to(a, "x", "none"));
    T(send_to(a, "x", "@none"));
    T(connect_to(c, "a"));
    T(write(c, "connected", 9));
    T(send_to(c, "other", "@b"));
    receive(a, 10, 0);
    receive(b, 10, 0);
    show_names("c", c);
    T(connect_to(a, "@b"));
    T(write(c, "refused", 7));
    T(connect_to(c, "a"));
    T(send_to(c, "x", "a"));
    T(write(a, "to b", 4));
    T(connect_to(b, "a"));
    receive(b, 10, 0);
    T(write(b, "back", 4));
    receive(a, 10, 0);
    /* A new peer: what is left is dropped, and the old peer is told. */
    T(write(b, "lost", 4));
    T(connect_to(a, "a"));
    receive(a, 10, 0);
    BITS(b);
    T(write(b, "x", 1));
    T(write(b, "x", 1));
    T(option(b, SO_ERROR));
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    T(connect(a, &none, sizeof(none)));
    T(write(a, "x", 1));
    T(write(b, "y", 1));
    receive(a, 10, 0);
    close(a);
    BITS(b);
    T(write(b, "z", 1));
    T(write(b, "z", 1));
    show_names("b", b);
    T(write(c, "z", 1));
    T(shutdown(b, SHUT_RD));
    T(send_to(c, "x", "@b"));
    BITS(b);
    receive(b, 10, 0);
    T(read(b, buf, 1));
    T(shutdown(c, SHUT_WR));
    T(send_to(c, "x", "@b"));
    printf("signals %d\n", (int)pipes);
    close(b), close(c);
}

static void full_queue(void)
{
    int r = fresh(SOCK_DGRAM), s = fresh(SOCK_DGRAM);
    int n = 0;

    T(bind_to(r, "@full"));
    T(connect_to(s, "@full"));
    while (send(s, "x", 1, MSG_DONTWAIT) == 1)
        n++;
    printf("%d, then %s\n", n, strerror(errno));
    BITS(s);
    struct timeval tv = {0, 20000};
    T(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
    T(write(s, "y", 1));
    receive(r, 1, 0);
    BITS(s);
    T(write(s, "y", 1));
    T(send_to(s, "x", "@full"));
    T(connect_to(r, "@full"));
    receive(r, 1, 0);
    BITS(s);
    T(write(s, "y", 1));
    close(r);
    BITS(s);
    T(write(s, "y", 1));
    BITS(s);
    close(s);
}

static void sequenced(void)
{
    int l = fresh(SOCK_SEQPACKET), c = fresh(SOCK_SEQPACKET), a;
    char buf[8];
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    T(write(c, "x", 1));
    T(recv(c, buf, 1, MSG_DONTWAIT));
    BITS(c);
    T(bind_to(l, "seq"));
    T(connect_to(c, "seq"));
    T(listen(l, 1));
    T(recv(l, buf, 1, MSG_DONTWAIT));
    T(connect_to(c, "seq"));
    T(connect_to(c, "seq"));
    T(write(c, "early", 5));
    BITS(l);
    a = (int)T(accept(l, NULL, NULL));
    receive(a, 10, 0);
    T(sendto(c, "addressed", 9, 0, (struct sockaddr *)&name, sizeof(name)));
    receive(a, 20, 0);
    show_names("accepted", a);
    T(option(a, SO_TYPE));
    close(l), close(c);
    T(write(a, "x", 1));
    receive(a, 10, 0);
    close(a);
}

static void many(void)
{
    int s[2];
    char text[4][4] = {"abc", "de", "f", ""}, in[4][4] = {0};
    struct iovec out[4], into[4];
    struct mmsghdr m[4] = {0}, r[4] = {0};
    struct timespec t = {0, 0};

    need(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0, "pair");
    for (int i = 0; i < 4; i++) {
        out[i] = (struct iovec){text[i], strlen(text[i])};
        into[i] = (struct iovec){in[i], 2};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
        r[i].msg_hdr = (struct msghdr){.msg_iov = &into[i], .msg_iovlen = 1};
    }
    T(sendmmsg(s[0], m, 4, 0));
    printf("%u %u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len, m[3].msg_len);
    T(sendmmsg(s[0], m, 0, 0));
    T(recvmmsg(s[1], r, 2, 0, NULL));
    printf("%u %x, %u %x\n", r[0].msg_len, r[0].msg_hdr.msg_flags, r[1].msg_len,
           r[1].msg_hdr.msg_flags);
    T(recvmmsg(s[1], r, 4, MSG_DONTWAIT, NULL));
    T(recvmmsg(s[1], r, 4, MSG_DONTWAIT, NULL));
    T(sendmmsg(s[0], m, 2, 0));
    T(recvmmsg(s[1], r, 4, MSG_WAITFORONE, NULL));
    T(sendmmsg(s[0], m, 2, 0));
    T(recvmmsg(s[1], r, 4, 0, &t));
    t.tv_nsec = -1;
    T(recvmmsg(s[1], r, 4, 0, &t));
    T(recvmmsg(s[1], r, 0, 0, NULL));
    m[2].msg_hdr.msg_iovlen = 2000;
    T(sendmmsg(s[0], m, 4, 0));
    T(sendmmsg(s[0], m + 2, 2, 0));
    close(s[1]);
    T(sendmmsg(s[0], m, 2, MSG_NOSIGNAL));
    close(s[0]);
}

int main(void)
{
    static const int types[2] = {SOCK_DGRAM, SOCK_SEQPACKET};

    enter_folder();
    signal(SIGPIPE, on_pipe);
    for (int i = 0; i < 2; i++) {
        boundaries(types[i]);
        big(types[i]);
        ends(types[i]);
    }
    datagrams();
    full_queue();
    sequenced();
    many();
    return 0;
}
