/* SPDX-License-Identifier: MIT
 *
 * Wrong and unusual arguments of the calls on clocks and sockets. */
#define _GNU_SOURCE
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <mqueue.h>
#include "calls.h"

static struct timespec *tsp(long a, long b)
{
    static struct timespec t;
    t = (struct timespec){a, b};
    return &t;
}

static void clocks(void)
{
    struct timespec ts;
    struct itimerspec it;
    int t;
    timer_t id;
    struct sigevent ev = {0};
    puts("-- clocks");
    for (int c = -1; c < 13; c++) {
        if (c == CLOCK_REALTIME_ALARM || c == CLOCK_BOOTTIME_ALARM)
            continue; /* need a clock of the machine */
        printf("%d: ", c);
        T(syscall(SYS_clock_nanosleep, c, 0, tsp(0, 0), 0));
        T(syscall(SYS_clock_nanosleep, c, 1, tsp(0, 1), 0));
        T(syscall(SYS_clock_getres, c, 0));
        T(syscall(SYS_timerfd_create, c, 0) >= 0);
        ev.sigev_notify = SIGEV_NONE;
        T(syscall(SYS_timer_create, c, &ev, &id));
        T(syscall(SYS_clock_settime, c, tsp(-1, 0)) < 0);
    }
    ev.sigev_notify = 9;
    T(syscall(SYS_timer_create, 0, &ev, &id));
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = 65;
    T(syscall(SYS_timer_create, 0, &ev, &id));
    ev.sigev_signo = 0;
    T(syscall(SYS_timer_create, 0, &ev, &id));
    ev.sigev_notify = 4;
    ev.sigev_signo = 10;
    T(syscall(SYS_timer_create, 0, &ev, &id));
    t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    it = (struct itimerspec){{0, 0}, {-1, 0}};
    T(timerfd_settime(t, 0, &it, 0));
    it.it_value = (struct timespec){0, 1000000000};
    T(timerfd_settime(t, 0, &it, 0));
    it.it_value = (struct timespec){1, 0};
    T(timerfd_settime(t, 4, &it, 0));
    T(timerfd_settime(t, 1, &it, &it));
    T(it.it_value.tv_sec);
    T(read(t, &ts, 7));
    T(read(t, &ts, 8));
    T(write(t, &ts, 8));
    T(timerfd_gettime(t, (void *)8));
    T(lseek(t, 0, 0));
}

