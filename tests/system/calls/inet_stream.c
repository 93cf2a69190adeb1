/* SPDX-License-Identifier: MIT
 *
 * TCP sockets on the loopback: what calls answer in each state, ends of connections, flags. */
#define _GNU_SOURCE
#include <signal.h>
#include "inet.h"

static void fresh(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = four("127.0.0.1", 7001);
    struct sockaddr_in6 b = six("::1", 7001);
    char c[4];

    T(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    T(socket(AF_INET, SOCK_STREAM, 1000));
    T(socket(AF_INET, SOCK_SEQPACKET, 0));
    T(socket(AF_INET, SOCK_RAW, 0));
    T(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    T(socket(AF_INET6, SOCK_STREAM, IPPROTO_UDP));
    show_names("fresh", s);
    printf("poll %x\n", ready(s));
    T(listen(-1, 3));
    T(send(s, "x", 1, MSG_NOSIGNAL));
    T(recv(s, c, 1, 0));
    T(recv(s, c, 1, MSG_OOB));
    T(shutdown(s, SHUT_RD));
    T(shutdown(s, SHUT_WR));
    T(accept(s, NULL, NULL));
    T(connect(s, (struct sockaddr *)&a, 1));
    T(connect(s, (struct sockaddr *)&a, 8));
    T(connect(s, (struct sockaddr *)&b, sizeof(b)));
    T(bind(s, (struct sockaddr *)&a, 8));
    T(bind(s, (struct sockaddr *)&b, sizeof(b)));
    T(bind4(s, "192.0.2.77", 7001));
    T(bind4(s, "127.0.0.1", 7001));
    T(bind4(s, "127.0.0.1", 7002));
    show_names("bound", s);
    T(connect4(s, "127.0.0.1", 7999));
    show_names("refused", s);
    printf("poll %x\n", ready(s));
    T(connect4(s, "255.255.255.255", 7999));
    T(connect4(s, "224.0.0.5", 7999));
    T(listen(s, 1));
    T(listen(s, 2));
    T(connect4(s, "127.0.0.1", 7001));
    T(send(s, "x", 1, MSG_NOSIGNAL));
    T(recv(s, c, 1, MSG_DONTWAIT));
    printf("poll %x\n", ready(s));
    T(shutdown(s, SHUT_WR));
    T(shutdown(s, SHUT_RD));
    printf("poll %x listening %d\n", ready(s), get(s, SOL_SOCKET, SO_ACCEPTCONN));
    close(s);
}

static void connecting(void)
{
    int l = listener(7010), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in none = {.sin_family = AF_UNSPEC};
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    char b[10];

    fcntl(l, F_SETFL, O_NONBLOCK);
    T(accept(l, NULL, NULL));
    fcntl(l, F_SETFL, 0);
    T(connect4(c, "127.0.0.1", 7010));
    printf("poll %x error %d\n", ready_soon(c, POLLOUT), get(c, SOL_SOCKET, SO_ERROR));
    T(connect4(c, "127.0.0.1", 7010));
    T(connect4(c, "127.0.0.1", 7010));
    show_names("client", c);
    printf("listener %x\n", ready(l));
    int s = accept(l, (struct sockaddr *)&peer, &len);
    printf("accepted %s\n", addr_text(&peer, len));
    show_names("server", s);
    printf("poll %x %x\n", ready(c), ready(s));
    T(recv(c, b, 1, 0));
    T(recv(c, b, 0, 0));
    T(listen(c, 1));
    T(bind4(c, "127.0.0.1", 0));
    T(send(c, "", 0, 0));
    T(send(c, "hello", 5, MSG_DONTWAIT));
    printf("poll %x\n", ready_soon(s, POLLIN));
    int n = 0;
    T(ioctl(s, FIONREAD, &n));
    printf("%d there\n", n);
    T(recv(s, b, 2, MSG_PEEK));
    T(recv(s, b, 2, 0));
    T(recv(s, b, 2, MSG_TRUNC));
    T(recv(s, b, 0, 0));
    T(recv(s, b, 9, MSG_DONTWAIT));
    T(recv(s, b, 9, MSG_DONTWAIT));
    T(connect(c, (struct sockaddr *)&none, sizeof(none)));
    show_names("disconnected", c);
    printf("server poll %x\n", ready_soon(s, POLLIN));
    T(recv(s, b, 1, 0));
    T(recv(s, b, 1, 0));
    T(send(s, "x", 1, MSG_NOSIGNAL));
    T(shutdown(s, SHUT_WR));
    close(s);
    T(connect4(c, "127.0.0.1", 7011));
    printf("poll %x\n", ready_soon(c, POLLOUT));
    printf("error %d, then %d\n", get(c, SOL_SOCKET, SO_ERROR), get(c, SOL_SOCKET, SO_ERROR));
    T(recv(c, b, 1, 0));
    T(connect4(c, "127.0.0.1", 7010));
    T(connect4(c, "127.0.0.1", 7010));
    printf("poll %x\n", ready_soon(c, POLLOUT));
    close(c);
    close(l);
}

static volatile int pipes;

static void on_pipe(int sig)
{
    (void)sig;
    pipes++;
}

static void ends(void)
{
    int l = listener(7020), s[2];
    char b[100];

    signal(SIGPIPE, on_pipe);
    pair(l, 7020, s);
    T(shutdown(s[0], SHUT_WR));
    printf("poll %x %x\n", ready(s[0]), ready_soon(s[1], POLLIN));
    T(recv(s[1], b, 1, 0));
    T(recv(s[1], b, 1, MSG_PEEK));
    T(send(s[0], "x", 1, 0));
    T(send(s[0], "x", 1, MSG_NOSIGNAL));
    T(write(s[0], "x", 1));
    printf("%d SIGPIPE\n", pipes);
    T(send(s[1], "answer", 6, 0));
    printf("poll %x\n", ready_soon(s[0], POLLIN));
    T(recv(s[0], b, 100, 0));
    T(shutdown(s[1], SHUT_WR));
    printf("poll %x %x\n", ready_soon(s[0], POLLHUP), ready_soon(s[1], POLLHUP));
    T(recv(s[0], b, 100, 0));
    show_names("first", s[0]);
    show_names("second", s[1]);
    T(shutdown(s[1], SHUT_WR));
    T(send(s[1], "x", 1, MSG_NOSIGNAL));
    close(s[0]), close(s[1]);

    /* Closed with bytes that nobody read: a reset. */
    pair(l, 7020, s);
    T(send(s[0], "unread", 6, 0));
    printf("poll %x\n", ready_soon(s[1], POLLIN));
    close(s[1]);
    printf("poll %x\n", ready_soon(s[0], POLLIN));
    T(recv(s[0], b, 1, 0));
    T(recv(s[0], b, 1, 0));
    T(send(s[0], "x", 1, MSG_NOSIGNAL));
    printf("poll %x\n", ready(s[0]));
    close(s[0]);

    /* SO_LINGER 0: a reset, and the error in SO_ERROR. */
    pair(l, 7020, s);
    struct linger now = {1, 0};
    T(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    close(s[1]);
    printf("poll %x\n", ready_soon(s[0], POLLIN));
    printf("error %d\n", get(s[0], SOL_SOCKET, SO_ERROR));
    T(recv(s[0], b, 1, 0));
    T(send(s[0], "x", 1, MSG_NOSIGNAL));
    close(s[0]);

    /* The peer is closed: the first send is answered by a reset. */
    pair(l, 7020, s);
    close(s[1]);
    printf("poll %x\n", ready_soon(s[0], POLLIN));
    T(recv(s[0], b, 1, 0));
    T(send(s[0], "x", 1, MSG_NOSIGNAL));
    printf("poll %x\n", ready_soon(s[0], POLLHUP));
    printf("error %d\n", get(s[0], SOL_SOCKET, SO_ERROR));
    T(send(s[0], "x", 1, MSG_NOSIGNAL));
    T(recv(s[0], b, 1, 0));
    close(s[0]);

    /* SHUT_RD keeps what is there. */
    pair(l, 7020, s);
    T(send(s[0], "before", 6, 0));
    printf("poll %x\n", ready_soon(s[1], POLLIN));
    T(shutdown(s[1], SHUT_RD));
    printf("poll %x\n", ready(s[1]));
    T(recv(s[1], b, 3, 0));
    T(recv(s[1], b, 100, 0));
    T(recv(s[1], b, 100, 0));
    T(send(s[1], "still", 5, 0));
    T(recv(s[0], b, 100, 0));
    close(s[0]), close(s[1]);
    struct linger wait = {1, 2};
    pair(l, 7020, s);
    T(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &wait, sizeof(wait)));
    T(send(s[0], "last", 4, 0));
    T(close(s[0]));
    T(recv(s[1], b, 100, 0));
    T(recv(s[1], b, 100, 0));
    close(s[1]);
    close(l);
}

static void urgent(void)
{
    int l = listener(7030), s[2], at = 5;
    char b[100] = "";

    pair(l, 7030, s);
    T(recv(s[1], b, 1, MSG_OOB));
    T(send(s[0], "abc", 3, MSG_OOB));
    T(send(s[0], "de", 2, 0));
    printf("poll %x\n", ready_soon(s[1], POLLPRI));
    T(ioctl(s[1], SIOCATMARK, &at));
    printf("at mark %d\n", at);
    T(recv(s[1], b, 10, 0));
    T(ioctl(s[1], SIOCATMARK, &at));
    printf("at mark %d\n", at);
    T(recv(s[1], b, 1, MSG_OOB | MSG_PEEK));
    T(recv(s[1], b, 1, MSG_OOB));
    printf("%c\n", b[0]);
    T(recv(s[1], b, 1, MSG_OOB));
    printf("poll %x\n", ready(s[1]));
    T(recv(s[1], b, 10, 0));
    printf("%.2s\n", b);
    T(set(s[1], SOL_SOCKET, SO_OOBINLINE, 1));
    T(send(s[0], "xyz", 3, MSG_OOB));
    printf("poll %x\n", ready_soon(s[1], POLLPRI));
    T(recv(s[1], b, 1, MSG_OOB));
    T(recv(s[1], b, 10, 0));
    T(recv(s[1], b, 10, 0));
    close(s[0]), close(s[1]), close(l);
}

static void dual(void)
{
    int l = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), s;

    printf("v6only %d\n", get(l, SOL_IPV6, IPV6_V6ONLY));
    T(bind6(l, "::", 7040));
    T(set(l, SOL_IPV6, IPV6_V6ONLY, 1));
    T(listen(l, 3));
    show_names("listener", l);
    T(connect4(c, "127.0.0.1", 7040));
    s = accept(l, NULL, NULL);
    show_names("server", s);
    show_names("client", c);
    T(write(c, "x", 1));
    close(s), close(c);
    c = socket(AF_INET6, SOCK_STREAM, 0);
    T(connect6(c, "::ffff:127.0.0.1", 7040));
    s = accept(l, NULL, NULL);
    show_names("server", s);
    show_names("client", c);
    close(s), close(c);
    c = socket(AF_INET6, SOCK_STREAM, 0);
    T(connect6(c, "::1", 7040));
    s = accept(l, NULL, NULL);
    show_names("server", s);
    show_names("client", c);
    close(s), close(c);
    c = socket(AF_INET, SOCK_STREAM, 0);
    T(bind4(c, "0.0.0.0", 7040));
    T(bind4(c, "127.0.0.1", 7040));
    close(l);
    l = socket(AF_INET6, SOCK_STREAM, 0);
    T(set(l, SOL_SOCKET, SO_REUSEADDR, 1));
    T(set(l, SOL_IPV6, IPV6_V6ONLY, 1));
    T(bind6(l, "::ffff:127.0.0.1", 7041));
    T(bind6(l, "fe80::1", 7041));
    T(bind6(l, "2001:db8::1", 7041));
    T(bind6(l, "ff02::1", 7041));
    T(bind6(l, "::", 7041));
    T(listen(l, 1));
    T(bind4(c, "0.0.0.0", 7041));
    T(connect4(c, "127.0.0.1", 7041));
    T(connect6(c, "::1", 7041));
    int c6 = socket(AF_INET6, SOCK_STREAM, 0);
    T(set(c6, SOL_IPV6, IPV6_V6ONLY, 1));
    T(connect6(c6, "::ffff:127.0.0.1", 7041));
    T(connect4(c6, "127.0.0.1", 7041));
    close(l), close(c), close(c6);
}

/* Who may bind what besides whom. */
static void binding(void)
{
    int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0), s[2];

    T(bind4(a, "127.0.0.1", 7050));
    T(bind4(b, "127.0.0.1", 7050));
    T(bind4(b, "0.0.0.0", 7050));
    T(bind4(b, "127.0.0.2", 7050));
    close(b), close(a);
    a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
    set(a, SOL_SOCKET, SO_REUSEADDR, 1);
    T(bind4(a, "127.0.0.1", 7051));
    T(bind4(b, "127.0.0.1", 7051));
    set(b, SOL_SOCKET, SO_REUSEADDR, 1);
    T(bind4(b, "127.0.0.1", 7051));
    T(listen(a, 1));
    T(listen(b, 1));
    close(b);
    b = socket(AF_INET, SOCK_STREAM, 0);
    set(b, SOL_SOCKET, SO_REUSEADDR, 1);
    T(bind4(b, "127.0.0.1", 7051));
    pair(a, 7051, s);
    close(a);
    close(b);
    b = socket(AF_INET, SOCK_STREAM, 0);
    T(bind4(b, "127.0.0.1", 7051));
    set(b, SOL_SOCKET, SO_REUSEADDR, 1);
    T(bind4(b, "127.0.0.1", 7051));
    close(b);
    close(s[1]), close(s[0]);
    b = socket(AF_INET, SOCK_STREAM, 0);
    T(bind4(b, "127.0.0.1", 7051));
    close(b);
    a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
    set(a, SOL_SOCKET, SO_REUSEPORT, 1);
    set(b, SOL_SOCKET, SO_REUSEPORT, 1);
    T(bind4(a, "127.0.0.1", 7052));
    T(bind4(b, "127.0.0.1", 7052));
    T(listen(a, 20));
    T(listen(b, 20));
    int c[16], n = 0;
    for (int i = 0; i < 16; i++) {
        c[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect4(c[i], "127.0.0.1", 7052))
            printf("connect: %s\n", strerror(errno));
    }
    fcntl(a, F_SETFL, O_NONBLOCK), fcntl(b, F_SETFL, O_NONBLOCK);
    for (int got; (got = accept(a, NULL, NULL)) >= 0 || (got = accept(b, NULL, NULL)) >= 0; n++)
        close(got);
    printf("%d accepted by both\n", n);
    for (int i = 0; i < 16; i++)
        close(c[i]);
    close(a), close(b);
}

int main(void)
{
    fresh();
    connecting();
    ends();
    urgent();
    dual();
    binding();
    return 0;
}
