/* SPDX-License-Identifier: MIT
 *
 * Each call on descriptors with each kind of file: what it answers, and which error it is where it
 * makes no sense. The descriptors are this program's own; every call gets a new one. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include "calls.h"

static int both(void)
{
    return open("file", O_RDWR | O_CREAT, 0600);
}

static int reads(void)
{
    return open("file", O_RDONLY);
}

static int writes(void)
{
    return open("file", O_WRONLY);
}

static int appends(void)
{
    return open("file", O_RDWR | O_APPEND);
}

static int path(void)
{
    return open("file", O_PATH);
}

static int folder(void)
{
    return open("folder", O_RDONLY);
}

static int folder_path(void)
{
    return open("folder", O_PATH);
}

static int link_path(void)
{
    return open("link", O_PATH | O_NOFOLLOW);
}

static int pipe_out(void)
{
    int p[2];
    need(pipe2(p, O_NONBLOCK) == 0 && write(p[1], "abcdefgh", 8) == 8, "pipe");
    return p[0];
}

static int pipe_in(void)
{
    int p[2];
    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    return p[1];
}

static int unix_stream(void)
{
    int s[2];
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0, "socketpair");
    return s[0];
}

static int unix_packets(void)
{
    int s[2];
    need(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s) == 0, "socketpair");
    return s[0];
}

static int unix_fresh(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int tcp(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static int udp(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
}

static int counter(void)
{
    return eventfd(1, EFD_NONBLOCK);
}

static int set_of_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    return signalfd(-1, &none, SFD_NONBLOCK);
}

static int timer(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static int watches(void)
{
    return inotify_init1(IN_NONBLOCK);
}

static int epoll(void)
{
    return epoll_create1(0);
}

static int nameless(void)
{
    return open("folder", O_TMPFILE | O_RDWR, 0600);
}

static int nothing(void)
{
    return 999;
}

static char buf[8192] __attribute__((aligned(4096)));
static struct iovec part = {buf, 8};
static struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
static struct stat st;
static struct epoll_event event;
static struct itimerspec disarmed;
static struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
static struct sockaddr_in address = {.sin_family = AF_INET};
static struct flock shared, alone;
static sigset_t no_signals;
static socklen_t len;
static off_t at;
static int number, from, to, regular, set;

/* What the calls need besides the descriptor is as new, too: a pipe from (from) with eight bytes in
 * it, to (to). */
static int prepare(int (*make)(void))
{
    int p[2];

    need(pipe2(p, O_NONBLOCK) == 0 && write(p[1], "pipedata", 8) == 8, "pipe");
    from = p[0];
    to = p[1];
    at = 0;
    len = sizeof(address);
    set = epoll_create1(0);
    shared = (struct flock){.l_type = F_RDLCK};
    alone = (struct flock){.l_type = F_WRLCK};
    lseek(regular, 0, SEEK_SET);
    return make();
}

static void result(const char *kind, const char *call, long r, int fd)
{
    if (r == -1)
        printf("%s: %s: %s\n", kind, call, strerror(errno));
    else
        printf("%s: %s = %ld\n", kind, call, r);
    if (fd != 999)
        close(fd);
    close(from);
    close(to);
    close(set);
}

