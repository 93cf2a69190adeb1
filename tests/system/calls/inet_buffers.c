/* SPDX-License-Identifier: MIT
 *
 * SO_SNDBUF, SO_RCVBUF and SO_RCVLOWAT of TCP sockets: what they tell, and what they do. */
#define _GNU_SOURCE
#include <limits.h>
#include <unistd.h>
#include "inet.h"

static char bytes[1 << 20];

static void values(void)
{
    static const int sizes[] = {0,      1,      1000,    1152, 2304,    4608,
                                100000, 212992, 5000000, -1,   INT_MAX, INT_MIN};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        T(set(s, SOL_SOCKET, SO_SNDBUF, sizes[i]));
        T(set(s, SOL_SOCKET, SO_RCVBUF, sizes[i]));
        printf("%d: %d %d\n", sizes[i], get(s, SOL_SOCKET, SO_SNDBUF),
               get(s, SOL_SOCKET, SO_RCVBUF));
        T(set(s, SOL_SOCKET, SO_SNDBUFFORCE, sizes[i]));
        T(set(s, SOL_SOCKET, SO_RCVBUFFORCE, sizes[i]));
        printf("%d: %d %d\n", sizes[i], get(s, SOL_SOCKET, SO_SNDBUF),
               get(s, SOL_SOCKET, SO_RCVBUF));
    }
    T(get(s, SOL_SOCKET, SO_SNDBUFFORCE));
    T(set(s, SOL_SOCKET, SO_RCVBUF, 10000));
    T(seteuid(1000));
    T(set(s, SOL_SOCKET, SO_SNDBUFFORCE, 5000));
    T(set(s, SOL_SOCKET, SO_RCVBUFFORCE, 5000));
    T(get(s, SOL_SOCKET, SO_RCVBUF));
    T(seteuid(0));
    close(s);
}

/* Bytes that a sender gets rid of while nobody reads, and that are there to read. */
static void fill(const char *what, int sndbuf, int rcvbuf, bool late, size_t least, size_t most)
{
    int l = socket(AF_INET, SOCK_STREAM, 0), s[2], there = 0;
    size_t sent = 0, read_all = 0;

    set(l, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!late)
        set(l, SOL_SOCKET, SO_RCVBUF, rcvbuf);
    bind4(l, "127.0.0.1", 7101);
    listen(l, 1);
    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (!late)
        set(s[0], SOL_SOCKET, SO_SNDBUF, sndbuf);
    connect4(s[0], "127.0.0.1", 7101);
    s[1] = accept(l, NULL, NULL);
    if (late) {
        set(s[0], SOL_SOCKET, SO_SNDBUF, sndbuf);
        set(s[1], SOL_SOCKET, SO_RCVBUF, rcvbuf);
    }
    printf("%s: %d %d\n", what, get(s[0], SOL_SOCKET, SO_SNDBUF), get(s[1], SOL_SOCKET, SO_RCVBUF));
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    for (int idle = 0; idle < 10;) {
        ssize_t n = send(s[0], bytes, sizeof(bytes), 0);
        if (n > 0) {
            sent += (size_t)n;
            idle = 0;
        } else {
            usleep(10000);
            idle++;
        }
    }
    ioctl(s[1], FIONREAD, &there);
    if (sent < least || sent > most)
        printf("%zu bytes in both queues\n", sent);
    if (there > 2 * rcvbuf)
        printf("%d bytes to read\n", there);
    printf("differs: %zu in both queues, %d to read\n", sent, there);
    /* All of them arrive. */
    close(l);
    shutdown(s[0], SHUT_WR);
    for (ssize_t n; (n = read(s[1], bytes, sizeof(bytes))) > 0;)
        read_all += (size_t)n;
    T(read_all == sent);
    close(s[0]), close(s[1]);
}

static void room(void)
{
    fill("small", 4608, 4608, false, 2000, 40000);
    fill("later", 8192, 100000, true, 4000, 500000);
    fill("sender's", 2000000, 4608, false, 1500000, 9000000);
    fill("receiver's", 16000, 200000, false, 100000, 600000);
}

/* Bytes below the mark wake nobody. */
static void low(void)
{
    int l = listener(7102), s[2], set_to = 5000;
    socklen_t len = sizeof(set_to);

    pair(l, 7102, s);
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, 5));
    T(send(s[0], "abcd", 4, 0));
    usleep(20000);
    printf("poll %x\n", ready(s[1]));
    T(recv(s[1], bytes, 100, MSG_DONTWAIT | MSG_PEEK));
    T(send(s[0], "e", 1, 0));
    printf("poll %x\n", ready_soon(s[1], POLLIN));
    T(recv(s[1], bytes, 3, 0));
    usleep(1000);
    printf("poll %x\n", ready(s[1]));
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, 0));
    T(get(s[1], SOL_SOCKET, SO_RCVLOWAT));
    printf("poll %x\n", ready(s[1]));
    /* No more than the buffer takes, or a program waits for ever. */
    T(set(s[1], SOL_SOCKET, SO_RCVBUF, 5000));
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, 4000));
    T(get(s[1], SOL_SOCKET, SO_RCVLOWAT));
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, 100000));
    T(get(s[1], SOL_SOCKET, SO_RCVLOWAT));
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, -1));
    T(getsockopt(s[1], SOL_SOCKET, SO_RCVLOWAT, &set_to, &len));
    printf("%d\n", set_to);
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    for (int idle = 0; idle < 3;) {
        idle = send(s[0], bytes, sizeof(bytes), 0) > 0 ? 0 : idle + 1;
        usleep(10000);
    }
    printf("full: poll %x\n", ready(s[1]));
    close(s[0]), close(s[1]);
    /* A buffer that adapts grows to what is waited for. */
    pair(l, 7102, s);
    T(set(s[1], SOL_SOCKET, SO_RCVLOWAT, 600000));
    T(get(s[1], SOL_SOCKET, SO_RCVLOWAT));
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    for (size_t sent = 0; sent < 600000;) {
        ssize_t n = send(s[0], bytes, 600000 - sent, 0);
        if (n > 0)
            sent += (size_t)n;
        else
            usleep(1000);
    }
    printf("poll %x\n", ready_soon(s[1], POLLIN));
    int there = 0;
    T(ioctl(s[1], FIONREAD, &there));
    printf("%d\n", there);
    close(s[0]), close(s[1]), close(l);
}

/* Options of SOL_SOCKET that TCP acts on, set on a connection that is there. */
static void later(void)
{
    int l = listener(7103), s[2];

    T(set(l, SOL_SOCKET, SO_RCVBUF, 20000));
    T(set(l, SOL_SOCKET, SO_SNDBUF, 30000));
    T(set(l, SOL_SOCKET, SO_RCVLOWAT, 7));
    pair(l, 7103, s);
    T(get(s[1], SOL_SOCKET, SO_RCVBUF));
    T(get(s[1], SOL_SOCKET, SO_SNDBUF));
    T(get(s[1], SOL_SOCKET, SO_RCVLOWAT));
    T(set(s[0], SOL_SOCKET, SO_KEEPALIVE, 1));
    T(get(s[0], SOL_SOCKET, SO_KEEPALIVE));
    close(s[0]), close(s[1]), close(l);
}

int main(void)
{
    values();
    room();
    low();
    later();
    return 0;
}
