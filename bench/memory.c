/* SPDX-License-Identifier: MIT
 *
 * What a pair of calls of the memory manager costs in instructions, on a host that does nothing
 * when it is called: the cost of the library OS alone. "make bench-memory" runs it under callgrind
 * (tools/bench-memory).
 *
 *   memory           lists the cases
 *   memory CASE N    makes N pairs of calls, and prints how often one calls the host
 *
 * sources: libos/posix/mem.c libos/mm/page.c libos/mm/runs.c libos/mm/user.c libos/mm/heap.c
 * uses: posix mm vfs */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/log.h"
#include "iface/plat.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "pith_calls.h"

#define PAGES 65536
#define HOLES 10000
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)

struct plat_info plat_info;
uint32_t plat_hold;
static unsigned long host_calls;

int plat_protect(void *addr, size_t len, int prot)
{
    (void)addr;
    (void)len;
    (void)prot;
    host_calls++;
    return 0;
}

void plat_release(void *addr, size_t len)
{
    (void)addr;
    (void)len;
    host_calls++;
}

void assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s at %s:%d\n", what, file, line);
    abort();
}

void log_line(const char *format, ...)
{
    fprintf(stderr, "%s\n", format);
}

static void page_pair(size_t n)
{
    void *p = page_alloc(n);
    ASSERT(p);
    page_free(p, n);
}

static void mmap_pair(size_t len)
{
    long p = pith_sys_mmap(0, (long)len, RW, ANON, -1, 0);
    ASSERT(p > 0);
    ASSERT(pith_sys_munmap(p, (long)len) == 0);
}

static void heap_pair(size_t size)
{
    void *p = heap_alloc(size);
    ASSERT(p);
    heap_free(p, size);
}

static const struct {
    const char *name;
    void (*pair)(size_t size);
    size_t size;
    bool holes; /* among many holes of one page */
} cases[] = {
    {"heap-64", heap_pair, 64, false},        {"heap-1000", heap_pair, 1000, false},
    {"page-1", page_pair, 1, false},          {"page-16", page_pair, 16, false},
    {"page-16-holes", page_pair, 16, true},   {"mmap-4k", mmap_pair, 4096, false},
    {"mmap-4k-holes", mmap_pair, 4096, true}, {"mmap-64k", mmap_pair, 65536, false},
    {"mmap-1m", mmap_pair, 1048576, false},
};

/* Maps pages and unmaps every other one. */
static void make_holes(void)
{
    static void *p[2 * HOLES];
    for (size_t i = 0; i < 2 * HOLES; i++)
        ASSERT(page_map(1, RW, PAGE_ANON, &p[i]) == 0);
    for (size_t i = 0; i < 2 * HOLES; i += 2)
        page_unmap(p[i], 1);
}

static void list(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        puts(cases[i].name);
}

static int measure(const char *name, unsigned long n)
{
    size_t c = 0;
    while (c < ARRAY_LEN(cases) && strcmp(cases[c].name, name) != 0)
        c++;
    if (c == ARRAY_LEN(cases) || n == 0)
        return 2;
    if (cases[c].holes)
        make_holes();
    cases[c].pair(cases[c].size); /* what the first pair sets up does not count */
    host_calls = 0;
    for (unsigned long i = 0; i < n; i++)
        cases[c].pair(cases[c].size);
    printf("%.2f\n", (double)host_calls / (double)n);
    return 0;
}

int main(int argc, char **argv)
{
    plat_info.heap_len = PAGES * PAGE_SIZE;
    plat_info.heap = mmap(NULL, plat_info.heap_len, RW, ANON | MAP_NORESERVE, -1, 0);
    ASSERT(plat_info.heap != MAP_FAILED);
    if (argc == 3)
        return measure(argv[1], strtoul(argv[2], NULL, 10));
    list();
    return 0;
}
