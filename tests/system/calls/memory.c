/* SPDX-License-Identifier: MIT
 *
 * Memory: mmap, mprotect, mremap, munmap, madvise, and the program's own heap.
 * That forbidden accesses fault is checked in test_faults.py. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "calls.h"

#define PAGE 4096ul
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static bool zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

static void mapping(void)
{
    char *p = mmap(NULL, 10 * PAGE + 1, PROT_READ | PROT_WRITE, ANON, -1, 0);
    IS(p != MAP_FAILED && (uintptr_t)p % PAGE == 0);
    IS(zero(p, 11 * PAGE));
    memset(p, 'x', 11 * PAGE);
    T(munmap(p + 3 * PAGE, PAGE));
    p[2 * PAGE] = p[4 * PAGE] = 'y';
    T(munmap(p + 3 * PAGE, PAGE));
    char *again = mmap(p + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0);
    IS(again == p + 3 * PAGE);
    IS(zero(again, PAGE));
    IS(mmap(p, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    printf("%s\n", strerror(errno));
    T(munmap(p, 11 * PAGE));

    static const struct {
        size_t len;
        int prot, flags, fd;
        off_t off;
    } bad[] = {{0, PROT_READ, ANON, -1, 0},           {PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0},
               {PAGE, PROT_READ, MAP_PRIVATE, -1, 0}, {PAGE, PROT_READ, MAP_PRIVATE, 99, 0},
               {PAGE, PROT_READ, ANON, -1, 5},        {SIZE_MAX - 10, PROT_READ, ANON, -1, 0},
               {1ul << 60, PROT_READ, ANON, -1, 0}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        void *m = mmap(NULL, bad[i].len, bad[i].prot, bad[i].flags, bad[i].fd, bad[i].off);
        printf("bad %zu: %d %s\n", i, m == MAP_FAILED, strerror(errno));
    }
    T(munmap(p + 1, PAGE));
    T(munmap(p, 0));
}

static void protecting(void)
{
    char *p = mmap(NULL, 4 * PAGE, PROT_NONE, ANON, -1, 0);
    T(mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE));
    p[PAGE] = 1;
    T(mprotect(p + PAGE, PAGE, PROT_READ));
    IS(p[PAGE] == 1);
    T(mprotect(p, 4 * PAGE, PROT_NONE));
    T(mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
    IS(p[PAGE] == 1 && p[0] == 0);
    T(mprotect(p + 1, PAGE, PROT_READ));
    T(mprotect(p, 0, PROT_READ));
    T(munmap(p + PAGE, PAGE));
    T(mprotect(p, 3 * PAGE, PROT_READ));
    T(munmap(p, 4 * PAGE));
    T(mprotect(p, PAGE, PROT_READ));
}

static void moving(void)
{
    char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
    for (int i = 0; i < 4; i++)
        p[(size_t)i * PAGE] = (char)('a' + i);
    p = mremap(p, 4 * PAGE, 400 * PAGE, MREMAP_MAYMOVE);
    IS(p != MAP_FAILED);
    printf("%c%c%c%c\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
    IS(zero(p + 4 * PAGE, 396 * PAGE));
    p[399 * PAGE] = 'z';
    char *same = mremap(p, 400 * PAGE, 2 * PAGE, 0);
    IS(same == p);
    printf("%c%c\n", p[0], p[PAGE]);
    char *to = mmap(NULL, 8 * PAGE, PROT_NONE, ANON, -1, 0);
    char *moved = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    IS(moved == to);
    printf("%c%c\n", to[0], to[PAGE]);
    to[3 * PAGE] = 'c';
    IS(mremap(to + 1, PAGE, PAGE, 0) == MAP_FAILED);
    IS(mremap(to, PAGE, 0, 0) == MAP_FAILED);
    IS(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    printf("%s\n", strerror(errno));
    T(munmap(to, 8 * PAGE));
}

static void advising(void)
{
    unsigned char in_core[4];
    char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
    memset(p, 'x', 4 * PAGE);
    T(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    IS(p[0] == 'x' && zero(p + PAGE, PAGE) && p[2 * PAGE] == 'x');
    T(madvise(p, 4 * PAGE, MADV_WILLNEED));
    T(madvise(p, 4 * PAGE, MADV_SEQUENTIAL));
    T(madvise(p, PAGE, 9999));
    T(madvise(p + 1, PAGE, MADV_DONTNEED));
    T(madvise(p, 0, MADV_DONTNEED));
    T(mincore(p, 4 * PAGE, in_core));
    T(mincore(p + 1, PAGE, in_core));
    T(msync(p, 4 * PAGE, MS_SYNC));
    T(msync(p, PAGE, MS_SYNC | MS_ASYNC));
    T(munmap(p, 4 * PAGE));
    T(mincore(p, PAGE, in_core));
    T(madvise(p, PAGE, MADV_DONTNEED));
    T(msync(p, PAGE, MS_SYNC));
}

static void files(void)
{
    char text[] = "mapped text";
    put_file("f", text);
    int fd = open("f", O_RDWR);
    char *p = mmap(NULL, sizeof(text), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    IS(p != MAP_FAILED);
    IS(!strcmp(p, text) && zero(p + sizeof(text), PAGE - sizeof(text)));
    p[0] = 'M';
    show_file("f");
    T(munmap(p, sizeof(text)));
    IS(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 3) == MAP_FAILED);
    int wr = open("f", O_WRONLY);
    IS(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, wr, 0) == MAP_FAILED);
    printf("%s\n", strerror(errno));
    int dir = open(".", O_RDONLY);
    IS(mmap(NULL, 1, PROT_READ, MAP_PRIVATE, dir, 0) == MAP_FAILED);
    printf("%s\n", strerror(errno));
    int zeros = open("/dev/zero", O_RDWR);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
    IS(p != MAP_FAILED && zero(p, PAGE));
}

static void many(void)
{
    static char *p[300];
    bool right = true;
    unsigned seed = 1;
    for (int i = 0; i < 3000; i++) {
        seed = seed * 1103515245u + 12345;
        int slot = (int)(seed >> 8) % 300;
        size_t pages = 1 + (size_t)(slot % 7);
        if (p[slot]) {
            right &= p[slot][0] == (char)slot && p[slot][pages * PAGE - 1] == (char)slot;
            right &= munmap(p[slot], pages * PAGE) == 0;
            p[slot] = NULL;
        } else {
            p[slot] = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
            right &= p[slot] != MAP_FAILED && zero(p[slot], pages * PAGE);
            memset(p[slot], slot, pages * PAGE);
        }
    }
    IS(right);
}

static void heap(void)
{
    bool right = true;
    static unsigned char *p[500];
    for (unsigned round = 0; round < 6000; round++) {
        unsigned i = round * 7919u % 500, size = round * 104729u % 20000 + 1;
        if (p[i])
            right &= p[i][0] == (unsigned char)i;
        p[i] = realloc(p[i], size);
        right &= p[i] != NULL;
        memset(p[i], (int)i, size);
    }
    for (unsigned i = 0; i < 500; i++)
        free(p[i]);
    IS(right);
    volatile size_t huge = SIZE_MAX / 2;
    IS(malloc(huge) == NULL);
    printf("%s\n", strerror(errno));
    IS(calloc(huge, 3) == NULL);
    void *aligned = NULL;
    T(posix_memalign(&aligned, 65536, 100));
    IS(aligned && (uintptr_t)aligned % 65536 == 0);
    T(posix_memalign(&aligned, 3, 100));
    IS((uintptr_t)aligned_alloc(256, 512) % 256 == 0);
    char *big = malloc(20 << 20);
    IS(big != NULL);
    memset(big, 1, 20 << 20);
    free(big);
}

int main(void)
{
    enter_folder();
    mapping();
    protecting();
    moving();
    advising();
    files();
    many();
    heap();
    return 0;
}
