/* SPDX-License-Identifier: MIT
 *
 * SO_ZEROCOPY: the notices on the error queue. */
#include <time.h>
#include <linux/errqueue.h>
#include "inet.h"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif

/* Takes notices until (until) was told of; how they are put together is a matter of time. */
static void notices(int s, unsigned next, unsigned until)
{
    while (next <= until) {
        struct pollfd p = {s, 0, 0};
        char control[128], byte;
        struct iovec part = {&byte, 1};
        struct sockaddr_storage from;
        struct msghdr m = {.msg_name = &from,
                           .msg_namelen = sizeof(from),
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
        struct sock_extended_err e;

        need(poll(&p, 1, 5000) == 1 && p.revents & POLLERR, "a notice");
        ssize_t n = recvmsg(s, &m, MSG_ERRQUEUE);
        const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        need(n == 0 && c, "a notice");
        memcpy(&e, CMSG_DATA(c), sizeof(e));
        if (e.ee_info != next || e.ee_data < next) {
            printf("%u to %u, not from %u on\n", e.ee_info, e.ee_data, next);
            return;
        }
        if (next == 0)
            printf("error %u origin %u type %u code %u, level %d type %d, name %u, flags %x\n",
                   e.ee_errno, e.ee_origin, e.ee_type, e.ee_code, c->cmsg_level, c->cmsg_type,
                   m.msg_namelen, m.msg_flags);
        next = e.ee_data + 1;
    }
    printf("told up to %u\n", next - 1);
}

static void errors(int s)
{
    int v = 0;
    socklen_t len = sizeof(v);
    char b;

    T(getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &len));
    T(v);
    T(recv(s, &b, 1, MSG_ERRQUEUE));
}

static void streams(int family, struct sockaddr *a, socklen_t len)
{
    static char bytes[3000];
    int on = 1, l = socket(family, SOCK_STREAM, 0), s = socket(family, SOCK_STREAM, 0);

    need(bind(l, a, len) == 0 && listen(l, 1) == 0 && getsockname(l, a, &len) == 0 &&
             connect(s, a, len) == 0,
         "a connection");
    int peer = accept(l, NULL, NULL);
    T(send(s, bytes, 100, MSG_ZEROCOPY)); /* without the option: a send as any other */
    T(setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
    errors(s);
    T(send(s, bytes, sizeof(bytes), MSG_ZEROCOPY));
    T(send(s, bytes, 0, MSG_ZEROCOPY));
    T(send(s, bytes, 10, 0));
    T(send(s, bytes, sizeof(bytes), MSG_ZEROCOPY));
    T(send(s, bytes, 1, MSG_ZEROCOPY));
    notices(s, 0, 2);
    errors(s);
    T(send(s, (void *)8, 1, MSG_ZEROCOPY));
    T(send(s, bytes, 1, MSG_ZEROCOPY));
    notices(s, 3, 3);
    close(s), close(peer), close(l);
}

/* Parts of all lengths at odd places. */
static void parts(void)
{
    static unsigned char bytes[60000], got[60000];
    struct sockaddr_in a = four("127.0.0.1", 0);
    socklen_t len = sizeof(a);
    int on = 1, l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0);
    struct iovec v[40];
    size_t total = 0, n = 0;

    need(bind(l, (struct sockaddr *)&a, len) == 0 && listen(l, 1) == 0 &&
             getsockname(l, (struct sockaddr *)&a, &len) == 0 &&
             connect(s, (struct sockaddr *)&a, len) == 0,
         "a connection");
    int peer = accept(l, NULL, NULL);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    for (size_t i = 0; i < 40; i++) {
        v[i] = (struct iovec){bytes + total, i % 9 == 3 ? 0 : i * i + 1};
        total += v[i].iov_len;
    }
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 40};
    T(setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
    IS(sendmsg(s, &m, MSG_ZEROCOPY) == (ssize_t)total);
    while (n < total)
        n += (size_t)recv(peer, got + n, total - n, 0);
    IS(memcmp(bytes, got, total) == 0);
    notices(s, 0, 0);
    close(s), close(peer), close(l);
}

static void datagrams(void)
{
    struct sockaddr_in to = four("127.0.0.1", 0);
    socklen_t len = sizeof(to);
    int on = 1, s = socket(AF_INET, SOCK_DGRAM, 0), r = socket(AF_INET, SOCK_DGRAM, 0);

    need(bind(r, (struct sockaddr *)&to, len) == 0 &&
             getsockname(r, (struct sockaddr *)&to, &len) == 0,
         "a receiver");
    T(setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
    for (int i = 0; i < 3; i++)
        T(sendto(s, "abcd", 4, MSG_ZEROCOPY, (struct sockaddr *)&to, len));
    close(r); /* what waits there is given back */
    notices(s, 0, 2);
    errors(s);
    close(s);
}

int main(void)
{
    struct sockaddr_in a = four("127.0.0.1", 0);
    struct sockaddr_in6 b = six("::1", 0);

    streams(AF_INET, (struct sockaddr *)&a, sizeof(a));
    streams(AF_INET6, (struct sockaddr *)&b, sizeof(b));
    parts();
    datagrams();
    return 0;
}