static void sockets(void)
{
    int s[2], u, c;
    char b[100];
    struct sockaddr_un a = {AF_UNIX, "sk"};
    socklen_t n;
    struct msghdr m = {0};
    int one = 1, z;
    struct iovec v = {b, 4};
    puts("-- sockets");
    T(socket(99, 1, 0));
    T(socket(AF_UNIX, 99, 0));
    T(socket(AF_UNIX, 1, 99));
    T(socket(AF_INET, 1, IPPROTO_UDP));
    T(socket(AF_INET, 2, IPPROTO_TCP));
    T(socket(AF_INET, SOCK_SEQPACKET, 0));
    T(socket(AF_UNIX, 1 | 0x10, 0));
    T(socketpair(AF_INET, 1, 0, s));
    T(syscall(SYS_socketpair, AF_UNIX, 1, 0, 8));
    T(socket(-1, 1, 0));
    T(socket(AF_INET, 1, -1));
    T(socket(AF_INET6, SOCK_RDM, 0));
    u = socket(AF_UNIX, SOCK_STREAM, 0);
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    T(bind(u, (void *)&a, 1));
    T(bind(u, (void *)&a, 200));
    T(bind(u, (void *)8, 10));
    T(bind(0, (void *)&a, 10));
    T(bind(99, (void *)&a, 10));
    a.sun_family = AF_INET;
    T(bind(u, (void *)&a, sizeof a));
    a.sun_family = AF_UNIX;
    T(listen(u, 1));
    T(listen(0, 1));
    T(accept(u, 0, 0));
    T(accept(0, 0, 0));
    T(connect(c, (void *)&a, sizeof a));
    T(bind(u, (void *)&a, sizeof a));
    T(bind(u, (void *)&a, sizeof a));
    T(bind(c, (void *)&a, sizeof a));
    T(connect(c, (void *)&a, sizeof a));
    T(listen(u, 5));
    T(connect(c, (void *)&a, sizeof a));
    T(connect(c, (void *)&a, sizeof a));
    T(listen(c, 1));
    T(connect(u, (void *)&a, sizeof a));
    T(syscall(SYS_accept4, u, 0, 0, 1));
    n = sizeof a;
    T(syscall(SYS_accept4, u, 8, &n, 0));
    T(getsockname(u, (void *)&a, 0));
    n = -1;
    T(getsockname(u, (void *)&a, &n));
    n = 2;
    T(getsockname(u, (void *)&a, &n));
    T(n);
    T(getpeername(u, (void *)&a, &n));
    n = 200;
    T(getpeername(c, (void *)&a, &n));
    T(n);
    T(shutdown(u, 9));
    T(shutdown(0, 1));
    T(shutdown(socket(AF_UNIX, 1, 0), 1));
    T(send(u, b, 1, MSG_NOSIGNAL));
    T(recv(u, b, 1, 0));
    T(sendto(c, b, 1, 0, (void *)&a, 2));
    T(send(99, b, 1, 0));
    T(send(0, b, 1, 0));
    T(syscall(SYS_sendmsg, c, (void *)8, 0));
    T(syscall(SYS_recvmsg, c, (void *)8, 0));
    m.msg_iov = (void *)8;
    m.msg_iovlen = 1;
    T(syscall(SYS_sendmsg, c, &m, 0));
    m.msg_iovlen = 1025;
    T(syscall(SYS_sendmsg, c, &m, 0));
    m.msg_iov = &v;
    m.msg_iovlen = 1;
    m.msg_control = b;
    m.msg_controllen = 4;
    T(syscall(SYS_sendmsg, c, &m, 0));
    m.msg_controllen = -1;
    T(syscall(SYS_sendmsg, c, &m, 0));
    m.msg_controllen = 0;
    m.msg_namelen = -1;
    m.msg_name = &a;
    T(syscall(SYS_sendmsg, c, &m, 0));
    T(syscall(SYS_sendmmsg, c, 0, 0, 0));
    T(syscall(SYS_sendmmsg, 99, 0, 1, 0));
    T(syscall(SYS_recvmmsg, c, b, 1, 0, tsp(0, -1)));
    T(syscall(SYS_sendto, c, 8, 4, MSG_NOSIGNAL, 0, 0));
    n = 4;
    T(getsockopt(c, SOL_SOCKET, 9999, &z, &n));
    T(getsockopt(c, 77, 1, &z, &n));
    T(getsockopt(c, SOL_SOCKET, SO_TYPE, &z, 0));
    n = -1;
    T(getsockopt(c, SOL_SOCKET, SO_TYPE, &z, &n));
    n = 2;
    T(getsockopt(c, SOL_SOCKET, SO_TYPE, &z, &n));
    T(n);
    n = 4;
    T(getsockopt(c, SOL_SOCKET, SO_TYPE, (void *)8, &n));
    T(setsockopt(c, SOL_SOCKET, SO_REUSEADDR, &one, 3));
    T(setsockopt(c, SOL_SOCKET, SO_REUSEADDR, (void *)8, 4));
    T(setsockopt(c, SOL_SOCKET, SO_TYPE, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_ACCEPTCONN, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_ERROR, &one, 4));
    T(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_LINGER, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &one, 4));
    struct timeval tv = {0, 1000000};
    T(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    tv = (struct timeval){-1, 0};
    T(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
    T(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_REUSEADDR, &one, -1));
    one = -5;
    T(setsockopt(c, SOL_SOCKET, SO_RCVLOWAT, &one, 4));
    n = 4;
    T(getsockopt(c, SOL_SOCKET, SO_RCVLOWAT, &z, &n));
    T(z);
    one = 0;
    T(setsockopt(c, SOL_SOCKET, SO_RCVLOWAT, &one, 4));
    T(getsockopt(c, SOL_SOCKET, SO_RCVLOWAT, &z, &n));
    T(z);
    one = 7;
    T(setsockopt(c, SOL_SOCKET, SO_PRIORITY, &one, 4));
    one = -1;
    T(setsockopt(c, SOL_SOCKET, SO_PEEK_OFF, &one, 4));
    T(setsockopt(c, SOL_SOCKET, SO_SNDBUF, &one, 4));
    T(getsockopt(c, SOL_SOCKET, SO_SNDBUF, &z, &n));
    T(z > 0);
    struct sockaddr_in in = {AF_INET, 0, {htonl(0x7f000001)}},
                       big = {AF_INET, htons(9), {htonl(0x08080808)}};
    int t = socket(AF_INET, SOCK_STREAM, 0), d = socket(AF_INET, SOCK_DGRAM, 0);
    T(bind(t, (void *)&in, 15));
    T(bind(t, (void *)&big, 16));
    in.sin_family = AF_UNIX;
    T(bind(t, (void *)&in, 16));
    in.sin_family = 0;
    T(bind(t, (void *)&in, 16));
    in.sin_family = AF_INET;
    T(connect(t, (void *)&in, 3));
    T(connect(t, (void *)&in, 16));
    in.sin_family = 77;
    T(connect(t, (void *)&in, 16));
    in.sin_family = AF_INET;
    T(send(t, b, 1, MSG_NOSIGNAL));
    T(recv(t, b, 1, MSG_DONTWAIT));
    T(shutdown(t, 2));
    T(listen(d, 1));
    T(accept(d, 0, 0));
    T(send(d, b, 1, 0));
    T(sendto(d, b, 70000, 0, (void *)&in, 16));
    in.sin_port = htons(1);
    T(sendto(d, b, 1, 0, (void *)&in, 15));
    T(sendto(d, b, 1, 0, (void *)&in, 16));
    in.sin_port = 0;
    T(sendto(d, b, 1, 0, (void *)&in, 16));
    T(connect(d, (void *)&in, 16));
    T(recv(d, b, 1, MSG_OOB | MSG_DONTWAIT));
    T(sendto(d, b, 1, MSG_OOB, (void *)&in, 16));
    one = 300;
    T(setsockopt(t, IPPROTO_IP, IP_TTL, &one, 4));
    one = 0;
    T(setsockopt(t, IPPROTO_IP, IP_TTL, &one, 4));
    one = 256;
    T(setsockopt(t, IPPROTO_IP, IP_TOS, &one, 4));
    one = 99;
    T(setsockopt(t, IPPROTO_IP, IP_MTU_DISCOVER, &one, 4));
    T(getsockopt(t, IPPROTO_IP, IP_MTU, &z, &n));
    T(setsockopt(t, IPPROTO_IP, 9999, &one, 4));
    T(setsockopt(t, IPPROTO_TCP, 9999, &one, 4));
    T(setsockopt(d, IPPROTO_TCP, TCP_NODELAY, &one, 4));
    one = 1;
    T(setsockopt(t, IPPROTO_TCP, TCP_MAXSEG, &one, 4));
    one = 40000;
    T(setsockopt(t, IPPROTO_TCP, TCP_KEEPIDLE, &one, 4));
    T(setsockopt(t, IPPROTO_TCP, TCP_KEEPCNT, &one, 4));
    T(setsockopt(t, IPPROTO_TCP, TCP_SYNCNT, &one, 4));
    T(setsockopt(t, IPPROTO_TCP, TCP_CONGESTION, "nope", 4));
    T(setsockopt(t, IPPROTO_IPV6, IPV6_V6ONLY, &one, 4));
    one = -2;
    T(setsockopt(t, IPPROTO_TCP, TCP_USER_TIMEOUT, &one, 4));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    enter_folder();
    clocks();
    sockets();
    return 0;
}