#define ON(call)                                                                                   \
    do {                                                                                           \
        int fd = prepare(make);                                                                    \
        result(kind, #call, (long)(call), fd);                                                     \
    } while (0)

/* For results that differ: addresses, numbers of descriptors, sizes of folders. */
#define WORKS(call)                                                                                \
    do {                                                                                           \
        int fd = prepare(make);                                                                    \
        result(kind, #call, (long)(call) == -1 ? -1 : 0, fd);                                      \
    } while (0)

static void transfers(const char *kind, int (*make)(void))
{
    ON(read(fd, buf, 8));
    ON(read(fd, buf, 0));
    ON(write(fd, buf, 8));
    ON(write(fd, buf, 0));
    ON(readv(fd, &part, 1));
    ON(writev(fd, &part, 1));
    ON(pread(fd, buf, 8, 0));
    ON(pwrite(fd, buf, 8, 0));
    ON(pread(fd, buf, 8, -1));
    ON(lseek(fd, 0, SEEK_CUR));
    ON(lseek(fd, 5, SEEK_SET));
    ON(lseek(fd, -5, SEEK_SET));
    WORKS(lseek(fd, 0, SEEK_END));
    ON(splice(fd, NULL, to, NULL, 8, SPLICE_F_NONBLOCK));
    ON(splice(from, NULL, fd, NULL, 8, SPLICE_F_NONBLOCK));
    ON(splice(fd, &at, to, NULL, 8, SPLICE_F_NONBLOCK));
    ON(splice(from, NULL, fd, &at, 8, SPLICE_F_NONBLOCK));
    ON(splice(fd, NULL, fd, NULL, 8, SPLICE_F_NONBLOCK));
    ON(splice(fd, NULL, regular, NULL, 8, 0));
    ON(splice(regular, NULL, fd, NULL, 8, SPLICE_F_NONBLOCK));
    ON(tee(fd, to, 8, SPLICE_F_NONBLOCK));
    ON(tee(from, fd, 8, SPLICE_F_NONBLOCK));
    ON(vmsplice(fd, &part, 1, SPLICE_F_NONBLOCK));
    ON(sendfile(fd, regular, NULL, 8));
    ON(sendfile(regular, fd, NULL, 8));
    ON(copy_file_range(fd, NULL, regular, NULL, 8, 0));
    ON(copy_file_range(regular, NULL, fd, NULL, 8, 0));
}

static int map(int fd)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static void files(const char *kind, int (*make)(void))
{
    ON(ftruncate(fd, 16));
    ON(fallocate(fd, 0, 0, 10));
    ON(fsync(fd));
    ON(fdatasync(fd));
    ON(syncfs(fd));
    ON(sync_file_range(fd, 0, 0, 1));
    ON(readahead(fd, 0, 1));
    ON(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    ON(fstat(fd, &st) ? -1 : (long)(st.st_mode & S_IFMT));
    ON(fchmod(fd, 0600));
    ON(fchown(fd, 0, 0));
    ON(futimens(fd, now));
    ON(flock(fd, LOCK_SH | LOCK_NB));
    ON(flock(fd, LOCK_EX | LOCK_NB));
    if (make != tcp) /* Linux has mappings of what comes in */
        ON(map(fd));
    WORKS(syscall(SYS_getdents64, fd, buf, 4096));
    ON(openat(fd, "x", O_RDONLY));
    ON(mkdirat(fd, "../file/x", 0));
    ON(fstatat(fd, "", &st, AT_EMPTY_PATH));
    ON(fstatat(fd, "x", &st, 0));
    ON(faccessat(fd, "x", 0, 0));
    ON(unlinkat(fd, "x", 0));
    ON(symlinkat("a", fd, "x/y"));
    ON(renameat(fd, "x", AT_FDCWD, "y"));
    ON(fgetxattr(fd, "user.x", buf, 10));
    ON(fsetxattr(fd, "user.x", "v", 1, 0));
    ON(fremovexattr(fd, "user.x"));
}

static void controls(const char *kind, int (*make)(void))
{
    ON(fcntl(fd, F_GETFL) & ~0100000);
    ON(fcntl(fd, F_GETFD));
    ON(fcntl(fd, F_SETFL, O_NONBLOCK));
    ON(fcntl(fd, F_SETLK, &shared));
    ON(fcntl(fd, F_SETLK, &alone));
    ON(fcntl(fd, F_GETLK, &alone));
    ON(fcntl(fd, F_OFD_SETLK, &shared));
    ON(fcntl(fd, F_SETOWN, 999999));
    ON(fcntl(fd, F_SETSIG, SIGIO));
    ON(fcntl(fd, F_SETLEASE, F_RDLCK));
    ON(fcntl(fd, F_SETLEASE, F_WRLCK));
    ON(fcntl(fd, F_GETLEASE));
    ON(fcntl(fd, F_GETPIPE_SZ));
    ON(fcntl(fd, F_SETPIPE_SZ, 65536));
    ON(fcntl(fd, F_ADD_SEALS, 0));
    ON(fcntl(fd, F_GET_SEALS));
    WORKS(dup(fd));
    struct pollfd p;
    ON((p = (struct pollfd){fd, 0x7ff, 0}, poll(&p, 1, 0), p.revents));
    ON(epoll_ctl(fd, EPOLL_CTL_ADD, from, &event));
    ON(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
    ON(epoll_wait(fd, &event, 1, 0));
    ON(timerfd_settime(fd, 0, &disarmed, NULL));
    ON(timerfd_gettime(fd, &disarmed));
    WORKS(signalfd(fd, &no_signals, 0));
    ON(inotify_add_watch(fd, "file", IN_OPEN));
    ON(inotify_rm_watch(fd, 1));
}

static void sockets(const char *kind, int (*make)(void))
{
    ON(bind(fd, (struct sockaddr *)&address, sizeof(address)));
    ON(connect(fd, (struct sockaddr *)&address, 1));
    ON(accept(fd, NULL, NULL));
    ON(getsockname(fd, (struct sockaddr *)&address, &len));
    address = (struct sockaddr_in){.sin_family = AF_INET};
    ON(getpeername(fd, (struct sockaddr *)&address, &len));
    address = (struct sockaddr_in){.sin_family = AF_INET};
    ON(getsockopt(fd, SOL_SOCKET, SO_TYPE, &number, &len));
    ON(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &number, sizeof(number)));
    ON(shutdown(fd, SHUT_RDWR));
    ON(send(fd, buf, 1, MSG_NOSIGNAL | MSG_DONTWAIT));
    ON(recv(fd, buf, 1, MSG_DONTWAIT));
    ON(sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
    ON(recvmsg(fd, &message, MSG_DONTWAIT));
    ON(syscall(SYS_mq_getsetattr, fd, NULL, buf));
}

int main(void)
{
    static const struct {
        const char *name;
        int (*make)(void);
    } kinds[] = {
        {"file", both},
        {"read only", reads},
        {"write only", writes},
        {"append", appends},
        {"path", path},
        {"folder", folder},
        {"folder's path", folder_path},
        {"link's path", link_path},
        {"pipe, out", pipe_out},
        {"pipe, in", pipe_in},
        {"unix stream", unix_stream},
        {"unix packets", unix_packets},
        {"unix, fresh", unix_fresh},
        {"tcp", tcp},
        {"udp", udp},
        {"eventfd", counter},
        {"signalfd", set_of_signals},
        {"timerfd", timer},
        {"inotify", watches},
        {"epoll", epoll},
        {"nameless", nameless},
        {"nothing", nothing},
    };

    enter_folder();
    signal(SIGPIPE, SIG_IGN);
    put_file("file", "0123456789abcdef");
    put_file("regular", "zzzzzzzzzzzzzzzz");
    need(mkdir("folder", 0755) == 0 && symlink("file", "link") == 0, "folder");
    need((regular = open("regular", O_RDWR)) >= 0, "regular");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        transfers(kinds[i].name, kinds[i].make);
        files(kinds[i].name, kinds[i].make);
        controls(kinds[i].name, kinds[i].make);
        sockets(kinds[i].name, kinds[i].make);
    }
    return 0;
}
