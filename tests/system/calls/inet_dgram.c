/* SPDX-License-Identifier: MIT
 *
 * UDP sockets on the loopback: names, errors, control messages, groups. */
#define _GNU_SOURCE
#include <netinet/udp.h>
#include "inet.h"

static char b[70000];

static ssize_t to4(int fd, size_t n, int flags, const char *text, int port)
{
    struct sockaddr_in a = four(text, port);
    return sendto(fd, b, n, flags, (struct sockaddr *)&a, sizeof(a));
}

static ssize_t to6(int fd, size_t n, int flags, const char *text, int port)
{
    struct sockaddr_in6 a = six(text, port);
    return sendto(fd, b, n, flags, (struct sockaddr *)&a, sizeof(a));
}

static void received(int fd, int flags)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    ssize_t n = recvfrom(fd, b, sizeof(b), flags, (struct sockaddr *)&a, &len);

    if (n < 0)
        printf("received: %s\n", strerror(errno));
    else
        printf("received %zd from %s\n", n, addr_text(&a, len));
}

static void plain(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in none = {.sin_family = AF_UNSPEC};
    struct sockaddr_in x = four("127.0.0.1", 7101);
    int n = -1;

    show_names("fresh", a);
    printf("poll %x\n", ready(a));
    T(listen(a, 1));
    T(accept(a, NULL, NULL));
    T(send(a, "x", 1, 0));
    T(sendto(a, "x", 1, 0, (struct sockaddr *)&x, 8));
    T(to4(a, 1, 0, "127.0.0.1", 0));
    T(to4(a, 1, MSG_OOB, "127.0.0.1", 7101));
    T(to4(a, 65508, 0, "127.0.0.1", 7101));
    T(to4(a, 65536, 0, "127.0.0.1", 7101));
    T(to4(a, 1, 0, "255.255.255.255", 7101));
    T(to6(a, 1, 0, "::1", 7101));
    T(shutdown(a, SHUT_RD));
    close(a);
    a = socket(AF_INET, SOCK_DGRAM, 0);
    T(bind4(a, "127.0.0.1", 7101));
    T(bind4(a, "127.0.0.1", 7102));
    T(bind4(s, "127.0.0.1", 7101));
    received(s, 0);
    T(to4(s, 5, 0, "127.0.0.1", 7101));
    show_names("sender", s);
    printf("poll %x\n", ready(a));
    T(ioctl(a, FIONREAD, &n));
    printf("%d\n", n);
    T(recv(a, b, 2, MSG_PEEK));
    T(recv(a, b, 2, MSG_PEEK | MSG_TRUNC));
    received(a, 0);
    T(to4(s, 0, 0, "127.0.0.1", 7101));
    received(a, 0);
    T(to4(s, 65507, 0, "127.0.0.1", 7101));
    T(to4(s, 2000, 0, "127.0.0.1", 7101));
    received(a, 0);
    T(recv(a, b, 10, MSG_TRUNC));
    T(connect4(s, "127.0.0.1", 7199));
    show_names("connected", s);
    T(send(s, "x", 1, 0));
    printf("poll %x\n", ready(s));
    T(send(s, "x", 1, 0));
    T(send(s, "x", 1, 0));
    printf("error %d %d\n", get(s, SOL_SOCKET, SO_ERROR), get(s, SOL_SOCKET, SO_ERROR));
    T(send(s, "x", 1, 0));
    received(s, 0);
    received(s, 0);
    T(to4(s, 3, 0, "127.0.0.1", 7101));
    received(a, MSG_DONTWAIT);
    T(connect4(s, "127.0.0.1", 7101));
    T(connect4(a, "127.0.0.1", 7199));
    T(send(s, "x", 1, 0));
    received(a, MSG_DONTWAIT);
    printf("refused %d\n", get(s, SOL_SOCKET, SO_ERROR));
    T(connect(a, (struct sockaddr *)&none, sizeof(none)));
    show_names("disconnected", a);
    T(connect(s, (struct sockaddr *)&none, sizeof(none)));
    show_names("disconnected", s);
    T(connect4(s, "127.0.0.1", 0));
    show_names("port 0", s);
    T(connect4(s, "127.0.0.1", 7101));
    T(shutdown(s, SHUT_WR));
    T(send(s, "x", 1, 0));
    printf("poll %x\n", ready(s));
    T(shutdown(s, SHUT_RD));
    printf("poll %x\n", ready(s));
    received(s, 0);
    close(a), close(s);
}

