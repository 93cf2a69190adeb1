/* SPDX-License-Identifier: MIT
 *
 * Options of level SOL_SOCKET, and of levels that Unix sockets do not have. */
#define _GNU_SOURCE
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include "sockets.h"

static const struct {
    const char *text;
    int name;
} names[] = {
#define N(name)                                                                                    \
    {                                                                                              \
#name, name                                                                                \
    }
    N(SO_DEBUG),     N(SO_REUSEADDR), N(SO_TYPE),       N(SO_ERROR),       N(SO_DONTROUTE),
    N(SO_BROADCAST), N(SO_SNDBUF),    N(SO_RCVBUF),     N(SO_KEEPALIVE),   N(SO_OOBINLINE),
    N(SO_NO_CHECK),  N(SO_PRIORITY),  N(SO_LINGER),     N(SO_REUSEPORT),   N(SO_PASSCRED),
    N(SO_RCVLOWAT),  N(SO_SNDLOWAT),  N(SO_ACCEPTCONN), N(SO_PROTOCOL),    N(SO_DOMAIN),
    N(SO_PEEK_OFF),  N(SO_MARK),      N(SO_TIMESTAMP),  N(SO_TIMESTAMPNS),
#undef N
};

static void ints(int type)
{
    int s = socket(AF_UNIX, type, 0);

    printf("-- type %d\n", type);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        printf("%s is %d\n", names[i].text, option(s, names[i].name));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (names[i].name == SO_LINGER)
            continue;
        printf("%s: ", names[i].text);
        T(set_option(s, names[i].name, 3));
        printf("now %d, ", option(s, names[i].name));
        T(set_option(s, names[i].name, 0));
        printf("now %d\n", option(s, names[i].name));
    }
    close(s);
}

static void buffers(void)
{
    static const int sizes[] = {0,      1,       1000, 2303,    4608,   100000,
                                212992, 5000000, -1,   INT_MAX, INT_MIN};
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        set_option(s, SO_SNDBUF, sizes[i]);
        set_option(s, SO_RCVBUF, sizes[i]);
        printf("%d: %d %d\n", sizes[i], option(s, SO_SNDBUF), option(s, SO_RCVBUF));
    }
    T(set_option(s, SO_RCVLOWAT, -3));
    T(option(s, SO_RCVLOWAT) == INT_MAX);
    T(set_option(s, SO_SNDLOWAT, 3));
    close(s);
}

static void lengths(void)
{
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    char buf[600] = "";
    static const socklen_t rooms[] = {0, 1, 3, 4, 5, 8, 16, 17};
    struct linger l = {5, 7};
    struct timeval tv;

    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
        socklen_t n = rooms[i];
        T(getsockopt(s, SOL_SOCKET, SO_TYPE, buf, &n));
        printf("%u -> %u\n", rooms[i], n);
        n = rooms[i];
        T(getsockopt(s, SOL_SOCKET, SO_LINGER, buf, &n));
        printf("%u -> %u\n", rooms[i], n);
        n = rooms[i];
        T(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, buf, &n));
        printf("%u -> %u\n", rooms[i], n);
        n = rooms[i];
        T(getsockopt(s, SOL_SOCKET, SO_PEERNAME, buf, &n));
        T(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, buf, rooms[i]));
        T(setsockopt(s, SOL_SOCKET, SO_LINGER, buf, rooms[i]));
        T(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, buf, rooms[i]));
    }
    T(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, buf, 600));
    socklen_t n = (socklen_t)-1;
    T(getsockopt(s, SOL_SOCKET, SO_TYPE, buf, &n));
    T(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
    n = sizeof(l);
    T(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
    printf("%d %d\n", l.l_onoff, l.l_linger);
    static const struct timeval times[] = {{1, 500000}, {0, 0},       {-1, 0},
                                           {0, -1},     {0, 1000000}, {100, 500000}};
    for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
        T(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &times[i], sizeof(tv)));
        n = sizeof(tv);
        T(getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, &n));
        printf("%ld.%06ld\n", (long)tv.tv_sec, (long)tv.tv_usec / 10000 * 10000);
    }
    close(s);
}

static void others(void)
{
    int s[2], v = 1;
    socklen_t n = sizeof(v);
    struct ifconf conf = {0};
    struct ifreq req = {0};

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    T(getsockopt(s[0], SOL_SOCKET, 9999, &v, &n));
    T(setsockopt(s[0], SOL_SOCKET, 9999, &v, n));
    T(getsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, &n));
    T(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, n));
    T(getsockopt(s[0], IPPROTO_IP, IP_TTL, &v, &n));
    T(setsockopt(s[0], IPPROTO_IPV6, IPV6_V6ONLY, &v, n));
    T(setsockopt(s[0], 12345, 1, &v, n));
    T(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &v, 0));
    T(getsockopt(s[0], SOL_SOCKET, SO_PEERSEC, &v, &n));
    strcpy(req.ifr_name, "nothing7");
    T(ioctl(s[0], SIOCGIFINDEX, &req));
    T(ioctl(s[0], SIOCGIFFLAGS, &req));
    T(if_nametoindex("nothing7"));
    T(ioctl(s[0], SIOCGIFCONF, &conf));
    T(shutdown(s[0], SHUT_WR));
    T(option(s[0], SO_ERROR));
    close(s[0]), close(s[1]);
}

int main(void)
{
    ints(SOCK_STREAM);
    ints(SOCK_DGRAM);
    buffers();
    lengths();
    others();
    return 0;
}
