/* SPDX-License-Identifier: MIT
 *
 * What Unix sockets cost. In one thread: a message of one byte, and of 64 KiB, through a pair of
 * sockets. Between two threads: a byte there and a byte back, and a stream of 64 KiB writes. The
 * best of five runs, in nanoseconds a message or round trip, and MB/s. The same program runs as an
 * image and on Linux: pith-cc -O2 -o sockets bench/sockets.c && pith run ./sockets; musl-gcc
 * -static -O2 -o sockets-linux bench/sockets.c && ./sockets-linux */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RUNS  5
#define CALLS 20000
#define CHUNK 65536

static int s[2];
static char buf[CHUNK], other[CHUNK];

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void need(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void send_all(const char *from, size_t n)
{
    need(write(s[0], from, n) == (ssize_t)n, "write");
}

static void receive_all(int fd, char *to, size_t n)
{
    for (ssize_t got; n > 0; n -= (size_t)got) {
        got = read(fd, to, n);
        need(got > 0, "read");
    }
}

static void one_thread(size_t n)
{
    for (int i = 0; i < CALLS; i++) {
        send_all(buf, n);
        receive_all(s[1], other, n);
    }
}

static void *echo(void *arg)
{
    char c;

    for (int i = 0; i < CALLS; i++) {
        need(read(s[1], &c, 1) == 1, "read");
        need(write(s[1], &c, 1) == 1, "write");
    }
    return arg;
}

static void *drain(void *arg)
{
    for (int i = 0; i < CALLS; i++)
        receive_all(s[1], other, CHUNK);
    return arg;
}

static void ping_pong(void)
{
    for (int i = 0; i < CALLS; i++) {
        send_all(buf, 1);
        receive_all(s[0], other, 1);
    }
}

static void bulk(void)
{
    for (int i = 0; i < CALLS; i++)
        send_all(buf, CHUNK);
}

/* The best time of (fn), or of one_thread with (n) bytes, for one of CALLS; (partner) runs beside.
 */
static double best(int type, void (*fn)(void), void *(*partner)(void *), size_t n)
{
    int64_t least = INT64_MAX;

    for (int run = 0; run < RUNS; run++) {
        pthread_t t;
        need(socketpair(AF_UNIX, type, 0, s) == 0, "socketpair");
        int64_t start = now();
        if (partner)
            need(pthread_create(&t, NULL, partner, NULL) == 0, "pthread_create");
        if (fn)
            fn();
        else
            one_thread(n);
        if (partner)
            pthread_join(t, NULL);
        int64_t took = now() - start;
        least = took < least ? took : least;
        close(s[0]), close(s[1]);
    }
    return (double)least / CALLS;
}

int main(void)
{
    printf("stream, 1 byte, one thread      %8.0f ns\n", best(SOCK_STREAM, NULL, NULL, 1));
    printf("datagram, 1 byte, one thread    %8.0f ns\n", best(SOCK_DGRAM, NULL, NULL, 1));
    printf("stream, 64 KiB, one thread      %8.0f ns\n", best(SOCK_STREAM, NULL, NULL, CHUNK));
    printf("datagram, 64 KiB, one thread    %8.0f ns\n", best(SOCK_DGRAM, NULL, NULL, CHUNK));
    printf("stream, ping-pong, two threads  %8.0f ns\n", best(SOCK_STREAM, ping_pong, echo, 0));
    printf("datagram, ping-pong             %8.0f ns\n", best(SOCK_DGRAM, ping_pong, echo, 0));
    printf("stream, bulk, two threads       %8.0f MB/s\n",
           CHUNK * 1000.0 / best(SOCK_STREAM, bulk, drain, 0));
    return 0;
}
