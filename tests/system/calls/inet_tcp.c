/* SPDX-License-Identifier: MIT
 *
 * What programs see of TCP's queues: bytes that wait in both directions, TCP_INFO, what is corked,
 * TCP_NOTSENT_LOWAT, messages with empty and bad parts. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include "inet.h"

#define NOT_SENT 0x894b /* SIOCOUTQNSD */
#define PORT     7190

static int asked(int s, unsigned long what)
{
    int n = -1;

    return ioctl(s, what, &n) ? -errno : n;
}

/* Until ioctl (what) says (n), or for a second. */
static void until(int s, unsigned long what, int n)
{
    for (int i = 0; i < 1000 && asked(s, what) != n; i++)
        usleep(1000);
    printf("asked for %lx: %d\n", what, asked(s, what));
}

static void connection(int s[2])
{
    int l = listener(PORT);

    pair(l, PORT, s);
    close(l);
}

static void waiting_bytes(void)
{
    static char b[3 << 20];
    int s[2], c = socket(AF_INET, SOCK_STREAM, 0), l = listener(PORT);

    puts("-- bytes that wait");
    T(asked(c, FIONREAD));
    T(asked(c, TIOCOUTQ));
    T(asked(c, NOT_SENT));
    T(asked(l, FIONREAD));
    T(asked(l, TIOCOUTQ));
    T(asked(l, NOT_SENT));
    T(asked(l, SIOCATMARK));
    close(c), close(l);
    connection(s);
    T(send(s[0], b, 1000, 0));
    until(s[1], FIONREAD, 1000);
    until(s[0], TIOCOUTQ, 0);
    T(asked(s[0], NOT_SENT));
    T(recv(s[1], b, 400, 0));
    T(asked(s[1], FIONREAD));
    T(recv(s[1], b, 1000, MSG_PEEK));
    T(asked(s[1], FIONREAD));
    T(recv(s[1], NULL, 100, MSG_TRUNC));
    T(asked(s[1], FIONREAD));
    T(send(s[0], b, 500, MSG_OOB));
    until(s[1], FIONREAD, 999);
    T(asked(s[1], SIOCATMARK));
    T(shutdown(s[0], SHUT_WR));
    until(s[0], TIOCOUTQ, 0);
    T(asked(s[1], FIONREAD));
    T(recv(s[1], b, 5000, 0));
    T(asked(s[1], FIONREAD));
    T(asked(s[1], SIOCATMARK));
    T(recv(s[1], b, 5000, 0));
    T(send(s[1], b, 10, 0));
    until(s[0], FIONREAD, 10);
    close(s[1]);
    ready_soon(s[0], POLLHUP);
    T(asked(s[0], FIONREAD));
    T(recv(s[0], b, 5000, 0));
    T(asked(s[0], FIONREAD));
    T(recv(s[0], b, 5000, 0));
    T(asked(s[0], TIOCOUTQ));
    close(s[0]);
    connection(s);
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    ssize_t n, all = 0;
    while ((n = send(s[0], b, sizeof(b), 0)) > 0)
        all += n;
    usleep(50000);
    int there = asked(s[1], FIONREAD), out = asked(s[0], TIOCOUTQ), left = asked(s[0], NOT_SENT);
    IS(there > 0);
    IS(there + out == all);
    IS(left > 0 && left <= out);
    close(s[0]), close(s[1]);
}

/* How many bytes wait with the peer: looked at after 10 ms, and until it is (n), up to 100 ms: what
 * is corked goes after 200 ms in any case. */
static int soon(int s, int n)
{
    usleep(10000);
    for (int i = 0; i < 9 && asked(s, FIONREAD) != n; i++)
        usleep(10000);
    return asked(s, FIONREAD);
}

static void corked(void)
{
    int s[2];

    puts("-- corked");
    connection(s);
    T(set(s[0], IPPROTO_TCP, TCP_CORK, 1));
    T(send(s[0], "0123456789", 10, 0));
    T(soon(s[1], 0));
    T(asked(s[0], TIOCOUTQ));
    T(asked(s[0], NOT_SENT));
    T(set(s[0], SOL_SOCKET, SO_KEEPALIVE, 1));
    T(soon(s[1], 0));
    T(set(s[0], IPPROTO_TCP, TCP_NODELAY, 1));
    T(soon(s[1], 10));
    T(send(s[0], "0123456789", 10, 0));
    T(soon(s[1], 10));
    T(set(s[0], SOL_SOCKET, SO_KEEPALIVE, 0));
    T(soon(s[1], 10));
    T(set(s[0], IPPROTO_TCP, TCP_CORK, 0));
    T(soon(s[1], 20));
    T(send(s[0], "0123456789", 10, MSG_MORE));
    T(soon(s[1], 20));
    T(set(s[0], IPPROTO_TCP, TCP_NODELAY, 1));
    T(soon(s[1], 30));
    T(send(s[0], "0123456789", 10, MSG_EOR));
    T(send(s[0], "0123456789", 10, MSG_EOR));
    T(soon(s[1], 50));
    T(set(s[0], IPPROTO_TCP, TCP_CORK, 1));
    T(send(s[0], "0123456789", 10, 0));
    T(soon(s[1], 50));
    T(shutdown(s[0], SHUT_WR));
    T(soon(s[1], 60));
    close(s[0]), close(s[1]);
}

