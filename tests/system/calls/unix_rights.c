/* SPDX-License-Identifier: MIT
 *
 * Descriptors and credentials in control messages. */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "sockets.h"

static void pair(int type, int s[2])
{
    need(socketpair(AF_UNIX, type, 0, s) == 0, "pair");
}

/* Adds a control message to the (len) bytes in (buf); returns the new length. */
static size_t add(char *buf, size_t len, int level, int type, const void *data, size_t n)
{
    struct cmsghdr h = {0};

    h.cmsg_len = CMSG_LEN(n);
    h.cmsg_level = level;
    h.cmsg_type = type;
    memcpy(buf + len, &h, sizeof(h));
    if (n)
        memcpy(buf + len + CMSG_LEN(0), data, n);
    return len + CMSG_SPACE(n);
}

/* By the system call itself: libc's sendmsg copies control messages first. */
static ssize_t send_control(int fd, const char *text, const void *control, size_t len)
{
    struct iovec iov = {(void *)text, strlen(text)};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    m.msg_control = (void *)control;
    m.msg_controllen = (socklen_t)len;
    return syscall(SYS_sendmsg, fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t send_fds(int fd, const char *text, const int *fds, size_t n)
{
    static char buf[CMSG_SPACE(300 * sizeof(int))];

    return send_control(fd, text, buf, add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int)));
}

static int got[300], got_count;

/* Receives with (room) bytes for control messages, and prints everything. */
static void receive_control(int fd, size_t bytes, size_t room, int flags)
{
    static char buf[2048], control[CMSG_SPACE(300 * sizeof(int))];
    struct iovec iov = {buf, bytes};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};

    m.msg_controllen = (socklen_t)room;
    if (room == 0)
        m.msg_control = NULL;
    got_count = 0;
    ssize_t n = recvmsg(fd, &m, flags | MSG_DONTWAIT);
    if (n < 0) {
        printf("receive: %s\n", strerror(errno));
        return;
    }
    printf("receive %zd \"%.*s\" flags %x control %u:", n, (int)(n < 30 ? n : 30), buf,
           (unsigned)m.msg_flags, (unsigned)m.msg_controllen);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf(" [%u %d %d", (unsigned)c->cmsg_len, c->cmsg_level, c->cmsg_type);
        if (c->cmsg_type == SCM_RIGHTS && c->cmsg_level == SOL_SOCKET) {
            int more = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(got + got_count, CMSG_DATA(c), (size_t)more * sizeof(int));
            got_count += more;
            printf(": %d files", more);
        } else if (c->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
            struct ucred u;
            memcpy(&u, CMSG_DATA(c), sizeof(u));
            printf(": %s %u %u", u.pid == getpid() ? "me" : u.pid ? "other" : "none", u.uid, u.gid);
        }
        printf("]");
    }
    printf("\n");
}

static void close_got(void)
{
    for (int i = 0; i < got_count; i++)
        close(got[i]);
}

