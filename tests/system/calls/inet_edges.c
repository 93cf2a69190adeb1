/* SPDX-License-Identifier: MIT
 *
 * Rarer calls on internet sockets of all types: ends of connections that were never made, times of
 * messages, scopes, mixed versions, raw headers. */
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <signal.h>

#include "inet.h"

#define STAMP    0x8906 /* SIOCGSTAMP */
#define STAMP_NS 0x8907

static char bytes[70000];

/* A connecting socket has an error once it is shut down, whichever way. */
static void give_up_connecting(void)
{
    for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
        int l = socket(AF_INET, SOCK_STREAM, 0);
        bind4(l, "127.0.0.1", 7301 + how);
        listen(l, 0);
        int first = socket(AF_INET, SOCK_STREAM, 0);
        T(connect4(first, "127.0.0.1", 7301 + how));
        int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        T(connect4(c, "127.0.0.1", 7301 + how));
        T(shutdown(c, how));
        printf("ready: %x\n", ready(c));
        T(get(c, SOL_SOCKET, SO_ERROR));
        printf("ready: %x\n", ready(c));
        T(recv(c, bytes, 1, 0));
        close(c);
        close(first);
        close(l);
    }
}

/* What has come can be read after both directions are shut. */
static void read_after_the_end(void)
{
    int l = listener(7310), s[2];

    pair(l, 7310, s);
    T(get(s[0], SOL_TCP, TCP_QUICKACK));
    T(write(s[0], "0123456789", 10));
    ready_soon(s[1], POLLIN);
    T(shutdown(s[1], SHUT_WR));
    T(shutdown(s[1], SHUT_RD));
    T(read(s[1], bytes, 4));
    T(read(s[1], bytes, 40));
    T(read(s[1], bytes, 40));
    T(get(s[0], SOL_TCP, TCP_QUICKACK));
    T(set(s[0], SOL_TCP, TCP_QUICKACK, 0));
    T(get(s[0], SOL_TCP, TCP_QUICKACK));
    close(s[0]);
    close(s[1]);
    pair(l, 7310, s);
    IS(get(s[0], SOL_SOCKET, SO_SNDBUF) > 0);
    IS(send(s[0], calloc(3, (size_t)get(s[0], SOL_SOCKET, SO_SNDBUF)),
            3 * (size_t)get(s[0], SOL_SOCKET, SO_SNDBUF), MSG_DONTWAIT) <
       3l * get(s[0], SOL_SOCKET, SO_SNDBUF));
    close(s[0]);
    close(s[1]);
    close(l);
}

static void defer_accept(void)
{
    static const int asked[] = {-1, 0, 1, 2, 3, 4, 7, 8, 100, 128, 250, 1000, 1000000};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        set(s, SOL_TCP, TCP_DEFER_ACCEPT, asked[i]);
        printf("defer %d: %d\n", asked[i], get(s, SOL_TCP, TCP_DEFER_ACCEPT));
    }
    close(s);
}

/* The types of the control messages of one message. */
static void receive(int fd)
{
    char control[256];
    struct iovec v = {bytes, sizeof(bytes)};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

    T(recvmsg(fd, &m, MSG_DONTWAIT));
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        printf("  level %d type %d, %d bytes\n", h->cmsg_level, h->cmsg_type, (int)h->cmsg_len);
}

static void stamps(void)
{
    int d = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval first, second;
    long ns[2];

    T(bind4(d, "127.0.0.1", 7320));
    T(connect4(s, "127.0.0.1", 7320));
    T(ioctl(d, STAMP, &first));
    T(send(s, "x", 1, 0));
    T(ioctl(d, STAMP, &first));
    T(recv(d, bytes, 1, 0));
    T(ioctl(d, STAMP, &first));
    IS(first.tv_sec > 1000000 && first.tv_usec < 1000000);
    T(ioctl(d, STAMP_NS, ns));
    IS(ns[0] == first.tv_sec && ns[1] / 1000 == first.tv_usec);
    T(ioctl(d, STAMP, (void *)1));
    T(set(d, SOL_SOCKET, SO_TIMESTAMP, 1));
    T(send(s, "x", 1, 0));
    receive(d);
    T(ioctl(d, STAMP, &second));
    IS(memcmp(&first, &second, sizeof(first)) == 0);
    close(d);
    close(s);
    int l = listener(7321), c[2];
    T(set(l, SOL_SOCKET, SO_TIMESTAMP, 1));
    usleep(50000); /* Linux needs a moment to stamp all that comes */
    pair(l, 7321, c);
    T(write(c[0], "abc", 3));
    ready_soon(c[1], POLLIN);
    receive(c[1]);
    T(ioctl(c[1], STAMP, &first));
    close(c[0]);
    close(c[1]);
    close(l);
}

