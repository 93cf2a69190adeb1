/* SPDX-License-Identifier: MIT
 *
 * What the programs on pseudo-terminals share. Linux moves characters from one end to the other
 * behind the program's back, but has done so before poll or read find nothing. */
#ifndef TERMINALS_H
#define TERMINALS_H

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include "calls.h"

static int m, s; /* the two ends */
static char slave_name[32];

static inline void open_pair(void)
{
    int n, off = 0;

    m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    need(m >= 0 && ioctl(m, TIOCGPTN, &n) == 0 && ioctl(m, TIOCSPTLCK, &off) == 0, "/dev/ptmx");
    snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
    s = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    need(s >= 0, slave_name);
}

static inline int ready(int fd)
{
    struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};

    return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static inline void settle(void)
{
    for (int i = 0; i < 2; i++) {
        ready(s);
        ready(m);
    }
}

static inline void show(const char *what, const char *bytes, long n)
{
    printf("%s: ", what);
    if (n < 0)
        printf("%s", strerror(errno));
    for (long i = 0; i < n && i < 100; i++)
        if (bytes[i] > 32 && bytes[i] < 127 && bytes[i] != '\\')
            putchar(bytes[i]);
        else
            printf("\\%02x", (unsigned char)bytes[i]);
    printf(" (%ld)\n", n);
}

/* Reads at most (n) bytes, and prints what came: a line of the slave, all that is there of the
 * master, which may come in parts. */
static inline void get(const char *what, int fd, size_t n)
{
    static char buf[16384];
    size_t len = 0;
    int packets = 0;
    ssize_t got;

    settle();
    ioctl(m, TIOCGPKT, &packets);
    do {
        got = read(fd, buf + len, n - len);
        len += got > 0 ? (size_t)got : 0;
    } while (fd == m && !packets && got > 0 && len < n);
    show(what, buf, len > 0 ? (ssize_t)len : got);
}

static inline void put(int fd, const char *text)
{
    size_t n = strlen(text);

    need(write(fd, text, n) == (ssize_t)n, text);
}

/* What arrives at both ends. */
static inline void both(const char *what)
{
    printf("%s\n", what);
    get("  slave", s, 200);
    get("  master", m, 200);
}

static inline struct termios modes(void)
{
    struct termios t;

    need(tcgetattr(s, &t) == 0, "tcgetattr");
    return t;
}

/* Prints the signals that are pending, all being blocked. */
static inline void signals(const char *after)
{
    static const struct timespec none;
    sigset_t all;

    sigfillset(&all);
    printf("%s:", after);
    for (int sig; (sig = sigtimedwait(&all, NULL, &none)) > 0;)
        printf(" %s", strsignal(sig));
    puts("");
}

#endif