/* How many descriptors are open. */
static int count_open(void)
{
    int n = 0;
    for (int fd = 0; fd < 700; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static int open_at_start;

static void passing(int type)
{
    int s[2], p[2];
    char buf[16] = "";

    printf("-- passing %d\n", type);
    pair(type, s);
    need(pipe(p) == 0, "pipe");
    T(send_fds(s[0], "a", &p[1], 1));
    close(p[1]);
    int n = 0;
    struct pollfd poll_in = {p[0], POLLIN, 0};
    T(poll(&poll_in, 1, 0));
    receive_control(s[1], 10, 100, 0);
    T(write(got[0], "through", 7));
    T(read(p[0], buf, 16));
    T(fcntl(got[0], F_GETFD));
    close_got();
    T(read(p[0], buf, 16));
    T(send_fds(s[0], "b", &p[0], 1));
    receive_control(s[1], 10, 100, MSG_CMSG_CLOEXEC);
    T(fcntl(got[0], F_GETFD));
    close_got();
    /* The same open file: one offset. */
    put_file("f", "0123456789");
    int f = open("f", O_RDONLY), three[3] = {f, f, p[0]};
    T(send_fds(s[0], "c", three, 3));
    receive_control(s[1], 10, 100, 0);
    T(read(got[0], buf, 3));
    T(read(got[1], buf, 3));
    T(read(f, buf, 3));
    printf("%.3s\n", buf);
    close_got();
    int path = open("f", O_PATH);
    T(send_fds(s[0], "d", &path, 1));
    receive_control(s[1], 10, 100, 0);
    T(fcntl(got[0], F_GETFL) & O_PATH);
    close_got();
    close(path), close(f);
    /* Peeked at twice, then received: three new descriptors. */
    T(send_fds(s[0], "e", &p[0], 1));
    receive_control(s[1], 10, 100, MSG_PEEK);
    close_got();
    receive_control(s[1], 10, 100, MSG_PEEK);
    close_got();
    receive_control(s[1], 10, 100, 0);
    close_got();
    T(ioctl(s[1], FIONREAD, &n));
    close(p[0]);
    close(s[0]), close(s[1]);
    printf("%d open\n", count_open() - open_at_start);
}

static void cutting(void)
{
    int s[2], p[2], fds[4];

    printf("-- cutting\n");
    pair(SOCK_DGRAM, s);
    need(pipe(p) == 0, "pipe");
    for (int i = 0; i < 4; i++)
        fds[i] = p[i % 2];
    static const size_t rooms[] = {0, 1, 15, 16, 17, 19, 20, 21, 24, 27, 28, 32, 100};
    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
        send_fds(s[0], "x", fds, 4);
        printf("%zu: ", rooms[i]);
        receive_control(s[1], 10, rooms[i], 0);
        close_got();
    }
    send_fds(s[0], "read", fds, 4);
    char buf[10];
    T(read(s[1], buf, 10));
    send_fds(s[0], "recv", fds, 4);
    T(recv(s[1], buf, 10, 0));
    struct rlimit few, old;
    getrlimit(RLIMIT_NOFILE, &old);
    few = old;
    few.rlim_cur = (rlim_t)p[1] + 3;
    setrlimit(RLIMIT_NOFILE, &few);
    send_fds(s[0], "few", fds, 4);
    receive_control(s[1], 10, 100, 0);
    close_got();
    setrlimit(RLIMIT_NOFILE, &old);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]);
    printf("%d open\n", count_open() - open_at_start);
}

static void wrong(void)
{
    int s[2], fds[300];
    char buf[4096];
    struct cmsghdr h = {0};

    printf("-- wrong\n");
    pair(SOCK_STREAM, s);
    for (int i = 0; i < 300; i++)
        fds[i] = s[0];
    T(send_fds(s[0], "x", fds, 0));
    receive_control(s[1], 10, 100, 0);
    T(send_fds(s[0], "x", fds, 254));
    T(send_fds(s[0], "x", fds, 253));
    receive_control(s[1], 10, sizeof(buf) / 2, 0);
    close_got();
    fds[1] = 333;
    T(send_fds(s[0], "x", fds, 2));
    fds[1] = -1;
    T(send_fds(s[0], "x", fds, 2));
    fds[1] = s[0];
    size_t len = add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, 8);
    len = add(buf, len, SOL_SOCKET, SCM_RIGHTS, fds, 12);
    T(send_control(s[0], "two", buf, len));
    receive_control(s[1], 10, 200, 0);
    close_got();
    len = add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, 600);
    len = add(buf, len, SOL_SOCKET, SCM_RIGHTS, fds, 600);
    T(send_control(s[0], "many", buf, len));
    len = add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, 4);
    T(send_control(s[0], "short", buf, len - 5));
    T(send_control(s[0], "15", buf, 15));
    receive_control(s[1], 10, 200, 0);
    T(send_control(s[0], "16", buf, 16));
    T(send_control(s[0], "exact", buf, CMSG_LEN(4)));
    receive_control(s[1], 10, 200, 0);
    close_got();
    static const unsigned lengths[] = {0, 1, 15, 16, 17, 19, 23, 0x7fffffff, 0xfffffff0};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        h = (struct cmsghdr){0};
        h.cmsg_len = lengths[i];
        h.cmsg_level = SOL_SOCKET;
        h.cmsg_type = SCM_RIGHTS;
        memset(buf, 0, 64);
        memcpy(buf, &h, sizeof(h));
        printf("length %u: ", lengths[i]);
        T(send_control(s[0], "x", buf, 24));
        receive_control(s[1], 10, 200, 0);
        close_got();
    }
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, 77, fds, 4)));
    T(send_control(s[0], "x", buf, add(buf, 0, 6, SCM_RIGHTS, fds, 4)));
    receive_control(s[1], 10, 200, 0);
    /* A bad one behind a good one. */
    len = add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, 4);
    len = add(buf, len, SOL_SOCKET, 77, fds, 4);
    T(send_control(s[0], "x", buf, len));
    T(send_control(s[0], "", buf, add(buf, 0, SOL_SOCKET, SCM_RIGHTS, fds, 4)));
    receive_control(s[1], 10, 200, 0);
    close(s[1]);
    T(send_fds(s[0], "x", fds, 2));
    close(s[0]);
    printf("%d open\n", count_open() - open_at_start);
}

