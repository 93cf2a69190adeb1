/* SPDX-License-Identifier: MIT
 *
 * What musl 1.2.3 does wrong, or later releases do otherwise, and files of ours do right. Prints
 * each check that fails, then "done". */
#define _GNU_SOURCE
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <nl_types.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static void check(int holds, const char *what)
{
    if (!holds)
        printf("failed: %s\n", what);
}
#define CHECK(condition) check(condition, #condition)

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void versions(void)
{
    /* As its manual page has it, and in between. */
    static const char *order[] = {"000", "00", "01", "010", "09", "0", "1", "9", "10"};

    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 9; k++)
            if (sign(strverscmp(order[i], order[k])) != sign(i - k))
                printf("failed: strverscmp %s %s\n", order[i], order[k]);
    CHECK(strverscmp("foo", "foo") == 0);
    CHECK(strverscmp("jan1", "jan10") < 0);
    CHECK(strverscmp("jan9", "jan10") < 0);
    CHECK(strverscmp("part2", "parta") < 0);
    CHECK(strverscmp("a", "1") > 0);
    CHECK(strverscmp("1", "a") < 0);
    CHECK(strverscmp("file-1.9.c", "file-1.10.c") < 0);
    CHECK(strverscmp("1.", "1") > 0);
    CHECK(strverscmp("x-1", "x1") < 0);
}

static void wide(void)
{
    const wchar_t low[] = {WCHAR_MIN, 0}, high[] = {WCHAR_MAX, 0};

    CHECK(wcscmp(low, high) < 0 && wcscmp(high, low) > 0);
    CHECK(wcsncmp(low, high, 1) < 0 && wcsncmp(high, low, 2) > 0);
    CHECK(wmemcmp(low, high, 1) < 0 && wmemcmp(high, low, 1) > 0);
    CHECK(wcscmp(L"ab", L"ab") == 0 && wcscmp(L"a", L"ab") < 0 && wcsncmp(L"ax", L"ay", 1) == 0);
}

static void mounts(void)
{
    static const char table[] = "# comment\n\nonly\n  two fields\n/dev/a /a ext4 ro,noatime=5 1 2\n"
                                "last /l x norox";
    FILE *f = fmemopen((void *)table, sizeof(table) - 1, "r");
    struct mntent *m = getmntent(f), mine;
    char line[16];

    CHECK(m && !strcmp(m->mnt_fsname, "only") && !*m->mnt_dir && !*m->mnt_opts && !m->mnt_freq);
    m = getmntent(f);
    CHECK(m && !strcmp(m->mnt_fsname, "two") && !strcmp(m->mnt_dir, "fields"));
    m = getmntent(f);
    CHECK(m && !strcmp(m->mnt_type, "ext4") && m->mnt_freq == 1 && m->mnt_passno == 2);
    CHECK(m && hasmntopt(m, "ro") == m->mnt_opts && hasmntopt(m, "noatime") && !hasmntopt(m, "r"));
    CHECK(m && !hasmntopt(m, "atime"));
    m = getmntent(f);
    CHECK(m && !strcmp(m->mnt_fsname, "last") && !hasmntopt(m, "ro"));
    CHECK(!getmntent(f));
    rewind(f);
    errno = 0;
    CHECK(getmntent_r(f, &mine, line, sizeof(line)) && !strcmp(mine.mnt_fsname, "only"));
    CHECK(getmntent_r(f, &mine, line, sizeof(line)) && !strcmp(mine.mnt_fsname, "two"));
    CHECK(!getmntent_r(f, &mine, line, sizeof(line)) && errno == ERANGE);
    CHECK(getmntent_r(f, &mine, line, sizeof(line)) && !strcmp(mine.mnt_fsname, "last"));
    fclose(f);
}

static void names(void)
{
    char a[] = "/tmp/XXXXXX", b[] = "/tmp/XXXXXX";
    int fa = mkstemp(a), fb = mkstemp(b);

    CHECK(fa >= 0 && fb >= 0 && strcmp(a, b) != 0);
    close(fa);
    close(fb);
    unlink(a);
    unlink(b);
}

static sem_t notified;
static int value;

static void notify(union sigval v)
{
    value = v.sival_int;
    sem_post(&notified);
}

/* The sigevent is gone when the notification comes. */
static int start_list(struct aiocb *cb)
{
    struct aiocb *list[] = {cb, NULL};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 77};

    event.sigev_notify_function = notify;
    return lio_listio(LIO_NOWAIT, list, 2, &event);
}