static void cork(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);

    T(bind4(a, "127.0.0.1", 7110));
    T(connect4(s, "127.0.0.1", 7110));
    T(send(s, "abc", 3, MSG_MORE));
    received(a, MSG_DONTWAIT);
    T(send(s, "def", 3, 0));
    received(a, MSG_DONTWAIT);
    T(set(s, IPPROTO_UDP, UDP_CORK, 1));
    T(send(s, "abc", 3, 0));
    T(send(s, "d", 1, 0));
    received(a, MSG_DONTWAIT);
    printf("cork %d\n", get(s, IPPROTO_UDP, UDP_CORK));
    T(set(s, IPPROTO_UDP, UDP_CORK, 0));
    received(a, MSG_DONTWAIT);
    printf("%.4s\n", b);
    close(a), close(s);
}

static void show_control(int fd)
{
    char control[512];
    struct iovec v = {b, sizeof(b)};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof(control)};
    char text[64];

    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    printf("recvmsg %zd flags %x\n", n, n < 0 ? 0 : m.msg_flags);
    if (n < 0)
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf(" level %d type %d len %d", c->cmsg_level, c->cmsg_type, (int)c->cmsg_len);
        if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo *i = (void *)CMSG_DATA(c);
            printf(" %d %s", i->ipi_ifindex, inet_ntop(AF_INET, &i->ipi_addr, text, 64));
            printf(" %s", inet_ntop(AF_INET, &i->ipi_spec_dst, text, 64));
        } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo *i = (void *)CMSG_DATA(c);
            printf(" %d %s", i->ipi6_ifindex, inet_ntop(AF_INET6, &i->ipi6_addr, text, 64));
        } else if (c->cmsg_len == CMSG_LEN(4)) {
            printf(" = %d", *(int *)CMSG_DATA(c));
        } else if (c->cmsg_len == CMSG_LEN(1)) {
            printf(" = %d", *CMSG_DATA(c));
        }
        printf("\n");
    }
}

static void control(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);

    T(bind4(a, "0.0.0.0", 7120));
    T(set(a, SOL_IP, IP_PKTINFO, 1));
    T(set(a, SOL_IP, IP_RECVTTL, 1));
    T(set(a, SOL_IP, IP_RECVTOS, 1));
    T(set(s, SOL_IP, IP_TTL, 17));
    T(set(s, SOL_IP, IP_TOS, 0x28));
    T(to4(s, 4, 0, "127.0.0.3", 7120));
    show_control(a);
    T(set(s, SOL_IP, IP_TTL, -1));
    T(to4(s, 4, 0, "127.0.0.1", 7120));
    show_control(a);
    close(a), close(s);
    a = socket(AF_INET6, SOCK_DGRAM, 0), s = socket(AF_INET6, SOCK_DGRAM, 0);
    T(bind6(a, "::", 7120));
    T(set(a, SOL_IPV6, IPV6_RECVPKTINFO, 1));
    T(set(a, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
    T(set(a, SOL_IPV6, IPV6_RECVTCLASS, 1));
    T(set(s, SOL_IPV6, IPV6_TCLASS, 0x28));
    T(set(s, SOL_IPV6, IPV6_UNICAST_HOPS, 9));
    T(to6(s, 4, 0, "::1", 7120));
    show_control(a);
    T(to6(s, 4, 0, "::ffff:127.0.0.1", 7120));
    show_control(a);
    T(to4(s, 4, 0, "127.0.0.1", 7120));
    received(a, MSG_DONTWAIT);
    T(to6(s, 4, 0, "::", 7120));
    received(a, MSG_DONTWAIT);
    T(set(s, SOL_IPV6, IPV6_V6ONLY, 1));
    close(s);
    s = socket(AF_INET6, SOCK_DGRAM, 0);
    T(set(s, SOL_IPV6, IPV6_V6ONLY, 1));
    T(to6(s, 4, 0, "::ffff:127.0.0.1", 7120));
    close(a), close(s);
}

static void errors(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    char control[512];
    struct iovec v = {b, 100};
    struct sockaddr_storage name;
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof(control), .msg_name = &name,
                       .msg_namelen = sizeof(name)};

    T(set(s, SOL_IP, IP_RECVERR, 1));
    T(recvmsg(s, &m, MSG_ERRQUEUE));
    memcpy(b, "quoted", 6);
    T(to4(s, 6, 0, "127.0.0.1", 7199));
    printf("poll %x\n", ready(s));
    T(recvmsg(s, &m, MSG_ERRQUEUE));
    printf("flags %x %s %.6s\n", m.msg_flags, addr_text(&name, m.msg_namelen), b);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        unsigned *e = (void *)CMSG_DATA(c);
        printf("%d %d %d: %u %x %u %u\n", c->cmsg_level, c->cmsg_type, (int)c->cmsg_len, e[0], e[1],
               e[2], e[3]);
    }
    printf("poll %x error %d\n", ready(s), get(s, SOL_SOCKET, SO_ERROR));
    close(s);
}

