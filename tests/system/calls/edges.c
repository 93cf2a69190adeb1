/* SPDX-License-Identifier: MIT
 *
 * Edges of calls on files, times and ids: the last offset, names that may never be given, empty
 * names that are no pointers, intervals without timers; which of several errors it is. */
#define _GNU_SOURCE
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include "calls.h"

#define FLAG_NOAPPEND 0x20

static void flags(void)
{
    char text[4] = "abc";
    struct iovec part = {text, 3};

    puts("-- one call's flags");
    put_file("log", "0123456789");
    int fd = open("log", O_RDWR | O_APPEND);
    T(syscall(SYS_pwritev2, fd, &part, 1, 0L, 0L, FLAG_NOAPPEND));
    T(syscall(SYS_pwritev2, fd, &part, 1, 0L, 0L, 0x10));
    T(syscall(SYS_pwritev2, fd, &part, 1, 0L, 0L, 0x10 | FLAG_NOAPPEND));
    T(syscall(SYS_preadv2, fd, &part, 1, 8L, 0L, FLAG_NOAPPEND));
    T(fcntl(fd, F_GETFL) & O_APPEND ? 1 : 0);
    show_file("log");
    T(sync_file_range(fd, LLONG_MAX, 1, 0));
    T(sync_file_range(fd, LLONG_MAX - 1, 1, 0));
    close(fd);
}

static void sizes(void)
{
    struct rlimit before, limit;

    puts("-- a limit of size");
    int fd = open("log", O_RDWR);
    need(getrlimit(RLIMIT_FSIZE, &before) == 0, "limit");
    limit = (struct rlimit){16, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    T(setrlimit(RLIMIT_FSIZE, &limit));
    T(pwrite(fd, "", 0, 100));
    T(pwrite(fd, "x", 1, 100));
    T(pwrite(fd, "xy", 2, 15));
    T(fallocate(fd, 0, 0, 17));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 17));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 17));
    T(setrlimit(RLIMIT_FSIZE, &before));
    close(fd);
}

static void names(void)
{
    struct stat st;
    unsigned char extended[256];
    char link[40];

    puts("-- names");
    int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    need(fd >= 0, "O_TMPFILE");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    T(linkat(AT_FDCWD, link, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
    T(linkat(fd, "", AT_FDCWD, "never", AT_EMPTY_PATH));
    T(syscall(SYS_newfstatat, fd, NULL, &st, AT_EMPTY_PATH));
    T(syscall(SYS_newfstatat, fd, NULL, &st, 0));
    T(syscall(SYS_newfstatat, AT_FDCWD, NULL, &st, AT_EMPTY_PATH));
    T(S_ISDIR(st.st_mode));
    T(syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, 0x7ff, extended));
    T(syscall(SYS_statx, fd, NULL, 0, 0x7ff, extended));
    close(fd);
}

static void times(void)
{
    const struct itimerval interval = {{7, 0}, {0, 0}};
    struct itimerval got;
    struct timespec little = {0, 1};
    clockid_t own;

    puts("-- times");
    for (int i = 0; i < 3; i++) {
        T(setitimer(i, &interval, NULL));
        T(getitimer(i, &got));
        T(got.it_interval.tv_sec);
        T(got.it_value.tv_sec);
    }
    /* Clock -2: the CPU time of thread 0, which is the caller. */
    T(syscall(SYS_clock_nanosleep, -2, 0, &little, NULL));
    own = (~gettid() << 3) | 6;
    T(syscall(SYS_clock_nanosleep, own, 0, &little, NULL));
    T(syscall(SYS_clock_gettime, own, &little));
}

/* What is wrong with arguments, of several things that are. */
static void orders(void)
{
    const void *bad = (const void *)-1L;
    struct timespec negative = {-1, 0};
    struct timeval good = {1, 0};
    struct timezone far = {16 * 60, 0};
    struct timex t = {.modes = ADJ_TICK, .tick = 1};
    int id;

    puts("-- orders");
    for (int clock = -3; clock < 0; clock++) {
        T(syscall(SYS_clock_nanosleep, clock, 0, bad, NULL));
        T(syscall(SYS_clock_settime, clock, &negative));
        T(syscall(SYS_clock_settime, clock, bad));
        T(syscall(SYS_clock_adjtime, clock, bad));
        T(syscall(SYS_timer_create, clock, bad, &id));
    }
    T(syscall(SYS_clock_adjtime, 99, bad));
    T(syscall(SYS_timer_create, 99, bad, &id));
    T(syscall(SYS_timer_create, 4, bad, &id));
    T(syscall(SYS_settimeofday, &good, &far));
    T(syscall(SYS_settimeofday, NULL, &far));
    T(syscall(SYS_adjtimex, &t));
    t.tick = 2000000;
    T(syscall(SYS_adjtimex, &t));
    t.modes = 0x8000;
    T(syscall(SYS_adjtimex, &t));
    T(syscall(SYS_rt_sigaction, 0, bad, NULL, 8));
    T(syscall(SYS_arch_prctl, 0x1002, -1L)); /* FS, GS, CPUID */
    T(syscall(SYS_arch_prctl, 0x1001, -1L));
    T(syscall(SYS_arch_prctl, 0x1011, 0));
    T(syscall(SYS_arch_prctl, 0x1012, 1));
    T(syscall(SYS_membarrier, 1 << 5, 0, 0)); /* SYNC_CORE, which is to be registered */
    T(syscall(SYS_membarrier, 1 << 6, 0, 0));
    T(syscall(SYS_membarrier, 1 << 5, 0, 0));
    T(prctl(PR_SET_TIMERSLACK, -1L));
    T(prctl(PR_GET_TIMERSLACK));
    T(prctl(PR_SET_TIMERSLACK, 0));
    T(prctl(PR_GET_TIMERSLACK));
    T(prctl(PR_TASK_PERF_EVENTS_DISABLE));
}

static void ids(void)
{
    gid_t in[5] = {30, 10, 20, 10, (gid_t)-1}, out[5];

    puts("-- ids");
    T(setgroups(4, in));
    T(getgroups(5, out));
    for (int i = 0; i < 4; i++)
        T(out[i]);
    T(setgroups(5, in));
    T(getgroups(0, NULL));
    T(setgroups(0, NULL));

    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 1, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 1, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 99, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    T(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    T(prctl(PR_CAP_AMBIENT, 9, 0, 0, 0));
}

int main(void)
{
    enter_folder();
    flags();
    sizes();
    names();
    times();
    orders();
    ids();
    return 0;
}
