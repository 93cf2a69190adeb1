/* SPDX-License-Identifier: MIT
 *
 * Pipes: capacity, end of file, non-blocking ends, broken pipes. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include "calls.h"

static volatile sig_atomic_t broken;

static void on_pipe(int sig)
{
    (void)sig;
    broken++;
}

static void plain(void)
{
    int p[2];
    char buf[16] = "";
    struct stat st;

    T(pipe(p));
    printf("%d %d\n", p[0], p[1]);
    T(write(p[1], "hello", 5));
    T(read(p[0], buf, 2));
    T(write(p[1], "!", 1));
    T(read(p[0], buf, sizeof(buf)));
    printf("%s\n", buf);
    T(read(p[1], buf, 1));
    T(write(p[0], buf, 1));
    T(write(p[1], buf, 0));
    T(fstat(p[0], &st));
    IS(S_ISFIFO(st.st_mode));
    T(pread(p[0], buf, 1, 0));
    T(ftruncate(p[1], 0));
    T(fsync(p[1]));
    int waiting = -1;
    T(write(p[1], "abc", 3));
    T(ioctl(p[0], FIONREAD, &waiting));
    printf("waiting %d\n", waiting);
    T(close(p[1]));
    T(read(p[0], buf, sizeof(buf)));
    T(read(p[0], buf, sizeof(buf)));
    T(close(p[0]));
}

static void nonblocking(void)
{
    int p[2];
    static char page[4096];
    char one;

    T(pipe2(p, O_NONBLOCK | O_CLOEXEC));
    T(fcntl(p[0], F_GETFD));
    T(fcntl(p[1], F_GETFL) & O_NONBLOCK);
    T(read(p[0], &one, 1));
    int pages = 0;
    while (write(p[1], page, sizeof(page)) == sizeof(page))
        pages++;
    printf("%d pages, then %s\n", pages, strerror(errno));
    T(write(p[1], &one, 1));
    T(fcntl(p[1], F_GETPIPE_SZ));
    T(read(p[0], page, sizeof(page)));
    T(write(p[1], page, sizeof(page)));
    T(read(p[0], page, 1000));
    T(write(p[1], page, 4096));
    struct pollfd f[2] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}};
    T(poll(f, 2, 0));
    printf("%x %x\n", f[0].revents, f[1].revents);
    T(pipe2(p, 0x40000000));
    close(p[0]);
    close(p[1]);
}

static void breaking(void)
{
    int p[2];
    T(pipe(p));
    T(close(p[0]));
    signal(SIGPIPE, on_pipe);
    T(write(p[1], "x", 1));
    printf("signals %d\n", broken);
    signal(SIGPIPE, SIG_IGN);
    T(write(p[1], "x", 1));
    T(write(p[1], "x", 0));
    printf("signals %d\n", broken);
    struct pollfd f = {p[1], POLLOUT, 0};
    T(poll(&f, 1, 0));
    printf("%x\n", f.revents);
    close(p[1]);
}

/* By its link in /proc, a pipe without a name is opened at once, whoever has the other end. */
static void again(void)
{
    char buf[8] = "", link[40];
    int p[2];

    T(pipe(p));
    T(write(p[1], "left", 4));
    close(p[1]);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", p[0]);
    int rd = open(link, O_RDONLY);
    close(p[0]);
    T(read(rd, buf, sizeof(buf)));
    T(read(rd, buf, sizeof(buf)));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", rd);
    int wr = open(link, O_WRONLY | O_NONBLOCK);
    T(write(wr, "more", 4));
    T(read(rd, buf, sizeof(buf)));
    close(rd);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", wr);
    int alone = open(link, O_WRONLY);
    IS(alone >= 0);
    close(alone);
    close(wr);
}

static void named(void)
{
    char buf[8] = "";
    struct stat st;
    T(mkfifo("fifo", 0640));
    T(mkfifo("fifo", 0640));
    T(stat("fifo", &st));
    printf("%o\n", st.st_mode);
    T(open("fifo", O_WRONLY | O_NONBLOCK));
    int rd = (int)T(open("fifo", O_RDONLY | O_NONBLOCK));
    T(read(rd, buf, 1));
    int wr = (int)T(open("fifo", O_WRONLY));
    T(read(rd, buf, 1));
    T(write(wr, "data", 4));
    T(unlink("fifo"));
    T(read(rd, buf, sizeof(buf)));
    printf("%s\n", buf);
    T(close(wr));
    T(read(rd, buf, 1));
    close(rd);
}

int main(void)
{
    enter_folder();
    plain();
    nonblocking();
    breaking();
    again();
    named();
    return 0;
}
