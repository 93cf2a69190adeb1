/* SPDX-License-Identifier: MIT
 *
 * The line discipline with modes and characters chosen at random, what comes out at both ends. Not
 * what a flush of output drops, which on Linux depends on how far its workers are. */
#define _GNU_SOURCE
#include "terminals.h"

static uint64_t seed = 88172645463325252;

static unsigned any(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % n;
}

#define SELDOM(flag) (any(3) == 0 ? (flag) : 0)
#define OFTEN(flag)  (any(3) != 0 ? (flag) : 0)

static void change_modes(void)
{
    struct termios t = modes();

    t.c_iflag = SELDOM(ISTRIP) | SELDOM(INLCR) | SELDOM(IGNCR) | OFTEN(ICRNL) | SELDOM(IUCLC) |
                OFTEN(IXON) | SELDOM(IXANY) | SELDOM(IUTF8) | SELDOM(IMAXBEL) | SELDOM(PARMRK) |
                SELDOM(IXOFF);
    t.c_oflag = OFTEN(OPOST) | SELDOM(OLCUC) | OFTEN(ONLCR) | SELDOM(OCRNL) | SELDOM(ONOCR) |
                SELDOM(ONLRET) | SELDOM(TAB3);
    t.c_lflag = SELDOM(ISIG | NOFLSH) | OFTEN(ICANON) | OFTEN(ECHO) | OFTEN(ECHOE) | OFTEN(ECHOK) |
                SELDOM(ECHONL) | OFTEN(ECHOCTL) | SELDOM(ECHOPRT) | OFTEN(ECHOKE) | OFTEN(IEXTEN) |
                (any(6) == 0 ? EXTPROC : 0);
    t.c_cc[VEOL] = SELDOM('=');
    t.c_cc[VEOL2] = SELDOM('@');
    printf("modes %#x %#x %#x: %d\n", t.c_iflag, t.c_oflag, t.c_lflag, tcsetattr(s, TCSANOW, &t));
}

/* Reads all there is, and shows it as if it had come at once; of packets what the first bytes say.
 */
static void read_all(const char *what, int fd, bool packets)
{
    static char all[20000], buf[600];
    size_t len = 0, head = packets ? 1 : 0;
    unsigned status = 0;
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        status |= packets ? (unsigned char)buf[0] : 0;
        memcpy(all + len, buf + head, (size_t)n - head);
        len += (size_t)n - head;
    }
    show(what, all, (long)len);
    printf("%s: %zd, %#x\n", what, n, status);
}

static void drain(void)
{
    char buf[600];
    ssize_t n;
    int times = 0, packets = 0;

    settle();
    if (modes().c_lflag & ICANON) {
        do {
            n = read(s, buf, any(4) ? sizeof(buf) : 1 + any(5));
            show("slave", buf, n);
        } while (n >= 0 && ++times < 20);
    } else {
        read_all("slave", s, false);
    }
    settle();
    ioctl(m, TIOCGPKT, &packets);
    read_all("master", m, packets);
    signals("signals");
}

/* Characters that mean something, and others. */
static size_t fill(char *buf, size_t most)
{
    static const char from[] = "abAB _1\t\t\r\n\n\b\x7f\x7f\x15\x17\x16\x12\x04\x03\x1c\x1a\x11\x13"
                               "==@\xc3\xa9\xe9\xff\x80\x9f\xd7\0\x01\x07";
    size_t n = 1 + any((unsigned)most);

    for (size_t i = 0; i < n; i++)
        buf[i] = from[any(sizeof(from) - 1)];
    return n;
}

static void step(void)
{
    static const int flows[] = {TCOOFF, TCOON, TCIOFF, TCION};
    char buf[40];
    size_t n = fill(buf, sizeof(buf));
    int fd = any(4) ? m : s;

    switch (any(6)) {
    case 0:
        change_modes();
        break;
    case 1:
        printf("flow: %d\n", tcflow(s, flows[any(4)]));
        break;
    default:
        show(fd == m ? "typed" : "written", buf, (long)n);
        printf("taken: %zd\n", write(fd, buf, n));
        break;
    }
    drain();
}

int main(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    setsid();
    for (int round = 0; round < 150; round++) {
        open_pair();
        printf("round %d: %d\n", round, ioctl(s, TIOCSCTTY, 0));
        int packets = any(4) == 0;
        ioctl(m, TIOCPKT, &packets);
        change_modes();
        for (int i = 0; i < 8; i++)
            step();
        close(s);
        close(m);
        signals("end");
    }
    return 0;
}
