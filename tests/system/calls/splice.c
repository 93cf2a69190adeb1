/* SPDX-License-Identifier: MIT
 *
 * splice, tee and vmsplice between pipes and files, and packet pipes. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include "calls.h"

static char big[200000];

static int waiting(int fd)
{
    int n = -1;
    ioctl(fd, FIONREAD, &n);
    return n;
}

static void drain(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (read(fd, big, sizeof(big)) > 0)
        ;
    fcntl(fd, F_SETFL, flags);
}

static void errors(void)
{
    int p[2], q[2];
    loff_t zero = 0, negative = -1;

    need(pipe(p) == 0 && pipe(q) == 0, "pipe");
    put_file("f", "hello");
    int f = open("f", O_RDWR), append = open("f", O_WRONLY | O_APPEND), dir = open(".", O_RDONLY);
    int path = open("f", O_PATH);
    T(splice(-1, NULL, -1, NULL, 0, 0x100));
    T(splice(-1, NULL, p[1], NULL, 1, 0x100));
    T(splice(-1, NULL, p[1], NULL, 1, 0));
    T(splice(path, NULL, p[1], NULL, 1, 0));
    T(splice(f, NULL, -1, NULL, 1, 0));
    T(splice(f, NULL, append, NULL, 1, 0));
    T(splice(p[0], &zero, q[1], NULL, 1, 0));
    T(splice(f, &zero, p[1], &zero, 1, 0));
    T(splice(p[0], NULL, p[1], NULL, 1, 0));
    T(splice(p[1], NULL, q[1], NULL, 1, 0));
    T(splice(p[0], NULL, q[0], NULL, 1, 0));
    T(splice(f, &negative, p[1], NULL, 1, 0));
    T(splice(append, NULL, p[1], NULL, 1, 0));
    T(splice(dir, NULL, p[1], NULL, 1, 0));
    T(splice(f, (loff_t *)1, p[1], NULL, 1, 0));
    T(write(p[1], "ab", 2));
    T(splice(p[0], NULL, append, NULL, 1, 0));
    T(tee(p[0], p[1], 1, 0));
    T(tee(f, p[1], 1, 0));
    T(tee(p[0], f, 1, 0));
    T(tee(p[1], q[1], 1, 0));
    T(tee(-1, -1, 0, 0));
    T(tee(-1, -1, 1, 0x100));
    T(tee(-1, q[1], 1, 0));
    struct iovec v = {"xyz", 3}, bad = {(void *)1, 5}, huge = {big, (size_t)-1};
    T(vmsplice(f, &v, 1, 0));
    T(vmsplice(-1, &v, 1, 0));
    T(vmsplice(p[1], &v, 0, 0));
    T(vmsplice(p[1], &v, 1, 0x100));
    T(vmsplice(p[1], (struct iovec *)1, 1, 0));
    T(vmsplice(p[1], &v, 2000, 0));
    T(vmsplice(p[1], &bad, 1, 0));
    T(vmsplice(p[1], &huge, 1, 0));
    close(p[0]);
    close(p[1]);
    close(q[0]);
    close(q[1]);
    close(f);
    close(append);
    close(dir);
    close(path);
}

static void files(void)
{
    int p[2];
    loff_t off = 1;

    need(pipe(p) == 0, "pipe");
    put_file("f", "hello, world");
    int f = open("f", O_RDWR);
    T(splice(f, NULL, p[1], NULL, 5, 0));
    T(lseek(f, 0, SEEK_CUR));
    T(splice(f, &off, p[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE));
    T(off);
    T(lseek(f, 0, SEEK_CUR));
    T(splice(f, &off, p[1], NULL, 100, 0));
    T(waiting(p[0]));
    close(f);
    /* Not the same file: Linux splices its pages, not their bytes. */
    f = open("g", O_CREAT | O_RDWR, 0644);
    off = 20;
    T(splice(p[0], NULL, f, &off, 7, 0));
    T(off);
    T(splice(p[0], NULL, f, NULL, 100, 0));
    T(lseek(f, 0, SEEK_CUR));
    show_file("g");
    T(splice(p[0], NULL, f, NULL, 1, SPLICE_F_NONBLOCK));
    T(fcntl(p[0], F_SETFL, O_NONBLOCK));
    T(splice(p[0], NULL, f, NULL, 1, 0));
    int null = open("/dev/null", O_WRONLY);
    T(write(p[1], "abc", 3));
    T(splice(p[0], NULL, null, NULL, 2, 0));
    T(waiting(p[0]));
    close(p[1]);
    T(splice(p[0], NULL, f, NULL, 9, 0));
    T(splice(p[0], NULL, f, NULL, 9, 0));
    close(p[0]);

    /* More than a pipe holds. */
    memset(big, 'b', sizeof(big));
    int long_file = open("long", O_CREAT | O_RDWR, 0644);
    T(write(long_file, big, sizeof(big)));
    need(pipe(p) == 0, "pipe");
    off = 0;
    T(splice(long_file, &off, p[1], NULL, sizeof(big), 0));
    T(off);
    T(splice(long_file, &off, p[1], NULL, sizeof(big), SPLICE_F_NONBLOCK));
    T(splice(p[0], NULL, null, NULL, 10000, 0));
    T(splice(long_file, &off, p[1], NULL, sizeof(big), SPLICE_F_NONBLOCK));
    T(splice(p[0], NULL, null, NULL, sizeof(big), 0));
    close(p[0]);
    close(p[1]);
    close(f);
    close(long_file);
    close(null);
}