static void asynchronous(void)
{
    char text[] = "abc", back[4] = "";
    char name[] = "/tmp/aioXXXXXX";
    int fd = mkstemp(name);
    struct aiocb cb = {.aio_fildes = fd, .aio_buf = text, .aio_nbytes = 3};
    struct aiocb *list[] = {&cb};

    sem_init(&notified, 0, 0);
    cb.aio_lio_opcode = LIO_WRITE;
    CHECK(start_list(&cb) == 0);
    while (sem_wait(&notified))
        ;
    CHECK(value == 77 && aio_error(&cb) == 0 && aio_return(&cb) == 3);
    cb.aio_buf = back;
    cb.aio_lio_opcode = LIO_READ;
    CHECK(lio_listio(LIO_WAIT, list, 1, NULL) == 0 && !strcmp(back, "abc"));
    CHECK(lio_listio(LIO_WAIT, list, 0, NULL) == 0);
    CHECK(lio_listio(LIO_NOWAIT, list, 0, NULL) == 0);
    CHECK(lio_listio(99, list, 1, NULL) == -1 && errno == EINVAL);

    /* A wrong request has failed, and keeps no other from being started. */
    struct aiocb wrong = {.aio_fildes = fd, .aio_buf = back, .aio_nbytes = 3, .aio_lio_opcode = 77};
    struct aiocb *both[] = {&wrong, &cb};
    CHECK(lio_listio(LIO_WAIT, both, 2, NULL) == -1 && errno == EIO);
    CHECK(aio_error(&wrong) == EINVAL && aio_return(&wrong) == -1);
    CHECK(aio_error(&cb) == 0 && aio_return(&cb) == 3);
    CHECK(lio_listio(LIO_NOWAIT, both, 1, NULL) == 0 && aio_error(&wrong) == EINVAL);
    wrong.aio_reqprio = -1;
    CHECK(aio_read(&wrong) == -1 && errno == EINVAL && aio_error(&wrong) == EINVAL);
    CHECK(aio_write(&wrong) == -1 && errno == EINVAL);
    close(fd);
    unlink(name);
}

static void scheduling(void)
{
    struct sched_param p = {.sched_priority = 3}, got = {0};
    pthread_attr_t a;
    size_t size = 0;
    void *stack = &a;

    CHECK(sched_getscheduler(0) == SCHED_OTHER);
    CHECK(sched_setscheduler(0, SCHED_FIFO, &p) == 0);
    CHECK(sched_getscheduler(getpid()) == SCHED_FIFO);
    CHECK(sched_getparam(0, &got) == 0 && got.sched_priority == 3);
    p.sched_priority = 4;
    CHECK(sched_setparam(getpid(), &p) == 0);
    CHECK(sched_getparam(getpid(), &got) == 0 && got.sched_priority == 4);
    CHECK(sched_setparam(0, NULL) == -1 && errno == EINVAL);
    CHECK(sched_getscheduler(99999) == -1 && errno == ESRCH);
    pthread_attr_init(&a);
    CHECK(pthread_attr_setschedpolicy(&a, SCHED_RR) == 0);
    CHECK(pthread_attr_setschedpolicy(&a, 99) == EINVAL);
    CHECK(pthread_attr_setstacksize(&a, 1 << 16) == 0);
    CHECK(pthread_attr_getstack(&a, &stack, &size) == 0 && !stack && size == 1 << 16);
    CHECK(pthread_attr_setstack(&a, &a, 1 << 15) == 0);
    CHECK(pthread_attr_getstack(&a, &stack, &size) == 0 && stack == &a && size == 1 << 15);
}

static void signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGRTMAX);
    CHECK(sigismember(&set, SIGHUP) == 1 && sigismember(&set, SIGINT) == 0);
    CHECK(sigismember(&set, SIGRTMAX) == 1 && sigismember(&set, SIGRTMIN) == 0);
    CHECK(sigismember(&set, -1) == -1 && errno == EINVAL);
    CHECK(sigismember(&set, SIGRTMAX + 1) == -1 && sigismember(&set, 0) == -1);
    errno = 0;
    CHECK(sigpause(-1) == -1 && errno == EINVAL);
}

int main(void)
{
    versions();
    wide();
    mounts();
    names();
    asynchronous();
    scheduling();
    signals();
    CHECK(catclose((nl_catd)-1) == -1);
    CHECK(!isatty(99) && errno == EBADF);
    CHECK(!isatty(open("/dev/null", O_RDONLY)) && errno == ENOTTY);
    puts("done");
    return 0;
}