/* Files end what a read of a stream takes. */
static void streams(void)
{
    int s[2], p[2];

    printf("-- streams\n");
    pair(SOCK_STREAM, s);
    need(pipe(p) == 0, "pipe");
    T(write(s[0], "ab", 2));
    T(send_fds(s[0], "cd", &p[0], 1));
    T(write(s[0], "ef", 2));
    T(send_fds(s[0], "gh", &p[1], 1));
    T(send_fds(s[0], "ij", p, 2));
    T(write(s[0], "kl", 2));
    receive_control(s[1], 1, 100, 0);
    receive_control(s[1], 100, 100, MSG_PEEK);
    close_got();
    receive_control(s[1], 2, 100, 0);
    close_got();
    receive_control(s[1], 2, 100, 0);
    close_got();
    receive_control(s[1], 100, 100, 0);
    close_got();
    receive_control(s[1], 1, 100, 0);
    close_got();
    receive_control(s[1], 100, 100, MSG_WAITALL);
    close_got();
    receive_control(s[1], 100, 100, 0);
    close(s[0]), close(s[1]), close(p[0]), close(p[1]);
    printf("%d open\n", count_open() - open_at_start);
}

static void credentials(int type)
{
    int s[2];
    char buf[200];
    struct ucred me = {getpid(), getuid(), getgid()}, u;
    size_t len;

    printf("-- credentials %d\n", type);
    pair(type, s);
    T(write(s[0], "before", 6));
    T(set_option(s[1], SO_PASSCRED, 1));
    T(option(s[1], SO_PASSCRED));
    T(write(s[0], "after", 5));
    T(set_option(s[1], SO_PASSCRED, 0));
    T(set_option(s[0], SO_PASSCRED, 1));
    T(write(s[0], "sender", 6));
    T(set_option(s[0], SO_PASSCRED, 0));
    T(set_option(s[1], SO_PASSCRED, 1));
    receive_control(s[1], 100, 100, 0);
    receive_control(s[1], 100, 100, 0);
    receive_control(s[1], 100, 100, 0);
    T(set_option(s[1], SO_PASSCRED, 0));
    len = add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &me, sizeof(me));
    T(send_control(s[0], "explicit", buf, len));
    T(set_option(s[1], SO_PASSCRED, 1));
    receive_control(s[1], 100, 100, MSG_PEEK);
    receive_control(s[1], 100, 20, MSG_PEEK);
    receive_control(s[1], 100, 16, MSG_PEEK);
    receive_control(s[1], 100, 15, MSG_PEEK);
    receive_control(s[1], 100, 0, 0);
    len = add(buf, len, SOL_SOCKET, SCM_RIGHTS, &s[0], sizeof(int));
    T(send_control(s[0], "both", buf, len));
    receive_control(s[1], 100, 100, MSG_PEEK);
    close_got();
    receive_control(s[1], 100, 36, 0);
    close_got();
    u = me;
    u.pid = 99999999;
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u))));
    u = me;
    u.uid = 1234;
    u.gid = 4321;
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u))));
    receive_control(s[1], 100, 100, 0);
    u.uid = (uid_t)-1;
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u))));
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &me, 8)));
    T(send_control(s[0], "x", buf, add(buf, 0, SOL_SOCKET, SCM_CREDENTIALS, &me, 16)));
    close(s[0]);
    receive_control(s[1], 100, 100, 0);
    close(s[1]);
}

