/* SPDX-License-Identifier: MIT
 *
 * Pseudo-terminals: names, both ends, modes, the controlling terminal, hang-ups, signals. The line
 * discipline is for terminals_line.c. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <utmp.h>
#include "terminals.h"

#define EXTRA_PEER 0x5441     /* TIOCGPTPEER */
#define EXTRA_SIG  0x40045436 /* TIOCSIG */

/* Whether the folder /dev/pts lists (name). */
static int listed(const char *name)
{
    DIR *d = opendir("/dev/pts");
    int found = 0;

    need(d != NULL, "/dev/pts");
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, name) == 0)
            found += 1 + (e->d_type == DT_CHR);
    closedir(d);
    return found;
}

static void names(void)
{
    struct stat st, named;
    struct statfs fs;
    char name[64];
    int n = -1, lock = -1;

    m = posix_openpt(O_RDWR | O_NOCTTY);
    need(m >= 0, "posix_openpt");
    T(ioctl(m, TIOCGPTN, &n));
    T(ptsname_r(m, name, 5));
    T(ptsname_r(m, name, sizeof(name)));
    T(ptsname_r(0, name, sizeof(name)));
    IS(strcmp(ptsname(m), name) == 0);
    T(fstat(m, &st));
    IS(S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2));
    T(stat(name, &named));
    IS(S_ISCHR(named.st_mode) && named.st_rdev == makedev(136, n));
    IS(named.st_uid == geteuid());
    T(named.st_nlink);
    T((long)named.st_ino - n);
    T(named.st_size);
    T(stat("/dev/pts", &st));
    IS(st.st_dev == named.st_dev);
    T((long)st.st_ino);
    T(st.st_mode);
    IS(stat("/dev", &st) == 0 && st.st_dev != named.st_dev);
    T(stat("/dev/ptmx", &st));
    T(st.st_mode);
    T(stat("/dev/pts/ptmx", &st));
    T((long)st.st_ino);
    IS(st.st_rdev == makedev(5, 2));
    T(statfs("/dev/pts", &fs));
    T(fs.f_type);
    T(listed(name + 9));
    T(listed("."));
    T(listed(".."));

    T(ioctl(m, TIOCGPTLCK, &lock));
    T(lock);
    T(open(name, O_RDWR | O_NOCTTY));
    T(ioctl(m, EXTRA_PEER, O_RDWR | O_NOCTTY));
    T(grantpt(m));
    T(unlockpt(m));
    T(ioctl(m, TIOCGPTLCK, &lock));
    T(lock);
    s = open(name, O_RDWR | O_NOCTTY);
    IS(s >= 0);
    T(isatty(s));
    T(isatty(m));
    IS(strcmp(ttyname(s), name) == 0);
    T(fstat(s, &st));
    IS(st.st_ino == named.st_ino && st.st_dev == named.st_dev);
    T(chmod(name, 0640));
    T(fchown(s, 7, 8));
    T(stat(name, &st));
    T(st.st_mode);
    T(st.st_uid);
    T(st.st_gid);
    T(unlink(name));
    T(rename(name, "/dev/pts/x"));
    T(mkdir("/dev/pts/x", 0755));
    T(open("/dev/pts/x", O_CREAT | O_RDWR, 0600));
    T(open("/dev/pts/99999", O_RDWR));
    T(open("/dev/pts/+1", O_RDWR));
    T(truncate(name, 0));
    T(lseek(s, 0, SEEK_SET));
    T(pread(s, &n, 1, 0));
    T(lseek(m, 0, SEEK_CUR));
    T(fcntl(s, F_GETFL) & ~0100000);
    T(close(m));
    T(stat(name, &st));
    T(fstat(s, &st));
    T(st.st_nlink);
    T(close(s));
}