static void low_water(void)
{
    static char b[1 << 20];
    int s[2], e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLOUT | EPOLLET};

    puts("-- TCP_NOTSENT_LOWAT");
    connection(s);
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    T(set(s[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT, 10000));
    T(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &ev));
    T(epoll_wait(e, &ev, 1, 0));
    T(epoll_wait(e, &ev, 1, 0));
    ssize_t all = 0, n;
    while ((n = send(s[0], b, 1000, 0)) > 0)
        all += n;
    T(n);
    int left = asked(s[0], NOT_SENT);
    IS(left >= 10000 && left < 200000);
    T(epoll_wait(e, &ev, 1, 0));
    T(ready(s[0]) & POLLOUT);
    while (all > 0 && (n = recv(s[1], b, sizeof(b), 0)) > 0)
        all -= n;
    T(epoll_wait(e, &ev, 1, 1000));
    T(ready_soon(s[0], POLLOUT) & POLLOUT);
    T(epoll_wait(e, &ev, 1, 0));
    close(s[0]), close(s[1]), close(e);
}

/* Room is told of after a write that was done in part, without one that found none. */
static void edges(void)
{
    static char b[4 << 20];
    int s[2], e = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLOUT | EPOLLIN | EPOLLET};

    puts("-- EPOLLET");
    int l = listener(PORT);
    T(set(l, SOL_SOCKET, SO_RCVBUF, 20000));
    pair(l, PORT, s);
    close(l);
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    T(set(s[0], SOL_SOCKET, SO_SNDBUF, 200000));
    T(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &ev));
    for (int i = 0; i < 3; i++) {
        T(epoll_wait(e, &ev, 1, 1000));
        T(ev.events);
        T(epoll_wait(e, &ev, 1, 0));
        ssize_t all = send(s[0], b, sizeof(b), 0), n;
        IS(all > 0 && all < (ssize_t)sizeof(b));
        usleep(50000);
        T(ready(s[0]) & POLLOUT);
        T(epoll_wait(e, &ev, 1, 0));
        while (all > 0 && (n = recv(s[1], b, sizeof(b), 0)) > 0)
            all -= n;
    }
    T(epoll_wait(e, &ev, 1, 1000));
    T(send(s[1], b, 10, 0));
    T(ready_soon(s[0], POLLIN) & POLLIN);
    T(epoll_wait(e, &ev, 1, 1000));
    T(ev.events);
    close(s[0]), close(s[1]), close(e);
}

#define F(name) printf("  " #name ": %u\n", (unsigned)i.tcpi_##name)

static void info(const char *what, int s)
{
    struct tcp_info i = {0};
    socklen_t len = sizeof(i);

    printf("-- TCP_INFO: %s\n", what);
    need(getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &len) == 0, "TCP_INFO");
    F(state), F(ca_state), F(retransmits), F(probes), F(backoff), F(unacked), F(sacked), F(lost);
    F(retrans), F(total_retrans), F(reordering);
    if (i.tcpi_state == TCP_LISTEN)
        return;
    F(snd_ssthresh);
    IS(i.tcpi_snd_cwnd >= 10);
    IS(i.tcpi_rto >= 200000 && i.tcpi_rto <= 1000000);
    if (i.tcpi_state == TCP_CLOSE)
        return;
    F(options);
    IS(i.tcpi_advmss > 20000);
    IS(i.tcpi_last_data_sent >= 50 && i.tcpi_last_data_sent < 20000);
    IS(i.tcpi_last_data_recv >= 50 && i.tcpi_last_data_recv < 20000);
    IS(i.tcpi_last_ack_recv >= 50 && i.tcpi_last_ack_recv < 20000);
}

static void told(void)
{
    char b[100] = "";
    int s[2], c = socket(AF_INET, SOCK_STREAM, 0), l = listener(PORT);

    info("nothing", c);
    info("a listener", l);
    T(connect4(c, "127.0.0.1", PORT));
    ready_soon(l, POLLIN);
    info("a listener of one that waits", l);
    close(c), close(l);
    connection(s);
    usleep(100000);
    info("open", s[0]);
    T(send(s[0], b, 100, 0));
    until(s[1], FIONREAD, 100);
    info("has sent", s[0]);
    info("has got", s[1]);
    usleep(100000);
    T(recv(s[1], b, 100, 0));
    info("has read", s[1]);
    T(shutdown(s[0], SHUT_WR));
    ready_soon(s[1], POLLRDHUP);
    usleep(100000);
    info("has ended", s[0]);
    info("the other one", s[1]);
    close(s[0]), close(s[1]);
}

static void parts(void)
{
    char b[100] = "";
    struct iovec some[] = {{b, 0}, {b, 40}, {b, 0}, {b, 20}}, none[] = {{b, 0}, {b, 0}};
    struct iovec bad[] = {{b, 10}, {NULL, 10}};
    struct msghdr m = {.msg_iov = some, .msg_iovlen = 4};
    int s[2];

    puts("-- parts that are empty or bad");
    connection(s);
    T(sendmsg(s[0], &m, 0));
    until(s[1], FIONREAD, 60);
    m.msg_iov = none, m.msg_iovlen = 2;
    T(sendmsg(s[0], &m, 0));
    T(sendmsg(s[0], &m, MSG_ZEROCOPY));
    m.msg_iovlen = 0;
    T(sendmsg(s[0], &m, 0));
    T(send(s[0], NULL, 0, 0));
    T(send(s[0], NULL, 10, 0));
    T(write(s[0], NULL, 10));
    m.msg_iov = bad, m.msg_iovlen = 2;
    T(sendmsg(s[0], &m, 0));
    until(s[1], FIONREAD, 70);
    T(read(s[1], NULL, 10));
    T(recv(s[1], NULL, 10, 0));
    T(recvmsg(s[1], &m, 0));
    T(asked(s[1], FIONREAD));
    T(recv(s[1], b, 0, 0));
    m.msg_iov = none, m.msg_iovlen = 2;
    T(recvmsg(s[1], &m, 0));
    close(s[0]), close(s[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    waiting_bytes();
    corked();
    low_water();
    edges();
    told();
    parts();
    return 0;
}