static void groups(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0),
        s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn m = {.imr_ifindex = 1};

    inet_pton(AF_INET, "239.1.2.3", &m.imr_multiaddr);
    T(set(a, SOL_SOCKET, SO_REUSEADDR, 1));
    T(set(c, SOL_SOCKET, SO_REUSEADDR, 1));
    T(bind4(a, "0.0.0.0", 7130));
    T(bind4(c, "239.1.2.3", 7130));
    T(setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    T(setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    T(setsockopt(s, SOL_IP, IP_MULTICAST_IF, &m, sizeof(m)));
    T(bind4(s, "127.0.0.1", 0));
    T(to4(s, 7, 0, "239.1.2.3", 7130));
    received(a, MSG_DONTWAIT);
    received(c, MSG_DONTWAIT);
    received(a, MSG_DONTWAIT);
    T(setsockopt(a, SOL_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
    T(setsockopt(a, SOL_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
    T(to4(s, 7, 0, "239.1.2.3", 7130));
    received(a, MSG_DONTWAIT);
    inet_pton(AF_INET, "10.1.2.3", &m.imr_multiaddr);
    T(setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    inet_pton(AF_INET, "239.1.2.3", &m.imr_multiaddr);
    m.imr_ifindex = 99;
    T(setsockopt(a, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
    close(a), close(c), close(s);
    a = socket(AF_INET6, SOCK_DGRAM, 0), s = socket(AF_INET6, SOCK_DGRAM, 0);
    struct ipv6_mreq m6 = {.ipv6mr_interface = 1};
    inet_pton(AF_INET6, "ff02::77", &m6.ipv6mr_multiaddr);
    T(bind6(a, "::", 7131));
    T(setsockopt(a, SOL_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6)));
    T(set(s, SOL_IPV6, IPV6_MULTICAST_IF, 1));
    T(set(s, SOL_IPV6, IPV6_MULTICAST_IF, 99));
    T(setsockopt(a, SOL_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof(m6)));
    T(setsockopt(a, SOL_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof(m6)));
    close(a), close(s);
}

/* A buffer that is full drops, and SO_REUSEPORT spreads. */
static void queues(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0), n = 0;
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    T(set(a, SOL_SOCKET, SO_RCVBUF, 1));
    printf("%d\n", get(a, SOL_SOCKET, SO_RCVBUF));
    T(bind4(a, "127.0.0.1", 7140));
    for (int i = 0; i < 100; i++)
        to4(s, 1000, 0, "127.0.0.1", 7140);
    while (recv(a, b, 2000, MSG_DONTWAIT) >= 0)
        n++;
    printf("some were dropped: %d\n", n > 0 && n < 100);
    close(a);
    a = socket(AF_INET, SOCK_DGRAM, 0);
    set(a, SOL_SOCKET, SO_REUSEPORT, 1), set(c, SOL_SOCKET, SO_REUSEPORT, 1);
    T(bind4(a, "127.0.0.1", 7141));
    T(bind4(c, "127.0.0.1", 7141));
    close(s);
    for (int i = 0; i < 64; i++) {
        s = socket(AF_INET, SOCK_DGRAM, 0);
        to4(s, 10, 0, "127.0.0.1", 7141);
        close(s);
    }
    int first = 0, second = 0;
    while (recv(a, b, 20, MSG_DONTWAIT) >= 0)
        first++;
    while (recv(c, b, 20, MSG_DONTWAIT) >= 0)
        second++;
    printf("all %d, both %d\n", first + second, first > 0 && second > 0);
    close(a), close(c);
}

int main(void)
{
    plain();
    cork();
    control();
    errors();
    groups();
    queues();
    return 0;
}
