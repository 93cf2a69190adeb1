/* SPDX-License-Identifier: MIT
 *
 * FIFOs: opening their ends in every order that does not block for ever, and what is ready when. */
#include <poll.h>
#include <signal.h>
#include "calls.h"

static void ready(const char *what, int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    int n = poll(&p, 1, 0);

    printf("%s: %d%s%s%s%s\n", what, n, p.revents & POLLIN ? " in" : "",
           p.revents & POLLOUT ? " out" : "", p.revents & POLLHUP ? " hup" : "",
           p.revents & POLLERR ? " err" : "");
}

int main(void)
{
    char buf[100];
    struct stat st;

    setbuf(stdout, NULL);
    signal(SIGPIPE, SIG_IGN);
    T(mkfifo("f", 0644));
    T(mkfifo("f", 0644));
    T(lstat("f", &st));
    printf("%o %ld\n", st.st_mode, (long)st.st_size);
    T(open("f", O_WRONLY | O_NONBLOCK));
    int r = (int)T(open("f", O_RDONLY | O_NONBLOCK));
    ready("no writer yet", r);
    T(read(r, buf, sizeof(buf)));
    int w = (int)T(open("f", O_WRONLY));
    ready("writer", w);
    ready("empty", r);
    T(read(r, buf, sizeof(buf)));
    T(write(w, "12345", 5));
    ready("filled", r);
    T(read(r, buf, 3));
    T(close(w));
    ready("writer gone", r);
    T(read(r, buf, sizeof(buf)));
    ready("emptied", r);
    T(read(r, buf, sizeof(buf)));
    w = (int)T(open("f", O_WRONLY | O_NONBLOCK));
    ready("new writer", r);
    T(close(r));
    ready("reader gone", w);
    T(write(w, "x", 1));
    T(close(w));
    int both = (int)T(open("f", O_RDWR));
    T(write(both, "self", 4));
    T(read(both, buf, sizeof(buf)));
    ready("both ends", both);
    T(lseek(both, 0, SEEK_SET));
    T(ftruncate(both, 0));
    T(truncate("f", 0));
    T(open("f", O_RDONLY | O_DIRECTORY));
    T(unlink("f"));
    T(write(both, "still", 5));
    T(read(both, buf, sizeof(buf)));
    T(close(both));
    T(mknod("m", S_IFIFO | 0600, 0));
    T(mknod("r", S_IFREG | 0600, 0));
    T(mknod("s", S_IFSOCK | 0600, 0));
    T(open("s", O_RDWR));
    T(mknod("d", S_IFDIR | 0700, 0));
    T(mknod("m/x", S_IFREG | 0600, 0));
    return 0;
}