/* Names are numbers, and the lowest free one is taken. */
static void numbers(void)
{
    int fds[4], first, n;

    for (int i = 0; i < 4; i++)
        need((fds[i] = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0, "/dev/ptmx");
    ioctl(fds[1], TIOCGPTN, &first);
    close(fds[1]);
    fds[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(fds[1], TIOCGPTN, &n);
    IS(n == first);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    T(openpty(&m, &s, slave_name, NULL, NULL));
    struct termios t = {.c_cflag = CS7}, got;
    struct winsize w = {1, 2, 3, 4}, size;
    int m2, s2;
    T(openpty(&m2, &s2, NULL, &t, &w));
    T(tcgetattr(s2, &got));
    IS(got.c_lflag == 0 && (got.c_cflag & CSIZE) == CS8);
    T(ioctl(m2, TIOCGWINSZ, &size));
    IS(memcmp(&w, &size, sizeof(w)) == 0);
    int peer = ioctl(m2, EXTRA_PEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    T(fcntl(peer, F_GETFD));
    T(fcntl(peer, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    IS(ttyname(peer) && strcmp(ttyname(peer), ttyname(s2)) == 0);
    T(close(m) | close(s) | close(m2) | close(s2) | close(peer));
}

static void ends(void)
{
    char c = 'c';
    struct pollfd p[2];

    open_pair();
    puts("- ready");
    T(ready(m));
    T(ready(s));
    T(read(m, &c, 0));
    T(read(s, &c, 0));
    T(write(m, &c, 0));
    T(read(m, &c, 1));
    T(read(s, &c, 1));
    put(m, "typed\n");
    settle();
    T(ready(s));
    T(ready(m));
    both("a line");
    put(s, "written\n");
    get("master", m, 3);
    get("master", m, 30);
    T(write(m, (void *)1, 3));
    T(write(s, (void *)1, 3));

    puts("- the slave closes");
    put(s, "last\n");
    put(m, "unread\n");
    int twice = dup(s), again = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    close(twice);
    close(s);
    T(ready(m) & POLLHUP);
    s = again;
    settle();
    T(close(again));
    T(ready(m));
    get("master", m, 200);
    T(ready(m));
    get("master", m, 200);
    T(write(m, "y\n", 2));
    T(ioctl(m, TIOCGWINSZ, &(struct winsize){0}));
    s = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    get("slave", s, 200);
    get("slave", s, 200);
    get("master", m, 200);
    T(ready(m));

    puts("- the master closes");
    put(m, "lost\n");
    settle();
    T(close(m));
    T(ready(s));
    T(read(s, &c, 1));
    T(write(s, &c, 1));
    T(write(s, &c, 0));
    T(ioctl(s, TIOCGWINSZ, &(struct winsize){0}));
    T(ioctl(s, FIONREAD, &(int){0}));
    T(tcsetpgrp(s, 1));
    T(tcgetpgrp(s));
    T(isatty(s));
    T(open(slave_name, O_RDWR | O_NOCTTY));
    p[0] = (struct pollfd){s, 0, 0};
    T(poll(p, 1, 0));
    T(p[0].revents);
    close(s);
}

static void *late(void *text)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    if (text)
        put(m, text);
    else
        close(m);
    return NULL;
}

/* Calls that wait. */
static void waits(void)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET}, got;
    struct timespec before, after;
    char buf[16];
    pthread_t t;
    int ep = epoll_create1(0);

    open_pair();
    T(fcntl(s, F_SETFL, 0));
    pthread_create(&t, NULL, late, "late\n");
    T(read(s, buf, sizeof(buf)));
    pthread_join(t, NULL);
    pthread_create(&t, NULL, late, "by poll\n");
    struct pollfd p = {s, POLLIN, 0};
    T(poll(&p, 1, 5000));
    T(p.revents);
    pthread_join(t, NULL);
    T(read(s, buf, sizeof(buf)));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, s, &e));
    T(epoll_wait(ep, &got, 1, 0));
    put(m, "half");
    settle();
    T(epoll_wait(ep, &got, 1, 0));
    pthread_create(&t, NULL, late, "\n");
    T(epoll_wait(ep, &got, 1, 5000));
    T(got.events);
    pthread_join(t, NULL);
    T(epoll_wait(ep, &got, 1, 0));
    T(read(s, buf, sizeof(buf)));

    struct termios mode = modes();
    mode.c_lflag &= ~(ICANON | ECHO);
    mode.c_cc[VMIN] = 3;
    T(tcsetattr(s, TCSANOW, &mode));
    put(m, "ab");
    T(ready(s));
    pthread_create(&t, NULL, late, "cd");
    T(read(s, buf, sizeof(buf)));
    pthread_join(t, NULL);
    mode.c_cc[VMIN] = 0;
    T(tcsetattr(s, TCSANOW, &mode));
    T(read(s, buf, sizeof(buf)));
    put(m, "e");
    T(read(s, buf, sizeof(buf)));
    mode.c_cc[VTIME] = 1;
    T(tcsetattr(s, TCSANOW, &mode));
    clock_gettime(CLOCK_MONOTONIC, &before);
    T(read(s, buf, sizeof(buf)));
    clock_gettime(CLOCK_MONOTONIC, &after);
    IS((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 90);
    mode.c_cc[VMIN] = 3;
    T(tcsetattr(s, TCSANOW, &mode));
    put(m, "f");
    settle();
    T(ready(s));
    T(read(s, buf, sizeof(buf)));
    T(fcntl(s, F_SETFL, O_NONBLOCK));
    T(read(s, buf, sizeof(buf)));
    T(fcntl(s, F_SETFL, 0));

    pthread_create(&t, NULL, late, NULL);
    mode.c_cc[VTIME] = 0;
    tcsetattr(s, TCSANOW, &mode);
    T(read(s, buf, sizeof(buf)));
    pthread_join(t, NULL);
    T(epoll_wait(ep, &got, 1, 0));
    T(got.events);
    close(s);
    close(ep);
}

/* Writing more than is read. */
static void fills(void)
{
    static char big[65536];
    struct termios mode;
    ssize_t took, sum = 0;

    open_pair();
    mode = modes();
    cfmakeraw(&mode);
    T(tcsetattr(s, TCSANOW, &mode));
    for (int end = 0; end < 2; end++) {
        int from = end ? m : s, to = end ? s : m;
        memset(big, 'a' + end, sizeof(big));
        took = write(from, big, sizeof(big));
        IS(took > 4095 && took < 40000);
        settle();
        ssize_t more;
        while ((more = write(from, big, sizeof(big))) > 0)
            took += more;
        T(more);
        bool right = true;
        for (sum = 0; sum < took && poll(&(struct pollfd){to, POLLIN, 0}, 1, 5000) == 1 &&
                      (more = read(to, big, sizeof(big))) > 0;
             sum += more)
            right = right && big[0] == 'a' + end && big[more - 1] == 'a' + end;
        IS(right && sum == took);
        T(poll(&(struct pollfd){from, POLLOUT, 0}, 1, 5000));
    }
    close(s);
    close(m);
}

static void packets(void)
{
    int on = 1, off = 0, got = -1;
    struct termios mode;

    open_pair();
    T(ioctl(s, TIOCPKT, &on));
    T(ioctl(m, TIOCPKT, NULL));
    T(ioctl(m, TIOCPKT, &on));
    T(ioctl(m, TIOCGPKT, &got));
    T(got);
    put(s, "data");
    get("master", m, 3);
    get("master", m, 30);
    get("master", m, 30);
    put(m, "x");
    get("master", m, 30);
    T(tcflush(s, TCIFLUSH));
    T(ready(m));
    get("master", m, 30);
    T(tcflush(s, TCIOFLUSH));
    get("master", m, 30);
    T(tcflow(s, TCOOFF));
    T(tcflow(s, TCOOFF));
    get("master", m, 30);
    T(write(s, "held", 4));
    T(ready(s));
    T(tcflow(s, TCOON));
    get("master", m, 30);
    put(m, "\x13");
    get("master", m, 30);
    put(m, "\x11");
    get("master", m, 30);
    mode = modes();
    mode.c_iflag &= ~IXON;
    T(tcsetattr(s, TCSANOW, &mode));
    get("master", m, 30);
    mode.c_iflag |= IXON;
    T(tcsetattr(s, TCSANOW, &mode));
    get("master", m, 30);
    mode.c_cc[VSTOP] = 'z';
    T(tcsetattr(s, TCSANOW, &mode));
    get("master", m, 30);
    mode.c_lflag |= EXTPROC;
    T(tcsetattr(s, TCSAFLUSH, &mode));
    get("master", m, 30);
    T(ioctl(m, TIOCPKT, &off));
    put(s, "data\n");
    get("master", m, 30);
    close(s);
    close(m);
}

static void requests(void)
{
    struct termios t, other;
    struct {
        struct termios t;
        char space[64];
    } two = {0};
    uint16_t old[16];
    int n = -1, zero = 0, one = 1;

    open_pair();
    memset(&t, 0, sizeof(t));
    T(tcgetattr(s, &t));
    T(t.c_iflag);
    T(t.c_oflag);
    T(t.c_cflag);
    T(t.c_lflag);
    show("keys", (char *)t.c_cc, 19);
    T(t.c_line);
    T(cfgetospeed(&t) == B38400);
    T(tcgetattr(m, &other));
    IS(memcmp(&t, &other, 36) == 0);
    t.c_cflag = B50 | CS7 | PARENB | PARODD | CLOCAL;
    t.c_iflag = t.c_oflag = 0xffff;
    t.c_line = 3;
    T(tcsetattr(m, TCSADRAIN, &t));
    T(tcgetattr(s, &other));
    T(other.c_cflag);
    T(other.c_iflag);
    T(other.c_line);
    T(tcsetattr(s, 3, &t));
    T(ioctl(s, TCGETS, NULL));
    T(ioctl(s, TCSETS, NULL));
    T(ioctl(s, 0x802c542a, &two));
    T(two.t.__c_ispeed == 0);
    uint32_t *speeds = (uint32_t *)((char *)&two + 36);
    T(speeds[0]);
    T(speeds[1]);
    two.t.c_cflag = 010000 | CS8;
    speeds[1] = 12345;
    T(ioctl(s, 0x402c542b, &two));
    speeds[0] = speeds[1] = 0;
    T(ioctl(s, 0x802c542a, &two));
    T(speeds[0]);
    T(speeds[1]);
    T(two.t.c_cflag);
    T(ioctl(s, TCGETA, old));
    T(old[0]);
    T(old[2]);
    old[0] = 0x1234;
    ((char *)old)[9] = 'k';
    T(ioctl(s, TCSETA, old));
    T(tcgetattr(s, &other));
    T(other.c_iflag);
    T(other.c_cc[0]);
    T(ioctl(s, TCSETAF, NULL));

    T(ioctl(s, 0x5499, &n));
    T(ioctl(m, 0x5499, &n));
    T(ioctl(s, TIOCGPTN, &n));
    T(ioctl(s, TIOCSPTLCK, &zero));
    T(ioctl(m, TIOCSPTLCK, NULL));
    T(ioctl(s, TIOCGPTLCK, &n));
    T(ioctl(s, EXTRA_PEER, 0));
    T(ioctl(s, EXTRA_SIG, SIGINT));
    T(ioctl(m, EXTRA_SIG, SIGTERM));
    T(ioctl(m, EXTRA_SIG, SIGQUIT));
    T(ioctl(s, TIOCMGET, &n));
    T(ioctl(s, TIOCGSERIAL, &two));
    T(ioctl(s, TIOCGETD, &n));
    T(n);
    T(ioctl(s, TIOCSETD, &zero));
    n = 999;
    T(ioctl(s, TIOCSETD, &n));
    T(ioctl(s, TIOCSETD, NULL));
    T(tcsendbreak(s, 0));
    T(tcdrain(s));
    T(tcdrain(m));
    T(ioctl(s, TCSBRKP, 1));
    T(ioctl(s, TIOCSBRK, 0));
    T(ioctl(s, TIOCCBRK, 0));
    T(ioctl(s, TIOCOUTQ, &n));
    T(n);
    T(tcflush(s, 3));
    T(tcflow(s, 4));
    T(ioctl(s, TIOCGEXCL, &n));
    T(n);
    T(ioctl(s, TIOCEXCL, 0));
    T(ioctl(s, TIOCGEXCL, &n));
    T(n);
    n = open(slave_name, O_RDWR | O_NOCTTY);
    IS(n >= 0);
    close(n);
    T(ioctl(s, TIOCNXCL, 0));
    T(ioctl(s, FIONBIO, &one));
    puts("differs: TIOCSTI, for root on Linux");
    printf("differs: %d\n", ioctl(s, TIOCSTI, "x"));
    T(fsync(s));
    T(fcntl(s, F_GETPIPE_SZ));
    T(ftruncate(s, 0));
    close(s);
    close(m);
}

static void window(void)
{
    struct winsize w = {24, 80, 5, 6}, got;

    open_pair();
    T(ioctl(s, TIOCGWINSZ, &got));
    IS(got.ws_row == 0 && got.ws_col == 0);
    T(ioctl(s, TIOCSWINSZ, NULL));
    T(ioctl(s, TIOCGWINSZ, NULL));
    T(ioctl(m, TIOCSWINSZ, &w));
    signals("no controlling terminal");
    T(ioctl(s, TIOCGWINSZ, &got));
    IS(memcmp(&w, &got, sizeof(w)) == 0);
    T(ioctl(s, TIOCSCTTY, 0));
    T(ioctl(m, TIOCSWINSZ, &w));
    signals("the same size");
    w.ws_row++;
    T(ioctl(m, TIOCSWINSZ, &w));
    signals("another size");
    w.ws_row++;
    T(ioctl(s, TIOCSWINSZ, &w));
    signals("by the slave");
    close(m);
    close(s);
    signals("closed");
}

static void keys(void)
{
    open_pair();
    put(m, "a\x03z\n");
    both("no controlling terminal");
    signals("keys");
    T(ioctl(s, TIOCSCTTY, 0));
    put(m, "a\x03\x1c\x1az\n");
    get("slave", s, 10);
    signals("keys");
    tcflush(m, TCIFLUSH);
    struct termios mode = modes();
    mode.c_lflag |= NOFLSH;
    tcsetattr(s, TCSANOW, &mode);
    put(m, "a\x03z\n");
    both("NOFLSH");
    signals("keys");
    mode.c_lflag &= ~ISIG;
    tcsetattr(s, TCSANOW, &mode);
    put(m, "a\x03z\n");
    both("not ISIG");
    signals("keys");
    T(ioctl(m, EXTRA_SIG, SIGTSTP));
    signals("TIOCSIG");
    close(m);
    signals("closed");
    close(s);
}

/* login_tty takes the standard files. */
static void log_in(void)
{
    int kept[3], terminal, foreground;

    fflush(stdout);
    for (int i = 0; i < 3; i++)
        need((kept[i] = fcntl(i, F_DUPFD, 100)) >= 0, "fcntl");
    int result = login_tty(dup(s));
    terminal = isatty(0) + isatty(1) + isatty(2);
    foreground = tcgetpgrp(0) == getpgrp();
    for (int i = 0; i < 3; i++)
        need(dup2(kept[i], i) == i && close(kept[i]) == 0, "dup2");
    T(result);
    T(terminal);
    T(foreground);
}

static void control(void)
{
    int id = -1, fd;

    T(open("/dev/tty", O_RDWR));
    open_pair();
    T(open("/dev/tty", O_RDWR));
    T(ioctl(s, TIOCNOTTY, 0));
    T(ioctl(s, TIOCGPGRP, &id));
    T(ioctl(m, TIOCGPGRP, &id));
    T(id);
    T(ioctl(s, TIOCGSID, &id));
    T(ioctl(m, TIOCGSID, &id));
    id = getpgrp();
    T(ioctl(s, TIOCSPGRP, &id));
    T(ioctl(s, TIOCSCTTY, 0));
    T(ioctl(s, TIOCSCTTY, 0));
    T(ioctl(m, TIOCNOTTY, 0));
    IS(tcgetpgrp(s) == getpgrp());
    IS(tcgetpgrp(m) == getpgrp());
    IS(tcgetsid(s) == getsid(0));
    IS(tcgetsid(m) == getsid(0));
    T(tcsetpgrp(s, getpgrp()));
    T(tcsetpgrp(s, -1));
    T(tcsetpgrp(s, 99999));
    T(ioctl(s, TIOCSPGRP, NULL));
    fd = open("/dev/tty", O_RDWR | O_NONBLOCK);
    IS(fd >= 0);
    put(m, "x\n");
    get("by /dev/tty", fd, 10);
    get("master", m, 20);
    put(fd, "y\n");
    get("master", m, 20);
    IS(tcgetpgrp(fd) == getpgrp());
    close(s);
    close(fd);
    T(ready(m) & POLLHUP);
    fd = open("/dev/tty", O_RDWR | O_NONBLOCK);
    IS(fd >= 0);
    T(ready(m) & POLLHUP);
    T(ioctl(fd, TIOCNOTTY, 0));
    signals("TIOCNOTTY");
    T(open("/dev/tty", O_RDWR));
    T(ioctl(fd, TIOCGPGRP, &id));
    close(fd);
    close(m);
    signals("closed");

    puts("- by opening");
    open_pair();
    fd = open(slave_name, O_WRONLY);
    T(ioctl(s, TIOCGPGRP, &id));
    close(fd);
    fd = open(slave_name, O_RDWR);
    IS(tcgetpgrp(s) == getpgrp());
    int m2 = m, s2 = s;
    open_pair();
    T(ioctl(s, TIOCSCTTY, 0));
    T(ioctl(s2, TIOCSCTTY, 0));
    close(fd);
    close(m2);
    signals("hang-up");
    T(ioctl(s2, TIOCSCTTY, 0));
    T(open("/dev/tty", O_RDWR));
    T(ioctl(m, TIOCSCTTY, 0));
    IS(tcgetpgrp(s) == getpgrp());
    T(ioctl(s, TIOCNOTTY, 0));
    signals("TIOCNOTTY");
    log_in();
    close(m);
    close(s);
    close(s2);
    signals("hang-up");
}

/* Files that send signals. */
static void owners(void)
{
    open_pair();
    T(fcntl(s, F_GETOWN));
    T(fcntl(m, F_SETOWN, getpid()));
    T(fcntl(m, F_SETFL, O_NONBLOCK | O_ASYNC));
    T(fcntl(s, F_SETFL, O_NONBLOCK | O_ASYNC));
    IS(fcntl(s, F_GETOWN) == getpid());
    signals("nothing");
    put(s, "x\n");
    settle();
    nanosleep(&(struct timespec){0, 2000000}, NULL);
    signals("written");
    get("master", m, 10);
    T(fcntl(m, F_SETFL, O_NONBLOCK));
    signals("read");
    put(m, "x");
    settle();
    signals("half a line");
    put(m, "\n");
    settle();
    nanosleep(&(struct timespec){0, 2000000}, NULL);
    signals("a line");
    close(m);
    signals("closed");
    close(s);
}

int main(void)
{
    sigset_t all;

    setvbuf(stdout, NULL, _IOFBF, 65536);
    setsid();
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    static void (*const parts[])(void) = {names,    numbers, ends, waits,  fills,  packets,
                                          requests, window,  keys, owners, control};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        printf("-- part %zu\n", i);
        fflush(stdout);
        parts[i]();
    }
    return 0;
}
