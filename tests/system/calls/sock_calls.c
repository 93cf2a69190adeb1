/* SPDX-License-Identifier: MIT
 *
 * The calls on sockets with wrong arguments, in every order that matters, and what else sockets are
 * as files. */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include "sockets.h"

static void *volatile bad = (void *)0x10;
#define BAD bad

static void making(void)
{
    int s[2] = {-1, -1};

    T(socket(-1, SOCK_STREAM, 0));
    T(socket(46, SOCK_STREAM, 0));
    T(socket(100, SOCK_STREAM, 0));
    T(socket(AF_UNSPEC, SOCK_STREAM, 0));
    T(socket(AF_UNIX, 11, 0));
    T(socket(AF_UNIX, 15, 0));
    T(socket(AF_UNIX, 0, 0));
    T(socket(AF_UNIX, SOCK_RDM, 0));
    T(socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
    T(socket(AF_UNIX, SOCK_STREAM, 2));
    T(socket(AF_UNIX, SOCK_STREAM, 1));
    T(socket(AF_UNIX, SOCK_RAW, 0));
    printf("type of raw %d\n", option(4, SO_TYPE));
    T(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    printf("%d %d\n", fcntl(5, F_GETFD), fcntl(5, F_GETFL));
    printf("%d %d\n", fcntl(3, F_GETFD), fcntl(3, F_GETFL));
    close(3), close(4), close(5);
    T(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));
    T(socketpair(AF_UNIX, SOCK_STREAM, 7, s));
    T(socketpair(AF_UNIX, SOCK_RDM, 0, s));
    T(socketpair(200, SOCK_STREAM, 0, s));
    T(socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, BAD));
    T(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s));
    printf("%d %d, %d %d\n", s[0], s[1], fcntl(s[0], F_GETFD), fcntl(s[1], F_GETFL));
    close(s[0]), close(s[1]);
    T(socketpair(AF_UNIX, SOCK_RAW, 0, s));
    printf("%d %d\n", option(s[0], SO_TYPE), option(s[0], SO_DOMAIN));
    close(s[0]), close(s[1]);

    struct rlimit few = {5, 5}, old;
    getrlimit(RLIMIT_NOFILE, &old);
    few.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    T(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));
    T(socket(AF_UNIX, SOCK_STREAM, 0));
    T(socket(AF_UNIX, SOCK_RDM, 0));
    close(s[0]);
    T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    T(socket(AF_UNIX, SOCK_STREAM, 0));
    setrlimit(RLIMIT_NOFILE, &old);
    close(3), close(4);
}

/* Every call on a descriptor that is not open, no socket, or opened with O_PATH. */
static void no_socket(int fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(a);
    struct msghdr m = {0};
    struct mmsghdr mm = {0};
    char c;
    int v = 0;

    T(bind(fd, (struct sockaddr *)&a, len));
    T(bind(fd, BAD, len));
    T(listen(fd, 1));
    T(accept(fd, NULL, NULL));
    T(accept4(fd, NULL, NULL, 0x1));
    T(connect(fd, BAD, len));
    T(getsockname(fd, (struct sockaddr *)&a, &len));
    T(getpeername(fd, BAD, BAD));
    T(shutdown(fd, 7));
    T(send(fd, &c, 1, 0));
    T(sendto(fd, BAD, 1, 0, BAD, 200));
    T(recv(fd, &c, 1, 0));
    T(recvfrom(fd, BAD, 1, 0, BAD, BAD));
    T(syscall(SYS_sendmsg, fd, BAD, 0));
    T(sendmsg(fd, &m, 0));
    T(recvmsg(fd, &m, 0));
    T(syscall(SYS_recvmsg, fd, BAD, 0));
    T(sendmmsg(fd, &mm, 1, 0));
    T(recvmmsg(fd, &mm, 1, 0, NULL));
    T(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, sizeof(v)));
    T(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, -1));
    T(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, &len));
}

