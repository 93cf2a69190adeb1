/* SPDX-License-Identifier: MIT
 *
 * The simplest server and client of TCP, for bench/net:
 *     stream serve                       on port 5001, one connection after the other
 *     stream send|receive|zerocopy ADDR SECONDS|MBYTESMB
 *                                        prints MB/s of bytes to or from it, without a copy there
 *     stream ping ADDR SECONDS           prints round trips of one byte a second */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT  5001
#define BLOCK (128 * 1024)

static char block[BLOCK];

static void check(long result, const char *what)
{
    if (result >= 0)
        return;
    perror(what);
    exit(1);
}

/* The block does not change, so it is sent again whatever the notices say; they are fetched. */
static void lend(int fd)
{
    char control[128];
    int on = 1;

    check(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), "SO_ZEROCOPY");
    while (send(fd, block, BLOCK, MSG_ZEROCOPY) > 0) {
        struct msghdr m = {.msg_control = control, .msg_controllen = sizeof(control)};
        recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
    }
}

/* What a connection is for stands in its first byte: s(end), r(eceive), z(erocopy), p(ing), seen
 * from the client. */
static void serve_one(int fd)
{
    char what;
    int on = 1;

    if (read(fd, &what, 1) != 1)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (what == 's')
        while (read(fd, block, BLOCK) > 0)
            ;
    else if (what == 'r')
        while (write(fd, block, BLOCK) > 0)
            ;
    else if (what == 'z')
        lend(fd);
    else
        while (read(fd, block, 1) == 1 && write(fd, block, 1) == 1)
            ;
}

static _Noreturn void serve(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    check(listener, "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    check(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), "bind");
    check(listen(listener, 16), "listen");
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        check(fd, "accept");
        serve_one(fd);
        close(fd);
    }
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int load(const char *what, const char *where, const char *until)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    double done = 0, started, took, most = atof(until);
    int by_bytes = strstr(until, "MB") != NULL;

    check(fd, "socket");
    if (inet_pton(AF_INET, where, &addr.sin_addr) != 1)
        return 2;
    check(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    check(write(fd, what, 1), "write");
    started = now();
    do {
        long n = 1;
        if (*what == 's')
            check(n = write(fd, block, BLOCK), "write");
        else if (*what == 'r' || *what == 'z')
            check(n = read(fd, block, BLOCK), "read");
        else if (write(fd, block, 1) != 1 || read(fd, block, 1) != 1)
            check(-1, "ping");
        done += (double)n;
        took = now() - started;
    } while (by_bytes ? done < most * 1e6 : took < most);
    printf("%.1f\n", done / took / (*what == 'p' ? 1 : 1e6));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "serve"))
        serve();
    if (argc == 4 && strchr("srzp", argv[1][0]))
        return load(argv[1], argv[2], argv[3]);
    fprintf(stderr,
            "usage: stream serve | stream send|receive|zerocopy|ping ADDR SECONDS|MBYTESMB\n");
    return 2;
}
