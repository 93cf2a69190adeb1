/* SPDX-License-Identifier: MIT
 *
 * Record locks within one process, POSIX and open-file-description, and flock. */
#define _GNU_SOURCE
#include <sys/file.h>
#include "calls.h"

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    return fcntl(fd, cmd, &l);
}

static void query(int fd, int cmd, short type, off_t start, off_t len)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    if (fcntl(fd, cmd, &l) < 0)
        printf("query: %s\n", strerror(errno));
    else
        printf("query %d %lld+%lld: type %d %lld+%lld\n", type, (long long)start, (long long)len,
               l.l_type, (long long)l.l_start, (long long)l.l_len);
}

static void own(void)
{
    int fd = open("f", O_RDWR), rd = open("f", O_RDONLY), wr = open("f", O_WRONLY);
    T(lock(fd, F_SETLK, F_WRLCK, 0, 100));
    T(lock(fd, F_SETLK, F_RDLCK, 50, 10));
    T(lock(fd, F_SETLKW, F_WRLCK, 20, 0));
    query(fd, F_GETLK, F_WRLCK, 0, 0);
    query(rd, F_GETLK, F_WRLCK, 0, 10);
    T(lock(rd, F_SETLK, F_WRLCK, 0, 1));
    T(lock(wr, F_SETLK, F_RDLCK, 0, 1));
    T(lock(rd, F_SETLK, F_RDLCK, 0, 1));
    T(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    T(lock(fd, F_SETLK, 99, 0, 1));
    T(lock(fd, F_SETLK, F_RDLCK, -1, 1));
    T(lock(fd, F_SETLK, F_RDLCK, 10, -5));
    T(lock(fd, F_SETLK, F_RDLCK, 3, -5));
    T(lock(fd, F_SETLK, F_RDLCK, INT64_MAX, 2));
    T(lock(99, F_SETLK, F_RDLCK, 0, 0));
    T(lockf(fd, F_LOCK, 10));
    T(lockf(fd, F_TEST, 10));
    T(lockf(fd, F_TLOCK, 10));
    T(lockf(fd, F_ULOCK, 10));
    T(lockf(rd, F_LOCK, 10));
    close(fd);
    close(rd);
    close(wr);
}

static void per_description(void)
{
    int a = open("f", O_RDWR), b = open("f", O_RDWR), copy = dup(a);
    T(lock(a, F_OFD_SETLK, F_WRLCK, 10, 20));
    T(lock(b, F_OFD_SETLK, F_RDLCK, 0, 10));
    T(lock(b, F_OFD_SETLK, F_RDLCK, 0, 11));
    T(lock(b, F_OFD_SETLK, F_WRLCK, 29, 1));
    T(lock(b, F_OFD_SETLK, F_WRLCK, 30, 1));
    query(b, F_OFD_GETLK, F_RDLCK, 0, 0);
    query(a, F_OFD_GETLK, F_WRLCK, 0, 0);
    T(lock(copy, F_OFD_SETLK, F_RDLCK, 15, 5));
    T(lock(b, F_OFD_SETLK, F_RDLCK, 15, 5));
    T(lock(b, F_OFD_SETLK, F_RDLCK, 14, 5));
    T(lock(b, F_OFD_SETLK, F_RDLCK, 15, 6));
    T(lock(a, F_OFD_SETLK, F_WRLCK, 15, 5));
    T(lock(b, F_OFD_SETLK, F_UNLCK, 0, 0));
    T(lock(a, F_OFD_SETLK, F_WRLCK, 15, 5));
    T(close(a));
    T(lock(b, F_OFD_SETLK, F_WRLCK, 10, 1));
    T(close(copy));
    T(lock(b, F_OFD_SETLK, F_WRLCK, 10, 1));
    /* A POSIX lock of the same process conflicts with that of a description. */
    int c = open("f", O_RDWR);
    T(lock(c, F_SETLK, F_WRLCK, 10, 1));
    query(c, F_GETLK, F_WRLCK, 10, 1);
    close(b);
    T(lock(c, F_SETLK, F_WRLCK, 10, 1));
    close(c);
}

static void whole_file(void)
{
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY), copy = dup(a);
    T(flock(a, LOCK_SH));
    T(flock(b, LOCK_SH | LOCK_NB));
    T(flock(a, LOCK_EX | LOCK_NB));
    T(flock(b, LOCK_UN));
    T(flock(a, LOCK_EX | LOCK_NB));
    T(flock(b, LOCK_SH | LOCK_NB));
    T(flock(copy, LOCK_EX | LOCK_NB));
    T(flock(a, 0));
    T(flock(77, LOCK_SH));
    T(close(a));
    T(flock(b, LOCK_SH | LOCK_NB));
    T(flock(copy, LOCK_UN));
    T(flock(b, LOCK_SH | LOCK_NB));
    close(copy);
    close(b);
}

int main(void)
{
    enter_folder();
    put_file("f", "some contents");
    own();
    per_description();
    whole_file();
    return 0;
}
