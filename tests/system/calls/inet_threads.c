/* SPDX-License-Identifier: MIT
 *
 * Threads that talk over the loopback: large transfers with checksums, many connections, waits that
 * the other side ends, time limits.
 *
 * flags: -pthread */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include "inet.h"

#define BYTES (24u << 20)

static uint32_t next(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

static uint64_t sum_of(uint64_t sum, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ p[i]) * 1099511628211ull;
    return sum;
}

struct job {
    int fd;
    uint32_t seed;
    uint64_t sum;
    size_t total;
};

static void *sender(void *arg)
{
    struct job *j = arg;
    static unsigned char data[2][300000];
    unsigned char *p = data[j->seed & 1];
    uint32_t x = j->seed;

    while (j->total < BYTES) {
        size_t n = next(&x) % (next(&x) % 4 ? 3000 : sizeof(data[0])) + 1;
        for (size_t i = 0; i < n; i++)
            p[i] = (unsigned char)(x >> (i & 7)) + (unsigned char)i;
        ssize_t r = send(j->fd, p, n, next(&x) % 8 ? 0 : MSG_MORE);
        if (r <= 0) {
            printf("send: %s\n", strerror(errno));
            break;
        }
        j->sum = sum_of(j->sum, p, (size_t)r);
        j->total += (size_t)r;
    }
    shutdown(j->fd, SHUT_WR);
    return NULL;
}

static void *receiver(void *arg)
{
    struct job *j = arg;
    static unsigned char data[2][100000];
    unsigned char *p = data[j->seed & 1];
    uint32_t x = j->seed;
    ssize_t r;

    for (;;) {
        size_t want = next(&x) % (next(&x) % 4 ? 3000 : sizeof(data[0])) + 1;
        r = recv(j->fd, p, want, next(&x) % 4 ? 0 : MSG_WAITALL);
        if (r <= 0)
            break;
        j->sum = sum_of(j->sum, p, (size_t)r);
        j->total += (size_t)r;
    }
    if (r)
        printf("recv: %s\n", strerror(errno));
    return NULL;
}

/* Both directions at once. */
static void transfers(void)
{
    int l = listener(7201), s[2];
    struct job j[4] = {{.seed = 1}, {.seed = 1}, {.seed = 2}, {.seed = 2}};
    pthread_t t[4];

    pair(l, 7201, s);
    j[0].fd = j[3].fd = s[0];
    j[1].fd = j[2].fd = s[1];
    pthread_create(&t[0], NULL, sender, &j[0]);
    pthread_create(&t[1], NULL, receiver, &j[1]);
    pthread_create(&t[2], NULL, sender, &j[2]);
    pthread_create(&t[3], NULL, receiver, &j[3]);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    printf("one way %s, other way %s\n",
           j[0].sum == j[1].sum && j[0].total == j[1].total ? "same" : "different",
           j[2].sum == j[3].sum && j[2].total == j[3].total ? "same" : "different");
    close(s[0]), close(s[1]), close(l);
}

static void *echo(void *arg)
{
    int l = *(int *)arg;

    for (int i = 0; i < 1000; i++) {
        int s = accept(l, NULL, NULL);
        char b[64];
        ssize_t n = recv(s, b, sizeof(b), 0);
        if (n > 0)
            send(s, b, (size_t)n, 0);
        close(s);
    }
    return NULL;
}

static void connections(void)
{
    int l = listener(7202), good = 0;
    pthread_t t;

    pthread_create(&t, NULL, echo, &l);
    for (int i = 0; i < 1000; i++) {
        int c = socket(AF_INET, SOCK_STREAM, 0);
        char b[64] = "", expected[64];
        snprintf(expected, sizeof(expected), "connection %d", i);
        if (connect4(c, "127.0.0.1", 7202))
            printf("connect: %s\n", strerror(errno));
        send(c, expected, strlen(expected), 0);
        ssize_t n = recv(c, b, sizeof(b) - 1, MSG_WAITALL);
        good += n == (ssize_t)strlen(expected) && strcmp(b, expected) == 0;
        close(c);
    }
    pthread_join(t, NULL);
    printf("%d of 1000 connections\n", good);
    close(l);
}

