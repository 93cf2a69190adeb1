/* SPDX-License-Identifier: MIT
 *
 * Wrong and unusual arguments of the calls on names, files and descriptors. */
#define _GNU_SOURCE
#include <limits.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <utime.h>
#include "calls.h"

static struct timespec *tsp(long a, long b)
{
    static struct timespec t;
    t = (struct timespec){a, b};
    return &t;
}

static struct timeval *tvp(long a, long b)
{
    static struct timeval t;
    t = (struct timeval){a, b};
    return &t;
}

static void files(void)
{
    char b[64];
    struct stat st;
    struct timespec ts[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    int fd = open("a", O_CREAT | O_RDWR, 0644), dir = open(".", O_RDONLY | O_DIRECTORY),
        p = open("a", O_PATH);
    puts("-- files");
    T(write(fd, "hello world", 11));
    T(futimens(fd, ts));
    ts[0].tv_nsec = 1000000000;
    T(futimens(fd, ts));
    ts[0] = (struct timespec){-5, 0};
    ts[1] = (struct timespec){5, 7};
    T(futimens(fd, ts));
    T(fstat(fd, &st));
    T(st.st_atim.tv_sec);
    T(st.st_mtim.tv_sec);
    T(st.st_mtim.tv_nsec);
    T(utimensat(AT_FDCWD, "nope", NULL, 0));
    T(utimensat(AT_FDCWD, "a", NULL, 0x4000));
    T(utimensat(dir, "", NULL, 0));
    T(utimensat(fd, NULL, ts, 0) == 0 || errno);
    T(syscall(SYS_utimensat, fd, NULL, NULL, AT_SYMLINK_NOFOLLOW));
    T(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0));
    T(fchmodat(dir, "a", 0600, AT_SYMLINK_NOFOLLOW));
    T(fchmod(p, 0600));
    T(fchown(p, 0, 0));
    T(fstat(p, &st));
    T(ioctl(p, FIONREAD, b));
    T(read(p, b, 1));
    T(fsync(p));
    T(ftruncate(p, 0));
    T(fchdir(p));
    T(fchdir(fd));
    T(flock(p, LOCK_SH));
    T(flock(fd, 0));
    T(flock(fd, LOCK_SH | LOCK_EX));
    T(flock(fd, LOCK_UN | LOCK_NB));
    T(linkat(p, "", dir, "b", AT_EMPTY_PATH));
    T(linkat(dir, "a", dir, "c", 1));
    T(linkat(dir, "a", dir, "c", AT_EMPTY_PATH));
    T(link(".", "d"));
    T(link("a", "a"));
    T(link("a", ""));
    T(link("", "x"));
    T(link("a", "no/x"));
    T(link("a/", "x"));
    T(link("a", "x/"));
    T(symlink("", "e"));
    T(symlink("a", ""));
    T(symlink("a", "l"));
    T(symlink("a", "l"));
    T(symlink("a", "m/"));
    T(readlink("a", b, sizeof b));
    T(readlink("l", b, 0));
    T(readlink("l", b, -1));
    T(readlink("l/", b, 9));
    T(readlink("", b, 9));
    T(readlinkat(dir, "", b, 9));
    T(readlink("l", b, 1));
    int lfd = open("l", O_PATH | O_NOFOLLOW);
    T(readlinkat(lfd, "", b, 9));
    T(readlinkat(p, "", b, 9));
    T(fstatat(lfd, "", &st, AT_EMPTY_PATH));
    T(S_ISLNK(st.st_mode));
    T(fstatat(dir, "", &st, 0));
    T(fstatat(dir, "a", &st, 1));
    T(fstatat(-1, "/", &st, 0));
    T(fstatat(-1, "a", &st, 0));
    T(fstatat(fd, "a", &st, 0));
    T(mkdir("", 0));
    T(mkdir(".", 0));
    T(mkdir("..", 0));
    T(mkdir("a", 0));
    T(mkdir("a/b", 0));
    T(mkdir("l", 0));
    T(mkdir("q/", 0755));
    T(mkdir("q/.", 0755));
    T(mkdir("/", 0755));
    T(rmdir("."));
    T(rmdir("q/."));
    T(rmdir("q/.."));
    T(rmdir(".."));
    T(rmdir("/"));
    T(rmdir("a"));
    T(rmdir("l"));
    T(rmdir(""));
    T(rmdir("q/"));
    T(rmdir("q"));
    T(unlink("."));
    T(unlink(""));
    T(unlink("a/"));
    T(unlink("nope/"));
    T(unlinkat(dir, "a", 7));
    T(unlinkat(dir, "a", AT_REMOVEDIR));
    T(unlink("/"));
    T(unlinkat(fd, "a", 0));
    T(rename("a", ""));
    T(rename("", "a"));
    T(rename(".", "z"));
    T(rename("a", "."));
    T(rename("a", ".."));
    T(rename("..", "z"));
    T(rename("a", "a"));
    T(rename("a", "nope/z"));
    T(rename("a/", "z"));
    T(rename("a", "z/"));
    T(syscall(SYS_renameat2, dir, "a", dir, "b2", 8));
    T(syscall(SYS_renameat2, dir, "a", dir, "l", 3));
    T(syscall(SYS_renameat2, dir, "a", dir, "l", 1));
    T(syscall(SYS_renameat2, dir, "a", dir, "nope", 2));
    T(truncate("a", -1));
    T(truncate(".", 0));
    T(truncate("", 0));
    T(truncate("nope", 0));
    T(truncate("l", 4));
    T(fstat(fd, &st));
    T(st.st_size);
    T(ftruncate(dir, 0));
    T(ftruncate(fd, -1));
    int ro = open("a", O_RDONLY);
    T(ftruncate(ro, 0));
    T(write(ro, "a", 1));
    T(fallocate(ro, 0, 0, 1));
    T(fallocate(fd, 0, -1, 1));
    T(fallocate(fd, 0, 0, 0));
    T(fallocate(fd, 0x1000, 0, 1));
    T(fallocate(fd, 2, 0, 1));
    T(fallocate(dir, 0, 0, 1));
    T(lseek(fd, -1, SEEK_SET));
    T(lseek(fd, 0, 7));
    T(lseek(fd, 100, SEEK_DATA));
    T(lseek(fd, 0, SEEK_HOLE));
    T(lseek(fd, -1, SEEK_DATA));
    T(lseek(p, 0, SEEK_SET));
    T(access("a", 8));
    T(access("", 0));
    T(access("a/", 0));
    T(faccessat(dir, "a", R_OK, 0x8000));
    T(syscall(SYS_faccessat2, dir, "", R_OK, AT_EMPTY_PATH));
    T(syscall(SYS_faccessat2, dir, "a", R_OK, 1));
    T(open("a", O_DIRECTORY));
    T(open("a", O_CREAT | O_EXCL));
    T(open("l", O_NOFOLLOW));
    T(open(".", O_WRONLY));
    T(open(".", O_CREAT));
    T(open("", O_RDONLY));
    T(open("nope", O_RDWR));
    T(open("a/", O_RDONLY));
    T(open("new/", O_CREAT, 0600));
    T(open("l", O_CREAT | O_EXCL));
    T(open(".", O_TMPFILE));
    T(open("a", O_TMPFILE | O_RDWR));
    T(open(".", O_DIRECTORY | O_CREAT));
    T(open("a", O_TRUNC | O_PATH) >= 0);
    T(mknod("fi", S_IFIFO | 0600, 0));
    T(mknod("fi", S_IFIFO, 0));
    T(mknod("di", S_IFDIR | 0600, 0));
    T(mknod("ln", S_IFLNK | 0600, 0));
    T(mknod("re", 0600, 0));
    T(mknod("bad", 0150000, 0));
    T(mknod("so", S_IFSOCK | 0600, 0));
    T(open("so", O_RDWR));
    T(chdir(""));
    T(chdir("a"));
    T(chdir("nope"));
    T(chroot("a"));
    T(chroot("nope"));
    T(syscall(SYS_getcwd, b, 1));
    T(syscall(SYS_getcwd, b, 0));
    T(syscall(SYS_getcwd, 8, 100));
    T(copy_file_range(fd, NULL, fd, NULL, 5, 0));
    T(copy_file_range(fd, NULL, dir, NULL, 5, 0));
    T(copy_file_range(fd, NULL, ro, NULL, 5, 0));
    T(copy_file_range(fd, NULL, fd, NULL, 5, 1));
    T(sync_file_range(fd, 0, 0, 8));
    T(sync_file_range(fd, -1, 0, 0));
    T(sync_file_range(fd, 0, 4, 7));
    T(syscall(SYS_readahead, fd, 0, 1));
    T(posix_fadvise(fd, 0, 0, 9));
    T(posix_fadvise(fd, 0, -1, 0));
    T(syscall(SYS_syncfs, fd));
    T(syscall(SYS_syncfs, 99));
    T(syscall(SYS_syncfs, p));
    T(syscall(SYS_statx, dir, "a", 0x6000, 0, b));
    T(syscall(SYS_statx, dir, "a", 0, 0x80000000u, b));
    T(syscall(SYS_statx, dir, "", 0, 1, b));
}

