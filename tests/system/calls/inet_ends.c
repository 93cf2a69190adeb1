/* SPDX-License-Identifier: MIT
 *
 * Ends of TCP connections whose socket stays open: both directions shut, and bytes that come after
 * that. And TCP_INQ, which says what is left to read. */
#include <signal.h>
#include "inet.h"

#ifndef TCP_INQ
#define TCP_INQ 36
#endif

static void connection(int *s, int *p)
{
    struct sockaddr_in a = four("127.0.0.1", 0);
    socklen_t len = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    *s = socket(AF_INET, SOCK_STREAM, 0);
    need(bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 1) == 0 &&
             getsockname(l, (struct sockaddr *)&a, &len) == 0 &&
             connect(*s, (struct sockaddr *)&a, len) == 0 && (*p = accept(l, NULL, NULL)) >= 0,
         "a connection");
    close(l);
}

/* Waits until (s) has (bits), or for five seconds. */
static void await(int s, short bits)
{
    struct pollfd p = {s, bits, 0};

    for (int i = 0; i < 500 && (poll(&p, 1, 10), (p.revents & bits) != bits); i++)
        usleep(1000);
    printf("has %x: %s\n", bits, (p.revents & bits) == bits ? "yes" : "no");
}

static void both_shut(int first, int second)
{
    char b[8];
    int s, p;

    puts("-- both directions shut");
    connection(&s, &p);
    T(shutdown(s, first));
    T(shutdown(s, second));
    await(p, POLLIN);
    T(recv(p, b, sizeof(b), 0));
    T(send(p, "late", 4, 0));
    await(p, POLLERR | POLLHUP);
    await(s, POLLHUP);
    T(recv(s, b, sizeof(b), MSG_DONTWAIT));
    T(recv(s, b, sizeof(b), MSG_DONTWAIT));
    T(send(p, "late", 4, MSG_NOSIGNAL));
    T(send(p, "late", 4, MSG_NOSIGNAL));
    close(s), close(p);
}

/* Bytes that come after the reader alone has said that it does not read are read all the same. */
static void reading_shut(void)
{
    char b[8];
    int s, p;

    puts("-- reading shut");
    connection(&s, &p);
    T(shutdown(s, SHUT_RD));
    T(recv(s, b, sizeof(b), 0));
    T(send(p, "late", 4, 0));
    int n = 0;
    for (int i = 0; i < 1000 && n == 0; i++, usleep(1000))
        ioctl(s, FIONREAD, &n);
    T(n);
    T(recv(s, b, sizeof(b), 0));
    T(send(s, "back", 4, 0));
    T(recv(p, b, sizeof(b), 0));
    close(s), close(p);
}

static void take(int s, size_t n)
{
    char b[64], control[64];
    struct iovec part = {b, n};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    int left;

    T(recvmsg(s, &m, 0));
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c) {
        puts("  says nothing");
        return;
    }
    memcpy(&left, CMSG_DATA(c), sizeof(left));
    printf("  level %d type %d length %d: %d left\n", c->cmsg_level, c->cmsg_type,
           (int)(c->cmsg_len - CMSG_LEN(0)), left);
}

static void left_to_read(void)
{
    int s, p, v = 0, n = 0;
    socklen_t len = sizeof(v);

    puts("-- TCP_INQ");
    connection(&s, &p);
    T(send(p, "0123456789", 10, 0));
    for (int i = 0; i < 1000 && n < 10; i++, usleep(1000))
        ioctl(s, FIONREAD, &n);
    take(s, 2);
    v = 2;
    T(setsockopt(s, IPPROTO_TCP, TCP_INQ, &v, len));
    v = 1;
    T(setsockopt(s, IPPROTO_TCP, TCP_INQ, &v, len));
    T(getsockopt(s, IPPROTO_TCP, TCP_INQ, &v, &len));
    T(v);
    take(s, 3);
    take(s, 5);
    close(p);
    await(s, POLLRDHUP);
    take(s, 5);
    close(s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    both_shut(SHUT_WR, SHUT_RD);
    both_shut(SHUT_RD, SHUT_WR);
    both_shut(SHUT_RDWR, SHUT_RDWR);
    reading_shut();
    left_to_read();
    return 0;
}
