/* SPDX-License-Identifier: MIT
 *
 * What the programs on internet sockets share. All of it is on the loopback. */
#ifndef INET_H
#define INET_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "calls.h"

static inline struct sockaddr_in four(const char *text, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

    inet_pton(AF_INET, text, &a.sin_addr);
    return a;
}

static inline struct sockaddr_in6 six(const char *text, int port)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};

    inet_pton(AF_INET6, text, &a.sin6_addr);
    return a;
}

/* As text; ports that nobody chose become one word. */
static inline const char *addr_text(const struct sockaddr_storage *a, socklen_t len)
{
    static char text[100];
    char ip[64] = "-";
    int port = 0;

    if (len == 0)
        return "none";
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)a;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
        port = ntohs(in->sin_port);
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)a;
        inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof(ip));
        port = ntohs(in->sin6_port);
    }
    if (port >= 32768)
        snprintf(text, sizeof(text), "%s:some (%u)", ip, (unsigned)len);
    else
        snprintf(text, sizeof(text), "%s:%d (%u)", ip, port, (unsigned)len);
    return text;
}

static inline void show_names(const char *what, int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len))
        printf("%s own: %s\n", what, strerror(errno));
    else
        printf("%s own: %s\n", what, addr_text(&a, len));
    len = sizeof(a);
    if (getpeername(fd, (struct sockaddr *)&a, &len))
        printf("%s peer: %s\n", what, strerror(errno));
    else
        printf("%s peer: %s\n", what, addr_text(&a, len));
}

static inline int bind4(int fd, const char *text, int port)
{
    struct sockaddr_in a = four(text, port);
    return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int connect4(int fd, const char *text, int port)
{
    struct sockaddr_in a = four(text, port);
    return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int bind6(int fd, const char *text, int port)
{
    struct sockaddr_in6 a = six(text, port);
    return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int connect6(int fd, const char *text, int port)
{
    struct sockaddr_in6 a = six(text, port);
    return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int set(int fd, int level, int name, int v)
{
    return setsockopt(fd, level, name, &v, sizeof(v));
}

static inline int get(int fd, int level, int name)
{
    int v = -12345;
    socklen_t len = sizeof(v);
    return getsockopt(fd, level, name, &v, &len) ? -errno : v;
}

/* What poll says of everything. */
static inline int ready(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0};
    poll(&p, 1, 0);
    return p.revents;
}

static inline int ready_soon(int fd, short bits)
{
    struct pollfd p = {fd, bits, 0};
    poll(&p, 1, 2000);
    return ready(fd);
}

/* A listener on 127.0.0.1 of (port), and both ends of a connection to it. */
static inline int listener(int port)
{
    int l = socket(AF_INET, SOCK_STREAM, 0);

    set(l, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind4(l, "127.0.0.1", port) || listen(l, 8))
        printf("listener: %s\n", strerror(errno));
    return l;
}

static inline void pair(int l, int port, int s[2])
{
    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect4(s[0], "127.0.0.1", port))
        printf("pair: %s\n", strerror(errno));
    s[1] = accept(l, NULL, NULL);
}

#endif
