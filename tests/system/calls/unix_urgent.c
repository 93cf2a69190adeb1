/* SPDX-License-Identifier: MIT
 *
 * Urgent bytes of Unix stream sockets: read out of line and in line, the mark at which reads stop,
 * readiness, SIGURG. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "calls.h"

static int s[2];

static void fresh(void)
{
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0, "socketpair");
}

static void done(void)
{
    close(s[0]);
    close(s[1]);
}

/* Reads with (flags), and prints what came. */
static void take(size_t n, int flags)
{
    char buf[32];
    struct iovec iov = {buf, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t got = recvmsg(s[1], &m, flags);

    if (got < 0)
        printf("  recv %zu %#x: %s\n", n, (unsigned)flags, strerror(errno));
    else
        printf("  recv %zu %#x: %zd \"%.*s\" flags %#x\n", n, (unsigned)flags, got, (int)got, buf,
               (unsigned)m.msg_flags);
}

/* (left): whether FIONREAD is looked at: on Linux it goes on counting a byte that was passed over.
 */
static void state_of(bool left_too)
{
    struct pollfd p = {s[1], POLLIN | POLLPRI | POLLRDHUP, 0};
    int mark = -1, left = -1;

    poll(&p, 1, 0);
    ioctl(s[1], SIOCATMARK, &mark);
    if (left_too)
        ioctl(s[1], FIONREAD, &left);
    printf("  poll %#x mark %d left %d\n", (unsigned)p.revents, mark, left);
}

static void state(void)
{
    state_of(true);
}

static void put(const char *text, int flags)
{
    ssize_t n = send(s[0], text, strlen(text), flags | MSG_NOSIGNAL);
    printf("send \"%s\" %#x: %s\n", text, (unsigned)flags, n < 0 ? strerror(errno) : "sent");
    state();
}

int main(void)
{
    int on = 1, mark = 5, d[2];
    sigset_t urg;

    puts("-- out of line");
    fresh();
    put("", MSG_OOB);
    take(8, MSG_OOB);
    put("abc", MSG_OOB);
    take(8, MSG_PEEK);
    take(8, MSG_OOB | MSG_PEEK);
    take(8, MSG_OOB);
    state();
    take(8, MSG_OOB);
    take(1, 0);
    take(8, 0);
    state();
    take(8, 0);
    state();
    done();

    puts("-- read before the mark, then over it");
    fresh();
    put("ab", 0);
    put("c", MSG_OOB);
    put("de", 0);
    take(8, MSG_PEEK);
    take(8, MSG_WAITALL);
    state();
    take(8, MSG_PEEK);
    state();
    take(8, 0);
    state_of(false);
    take(8, MSG_OOB);
    take(8, 0);
    done();

    puts("-- the byte taken first");
    fresh();
    put("abc", MSG_OOB);
    put("de", 0);
    take(8, MSG_OOB);
    state();
    take(8, MSG_PEEK);
    take(8, 0);
    state();
    take(8, 0);
    state();
    done();

    puts("-- two of them");
    fresh();
    put("ab", MSG_OOB);
    put("cd", MSG_OOB);
    take(8, 0);
    state();
    take(8, MSG_OOB);
    state();
    take(8, 0);
    state();
    put("e", MSG_OOB);
    take(8, MSG_OOB);
    put("f", MSG_OOB);
    take(8, MSG_OOB);
    state();
    put("g", 0);
    take(8, 0);
    state();
    done();

    puts("-- in line");
    fresh();
    T(setsockopt(s[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
    put("abc", MSG_OOB);
    put("de", 0);
    take(8, MSG_OOB);
    take(8, MSG_PEEK);
    take(8, 0);
    state();
    take(8, 0);
    state();
    done();

    puts("-- only the byte");
    fresh();
    put("x", MSG_OOB);
    take(8, MSG_PEEK);
    take(8, 0);
    state_of(false);
    done();

    puts("-- end of the stream");
    fresh();
    put("ab", MSG_OOB);
    T(shutdown(s[0], SHUT_WR));
    state();
    take(8, 0);
    take(8, MSG_OOB);
    take(8, 0);
    take(8, MSG_OOB);
    put("c", MSG_OOB);
    done();

    puts("-- closed with the mark left");
    fresh();
    put("a", MSG_OOB);
    take(8, MSG_OOB);
    close(s[1]);
    T(recv(s[0], &mark, 1, 0));
    T(send(s[0], "a", 1, MSG_OOB | MSG_NOSIGNAL));
    close(s[0]);
    fresh();
    put("a", MSG_OOB);
    close(s[1]);
    T(recv(s[0], &mark, 1, 0));
    close(s[0]);

    puts("-- other kinds");
    need(socketpair(AF_UNIX, SOCK_DGRAM, 0, d) == 0, "socketpair");
    T(send(d[0], "a", 1, MSG_OOB));
    T(recv(d[0], &mark, 1, MSG_OOB));
    close(d[0]);
    close(d[1]);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, d) == 0, "socketpair");
    T(send(d[0], "a", 1, MSG_OOB));
    T(recv(d[0], &mark, 1, MSG_OOB));
    T(ioctl(d[0], SIOCATMARK, &mark));
    close(d[0]);
    close(d[1]);
    T(d[0] = socket(AF_UNIX, SOCK_STREAM, 0));
    T(recv(d[0], &mark, 1, MSG_OOB));
    T(send(d[0], "a", 1, MSG_OOB | MSG_NOSIGNAL));
    close(d[0]);

    puts("-- SIGURG");
    fresh();
    sigemptyset(&urg);
    sigaddset(&urg, SIGURG);
    sigprocmask(SIG_BLOCK, &urg, NULL);
    T(fcntl(s[1], F_SETOWN, getpid()));
    put("a", MSG_OOB);
    T(sigpending(&urg));
    T(sigismember(&urg, SIGURG));
    done();
    return 0;
}