static void as_files(void)
{
    int s[2];
    char buf[8];
    struct stat st;

    T(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    T(lseek(s[0], 0, SEEK_CUR));
    T(pread(s[0], buf, 1, 0));
    T(pwrite(s[0], buf, 1, 0));
    T(ftruncate(s[0], 0));
    T(fsync(s[0]));
    T(fallocate(s[0], 0, 0, 1));
    T(fchdir(s[0]));
    T(fstat(s[0], &st));
    printf("%o %d %d\n", st.st_mode, (int)st.st_nlink, (int)st.st_size);
    T(fchmod(s[0], 0600));
    T(fstat(s[0], &st));
    printf("%o\n", st.st_mode);
    struct stat other;
    fstat(s[1], &other);
    IS(st.st_ino != other.st_ino && st.st_dev == other.st_dev);
    T(fcntl(s[0], F_SETFL, O_NONBLOCK | O_APPEND));
    T(fcntl(s[0], F_GETFL));
    T(fcntl(s[0], F_GETPIPE_SZ));
    T(read(s[0], buf, 1));
    T(read(s[0], buf, 0));
    T(read(s[0], BAD, 0));
    T(write(s[0], BAD, 0));
    int on = 0;
    T(ioctl(s[0], FIONBIO, &on));
    T(fcntl(s[0], F_GETFL));
    T(write(s[1], "abcdef", 6));
    int n = -1;
    T(ioctl(s[0], FIONREAD, &n));
    printf("%d\n", n);
    T(ioctl(s[0], FIONREAD, BAD));
    T(ioctl(s[1], FIONREAD, &n));
    printf("%d\n", n);
    T(ioctl(s[0], TCGETS, buf));
    IS(isatty(s[0]));
    T(ioctl(s[0], 0x1234, 0));
    struct iovec iov[3] = {{buf, 2}, {NULL, 0}, {buf + 2, 3}};
    T(readv(s[0], iov, 3));
    printf("%.5s\n", buf);
    T(writev(s[0], iov, 3));
    T(readv(s[1], iov, 1));
    printf("%.2s\n", buf);
    int d = (int)T(dup(s[0]));
    close(s[0]);
    T(write(d, "x", 1));
    T(close(d));
    T(read(s[1], buf, 8));
    T(read(s[1], buf, 8));
    close(s[1]);
    char name[40] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    char link[40] = "";
    IS(readlink(name, link, sizeof(link)) > 9 && strncmp(link, "socket:[", 8) == 0);
    T(open(name, O_RDWR));
    close(fd);
}

static void bad_pointers(void)
{
    int s[2];
    char c;
    struct sockaddr_un a;
    socklen_t len = sizeof(a), negative = (socklen_t)-1;

    T(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
    T(recv(s[0], BAD, 1, 0));
    T(write(s[1], "abc", 3));
    T(recv(s[0], BAD, 1, 0));
    T(send(s[0], BAD, 1, 0));
    T(send(s[0], BAD, 0, 0));
    struct iovec iov[2] = {{&c, 1}, {BAD, 5}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
    T(sendmsg(s[0], &m, 0));
    T(recv(s[1], &c, 1, 0));
    T(recvmsg(s[0], &m, 0));
    printf("%c\n", c);
    T(recv(s[0], &c, 1, 0));
    m.msg_iov = BAD;
    T(sendmsg(s[0], &m, 0));
    T(recvmsg(s[0], &m, 0));
    m.msg_iovlen = IOV_MAX + 1;
    T(sendmsg(s[0], &m, 0));
    iov[1].iov_len = (size_t)-1;
    m.msg_iov = iov;
    m.msg_iovlen = 2;
    T(sendmsg(s[0], &m, 0));
    T(recvmsg(s[0], &m, 0));
    T(getsockname(s[0], BAD, &len));
    T(getsockname(s[0], (struct sockaddr *)&a, BAD));
    T(getsockname(s[0], (struct sockaddr *)&a, &negative));
    len = 0;
    T(getsockname(s[0], BAD, &len));
    printf("%u\n", len);
    T(getsockopt(s[0], SOL_SOCKET, SO_TYPE, BAD, &len));
    len = 4;
    T(getsockopt(s[0], SOL_SOCKET, SO_TYPE, BAD, &len));
    T(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &c, BAD));
    T(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, BAD, 4));
    T(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, BAD, 3));
    T(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, BAD, -3));
    T(bind(s[0], BAD, 10));
    T(bind(s[0], BAD, 129));
    T(bind(s[0], BAD, 0));
    T(connect(s[0], BAD, 10));
    T(accept(s[0], BAD, BAD));
    m = (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_control = BAD, .msg_controllen = 32};
    T(syscall(SYS_sendmsg, s[0], &m, 0));
    m.msg_controllen = 1 << 20;
    T(syscall(SYS_sendmsg, s[0], &m, 0));
    m = (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_name = BAD, .msg_namelen = 32};
    T(sendmsg(s[0], &m, 0));
    m.msg_namelen = (socklen_t)-1;
    T(sendmsg(s[0], &m, 0));
    T(recvmsg(s[0], &m, 0));
    T(recvfrom(s[0], &c, 1, 0, (struct sockaddr *)&a, BAD));
    close(s[0]), close(s[1]);
}

int main(void)
{
    enter_folder();
    signal(SIGPIPE, SIG_IGN);
    making();
    printf("-- not open\n");
    no_socket(77);
    printf("-- a file\n");
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    no_socket(fd);
    close(fd);
    printf("-- a pipe\n");
    int p[2];
    need(pipe(p) == 0, "pipe");
    no_socket(p[0]);
    close(p[0]), close(p[1]);
    printf("-- O_PATH\n");
    fd = open("f", O_PATH);
    no_socket(fd);
    close(fd);
    as_files();
    bad_pointers();
    return 0;
}
