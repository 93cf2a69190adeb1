/* SPDX-License-Identifier: MIT
 *
 * inotify: which calls tell what, on directories and on files; options of watches; errors. */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include "calls.h"

static int in;
static uint32_t cookies[2];

static void drain(const char *what)
{
    static char buf[65536] __attribute__((aligned(8)));
    ssize_t n;

    printf("%s:\n", what);
    while ((n = read(in, buf, sizeof(buf))) > 0) {
        for (char *p = buf; p < buf + n;) {
            struct inotify_event *e = (struct inotify_event *)p;
            printf("  wd %d mask %x len %u %s%s\n", e->wd, e->mask, e->len, e->len ? e->name : "",
                   e->cookie ? " cookie" : "");
            if (e->cookie) {
                cookies[0] = cookies[1];
                cookies[1] = e->cookie;
            }
            p += sizeof(*e) + e->len;
        }
    }
}

static void errors(void)
{
    char buf[8];
    int n = -1;

    T(inotify_init1(1));
    T(inotify_add_watch(in, ".", 0));
    T(inotify_add_watch(in, ".", 0x00800000));
    T(inotify_add_watch(-1, ".", IN_OPEN));
    T(inotify_add_watch(-1, ".", 0));
    T(inotify_add_watch(1, ".", IN_OPEN));
    T(inotify_add_watch(in, "missing", IN_OPEN));
    T(inotify_add_watch(in, "", IN_OPEN));
    T(inotify_add_watch(in, (char *)1, IN_OPEN));
    T(inotify_add_watch(in, ".", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    T(inotify_rm_watch(in, 1));
    T(inotify_rm_watch(-1, 1));
    T(inotify_rm_watch(1, 1));
    T(read(in, buf, 8));
    T(read(in, buf, 0));
    T(write(in, buf, 8));
    T(lseek(in, 0, SEEK_SET));
    T(ioctl(in, FIONREAD, &n));
    printf("%d\n", n);
    T(fcntl(in, F_GETFL));
    T(fcntl(in, F_GETFD));
}

static void directory(void)
{
    char buf[64];

    T(mkdir("d", 0755));
    T(mkdir("e", 0755));
    T(inotify_add_watch(in, "d", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "e", IN_ALL_EVENTS | IN_ONLYDIR));
    int fd = open("d/file", O_CREAT | O_RDWR, 0644);
    drain("create");
    T(write(fd, "hello", 5));
    T(write(fd, "hello", 5));
    drain("writes");
    T(pread(fd, buf, 5, 0));
    T(read(fd, buf, 5));
    T(write(fd, "", 0));
    drain("read");
    T(ftruncate(fd, 3));
    T(posix_fallocate(fd, 0, 100));
    T(fchmod(fd, 0600));
    T(fchown(fd, 0, 0));
    T(futimens(fd, NULL));
    struct timespec times[2] = {{1, 0}, {0, UTIME_OMIT}};
    T(futimens(fd, times));
    times[1] = times[0];
    times[0].tv_nsec = UTIME_OMIT;
    T(futimens(fd, times));
    drain("attributes");
    close(fd);
    drain("close");
    close(open("d/file", O_RDONLY));
    close(open("d/file", O_PATH));
    close(open("d/file", O_WRONLY | O_TRUNC));
    T(truncate("d/file", 10));
    drain("opens");
    T(mkdir("d/sub", 0755));
    T(mkfifo("d/fifo", 0600));
    T(symlink("file", "d/link"));
    T(link("d/file", "d/hard"));
    drain("made");
    T(chmod("d/sub", 0700));
    T(close(open("d/sub", O_RDONLY)));
    DIR *dir = opendir("d");
    while (readdir(dir))
        ;
    closedir(dir);
    drain("directories");
    T(rename("d/file", "d/other"));
    drain("rename");
    IS(cookies[0] == cookies[1] && cookies[0] != 0);
    T(rename("d/other", "e/other"));
    drain("move");
    IS(cookies[0] == cookies[1]);
    T(rename("e/other", "outside"));
    T(rename("outside", "d/back"));
    drain("out and in");
    IS(cookies[0] != cookies[1]);
    T(rename("d/sub", "e/sub"));
    T(rename("d/hard", "d/hard"));
    drain("a directory");
    T(syscall(SYS_renameat2, AT_FDCWD, "d/back", AT_FDCWD, "e/sub", 2));
    drain("exchange");
    T(rename("e/sub", "d/link"));
    drain("over");
    T(unlink("d/link"));
    T(unlink("d/fifo"));
    T(rmdir("d/back"));
    T(unlink("d/missing"));
    drain("removed");
    T(inotify_rm_watch(in, 2));
    drain("no watch");
    T(rmdir("e"));
    T(unlink("d/hard"));
    drain("d/hard");
    T(rmdir("d"));
    drain("gone");
    T(inotify_rm_watch(in, 1));
}

static void file_itself(void)
{
    put_file("f", "x");
    int wd = inotify_add_watch(in, "f", IN_ALL_EVENTS);
    printf("%d\n", wd);
    T(inotify_add_watch(in, "f", IN_OPEN | IN_MASK_CREATE));
    int fd = open("f", O_RDWR);
    char c;
    T(read(fd, &c, 1));
    T(write(fd, &c, 1));
    T(close(fd));
    drain("file");
    T(link("f", "g"));
    drain("link");
    T(rename("f", "h"));
    drain("rename");
    put_file("i", "");
    T(rename("i", "h"));
    drain("overwritten");
    T(unlink("g"));
    drain("last name");
    T(mkdir("own", 0755));
    wd = inotify_add_watch(in, "own", IN_MOVE_SELF | IN_ATTRIB);
    T(chmod("own", 0700));
    T(rename("own", "own2"));
    drain("directory");
    T(inotify_rm_watch(in, wd));
    drain("its watch");
    T(rmdir("own2"));
    fd = open("k", O_CREAT | O_RDWR, 0644);
    T(inotify_add_watch(in, "k", IN_DELETE_SELF | IN_ATTRIB | IN_CLOSE));
    T(unlink("k"));
    drain("unlinked while open");
    close(fd);
    drain("closed");
}

static void options(void)
{
    int n;

    put_file("o", "x");
    T(symlink("o", "s"));
    T(inotify_add_watch(in, "o", IN_ONLYDIR | IN_OPEN));
    int wd = inotify_add_watch(in, "o", IN_OPEN);
    IS(inotify_add_watch(in, "s", IN_OPEN) == wd);
    IS(inotify_add_watch(in, "s", IN_OPEN | IN_DONT_FOLLOW) == wd + 1);
    IS(inotify_add_watch(in, "o", IN_CLOSE) == wd);
    close(open("o", O_RDONLY));
    drain("replaced");
    IS(inotify_add_watch(in, "o", IN_OPEN | IN_MASK_ADD) == wd);
    close(open("o", O_RDONLY));
    drain("added");
    T(inotify_add_watch(in, "o", IN_OPEN | IN_MASK_ADD | IN_ONESHOT) == wd);
    close(open("o", O_RDONLY));
    close(open("o", O_RDONLY));
    drain("once");
    T(inotify_rm_watch(in, wd));
    /* Equal events in a row are one. */
    wd = inotify_add_watch(in, "o", IN_OPEN);
    for (int i = 0; i < 5; i++)
        close(open("o", O_RDONLY));
    T(ioctl(in, FIONREAD, &n));
    printf("%d\n", n);
    struct pollfd p = {in, POLLIN | POLLOUT, 0};
    T(poll(&p, 1, 0));
    printf("%x\n", p.revents);
    drain("merged");
    T(poll(&p, 1, 0));
    T(inotify_rm_watch(in, wd));
    drain("ignored");
    /* Names are padded; what does not fit stays. */
    T(mkdir("n", 0755));
    wd = inotify_add_watch(in, "n", IN_CREATE);
    char name[64] = "n/";
    for (int len = 1; len <= 33; len += 8) {
        memset(name + 2, 'a', (size_t)len);
        name[2 + len] = '\0';
        put_file(name, "");
    }
    char buf[40];
    T(read(in, buf, 31));
    T(read(in, buf, 32));
    T(read(in, buf, 40));
    drain("names");
    T(inotify_rm_watch(in, wd));
    drain("end");
}

static void overflow(void)
{
    static char buf[1 << 20];
    int max = 16384, wd = inotify_add_watch(in, "o", IN_OPEN | IN_CLOSE), n;

    for (int i = 0; i < max / 2 + 10; i++)
        close(open("o", O_RDONLY));
    T(ioctl(in, FIONREAD, &n));
    IS(n >= max * 16);
    ssize_t r, total = 0;
    struct inotify_event last = {0};
    while ((r = read(in, buf, sizeof(buf))) > 0) {
        total += r;
        memcpy(&last, buf + r - sizeof(last), sizeof(last));
    }
    IS(total == n);
    printf("%d %x\n", last.wd, last.mask);
    T(inotify_rm_watch(in, wd));
    drain("after");
}

int main(void)
{
    enter_folder();
    in = (int)T(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    errors();
    directory();
    file_itself();
    options();
    overflow();
    T(close(in));
    put_file("o", "y");
    return 0;
}
