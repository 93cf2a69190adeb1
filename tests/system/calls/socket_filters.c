/* SPDX-License-Identifier: MIT
 *
 * SO_ATTACH_FILTER on internet sockets. Filters are part of images that have packet sockets. */
#include <linux/filter.h>
#include <netpacket/packet.h>

#include "inet.h"

static char bytes[4096];

static int attach(int fd, const struct sock_filter *code, unsigned count)
{
    struct sock_fprog p = {(unsigned short)count, (struct sock_filter *)code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

#define ATTACH(fd, code) T(attach(fd, code, sizeof(code) / sizeof((code)[0])))

static const struct sock_filter all[] = {{0x6, 0, 0, 0x40000}}, none[] = {{0x6, 0, 0, 0}};

static void options(int domain, int type, int protocol)
{
    int s = socket(domain, type, protocol), v = 0;
    socklen_t len = sizeof(v);

    printf("type %d of domain %d\n", type, domain);
    T(set(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    T(getsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &v, &len));
    T(get(s, SOL_SOCKET, SO_LOCK_FILTER));
    ATTACH(s, all);
    ATTACH(s, none);
    T(attach(s, all, 0));
    T(set(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    T(set(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    ATTACH(s, all);
    T(set(s, SOL_SOCKET, SO_LOCK_FILTER, 1));
    T(set(s, SOL_SOCKET, SO_LOCK_FILTER, 0));
    T(get(s, SOL_SOCKET, SO_LOCK_FILTER));
    T(set(s, SOL_SOCKET, SO_DETACH_FILTER, 0));
    ATTACH(s, all);
    close(s);
}

static void datagrams(void)
{
    /* Those whose third byte of payload, ten behind the start of the header, is an x, cut to five. */
    static const struct sock_filter third[] = {
        {0x30, 0, 0, 10}, {0x15, 0, 1, 'x'}, {0x6, 0, 0, 13}, {0x6, 0, 0, 0}};
    /* By the protocol of the IP header. */
    static const struct sock_filter udp[] = {
        {0x30, 0, 0, (unsigned)SKF_NET_OFF + 9}, {0x15, 0, 1, 17}, {0x6, 0, 0, 100}, {0x6, 0, 0, 0}};
    int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);

    T(bind4(in, "127.0.0.1", 7401));
    T(connect4(out, "127.0.0.1", 7401));
    ATTACH(in, third);
    T(send(out, "abxdefgh", 8, 0));
    T(send(out, "abcdefgh", 8, 0));
    T(send(out, "ab", 2, 0));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    ATTACH(in, udp);
    T(send(out, "abcdefgh", 8, 0));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    ATTACH(in, none);
    T(send(out, "abcdefgh", 8, 0));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    T(set(in, SOL_SOCKET, SO_DETACH_FILTER, 0));
    T(send(out, "abcdefgh", 8, 0));
    T(recv(in, bytes, sizeof(bytes), MSG_DONTWAIT));
    close(in);
    close(out);
}

static void streams(void)
{
    /* What goes to port 7402 only, whole. */
    static const struct sock_filter port[] = {
        {0x28, 0, 0, 2}, {0x15, 0, 1, 7402}, {0x6, 0, 0, 0x40000}, {0x6, 0, 0, 0}};
    int l = listener(7402), s[2], refused = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    ATTACH(l, port);
    pair(l, 7402, s);
    T(write(s[0], "abc", 3));
    ready_soon(s[1], POLLIN);
    T(read(s[1], bytes, sizeof(bytes)));
    ATTACH(l, none);
    T(connect4(refused, "127.0.0.1", 7402));
    struct pollfd p = {refused, POLLOUT, 0};
    T(poll(&p, 1, 50));
    close(refused);
    close(s[0]);
    close(s[1]);
    close(l);
}

static void raw_packets(void)
{
    static const struct sock_filter cut[] = {{0x30, 0, 0, 9}, {0x15, 0, 1, 17}, {0x6, 0, 0, 22}, {0x6, 0, 0, 0}};
    int s = socket(AF_INET, SOCK_RAW, IPPROTO_UDP), out = socket(AF_INET, SOCK_DGRAM, 0);

    ATTACH(s, cut);
    T(connect4(out, "127.0.0.1", 7403));
    T(send(out, "abcdefgh", 8, 0));
    T(recv(s, bytes, sizeof(bytes), MSG_DONTWAIT));
    close(s);
    close(out);
}

int main(void)
{
    int frames = socket(AF_PACKET, SOCK_DGRAM, 0);

    IS(frames >= 0);
    close(frames);
    options(AF_INET, SOCK_STREAM, 0);
    options(AF_INET6, SOCK_STREAM, 0);
    options(AF_INET, SOCK_DGRAM, 0);
    options(AF_INET6, SOCK_RAW, IPPROTO_UDP);
    datagrams();
    streams();
    raw_packets();
    return 0;
}
