/* SPDX-License-Identifier: MIT
 *
 * A long repeatable sequence of memory calls on one stretch of addresses, at fixed addresses, so
 * that every result, the contents, and what is mapped afterwards are the same everywhere. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include "calls.h"

#define PAGE   4096ul
#define PAGES  64u
#define RW     (PROT_READ | PROT_WRITE)
#define STEPS  20000u
#define ROUNDS 20u /* lines of output, each about as many steps */

static char *area;

/* What the area should be like: the program's own account, to know which pages it may read. */
static struct {
    bool mapped;
    int prot;
} page[PAGES];

static uint32_t seed = 1;

static unsigned pick(unsigned n)
{
    seed = seed * 1103515245u + 12345;
    return (seed >> 12) % n;
}

static char *at(unsigned i)
{
    return area + i * PAGE;
}

/* A digest of results: FNV-1a. */
static uint64_t digest = 14695981039346656037u;

static void note(uint64_t value)
{
    digest = (digest ^ value) * 1099511628211u;
}

static void note_result(long result)
{
    note(result == -1 ? (uint64_t)errno : 0);
}

static void set(unsigned i, unsigned n, bool mapped, int prot)
{
    for (; n > 0; n--, i++) {
        page[i].mapped = mapped;
        page[i].prot = prot;
    }
}

static int any_prot(void)
{
    static const int prots[] = {RW, RW, RW, PROT_READ, PROT_NONE};
    return prots[pick(5)];
}

static void map(unsigned i, unsigned n)
{
    int prot = any_prot(), how = pick(2) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    char *p = mmap(at(i), n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | how, -1, 0);
    note_result(p == MAP_FAILED ? -1 : 0);
    if (p == at(i))
        set(i, n, true, prot);
}

static void unmap(unsigned i, unsigned n)
{
    int result = munmap(at(i), n * PAGE);
    note_result(result);
    if (result == 0)
        set(i, n, false, 0);
}

/* Only where all is mapped: Linux changes what precedes a hole, POSIX leaves that open. */
static void protect(unsigned i, unsigned n)
{
    int prot = any_prot();
    for (unsigned k = i; k < i + n; k++)
        if (!page[k].mapped)
            n = k - i;
    int result = mprotect(at(i), n * PAGE, prot);
    note_result(result);
    if (result == 0)
        set(i, n, true, prot);
}

/* One page: whether neighbours count as one mapping with it differs. Away, and back again with its
 * contents. */
static void move(unsigned i, unsigned to)
{
    char *p = mremap(at(i), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(to));
    note_result(p == MAP_FAILED ? -1 : 0);
    if (p == at(to)) {
        set(to, 1, true, page[i].prot);
        set(i, 1, false, 0);
    }
}

static void use(unsigned i, unsigned n)
{
    for (; n > 0; n--, i++) {
        if (page[i].mapped && (page[i].prot & PROT_READ)) {
            note((uint64_t)at(i)[0]);
            note((uint64_t)at(i)[PAGE - 1]);
        }
        if (page[i].mapped && page[i].prot == RW) {
            at(i)[0] = (char)pick(256);
            at(i)[PAGE - 1] = (char)pick(256);
        }
    }
}

static void step(void)
{
    unsigned i = pick(PAGES), n = 1 + pick(PAGES - i < 12 ? PAGES - i : 12);
    unsigned char core[PAGES];
    switch (pick(8)) {
    case 0:
        map(i, n);
        break;
    case 1:
        unmap(i, n);
        break;
    case 2:
        protect(i, n);
        break;
    case 3:
        move(i, pick(PAGES));
        break;
    case 4:
        note_result(madvise(at(i), n * PAGE, MADV_DONTNEED));
        break;
    case 5:
        note_result(mincore(at(i), n * PAGE, core));
        break;
    case 6:
        note_result(msync(at(i), n * PAGE, MS_ASYNC));
        break;
    default:
        use(i, n);
    }
}

/* Moves the break to (start) + (offset); libc's brk and sbrk may refuse to. */
static bool break_at(char *start, size_t offset)
{
    return (char *)syscall(SYS_brk, start + offset) == start + offset;
}

static void breaking(void)
{
    char *start = (char *)syscall(SYS_brk, 0);
    IS(break_at(start, 10));
    start[9] = 1;
    IS(break_at(start, 10 + 100 * PAGE));
    IS(start[9] == 1 && start[10 + 99 * PAGE] == 0);
    start[10 + 99 * PAGE] = 1;
    IS(break_at(start, 10));
    IS(break_at(start, 10 + 100 * PAGE));
    IS(start[10 + 99 * PAGE] == 0);
    IS(syscall(SYS_brk, 16) == (long)start + 10 + 100 * (long)PAGE);
    IS(syscall(SYS_brk, -1l) == (long)start + 10 + 100 * (long)PAGE);
    IS(break_at(start, 0));
    IS(syscall(SYS_brk, 0) == (long)start);
}

int main(void)
{
    area = mmap(NULL, PAGES * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(area != MAP_FAILED, "area");
    set(0, PAGES, true, RW);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < STEPS / ROUNDS; i++)
            step();
        use(0, PAGES);
        unsigned mapped = 0;
        for (unsigned i = 0; i < PAGES; i++)
            mapped += page[i].mapped;
        printf("round %u: %u pages mapped, digest %llx\n", round, mapped,
               (unsigned long long)digest);
    }

    breaking();
    T(mlockall(0));
    T(munlockall());
    T(munmap(area, PAGES * PAGE));
    T(mlock(area, 1));
    T(munlock(area, 1));
    return 0;
}