/* 500 connections at once, all ends in one epoll. */
static void many(void)
{
    static int c[500];
    int l = listener(7203), e = epoll_create1(0), open = 0, bytes = 0;
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = l}, got[64];

    listen(l, 500);
    fcntl(l, F_SETFL, O_NONBLOCK);
    epoll_ctl(e, EPOLL_CTL_ADD, l, &ev);
    for (int i = 0; i < 500; i++) {
        c[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect4(c[i], "127.0.0.1", 7203);
        send(c[i], "12345", 5, 0);
    }
    int served = 0;
    while (served < 500) {
        int n = epoll_wait(e, got, 64, 3000);
        if (n <= 0) {
            printf("nothing comes\n");
            break;
        }
        for (int i = 0; i < n; i++) {
            if (got[i].data.fd == l) {
                for (int s; (s = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0; open++) {
                    ev = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.fd = s};
                    epoll_ctl(e, EPOLL_CTL_ADD, s, &ev);
                }
                continue;
            }
            char b[10];
            ssize_t r = recv(got[i].data.fd, b, sizeof(b), 0);
            if (r > 0) {
                bytes += (int)r;
                send(got[i].data.fd, b, (size_t)r, 0);
                close(got[i].data.fd);
                served++;
            }
        }
    }
    printf("%d accepted, %d served\n", open, served);
    int all = 0;
    for (int i = 0; i < 500; i++) {
        char b[10];
        if (ready_soon(c[i], POLLIN) & POLLIN && recv(c[i], b, sizeof(b), 0) == 5)
            all++;
        close(c[i]);
    }
    printf("%d answered\n", all);
    close(l), close(e);
}

static int shared[2];

static void *later(void *arg)
{
    usleep(30000);
    switch ((long)arg) {
    case 0:
        send(shared[0], "x", 1, 0);
        break;
    case 1:
        shutdown(shared[1], SHUT_RD);
        break;
    case 2: {
        struct linger now = {1, 0};
        setsockopt(shared[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(shared[0]);
        break;
    }
    case 3: {
        char b[65536];
        while (recv(shared[1], b, sizeof(b), 0) > 0)
            ;
        break;
    }
    }
    return NULL;
}

static void waits(void)
{
    int l = listener(7204);
    char b[100];
    pthread_t t;

    pair(l, 7204, shared);
    pthread_create(&t, NULL, later, (void *)0L);
    T(recv(shared[1], b, 100, 0));
    pthread_join(t, NULL);
    pthread_create(&t, NULL, later, (void *)1L);
    T(recv(shared[1], b, 100, 0));
    pthread_join(t, NULL);
    close(shared[0]), close(shared[1]);
    pair(l, 7204, shared);
    pthread_create(&t, NULL, later, (void *)2L);
    T(recv(shared[1], b, 100, 0));
    pthread_join(t, NULL);
    close(shared[1]);
    pair(l, 7204, shared);
    struct timeval limit = {0, 20000};
    T(setsockopt(shared[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    T(recv(shared[1], b, 100, 0));
    limit.tv_usec = 0;
    setsockopt(shared[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    /* A send that fills everything waits for the reader. */
    static char large[16 << 20];
    fcntl(shared[0], F_SETFL, O_NONBLOCK);
    size_t put = 0;
    for (ssize_t n; (n = send(shared[0], large, sizeof(large), 0)) > 0;)
        put += (size_t)n;
    printf("full: %s, poll %x\n", strerror(errno), ready(shared[0]) & POLLOUT);
    fcntl(shared[0], F_SETFL, 0);
    pthread_create(&t, NULL, later, (void *)3L);
    T(send(shared[0], large, sizeof(large), 0));
    shutdown(shared[0], SHUT_WR);
    pthread_join(t, NULL);
    close(shared[0]), close(shared[1]), close(l);
}

static void files(void)
{
    int l = listener(7205), s[2], fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0644);
    static unsigned char data[1 << 20], back[1 << 20];
    off_t at = 1000;
    pthread_t t;
    struct job j = {.seed = 1};

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 7 + i / 255);
    need(write(fd, data, sizeof(data)) == sizeof(data), "write");
    pair(l, 7205, s);
    j.fd = s[1];
    pthread_create(&t, NULL, receiver, &j);
    T(sendfile(s[0], fd, &at, sizeof(data)));
    printf("at %ld\n", (long)at);
    close(s[0]);
    pthread_join(t, NULL);
    printf("%zu bytes, %s\n", j.total, j.sum == sum_of(0, data + 1000, sizeof(data) - 1000)
           ? "same" : "different");
    (void)back;
    close(s[1]), close(l), close(fd), unlink("file");
}

int main(void)
{
    transfers();
    connections();
    many();
    waits();
    files();
    return 0;
}
