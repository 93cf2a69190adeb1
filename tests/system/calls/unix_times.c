/* SPDX-License-Identifier: MIT
 *
 * Times of arrival, marks, sendfile and other calls that know sockets. */
#define _GNU_SOURCE
#include <sys/sendfile.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include "sockets.h"

static void receive_time(int fd, size_t room)
{
    char buf[8], control[128];
    struct iovec iov = {buf, sizeof(buf)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
    struct timespec now, t;
    struct timeval tv;

    m.msg_controllen = (socklen_t)room;
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
    printf("%zd flags %x control %u", n, (unsigned)m.msg_flags, (unsigned)m.msg_controllen);
    clock_gettime(CLOCK_REALTIME, &now);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf(" [%u %d %d", (unsigned)c->cmsg_len, c->cmsg_level, c->cmsg_type);
        if (c->cmsg_type == SO_TIMESTAMP && c->cmsg_len == CMSG_LEN(sizeof(tv))) {
            memcpy(&tv, CMSG_DATA(c), sizeof(tv));
            printf(" %s", now.tv_sec - tv.tv_sec <= 1 ? "now" : "then");
        } else if (c->cmsg_type == SO_TIMESTAMPNS && c->cmsg_len == CMSG_LEN(sizeof(t))) {
            memcpy(&t, CMSG_DATA(c), sizeof(t));
            printf(" %s", now.tv_sec - t.tv_sec <= 1 ? "now" : "then");
        }
        printf("]");
    }
    printf("\n");
}

static void stamps(int type)
{
    int s[2];

    printf("-- stamps %d\n", type);
    need(socketpair(AF_UNIX, type, 0, s) == 0, "pair");
    T(set_option(s[1], SO_TIMESTAMP, 1));
    T(write(s[0], "a", 1));
    receive_time(s[1], 128);
    T(write(s[0], "a", 1));
    receive_time(s[1], 30);
    T(set_option(s[1], SO_TIMESTAMPNS, 1));
    printf("%d %d\n", option(s[1], SO_TIMESTAMP), option(s[1], SO_TIMESTAMPNS));
    T(set_option(s[1], SO_PASSCRED, 1));
    T(write(s[0], "a", 1));
    receive_time(s[1], 128);
    T(set_option(s[1], SO_TIMESTAMPNS, 0));
    T(set_option(s[1], SO_PASSCRED, 0));
    T(write(s[0], "a", 1));
    receive_time(s[1], 128);
    close(s[0]), close(s[1]);
}

static void marks(void)
{
    static const int types[3] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int s[2], n;

    for (int i = 0; i < 3; i++) {
        need(socketpair(AF_UNIX, types[i], 0, s) == 0, "pair");
        n = -1;
        T(ioctl(s[0], SIOCATMARK, &n));
        printf("%d\n", n);
        T(sockatmark(s[0]));
        n = -1;
        T(ioctl(s[0], SIOCGPGRP, &n));
        printf("%d\n", n);
        T(ioctl(s[0], FIOGETOWN, &n));
        T(ioctl(s[0], TIOCOUTQ, &n));
        printf("%d\n", n);
        write(s[0], "abc", 3);
        T(ioctl(s[0], TIOCOUTQ, &n));
        IS(n >= 3);
        close(s[0]), close(s[1]);
    }
}

static void files(void)
{
    int s[2];
    char buf[32] = "";

    need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "pair");
    put_file("f", "contents of a file");
    int f = open("f", O_RDONLY);
    off_t off = 3;
    T(sendfile(s[0], f, &off, 8));
    printf("%ld\n", (long)off);
    T(sendfile(s[0], f, NULL, 100));
    T(sendfile(f, s[0], NULL, 1));
    T(recv(s[1], buf, sizeof(buf), 0));
    printf("%s\n", buf);
    T(copy_file_range(f, NULL, s[0], NULL, 1, 0));
    struct iovec iov = {buf, 3};
    T(pwritev(s[0], &iov, 1, 0));
    T(syscall(SYS_preadv2, s[0], &iov, 1, -1l, -1l, 0x8));
    T(syscall(SYS_pwritev2, s[0], &iov, 1, -1l, -1l, 0));
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(s[0], &in), FD_SET(s[1], &in), FD_SET(s[0], &out), FD_SET(s[1], &out);
    struct timeval now = {0, 0};
    T(select(s[1] + 1, &in, &out, NULL, &now));
    printf("%d %d %d %d\n", FD_ISSET(s[0], &in) != 0, FD_ISSET(s[1], &in) != 0,
           FD_ISSET(s[0], &out) != 0, FD_ISSET(s[1], &out) != 0);
    close(s[0]), close(s[1]), close(f);
}

int main(void)
{
    enter_folder();
    stamps(SOCK_DGRAM);
    stamps(SOCK_SEQPACKET);
    stamps(SOCK_STREAM);
    marks();
    files();
    return 0;
}