static void peers(void)
{
    struct ucred u = {7, 7, 7};
    socklen_t len = sizeof(u);
    int s[2], d = socket(AF_UNIX, SOCK_DGRAM, 0), l = socket(AF_UNIX, SOCK_STREAM, 0), c, a;

    T(getsockopt(d, SOL_SOCKET, SO_PEERCRED, &u, &len));
    printf("%d %d %d %u\n", u.pid, (int)u.uid, (int)u.gid, len);
    T(getsockopt(l, SOL_SOCKET, SO_PEERCRED, &u, &len));
    printf("%d %d %d %u\n", u.pid, (int)u.uid, (int)u.gid, len);
    pair(SOCK_DGRAM, s);
    T(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
    IS(u.pid == getpid() && u.uid == geteuid() && u.gid == getegid());
    len = 6;
    memset(&u, 0, sizeof(u));
    T(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
    printf("%u\n", len);
    T(setsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, sizeof(u)));
    T(bind_to(l, "cred"));
    T(listen(l, 1));
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    T(connect_to(c, "cred"));
    a = accept(l, NULL, NULL);
    len = sizeof(u);
    T(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &u, &len));
    IS(u.pid == getpid());
    T(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &u, &len));
    IS(u.pid == getpid());
    close(a), close(c), close(l), close(d), close(s[0]), close(s[1]);
}

/* Sockets in their own queues, in each other's, and in the queues of connections that nobody
 * accepts: a pipe's end that goes the same way shows when they are gone. */
static void cycles(void)
{
    int a[2], b[2], p[2], two[2], l;
    char c;

    printf("-- cycles\n");
    need(pipe(p) == 0, "pipe");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    pair(SOCK_STREAM, a);
    two[0] = a[0], two[1] = p[1];
    T(send_fds(a[1], "self", two, 2));
    close(p[1]);
    T(read(p[0], &c, 1));
    close(a[0]);
    close(a[1]);
    pair(SOCK_STREAM, b);
    close(b[0]), close(b[1]);
    usleep(100000);
    T(read(p[0], &c, 1));
    close(p[0]);

    need(pipe(p) == 0, "pipe");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    pair(SOCK_DGRAM, a);
    pair(SOCK_SEQPACKET, b);
    two[0] = a[0], two[1] = p[1];
    T(send_fds(b[1], "into b", two, 2));
    T(send_fds(a[1], "into a", &b[0], 1));
    close(p[1]), close(a[0]), close(b[0]);
    /* Still reachable: through a new descriptor. */
    T(read(p[0], &c, 1));
    close(a[1]), close(b[1]);
    pair(SOCK_STREAM, b);
    close(b[0]), close(b[1]);
    usleep(100000);
    T(read(p[0], &c, 1));
    close(p[0]);

    /* Not a cycle: a chain from an open one. */
    need(pipe(p) == 0, "pipe");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    pair(SOCK_STREAM, a);
    pair(SOCK_STREAM, b);
    T(send_fds(b[1], "p", &p[1], 1));
    T(send_fds(a[1], "b", &b[0], 1));
    close(p[1]), close(b[0]), close(b[1]);
    T(read(p[0], &c, 1));
    receive_control(a[0], 10, 100, 0);
    int inner = got[0];
    receive_control(inner, 10, 100, 0);
    T(write(got[0], "!", 1));
    T(read(p[0], &c, 1));
    close(got[0]), close(inner), close(a[0]), close(a[1]);
    T(read(p[0], &c, 1));
    close(p[0]);

    /* A listening socket that is in the queue of a connection to itself. */
    need(pipe(p) == 0, "pipe");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    l = socket(AF_UNIX, SOCK_STREAM, 0);
    T(bind_to(l, "cycle"));
    T(listen(l, 5));
    int con = socket(AF_UNIX, SOCK_STREAM, 0);
    T(connect_to(con, "cycle"));
    two[0] = l, two[1] = p[1];
    T(send_fds(con, "l", two, 2));
    close(p[1]), close(l);
    T(read(p[0], &c, 1));
    close(con);
    pair(SOCK_STREAM, b);
    close(b[0]), close(b[1]);
    usleep(100000);
    T(read(p[0], &c, 1));
    close(p[0]);

    /* A long chain, each in the queue of the next, all dropped at once. */
    need(pipe(p) == 0, "pipe");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    int held = p[1];
    for (int i = 0; i < 400; i++) {
        pair(SOCK_DGRAM, a);
        need(send_fds(a[1], "x", &held, 1) == 1, "chain");
        close(held), close(a[1]);
        held = a[0];
    }
    T(read(p[0], &c, 1));
    close(held);
    usleep(100000);
    T(read(p[0], &c, 1));
    close(p[0]);
    printf("%d open\n", count_open() - open_at_start);
}

int main(void)
{
    static const int types[3] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

    enter_folder();
    open_at_start = count_open();
    for (int i = 0; i < 3; i++) {
        passing(types[i]);
        credentials(types[i]);
    }
    cutting();
    wrong();
    streams();
    peers();
    cycles();
    return 0;
}
