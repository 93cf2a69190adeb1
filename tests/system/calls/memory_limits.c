/* SPDX-License-Identifier: MIT
 *
 * The limits on memory: what mmap, mremap and brk answer where RLIMIT_MEMLOCK, RLIMIT_AS or
 * RLIMIT_DATA allow no more; and mremap that only shrinks. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "calls.h"

#define PAGE 4096
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_ANONYMOUS | MAP_PRIVATE)

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* libc's mmap makes ENOMEM of EPERM. */
static char *map(size_t len, int prot, int flags)
{
    return (char *)syscall(SYS_mmap, 0L, len, (long)prot, (long)flags, -1L, 0L);
}

static char *need_map(size_t len, int prot, int flags)
{
    char *p = map(len, prot, flags);
    need(p != MAP_FAILED, "mmap");
    return p;
}

static int mapped(char *p)
{
    return msync(p, PAGE, MS_ASYNC) == 0;
}

/* Whether (p) is locked, as msync tells. */
static int locked(char *p)
{
    return msync(p, PAGE, MS_ASYNC | MS_INVALIDATE) == -1 && errno == EBUSY;
}

static void limit(int which, rlim_t soft)
{
    struct rlimit l;
    need(getrlimit(which, &l) == 0, "getrlimit");
    l.rlim_cur = soft;
    need(setrlimit(which, &l) == 0, "setrlimit");
}

static long brk_grows(size_t by)
{
    long now = syscall(SYS_brk, 0L);
    return syscall(SYS_brk, now + (long)by) == now + (long)by;
}

/* Only the first page of what shrinks has to be mapped, and it need not be one mapping. */
static void shrinking(int flags)
{
    char *p = need_map(3 * PAGE, PROT_READ, MAP_ANONYMOUS | flags);

    printf("shrinking:\n");
    T(mprotect(p, PAGE, PROT_NONE));
    T(mremap(p, 3 * PAGE, 2 * PAGE, 0) == p);
    T(mapped(p) + mapped(p + PAGE) + mapped(p + 2 * PAGE));
    T(munmap(p + PAGE, PAGE));
    T(mremap(p, 3 * PAGE, PAGE, MREMAP_MAYMOVE) == p);
    T(mremap(p, PAGE, PAGE, 0) == p);
    OK((long)mremap(p, 0, PAGE, 0));
    T(munmap(p, PAGE));
    OK((long)mremap(p, 2 * PAGE, PAGE, 0));
}

static void locked_mappings(void)
{
    char *p = need_map(2 * PAGE, RW, ANON | MAP_LOCKED), *q;

    printf("MAP_LOCKED:\n");
    T(locked(p) + locked(p + PAGE));
    p[0] = p[PAGE] = 'x';
    T(madvise(p, PAGE, MADV_DONTNEED));
    T(madvise(p, PAGE, MADV_DONTNEED_LOCKED));
    T(p[0] + p[PAGE]);
    T(locked(p));
    T(madvise(p, 2 * PAGE, MADV_DONTNEED_LOCKED));
    T(p[PAGE]);
    for (int i = 22; i < 27; i++) {
        printf("advice %d: ", i);
        T(madvise(p, 0, i));
    }
    q = need_map(3 * PAGE, RW, MAP_ANONYMOUS | MAP_SHARED | MAP_LOCKED);
    T(locked(q + 2 * PAGE));
    T(munlock(q, PAGE));
    T(locked(q) + locked(q + PAGE));
    T(munlockall());
    T(locked(p) + locked(q + PAGE));
}

