/* SPDX-License-Identifier: MIT
 *
 * Options of internet sockets: sharing a port after the fact, values without a length, levels that
 * are not known. */
#define _GNU_SOURCE
#include "inet.h"

static void show(int fd, int level, int name)
{
    int value = -77;
    socklen_t len = sizeof(value);
    int r = getsockopt(fd, level, name, &value, &len);
    printf("  %d/%d: %s %d, %u bytes\n", level, name, r ? strerror(errno) : "ok", value, len);
}

/* Linux asks whether both permit it when the second one binds. */
static void reuse(int type)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int first = socket(AF_INET, type, 0), second = socket(AF_INET, type, 0);

    T(bind(first, (struct sockaddr *)&a, sizeof(a)));
    T(getsockname(first, (struct sockaddr *)&a, &len));
    T(set(second, SOL_SOCKET, SO_REUSEADDR, 1));
    T(bind(second, (struct sockaddr *)&a, sizeof(a)));
    T(set(first, SOL_SOCKET, SO_REUSEADDR, 1));
    T(bind(second, (struct sockaddr *)&a, sizeof(a)));
    close(second);
    second = socket(AF_INET, type, 0);
    T(set(second, SOL_SOCKET, SO_REUSEADDR, 1));
    T(set(first, SOL_SOCKET, SO_REUSEADDR, 0));
    T(bind(second, (struct sockaddr *)&a, sizeof(a)));
    close(second);
    close(first);
}

static void without_value(int fd)
{
    int v = 1;

    T(set(fd, IPPROTO_IP, IP_TOS, 32));
    T(setsockopt(fd, IPPROTO_IP, IP_TOS, &v, 0));
    show(fd, IPPROTO_IP, IP_TOS);
    T(set(fd, IPPROTO_IP, IP_PKTINFO, 1));
    T(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &v, 0));
    show(fd, IPPROTO_IP, IP_PKTINFO);
    T(setsockopt(fd, IPPROTO_IP, IP_TTL, &v, 0));
    T(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &v, 0));
    T(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &v, 0));
    T(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &v, 2));
    T(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &v, 3));
}

static void levels(int domain, int type)
{
    int fd = socket(domain, type, 0);

    show(fd, 99, 1);
    T(set(fd, 99, 1, 1));
    show(fd, type == SOCK_STREAM ? IPPROTO_UDP : IPPROTO_TCP, 1);
    T(set(fd, type == SOCK_STREAM ? IPPROTO_UDP : IPPROTO_TCP, 1, 1));
    close(fd);
}

static void device(int fd)
{
    char name[16] = "";
    socklen_t len = sizeof(name);

    T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
    printf("  %s, %u bytes\n", name, len);
    T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
    T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    len = sizeof(name);
    T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
    T(len);
}

static void of_tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct ucred peer = {1, 2, 3};
    socklen_t len = sizeof(peer);

    show(fd, IPPROTO_TCP, TCP_QUICKACK);
    T(set(fd, IPPROTO_TCP, TCP_QUICKACK, 0));
    show(fd, IPPROTO_TCP, TCP_QUICKACK);
    T(set(fd, IPPROTO_TCP, TCP_QUICKACK, 1));
    show(fd, IPPROTO_TCP, TCP_QUICKACK);
    T(set(fd, IPPROTO_TCP, TCP_LINGER2, 121));
    show(fd, IPPROTO_TCP, TCP_LINGER2);
    T(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len));
    printf("  %d %d %d\n", peer.pid, (int)peer.uid, (int)peer.gid);
    close(fd);
}

/* IPV6_RECVORIGDSTADDR. */
static void destination(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, to;
    socklen_t len = sizeof(a);
    int in = socket(AF_INET6, SOCK_DGRAM, 0), out = socket(AF_INET6, SOCK_DGRAM, 0);
    char data, control[200];
    struct iovec iov = {&data, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};

    T(bind(in, (struct sockaddr *)&a, sizeof(a)));
    T(getsockname(in, (struct sockaddr *)&a, &len));
    T(set(in, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1));
    show(in, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR);
    T(sendto(out, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
    T(recvmsg(in, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("  level %d type %d, %u bytes\n", c->cmsg_level, c->cmsg_type,
               (unsigned)c->cmsg_len);
        memcpy(&to, CMSG_DATA(c), sizeof(to));
        IS(memcmp(&to, &a, sizeof(to)) == 0);
    }
    close(in);
    close(out);
}

int main(void)
{
    reuse(SOCK_DGRAM);
    reuse(SOCK_STREAM);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    without_value(fd);
    device(fd);
    close(fd);
    levels(AF_INET, SOCK_STREAM);
    levels(AF_INET, SOCK_DGRAM);
    levels(AF_INET6, SOCK_STREAM);
    levels(AF_INET6, SOCK_DGRAM);
    of_tcp();
    destination();
    return 0;
}