static void pipes(void)
{
    int p[2], q[2];
    char buf[32] = "";

    need(pipe(p) == 0 && pipe(q) == 0, "pipe");
    T(write(p[1], "hello, world", 12));
    T(tee(p[0], q[1], 5, 0));
    T(waiting(p[0]));
    T(waiting(q[0]));
    T(splice(p[0], NULL, q[1], NULL, 3, 0));
    T(splice(p[0], NULL, q[1], NULL, 100, 0));
    T(read(q[0], buf, sizeof(buf)));
    printf("%s\n", buf);
    T(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
    T(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK));
    struct iovec v[2] = {{"one", 3}, {"two", 3}}, to[2] = {{buf, 2}, {buf + 5, 9}};
    T(vmsplice(p[1], v, 2, 0));
    memset(buf, 0, sizeof(buf));
    T(vmsplice(p[0], to, 2, 0));
    printf("%s %s\n", buf, buf + 5);
    T(vmsplice(p[0], to, 2, SPLICE_F_NONBLOCK));
    while (write(q[1], big, 4096) == 4096 && waiting(q[0]) < 65536)
        ;
    T(write(p[1], "x", 1));
    T(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
    T(tee(p[0], q[1], 1, SPLICE_F_NONBLOCK));
    T(vmsplice(q[1], v, 2, SPLICE_F_NONBLOCK));
    close(p[1]);
    drain(p[0]);
    T(splice(p[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
    drain(q[0]);
    T(splice(p[0], NULL, q[1], NULL, 1, 0));
    T(tee(p[0], q[1], 1, 0));
    close(p[0]);
    close(q[0]);
    close(q[1]);
}

static void packets(void)
{
    int p[2];
    static char buf[10000];

    T(pipe2(p, O_DIRECT | O_NONBLOCK));
    T(fcntl(p[1], F_GETFL));
    T(write(p[1], "one", 3));
    T(write(p[1], "three", 5));
    T(waiting(p[0]));
    T(read(p[0], buf, 2));
    T(read(p[0], buf, 100));
    T(write(p[1], big, 5000));
    T(read(p[0], buf, sizeof(buf)));
    T(read(p[0], buf, sizeof(buf)));
    int n = 0;
    while (write(p[1], "x", 1) == 1)
        n++;
    T(n);
    T(read(p[0], buf, sizeof(buf)));
    T(fcntl(p[1], F_SETFL, O_NONBLOCK));
    T(write(p[1], "yy", 2));
    T(write(p[1], "zz", 2));
    for (int i = 0; i < 15; i++)
        need(read(p[0], buf, 100) == 1, "read");
    T(read(p[0], buf, 100));
    T(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    T(write(p[1], "a", 1));
    T(fcntl(p[1], F_SETFL, O_NONBLOCK));
    T(write(p[1], "b", 1));
    T(write(p[1], "c", 1));
    T(read(p[0], buf, 100));
    T(read(p[0], buf, 100));
    close(p[0]);
    close(p[1]);
}

/* What counts is pages: how writes of odd sizes fill a pipe. */
static void sizes(void)
{
    int p[2];
    static const int writes[] = {1, 100, 4095, 4096, 4097, 5000, 10000, 70000};
    static char one[1];

    need(pipe2(p, O_NONBLOCK) == 0, "pipe");
    for (unsigned i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
        long total = 0, r, last = 0, n = 0;
        while ((r = write(p[1], big, (size_t)writes[i])) > 0) {
            total += last = r;
            n++;
        }
        printf("%d: %ld writes, %ld bytes, the last %ld\n", writes[i], n, total, last);
        struct pollfd f = {p[1], POLLOUT, 0};
        T(poll(&f, 1, 0));
        T(read(p[0], one, 1));
        T(poll(&f, 1, 0));
        T(write(p[1], one, 1));
        T(read(p[0], big, 4096));
        T(poll(&f, 1, 0));
        T(write(p[1], big, 4096));
        drain(p[0]);
    }
    T(fcntl(p[0], F_SETPIPE_SZ, 0));
    T(fcntl(p[0], F_SETPIPE_SZ, 4097));
    T(fcntl(p[1], F_GETPIPE_SZ));
    T(write(p[1], big, 20000));
    T(fcntl(p[0], F_SETPIPE_SZ, 4096));
    T(fcntl(p[0], F_SETPIPE_SZ, 100000));
    T(write(p[1], big, 200000));
    T(fcntl(p[0], F_SETPIPE_SZ, 65536));
    T(fcntl(p[0], F_SETPIPE_SZ, 0x90000000));
    T(pipe2(p, O_EXCL));
    T(ioctl(p[0], FIONREAD, NULL));
}

int main(void)
{
    enter_folder();
    errors();
    files();
    pipes();
    packets();
    sizes();
    return 0;
}