/* As somebody whom RLIMIT_MEMLOCK concerns. */
static void memlock(void)
{
    char *p = need_map(PAGE, RW, ANON | MAP_LOCKED), *q;

    printf("RLIMIT_MEMLOCK:\n");
    limit(RLIMIT_MEMLOCK, 2 * PAGE);
    q = need_map(4 * PAGE, RW, ANON | MAP_LOCKED); /* root may */
    T(munmap(q, 4 * PAGE));
    T(syscall(SYS_setresuid, -1L, 1000L, -1L));
    OK((long)map(2 * PAGE, RW, ANON | MAP_LOCKED));
    OK((long)map(PAGE, RW, ANON | MAP_LOCKED));
    OK((long)map(PAGE, RW, ANON | MAP_LOCKED));
    OK((long)mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    OK((long)mremap(p, PAGE, 2 * PAGE, 0));
    T(locked(p));
    T(munlockall());
    T(mlockall(MCL_FUTURE));
    T(locked(need_map(2 * PAGE, RW, ANON)));
    OK((long)map(PAGE, RW, ANON));
    OK((long)map(PAGE, PROT_NONE, ANON));
    T(brk_grows(2 * PAGE));
    T(munlockall());
    OK((long)map(3 * PAGE, RW, ANON));
    limit(RLIMIT_MEMLOCK, PAGE - 1);
    OK((long)map(PAGE, RW, ANON | MAP_LOCKED));
    limit(RLIMIT_MEMLOCK, 0);
    OK((long)map(PAGE, RW, ANON | MAP_LOCKED));
    T(mlockall(MCL_FUTURE));
    T(syscall(SYS_setresuid, -1L, 0L, -1L));
    OK((long)map(PAGE, RW, ANON | MAP_LOCKED));
}

/* Errors that have little to do with limits: of offsets, protections and lengths. */
static void errors(void)
{
    static const int prots[] = {8, 16, PROT_GROWSDOWN, PROT_GROWSUP, PROT_GROWSDOWN | PROT_GROWSUP};
    static const char *const files[] = {"f", "/dev/zero", "/dev/null", "."};
    char *p = need_map(PAGE, RW, ANON);

    printf("errors:\n");
    put_file("f", "x");
    for (unsigned i = 0; i < 4; i++) {
        long fd = open(files[i], O_RDONLY);
        printf("%s: ", files[i]);
        OK(syscall(SYS_mmap, 0L, (long)PAGE, 1L, (long)MAP_PRIVATE, fd, -4096L));
        printf("%s: ", files[i]);
        OK(syscall(SYS_mmap, 0L, (long)PAGE, 1L, (long)MAP_PRIVATE, fd, INT64_MAX & -4096L));
    }
    for (unsigned i = 0; i < sizeof(prots) / sizeof(*prots); i++) {
        printf("protection %x: ", (unsigned)prots[i]);
        T(mprotect(p, PAGE, prots[i]));
        printf("protection %x: ", (unsigned)prots[i]);
        T(mprotect(p, 0, prots[i]));
        printf("protection %x: ", (unsigned)prots[i]);
        T(mprotect((void *)0x10000, PAGE, prots[i]));
    }
    T(msync(p, -1, MS_SYNC));
    T(msync(p, 0, MS_SYNC));
}

static long pages_in_use(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    need(f && fscanf(f, "%ld", &pages) == 1, "statm");
    fclose(f);
    return pages;
}

static void address_space(void)
{
    char *p = need_map(PAGE, RW, ANON);

    printf("RLIMIT_AS:\n");
    limit(RLIMIT_AS, (rlim_t)pages_in_use() * PAGE + (4 << 20));
    OK((long)map(5 << 20, PROT_NONE, ANON));
    OK((long)map(5 << 20, PROT_READ, MAP_ANONYMOUS | MAP_SHARED));
    OK((long)mremap(p, PAGE, 5 << 20, MREMAP_MAYMOVE));
    T(brk_grows(5 << 20));
    OK((long)map(3 << 20, PROT_NONE, ANON));
    OK((long)map(3 << 20, PROT_NONE, ANON));
    limit(RLIMIT_AS, RLIM_INFINITY);
    OK((long)map(5 << 20, PROT_NONE, ANON));
}

static void data(void)
{
    printf("RLIMIT_DATA:\n");
    T(brk_grows(PAGE));
    limit(RLIMIT_DATA, 0);
    T(brk_grows(2 * PAGE));
    limit(RLIMIT_DATA, RLIM_INFINITY);
    T(brk_grows(2 * PAGE));
}

int main(void)
{
    shrinking(MAP_PRIVATE);
    shrinking(MAP_SHARED);
    errors();
    locked_mappings();
    memlock();
    address_space();
    data();
    return 0;
}
