/* SPDX-License-Identifier: MIT
 *
 * Transfers at the greatest offset that a file can have; RLIMIT_MEMLOCK for root and for others;
 * what prctl keeps that has no effect here. */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include "calls.h"

static void big(int fd)
{
    static char b[16];
    struct iovec v[2] = {{b, 8}, {b, 8}};
    T(pread(fd, b, 8, LLONG_MAX));
    T(pread(fd, b, 8, LLONG_MAX - 7));
    T(pread(fd, b, 8, LLONG_MAX - 8));
    T(pread(fd, b, 1, LLONG_MAX));
    T(pread(fd, b, 0, LLONG_MAX));
    T(pwrite(fd, b, 8, LLONG_MAX));
    T(pwrite(fd, b, 8, LLONG_MAX - 7));
    T(pwrite(fd, b, 8, LLONG_MAX - 8));
    T(pwrite(fd, b, 1, LLONG_MAX));
    T(pwrite(fd, b, 0, LLONG_MAX));
    T(pread(fd, b, SIZE_MAX / 2 + 1, 0));
    T(pwrite(fd, b, SIZE_MAX / 2 + 1, 0));
    T(preadv(fd, v, 2, LLONG_MAX));
    T(preadv(fd, v, 2, LLONG_MAX - 8));
    T(preadv(fd, v, 2, LLONG_MAX - 16));
    T(pwritev(fd, v, 2, LLONG_MAX));
    T(pwritev(fd, v, 2, LLONG_MAX - 8));
    T(pwritev(fd, v, 2, LLONG_MAX - 16));
    T(lseek(fd, LLONG_MAX, SEEK_SET));
    T(read(fd, b, 8));
    T(write(fd, b, 8));
    T(lseek(fd, LLONG_MAX - 8, SEEK_SET));
    T(read(fd, b, 8));
    T(write(fd, b, 8));
    T(pread(fd, b, 8, -1));
    T(pwrite(fd, b, 8, -1));
    T(preadv(fd, v, 2, -1));
    T(preadv(fd, v, 2, -2));
    T(ftruncate(fd, LLONG_MAX));
    T(ftruncate(fd, 0));
    T(posix_fallocate(fd, LLONG_MAX, 1));
    T(fallocate(fd, 0, LLONG_MAX - 5, 6));
}

static void attributes(void)
{
    int mode = -1;
    T(prctl(PR_GET_TSC, &mode));
    T(mode);
    T(prctl(PR_GET_KEEPCAPS));
    T(prctl(PR_SET_TSC, PR_TSC_ENABLE));
    T(prctl(PR_SET_TSC, 0));
    T(prctl(PR_SET_TSC, 3));
    T(prctl(PR_GET_TSC, 8));
    T(prctl(PR_GET_SECUREBITS));
    T(prctl(PR_SET_SECUREBITS, 0));
    T(prctl(PR_SET_SECUREBITS, 1u << 12));
    T(prctl(PR_SET_SECUREBITS, 1u << 4));
    T(prctl(PR_GET_SECUREBITS));
    T(prctl(PR_GET_KEEPCAPS));
    T(prctl(PR_SET_KEEPCAPS, 0));
    T(prctl(PR_GET_SECUREBITS));
    T(prctl(PR_SET_SECUREBITS, 2));
    T(prctl(PR_SET_SECUREBITS, 0));
    T(prctl(PR_SET_SECUREBITS, 3));
    T(prctl(PR_SET_SECUREBITS, 2));
    T(prctl(PR_GET_TIMING));
    T(prctl(PR_SET_TIMING, 0));
    T(prctl(PR_SET_TIMING, 1));
    T(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    T(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    T(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    T(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
    T(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
    T(prctl(9999));
}

static void locks(void)
{
    struct rlimit r = {4096, 4096};
    T(setrlimit(RLIMIT_MEMLOCK, &r));
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    T(mlock(p, 65536));
    T(mlockall(MCL_CURRENT));
    T(munlockall());
    T(setresuid(1000, 1000, 1000));
    T(mlock(p, 4096));
    T(mlock(p, 4096));
    T(mlock(p + 4096, 4096));
    T(mlock(p, 8192));
    T(mlock2(p, 8192, MLOCK_ONFAULT));
    T(mlockall(MCL_CURRENT));
    T(mlockall(MCL_FUTURE));
    T(munlock(p, 4096));
    T(munlockall());
    T(mlockall(MCL_FUTURE));
    T(munlockall());
    r = (struct rlimit){0, 4096};
    T(setrlimit(RLIMIT_MEMLOCK, &r));
    T(mlock(p, 4096));
    T(mlock(p, 0));
    T(mlockall(MCL_CURRENT));
    T(mlockall(MCL_FUTURE));
    T(munlock(p, 4096));
    T(mlockall(0));
    T(mlockall(64));
}

int main(void)
{
    enter_folder();
    int fd = memfd_create("memory", 0);
    big(fd);
    T(fcntl(fd, F_SETFL, O_APPEND));
    big(fd);
    attributes();
    locks();
    return 0;
}