static void connect_and_send6(int type, const char *from, const char *to)
{
    int s = socket(AF_INET6, type, 0);
    struct sockaddr_in6 a = six(to, 7);

    printf("%s from %s to %s: bind %d", type == SOCK_STREAM ? "stream" : "datagram", from, to,
           bind6(s, from, 0));
    fcntl(s, F_SETFL, O_NONBLOCK);
    int r = connect6(s, to, 7);
    printf(", connect %s", r == 0 ? "ok" : strerror(errno));
    close(s);
    s = socket(AF_INET6, SOCK_DGRAM, 0);
    bind6(s, from, 0);
    if (type == SOCK_DGRAM)
        printf(", send %s", sendto(s, "x", 1, 0, (void *)&a, sizeof(a)) == 1 ? "ok" : strerror(errno));
    printf("\n");
    close(s);
}

static void names(void)
{
    int s = socket(AF_INET6, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = four("127.255.255.255", 9);

    T(bind6(s, "ff01::1", 0));
    T(bind6(s, "ff02::1", 0));
    T(connect6(s, "ff02::1", 9));
    T(connect6(s, "fe80::1", 9));
    T(sendto(b, "x", 1, 0, (void *)&a, sizeof(a)));
    T(connect4(b, "127.255.255.255", 9));
    T(set(b, SOL_SOCKET, SO_BROADCAST, 1));
    T(sendto(b, "x", 1, 0, (void *)&a, sizeof(a)));
    close(s);
    close(b);
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        connect_and_send6(type, "::ffff:127.0.0.1", "::1");
        connect_and_send6(type, "::ffff:0.0.0.0", "::1");
        connect_and_send6(type, "::1", "::ffff:127.0.0.1");
        connect_and_send6(type, "::", "fe80::1");
    }
}

/* A datagram to a group comes to all, each with the address it was sent to. */
static void copies_of_a_group(void)
{
    struct ip_mreqn q = {.imr_ifindex = 1};
    struct sockaddr_in a = four("224.0.2.7", 7330);
    struct in_pktinfo info;
    int in[3], s = socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, "224.0.2.7", &q.imr_multiaddr);
    for (int i = 0; i < 3; i++) {
        in[i] = socket(AF_INET, SOCK_DGRAM, 0);
        set(in[i], SOL_SOCKET, SO_REUSEADDR, 1);
        set(in[i], SOL_IP, IP_PKTINFO, 1);
        T(bind4(in[i], "0.0.0.0", 7330));
        T(setsockopt(in[i], SOL_IP, IP_ADD_MEMBERSHIP, &q, sizeof(q)));
    }
    T(setsockopt(s, SOL_IP, IP_MULTICAST_IF, &q, sizeof(q)));
    T(sendto(s, "group", 5, 0, (void *)&a, sizeof(a)));
    for (int i = 0; i < 3; i++) {
        char control[64];
        struct iovec v = {bytes, sizeof(bytes)};
        struct msghdr m = {.msg_iov = &v,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
        T(recvmsg(in[i], &m, MSG_DONTWAIT));
        memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(info));
        printf("  to %s by %d\n", inet_ntoa(info.ipi_addr), info.ipi_ifindex);
        close(in[i]);
    }
    close(s);
}

static void raw_sockets(void)
{
    int s = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    int other = 0;
    socklen_t len = sizeof(other);

    T(bind4(s, "127.0.0.1", 5));
    T(bind4(s, "127.0.0.1", 6));
    T(connect4(s, "127.0.0.1", 0));
    show_names("raw", s);
    T(connect4(s, "127.0.0.1", 5));
    show_names("raw", s);
    T(shutdown(s, SHUT_RDWR));
    T(write(s, "after it", 8));
    T(recv(s, bytes, sizeof(bytes), MSG_DONTWAIT));
    T(setsockopt(s, SOL_RAW, 1, &other, sizeof(other)));
    T(getsockopt(s, SOL_RAW, 2, &other, &len));
    T(close(s));
    s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    T(connect4(s, "127.0.0.1", 0));
    T(write(s, "abcd", 4));
    T(recv(s, bytes, sizeof(bytes), MSG_DONTWAIT));
    close(s);
    s = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
    struct sockaddr_in6 a = six("::1", 0);
    T(sendto(s, "no header", 9, 0, (void *)&a, sizeof(a)));
    close(s);
}

/* The way is that of the call's address, whatever the header says. */
static void raw_headers(void)
{
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char text[5];
    } __attribute__((packed)) p = {
        .ip = {.version = 4, .ihl = 5, .ttl = 7, .protocol = IPPROTO_UDP, .daddr = htonl(0x2a000001)},
        .udp = {.uh_sport = htons(7340), .uh_dport = htons(7340), .uh_ulen = htons(13)},
        .text = "text",
    };
    int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), in = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    struct sockaddr_in a = four("127.0.0.1", 0);
    const struct iphdr *got = (const struct iphdr *)bytes;

    T(sendto(out, &p, sizeof(p), 0, (void *)&a, sizeof(a)));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    printf("from %08x to %08x, %d bytes, id %s\n", ntohl(got->saddr), ntohl(got->daddr),
           ntohs(got->tot_len), got->id ? "some" : "none");
    close(out);
    close(in);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    give_up_connecting();
    read_after_the_end();
    defer_accept();
    stamps();
    names();
    copies_of_a_group();
    raw_sockets();
    raw_headers();
    return 0;
}
