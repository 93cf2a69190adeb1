/* SPDX-License-Identifier: MIT
 *
 * What the programs on sockets share. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include "calls.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* Prints an address, the NUL in front of abstract names as @. */
static inline void show_addr(const char *what, const struct sockaddr_un *a, socklen_t len)
{
    printf("%s: len %u family %d", what, (unsigned)len, len >= 2 ? a->sun_family : -1);
    if (len > PATH_AT) {
        printf(" ");
        for (socklen_t i = 0; i < len - PATH_AT && i < sizeof(a->sun_path); i++)
            printf("%c", a->sun_path[i] ? a->sun_path[i] : '@');
    }
    printf("\n");
}

static inline void show_names(const char *what, int fd)
{
    struct sockaddr_un a = {0};
    socklen_t len = sizeof(a);

    printf("%s ", what);
    if (getsockname(fd, (struct sockaddr *)&a, &len))
        printf("own: %s\n", strerror(errno));
    else
        show_addr("own", &a, len);
    len = sizeof(a);
    printf("%s ", what);
    if (getpeername(fd, (struct sockaddr *)&a, &len))
        printf("peer: %s\n", strerror(errno));
    else
        show_addr("peer", &a, len);
}

/* The address of (path), its length in *len. A leading @ means abstract. */
static inline struct sockaddr *at(const char *path, socklen_t *len)
{
    static struct sockaddr_un a;

    memset(&a, 0, sizeof(a));
    a.sun_family = AF_UNIX;
    strcpy(a.sun_path, path);
    *len = (socklen_t)(PATH_AT + strlen(path) + 1);
    if (*path == '@') {
        a.sun_path[0] = '\0';
        --*len;
    }
    return (struct sockaddr *)&a;
}

static inline int bind_to(int fd, const char *path)
{
    socklen_t len;
    struct sockaddr *a = at(path, &len);
    return bind(fd, a, len);
}

static inline int connect_to(int fd, const char *path)
{
    socklen_t len;
    struct sockaddr *a = at(path, &len);
    return connect(fd, a, len);
}

static inline ssize_t send_to(int fd, const char *text, const char *path)
{
    socklen_t len;
    struct sockaddr *a = at(path, &len);
    return sendto(fd, text, strlen(text), MSG_DONTWAIT, a, len);
}

/* Receives without waiting and prints what came, from whom. */
static inline void receive(int fd, size_t room, int flags)
{
    char buf[300] = "";
    struct sockaddr_un a = {0};
    socklen_t len = sizeof(a);
    ssize_t n = recvfrom(fd, buf, room, flags | MSG_DONTWAIT, (struct sockaddr *)&a, &len);

    if (n < 0) {
        printf("receive: %s\n", strerror(errno));
        return;
    }
    printf("receive %zd \"%.*s\" ", n, (int)(n < 40 ? n : 40), buf);
    show_addr("from", &a, len);
}

static inline int bits(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLWRBAND | POLLRDBAND, 0};

    poll(&p, 1, 0);
    return p.revents;
}

#define BITS(fd) printf("poll " #fd ": %x\n", bits(fd))

static inline int option(int fd, int name)
{
    int v = -12345;
    socklen_t len = sizeof(v);
    return getsockopt(fd, SOL_SOCKET, name, &v, &len) ? -errno : v;
}

static inline int set_option(int fd, int name, int v)
{
    return setsockopt(fd, SOL_SOCKET, name, &v, sizeof(v));
}

#endif
