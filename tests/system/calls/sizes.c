/* SPDX-License-Identifier: MIT
 *
 * Sizes: truncate, sparse files, fallocate, limits. */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <signal.h>
#include <sys/resource.h>
#include "calls.h"

static void size_of(int fd)
{
    struct stat st;
    fstat(fd, &st);
    printf("size %lld, blocks %lld\n", (long long)st.st_size, (long long)st.st_blocks);
}

static void cutting(void)
{
    char buf[32];
    int fd = open("f", O_CREAT | O_RDWR, 0644), rd = open("f", O_RDONLY);
    T(write(fd, "0123456789", 10));
    T(ftruncate(fd, 4));
    size_of(fd);
    T(ftruncate(fd, 12));
    memset(buf, 'x', sizeof(buf));
    T(pread(fd, buf, sizeof(buf), 0));
    IS(!memcmp(buf, "0123\0\0\0\0\0\0\0\0x", 13));
    T(lseek(fd, 0, SEEK_CUR));
    T(ftruncate(rd, 1));
    T(ftruncate(fd, -1));
    T(ftruncate(99, 1));
    T(truncate("f", 2));
    T(truncate("f", -2));
    T(truncate("none", 2));
    T(truncate(".", 2));
    T(truncate("f/x", 2));
    size_of(fd);
    T(ftruncate(fd, 0));
    size_of(fd);
    close(fd);
    close(rd);
}

static void sparse(void)
{
    char buf[4] = "", zero[4] = "";
    int fd = open("s", O_CREAT | O_RDWR, 0644);
    T(pwrite(fd, "end", 3, 1ll << 33));
    size_of(fd);
    T(pread(fd, buf, 3, 1ll << 32));
    IS(!memcmp(buf, zero, 3));
    T(pread(fd, buf, 3, 1ll << 33));
    printf("%.3s\n", buf);
    T(pwrite(fd, "x", 1, 100000));
    size_of(fd);
    T(ftruncate(fd, 100000));
    size_of(fd);
    T(ftruncate(fd, 1ll << 40));
    T(ftruncate(fd, 4096 * 3 + 5));
    /* What lies behind the end must not come back. */
    T(pwrite(fd, "secret", 6, 4096 * 3));
    T(ftruncate(fd, 4096 * 3 + 1));
    T(ftruncate(fd, 4096 * 4));
    T(pread(fd, buf, 4, 4096 * 3));
    IS(!memcmp(buf, "s\0\0\0", 4));
    close(fd);
}

static void allocating(void)
{
    char buf[8];
    int fd = open("a", O_CREAT | O_RDWR, 0644), rd = open("a", O_RDONLY);
    T(fallocate(fd, 0, 0, 10000));
    size_of(fd);
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 40000));
    size_of(fd);
    T(pwrite(fd, "abcdefgh", 8, 4092));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
    T(pread(fd, buf, 8, 4092));
    IS(!memcmp(buf, "abcd\0\0\0\0", 8));
    T(pwrite(fd, "abcdefgh", 8, 0));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
    T(pread(fd, buf, 8, 0));
    IS(!memcmp(buf, "ab\0\0\0fgh", 8));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
    T(fallocate(fd, 0, -1, 10));
    T(fallocate(fd, 0, 0, 0));
    T(fallocate(fd, 0, INT64_MAX, 10));
    T(fallocate(rd, 0, 0, 10));
    T(fallocate(99, 0, 0, 10));
    T(posix_fallocate(fd, 0, 60000));
    T(posix_fallocate(99, 0, 60000));
    int p[2];
    need(pipe(p) == 0, "pipe");
    T(fallocate(p[1], 0, 0, 10));
    T(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    T(posix_fadvise(fd, 0, 0, 99));
    T(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL));
    T(posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL));
    T(fsync(fd));
    T(fdatasync(rd));
    T(fsync(99));
    sync();
}

static void limited(void)
{
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    int fd = open("l", O_CREAT | O_RDWR, 0644);
    T(setrlimit(RLIMIT_FSIZE, &small));
    T(pwrite(fd, "abc", 3, 4998));
    T(pwrite(fd, "abc", 3, 5000));
    T(ftruncate(fd, 5001));
    T(ftruncate(fd, 5000));
    T(setrlimit(RLIMIT_FSIZE, &old));
    T(pwrite(fd, "abc", 3, 5000));
    size_of(fd);
}

int main(void)
{
    enter_folder();
    cutting();
    sparse();
    allocating();
    limited();
    return 0;
}
