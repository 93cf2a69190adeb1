/* SPDX-License-Identifier: MIT
 *
 * Times of files: what sets them, and what utimensat does with them. */
#define _GNU_SOURCE
#include <sys/time.h>
#include <time.h>
#include <utime.h>
#include "calls.h"

static struct stat st, before;

static void show(const char *name)
{
    need(lstat(name, &st) == 0, name);
    printf("%s: access %lld.%09ld, change of data %lld.%09ld\n", name, (long long)st.st_atime,
           st.st_atim.tv_nsec, (long long)st.st_mtime, st.st_mtim.tv_nsec);
}

static bool later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Longer than a tick of Linux's coarse clock, which its file times come from. */
static void tick(void)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

static void remember(const char *name)
{
    need(stat(name, &before) == 0, name);
    tick();
}

/* Prints which of the times of (name) moved since remember(). */
static void moved(const char *what, const char *name)
{
    need(stat(name, &st) == 0, name);
    printf("%s: data %d, inode %d\n", what, later(&st.st_mtim, &before.st_mtim),
           later(&st.st_ctim, &before.st_ctim));
    remember(name);
}

static void setting(void)
{
    struct timespec t[2] = {{1000000000, 123456789}, {1500000000, 987654321}};
    struct timespec omit[2] = {{0, UTIME_OMIT}, {42, 5}}, bad[2] = {{1, 1000000000}, {1, 0}};
    struct timespec both[2] = {{9, UTIME_OMIT}, {9, UTIME_OMIT}},
                    now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    struct timespec old[2] = {{-5, 500}, {-1, 0}};

    T(utimensat(AT_FDCWD, "f", t, 0));
    show("f");
    T(utimensat(AT_FDCWD, "f", omit, 0));
    show("f");
    T(utimensat(AT_FDCWD, "f", bad, 0));
    T(utimensat(AT_FDCWD, "f", both, 0));
    T(utimensat(AT_FDCWD, "none", both, 0));
    T(utimensat(AT_FDCWD, "none", t, 0));
    T(utimensat(AT_FDCWD, "f", old, 0));
    show("f");
    T(symlink("f", "s"));
    T(utimensat(AT_FDCWD, "s", t, AT_SYMLINK_NOFOLLOW));
    show("s");
    show("f");
    int fd = open("f", O_RDONLY);
    T(futimens(fd, t));
    show("f");
    T(futimens(99, t));
    T(utimensat(AT_FDCWD, "f", t, 0x4000000));
    T(utime("f", &(struct utimbuf){7, 8}));
    show("f");
    T(utimes("f", (struct timeval[2]){{1, 2}, {3, 4}}));
    show("f");
    T(futimens(fd, now));
    need(stat("f", &st) == 0, "f");
    IS(st.st_mtime > 1600000000 && st.st_atime > 1600000000);
    T(utimensat(AT_FDCWD, "f", NULL, 0));
    T(utime("f", NULL));
    close(fd);
}

static void side_effects(void)
{
    char c;
    int fd = open("f", O_RDWR);
    remember("f");
    need(read(fd, &c, 1) == 1, "read");
    moved("read", "f");
    need(write(fd, "x", 1) == 1, "write");
    moved("write", "f");
    need(chmod("f", 0600) == 0, "chmod");
    moved("chmod", "f");
    need(chown("f", 0, 0) == 0, "chown");
    moved("chown", "f");
    need(link("f", "l") == 0, "link");
    moved("link", "f");
    need(unlink("l") == 0, "unlink");
    moved("unlink", "f");
    need(rename("f", "g") == 0, "rename");
    moved("rename", "g");
    need(ftruncate(fd, 100) == 0, "ftruncate");
    moved("ftruncate", "g");
    need(ftruncate(fd, 100) == 0, "ftruncate");
    moved("ftruncate to the same size", "g");
    close(fd);
    close(open("g", O_WRONLY | O_TRUNC));
    moved("open with O_TRUNC", "g");
    need(mkdir("d", 0700) == 0, "mkdir");
    remember("d");
    put_file("d/x", "");
    moved("file made inside", "d");
    put_file("d/x", "more");
    moved("file changed inside", "d");
    need(rename("d/x", "d/y") == 0, "rename");
    moved("renamed inside", "d");
    need(unlink("d/y") == 0, "unlink");
    moved("unlinked inside", "d");
}

int main(void)
{
    enter_folder();
    put_file("f", "data");
    setting();
    side_effects();
    return 0;
}
