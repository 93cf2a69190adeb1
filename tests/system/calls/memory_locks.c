/* SPDX-License-Identifier: MIT
 *
 * Locked memory and shared memory without a file: what mlock makes other calls refuse, and advice
 * about memory that is shared. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include "calls.h"

#define PAGE 4096
#define ANON (MAP_ANONYMOUS | MAP_PRIVATE)

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

static char *map(size_t pages, int prot, int flags, int fd)
{
    char *p = mmap(NULL, pages * PAGE, prot, flags, fd, 0);
    need(p != MAP_FAILED, "mmap");
    return p;
}

/* Whether (p) is locked, as msync tells. */
static int locked(char *p)
{
    return msync(p, PAGE, MS_ASYNC | MS_INVALIDATE) == -1 && errno == EBUSY;
}

static void moved(void)
{
    char *p = map(2, PROT_READ | PROT_WRITE, ANON, -1);

    T(mlock(p, 2 * PAGE));
    T((long)mremap(p, 2 * PAGE, PAGE, 0) == (long)p);
    T(locked(p));
    char *q = mremap(p, PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    need(q != MAP_FAILED, "mremap");
    T(locked(q));
    T(locked(q + 7 * PAGE));
    T(munlock(q, 8 * PAGE));
    T(locked(q + 7 * PAGE));
}

static void ranges(void)
{
    char *p = map(4, PROT_READ | PROT_WRITE, ANON, -1);

    strcpy(p, "kept");
    T(mlock(p, 2 * PAGE));
    T(locked(p));
    T(locked(p + PAGE));
    T(locked(p + 2 * PAGE));
    T(msync(p, 4 * PAGE, MS_SYNC));
    T(msync(p, 4 * PAGE, MS_SYNC | MS_INVALIDATE));
    T(madvise(p, PAGE, MADV_DONTNEED));
    T(madvise(p, PAGE, MADV_FREE));
    T(madvise(p, PAGE, MADV_WILLNEED));
    T(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED));
    T(strcmp(p, "kept"));
    T(munlock(p + 1, 10));
    T(locked(p));
    T(locked(p + PAGE));
    T(madvise(p, PAGE, MADV_DONTNEED));
    T(p[0]);
    T(mprotect(p + PAGE, PAGE, PROT_READ));
    T(locked(p + PAGE));
    T(mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE));
    T(mmap(p + PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + PAGE);
    T(locked(p + PAGE));
    T(munmap(p + 3 * PAGE, PAGE));
    T(mlock(p, 4 * PAGE));
    T(mprotect(p, PAGE, PROT_NONE));
    T(mlock(p, PAGE));
    T(syscall(SYS_mlock2, p, PAGE, 1));
    T(locked(p));
    T(munlock(p, PAGE));
    T(locked(p));
    moved();
}

/* Nobody but a program itself may empty what it shares. */
static void shared(void)
{
    char *p = map(2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);

    strcpy(p, "first");
    strcpy(p + PAGE, "second");
    T(madvise(p, 2 * PAGE, MADV_DONTNEED));
    puts(p);
    puts(p + PAGE);
    T(madvise(p, 2 * PAGE, MADV_FREE));
    T(madvise(p, 2 * PAGE, MADV_WIPEONFORK));
    T(madvise(p, PAGE, MADV_REMOVE));
    T(p[0]);
    puts(p + PAGE);
    T(mlock(p + PAGE, PAGE));
    T(madvise(p, 2 * PAGE, MADV_REMOVE));
    puts(p + PAGE);
    p = map(1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1);
    T(madvise(p, PAGE, MADV_DONTNEED));
    T(p[0]);
}

static void files(void)
{
    put_file("f", "contents");
    int fd = open("f", O_RDWR);
    char *p = map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

    T(mlock(p, PAGE));
    T(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
    T(madvise(p, PAGE, MADV_REMOVE));
    T(munlock(p, PAGE));
    T(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
    T(madvise(p, PAGE, MADV_FREE));
    T(madvise(p, PAGE, MADV_WIPEONFORK));
    T(madvise(p, PAGE, MADV_REMOVE));
    T(p[0]);
    p = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    T(madvise(p, PAGE, MADV_FREE));
    T(madvise(p, PAGE, MADV_WIPEONFORK));
    T(close(fd));
    shared();
}

int main(void)
{
    char *before = map(1, PROT_READ | PROT_WRITE, ANON, -1);

    enter_folder();
    ranges();
    files();
    T(mlockall(MCL_FUTURE));
    char *after = map(1, PROT_READ | PROT_WRITE, ANON, -1);
    T(locked(before));
    T(locked(after));
    T(mlockall(MCL_CURRENT));
    T(locked(before));
    char *later = map(1, PROT_READ | PROT_WRITE, ANON, -1);
    T(locked(later));
    T(munlockall());
    T(locked(before));
    T(locked(after));
    return 0;
}