static void fds(void)
{
    int p[2];
    char b[10];
    fd_set s;
    puts("-- descriptors");
    T(dup(-1));
    T(dup2(0, -1));
    T(dup2(-1, 5));
    T(dup2(0, 1 << 20));
    T(dup3(0, 0, 0));
    T(syscall(SYS_dup3, 0, 60, 1));
    T(fcntl(0, F_DUPFD, -1));
    T(fcntl(0, F_DUPFD, 1 << 20));
    T(fcntl(0, 99));
    T(fcntl(99, 99));
    T(syscall(SYS_close_range, 70, 60, 0));
    T(syscall(SYS_close_range, 70, 80, 9));
    T(syscall(SYS_close_range, 70, ~0u, 0));
    T(close(-1));
    T(pipe2(p, 1));
    T(syscall(SYS_pipe2, 8, 0));
    T(pipe2(p, O_DIRECT | O_NONBLOCK));
    T(fcntl(p[0], F_GETFL));
    T(fcntl(p[1], F_GETFL));
    T(fcntl(p[0], F_SETPIPE_SZ, 0));
    T(fcntl(p[0], F_SETPIPE_SZ, 4097));
    T(fcntl(p[0], F_SETPIPE_SZ, -1));
    T(read(p[1], b, 1));
    T(write(p[0], b, 1));
    T(read(p[0], b, 1));
    T(pread(p[0], b, 1, 0));
    T(pwrite(p[1], b, 1, 0));
    T(lseek(p[0], 0, SEEK_SET));
    T(ftruncate(p[1], 0));
    T(fsync(p[0]));
    T(fdatasync(p[0]));
    T(fallocate(p[1], 0, 0, 1));
    T(posix_fadvise(p[0], 0, 0, 0));
    T(syscall(SYS_readahead, p[0], 0, 1));
    T(sync_file_range(p[0], 0, 0, 2));
    T(fchmod(p[0], 0644));
    T(fchown(p[0], 1, 1));
    T(fcntl(p[0], F_SETLEASE, F_RDLCK) < 0);
    T(fcntl(p[0], F_GETLEASE));
    T(fcntl(p[0], F_ADD_SEALS, 1));
    T(fcntl(p[0], F_GET_SEALS));
    T(syscall(SYS_tee, p[0], p[1], 1, 0));
    T(syscall(SYS_splice, p[0], NULL, p[1], NULL, 1, 0));
    T(syscall(SYS_splice, p[0], NULL, 0, NULL, 1, 16));
    T(syscall(SYS_vmsplice, p[1], NULL, 0, 16));
    T(sendfile(p[1], p[0], NULL, 1));
    FD_ZERO(&s);
    FD_SET(50, &s);
    T(select(51, &s, 0, 0, tvp(0, 0)));
    T(select(-1, 0, 0, 0, 0));
    T(select(0, 0, 0, 0, tvp(-1, 0)));
    T(select(0, 0, 0, 0, tvp(0, -1)));
    T(select(0, 0, 0, 0, tvp(0, 1000000)));
    T(pselect(0, 0, 0, 0, tsp(0, 1000000000), 0));
    T(syscall(SYS_ppoll, NULL, 0, tsp(-1, 0), NULL, 8));
    T(syscall(SYS_ppoll, NULL, 0, tsp(0, 0), b, 7));
    T(syscall(SYS_poll, NULL, 1, 0));
    T(syscall(SYS_poll, NULL, 1 << 21, 0));
    int e = epoll_create1(0);
    struct epoll_event ev = {EPOLLIN};
    T(epoll_create1(1));
    T(syscall(SYS_epoll_create, 0));
    T(epoll_ctl(e, 9, p[0], &ev));
    T(epoll_ctl(e, EPOLL_CTL_ADD, e, &ev));
    T(epoll_ctl(e, EPOLL_CTL_ADD, p[0], NULL));
    T(epoll_ctl(p[0], EPOLL_CTL_ADD, e, &ev));
    T(epoll_ctl(e, EPOLL_CTL_MOD, p[0], &ev));
    T(epoll_wait(e, &ev, 0, 0));
    T(epoll_wait(p[0], &ev, 1, 0));
    T(epoll_ctl(e, EPOLL_CTL_ADD, open("a", O_RDONLY), &ev));
    T(read(e, b, 1));
    T(write(e, b, 1));
    T(lseek(e, 0, 0));
    T(eventfd(0, 2));
    T(eventfd(1, 0) > 0);
    T(timerfd_create(99, 0));
    T(timerfd_create(0, 1));
    T(timerfd_settime(p[0], 0, &(struct itimerspec){0}, 0));
    T(timerfd_gettime(99, NULL));
    T(syscall(SYS_signalfd4, -1, b, 7, 0));
    T(syscall(SYS_signalfd4, p[0], b, 8, 0));
    T(syscall(SYS_signalfd4, -1, b, 8, 1));
    struct iovec v[2] = {{b, SSIZE_MAX}, {b, 2}};
    T(readv(p[0], v, 2));
    T(writev(p[1], v, -1));
    T(writev(p[1], v, IOV_MAX + 1));
    T(writev(p[1], v, 0));
    v[0].iov_len = -1;
    T(writev(p[1], v, 1));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    enter_folder();
    files();
    fds();
    return 0;
}
