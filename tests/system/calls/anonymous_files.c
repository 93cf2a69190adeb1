/* SPDX-License-Identifier: MIT
 *
 * Files without a name: what the calls on attributes and positions say of them. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include "calls.h"

static void one(const char *n, int fd)
{
    struct stat s;
    struct statfs f;
    char b[9];
    puts(n);
    T(fchmod(fd, 0600));
    T(fchown(fd, 0, 0));
    T(fchown(fd, -1, -1));
    T(futimens(fd, NULL));
    T(fsetxattr(fd, "user.a", "b", 1, 0));
    T(fgetxattr(fd, "user.a", b, 1));
    T(fremovexattr(fd, "user.a"));
    T(fstat(fd, &s));
    printf("%o %d %d\n", s.st_mode, (int)s.st_nlink, (int)s.st_size);
    T(fstatfs(fd, &f));
    T(f.f_type);
    T(lseek(fd, 1, SEEK_CUR));
    T(lseek(fd, 3, SEEK_SET));
    T(pread(fd, b, 0, 0));
    T(pread(fd, b, 1, -1));
    T(ftruncate(fd, 0));
    T(fsync(fd));
    T(fchdir(fd));
}

int main(void)
{
    int p[2], s[2];
    sigset_t m;
    sigemptyset(&m);
    pipe2(p, O_NONBLOCK);
    socketpair(1, 1 | SOCK_NONBLOCK, 0, s);
    one("eventfd", eventfd(0, EFD_NONBLOCK));
    one("epoll", epoll_create1(0));
    one("timerfd", timerfd_create(1, TFD_NONBLOCK));
    one("signalfd", signalfd(-1, &m, SFD_NONBLOCK));
    one("inotify", inotify_init1(IN_NONBLOCK));
    one("pipe", p[0]);
    one("socket", s[0]);
    return 0;
}
