/* SPDX-License-Identifier: MIT
 *
 * Wrong pointers for the calls on sockets, epolls, timers and memory files. */
#include "bad_pointers.h"
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

/* Descriptors: a connected pair with a message on its way, an epoll, a timer, a free socket. */
#define LEFT_FD  10
#define RIGHT_FD 11
#define EPOLL_FD 12
#define TIMER_FD 13
#define FREE_FD  14

DEFINE(socketpair)
DEFINE(bind)
DEFINE(connect)
DEFINE(sendto)
DEFINE(recvfrom)
DEFINE(sendmsg)
DEFINE(recvmsg)
DEFINE(getsockname)
DEFINE(getpeername)
DEFINE(setsockopt)
DEFINE(getsockopt)
DEFINE(epoll_ctl)
DEFINE(epoll_pwait)
DEFINE(timerfd_settime)
DEFINE(timerfd_gettime)
DEFINE(memfd_create)

static char text[8] = "message";
static struct iovec part = {text, sizeof(text)};
static struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
static const struct sockaddr_un address = {AF_UNIX, "name"};
static const struct epoll_event event = {.events = EPOLLIN};
static const int one[1] = {1}, length[1] = {64};

static void move(int from, int to)
{
    need(dup2(from, to) == to && close(from) == 0, "descriptors");
}

/* All anew: what a call did to them must not matter for the next. */
static void prepare(void)
{
    int pair[2];

    for (int fd = 3; fd < 64; fd++)
        close(fd);
    unlink("name");
    need(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
    move(pair[1], RIGHT_FD);
    move(pair[0], LEFT_FD);
    need(write(RIGHT_FD, text, sizeof(text)) == sizeof(text), "message");
    move(epoll_create1(0), EPOLL_FD);
    move(timerfd_create(CLOCK_MONOTONIC, 0), TIMER_FD);
    move(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), FREE_FD);
}

/* Something is ready as well. */
static void prepare_ready(void)
{
    struct epoll_event e = {.events = EPOLLIN};

    prepare();
    need(epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, LEFT_FD, &e) == 0, "epoll");
}

#define N(value)                                                                                   \
    {                                                                                              \
        NUMBER, value, NULL                                                                        \
    }
#define I(size, from)                                                                              \
    {                                                                                              \
        IN, size, from                                                                             \
    }
#define O(size, from)                                                                              \
    {                                                                                              \
        OUT, size, from                                                                            \
    }

/* clang-format off */
static const struct call calls[] = {
    {"socketpair", do_socketpair, {N(AF_UNIX), N(SOCK_STREAM), N(0), O(8, NULL)}, prepare, false},
    {"bind", do_bind, {N(FREE_FD), I(sizeof(address), &address), N(sizeof(address))}, prepare, false},
    {"connect", do_connect, {N(FREE_FD), I(sizeof(address), &address), N(sizeof(address))}, prepare, false},
    {"sendto", do_sendto, {N(LEFT_FD), I(8, text), N(8), N(0), N(0), N(0)}, prepare, true},
    {"recvfrom", do_recvfrom, {N(LEFT_FD), O(8, NULL), N(8), N(0), O(64, NULL), O(4, length)}, prepare, true},
    {"sendmsg", do_sendmsg, {N(LEFT_FD), I(sizeof(message), &message), N(0)}, prepare, true},
    {"recvmsg", do_recvmsg, {N(LEFT_FD), O(sizeof(message), &message), N(0)}, prepare, true},
    {"getsockname", do_getsockname, {N(LEFT_FD), O(64, NULL), O(4, length)}, prepare, false},
    {"getpeername", do_getpeername, {N(LEFT_FD), O(64, NULL), O(4, length)}, prepare, false},
    {"setsockopt", do_setsockopt, {N(LEFT_FD), N(SOL_SOCKET), N(SO_PASSCRED), I(4, one), N(4)}, prepare, false},
    {"getsockopt", do_getsockopt, {N(LEFT_FD), N(SOL_SOCKET), N(SO_TYPE), O(4, NULL), O(4, length)}, prepare, false},
    {"epoll_ctl", do_epoll_ctl, {N(EPOLL_FD), N(EPOLL_CTL_ADD), N(LEFT_FD), I(12, &event)}, prepare, false},
    {"epoll_pwait", do_epoll_pwait, {N(EPOLL_FD), O(12, NULL), N(1), N(0), I(8, NULL), N(8)}, prepare_ready, true},
    {"timerfd_settime", do_timerfd_settime, {N(TIMER_FD), N(0), I(32, NULL), O(32, NULL)}, prepare, false},
    {"timerfd_gettime", do_timerfd_gettime, {N(TIMER_FD), O(32, NULL)}, prepare, false},
    {"memfd_create", do_memfd_create, {{PATH, 0, "name"}, N(0)}, prepare, false},
};
/* clang-format on */

int main(void)
{
    enter_folder();
    try_calls(calls, sizeof(calls) / sizeof(calls[0]));
    return 0;
}
