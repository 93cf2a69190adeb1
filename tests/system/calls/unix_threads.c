/* SPDX-License-Identifier: MIT
 *
 * Unix sockets between threads: calls that wait, and what ends their waiting. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include "sockets.h"

static int s[2];
static pthread_t main_thread;
static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
    (void)sig;
    handled++;
}

static void pause_ms(unsigned ms)
{
    usleep(ms * 1000);
}

static pthread_t start(void *(*fn)(void *))
{
    pthread_t t;
    need(pthread_create(&t, NULL, fn, NULL) == 0, "thread");
    return t;
}

static void pair(int type)
{
    need(socketpair(AF_UNIX, type, 0, s) == 0, "pair");
}

static void end(pthread_t t)
{
    pthread_join(t, NULL);
    close(s[0]);
    close(s[1]);
}

static void *write_later(void *arg)
{
    pause_ms(20);
    need(write(s[1], "abc", 3) == 3, "write");
    pause_ms(20);
    need(write(s[1], "defgh", 5) == 5, "write");
    return arg;
}

static void *shut_later(void *arg)
{
    pause_ms(30);
    shutdown(s[1], SHUT_WR);
    return arg;
}

static void *close_later(void *arg)
{
    pause_ms(30);
    close(s[1]);
    s[1] = -1;
    return arg;
}

static void reading(void)
{
    char buf[16] = "";

    pair(SOCK_STREAM);
    pthread_t t = start(write_later);
    T(read(s[0], buf, sizeof(buf)));
    T(read(s[0], buf, sizeof(buf)));
    end(t);
    pair(SOCK_STREAM);
    t = start(write_later);
    T(recv(s[0], buf, 8, MSG_WAITALL));
    printf("%s\n", buf);
    end(t);
    pair(SOCK_STREAM);
    T(set_option(s[0], SO_RCVLOWAT, 5));
    t = start(write_later);
    T(recv(s[0], buf, 16, 0) >= 5);
    end(t);
    pair(SOCK_SEQPACKET);
    t = start(write_later);
    struct pollfd p = {s[0], POLLIN, 0};
    T(poll(&p, 1, 5000));
    T(read(s[0], buf, sizeof(buf)));
    T(read(s[0], buf, sizeof(buf)));
    end(t);
    static const int types[2] = {SOCK_STREAM, SOCK_SEQPACKET};
    for (int i = 0; i < 2; i++) {
        pair(types[i]);
        t = start(shut_later);
        T(read(s[0], buf, sizeof(buf)));
        end(t);
        pair(types[i]);
        t = start(close_later);
        T(read(s[0], buf, sizeof(buf)));
        BITS(s[0]);
        end(t);
    }
}

#define BULK (8u << 20)

static void *write_bulk(void *arg)
{
    static unsigned char data[100000];

    for (size_t done = 0; done < BULK;) {
        size_t n = BULK - done < sizeof(data) ? BULK - done : sizeof(data);
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)((done + i) * 31 >> 8 ^ (done + i));
        ssize_t w = write(s[1], data, n);
        need(w == (ssize_t)n, "bulk write");
        done += n;
    }
    shutdown(s[1], SHUT_WR);
    return arg;
}

static void bulk(void)
{
    static unsigned char data[60000];
    size_t done = 0;
    bool same = true;

    pair(SOCK_STREAM);
    pthread_t t = start(write_bulk);
    for (;;) {
        ssize_t n = read(s[0], data, 1 + done % sizeof(data));
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++, done++)
            same = same && data[i] == (unsigned char)(done * 31 >> 8 ^ done);
    }
    IS(same && done == BULK);
    end(t);
}

static void *read_later(void *arg)
{
    static char buf[400000];

    pause_ms(20);
    while (recv(s[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
        ;
    return arg;
}

static void writing(void)
{
    static char big[300000];

    signal(SIGPIPE, SIG_IGN);
    pair(SOCK_STREAM);
    while (send(s[0], big, 10000, MSG_DONTWAIT) == 10000)
        ;
    pthread_t t = start(read_later);
    T(write(s[0], big, 1000));
    end(t);
    pair(SOCK_STREAM);
    t = start(close_later);
    ssize_t n = write(s[0], big, sizeof(big));
    IS(n > 0 && n < (ssize_t)sizeof(big));
    T(write(s[0], big, 1));
    end(t);
    pair(SOCK_DGRAM);
    while (send(s[0], big, 10000, MSG_DONTWAIT) == 10000)
        ;
    t = start(read_later);
    T(write(s[0], big, 1000));
    end(t);
    pair(SOCK_SEQPACKET);
    while (send(s[0], big, 10000, MSG_DONTWAIT) == 10000)
        ;
    t = start(close_later);
    T(write(s[0], big, 1000));
    end(t);
}

static void full_queue(void)
{
    static char buf[16];

    s[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
    s[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
    T(bind_to(s[1], "@pith-full"));
    T(connect_to(s[0], "@pith-full"));
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
        ;
    pthread_t t = start(read_later);
    T(write(s[0], "y", 1));
    pthread_join(t, NULL);
    while (recv(s[1], buf, 1, MSG_DONTWAIT) == 1)
        ;
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
        ;
    t = start(read_later);
    struct pollfd p = {s[0], POLLOUT, 0};
    T(poll(&p, 1, 5000));
    printf("%x\n", p.revents);
    pthread_join(t, NULL);
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
        ;
    t = start(close_later);
    T(write(s[0], "y", 1));
    end(t);
}

static int listener;

static void *accept_later(void *arg)
{
    for (int i = 0; i < 5; i++) {
        pause_ms(10);
        int fd = accept(listener, NULL, NULL);
        need(fd >= 0 && write(fd, "hi", 2) == 2, "accept");
        close(fd);
    }
    return arg;
}

static void *connect_later(void *arg)
{
    pause_ms(20);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    need(connect_to(fd, "@pith-listen") == 0, "connect");
    close(fd);
    return arg;
}

static void *close_listener(void *arg)
{
    pause_ms(20);
    close(listener);
    return arg;
}

static void connecting(void)
{
    int c[5];
    char buf[4];

    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    T(bind_to(listener, "@pith-listen"));
    T(listen(listener, 1));
    pthread_t t = start(accept_later);
    for (int i = 0; i < 5; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        T(connect_to(c[i], "@pith-listen"));
    }
    for (int i = 0; i < 5; i++) {
        T(read(c[i], buf, 4));
        close(c[i]);
    }
    pthread_join(t, NULL);
    t = start(connect_later);
    int fd = accept(listener, NULL, NULL);
    IS(fd >= 0);
    close(fd);
    pthread_join(t, NULL);
    for (int i = 0; i < 2; i++) {
        c[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        T(connect_to(c[i], "@pith-listen"));
    }
    t = start(close_listener);
    c[2] = socket(AF_UNIX, SOCK_STREAM, 0);
    T(connect_to(c[2], "@pith-listen"));
    pthread_join(t, NULL);
    for (int i = 0; i < 3; i++)
        close(c[i]);
}

static void *signal_then_write(void *arg)
{
    pause_ms(20);
    pthread_kill(main_thread, SIGUSR1);
    pause_ms(40);
    send(s[1], "abc", 3, MSG_NOSIGNAL);
    return arg;
}

static void interrupted(int flags)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
    struct timeval tv = {5, 0};
    char buf[8];

    printf("-- restart %s\n", flags ? "yes" : "no");
    sigaction(SIGUSR1, &sa, NULL);
    handled = 0;
    for (int i = 0; i < 2; i++) {
        pair(i ? SOCK_DGRAM : SOCK_STREAM);
        pthread_t t = start(signal_then_write);
        T(read(s[0], buf, 8));
        end(t);
        pair(i ? SOCK_DGRAM : SOCK_STREAM);
        setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
        t = start(signal_then_write);
        T(recv(s[0], buf, 8, 0));
        end(t);
    }
    /* Part of what was asked for is there. */
    pair(SOCK_STREAM);
    T(write(s[1], "12", 2));
    pthread_t t = start(signal_then_write);
    T(recv(s[0], buf, 8, MSG_WAITALL));
    end(t);
    printf("handled %d\n", (int)handled);
}

/* Two threads read one socket: each message goes to one of them. */
static int sums[2], counts[2];

static void *reader(void *arg)
{
    int me = *(int *)arg;
    unsigned char c;

    while (recv(s[0], &c, 1, 0) == 1) {
        sums[me] += c;
        counts[me]++;
    }
    return NULL;
}

static void two_readers(void)
{
    pthread_t t[2];
    int who[2] = {0, 1};

    pair(SOCK_SEQPACKET);
    for (int i = 0; i < 2; i++)
        need(pthread_create(&t[i], NULL, reader, &who[i]) == 0, "thread");
    for (int i = 0; i < 2000; i++) {
        unsigned char c = (unsigned char)i;
        need(write(s[1], &c, 1) == 1, "write");
    }
    shutdown(s[1], SHUT_WR);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    printf("%d messages, sum %d\n", counts[0] + counts[1], sums[0] + sums[1]);
    close(s[0]), close(s[1]);
}

int main(void)
{
    main_thread = pthread_self();
    reading();
    bulk();
    writing();
    full_queue();
    connecting();
    interrupted(0);
    interrupted(SA_RESTART);
    two_readers();
    return 0;
}
