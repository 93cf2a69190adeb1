/* SPDX-License-Identifier: MIT
 *
 * Memory for tests on the host (fake_mm.h). */
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake_mm.h"
#include "iface/fs.h"
#include "mm/heap.h"
#include "mm/page.h"

#define ARENA_PAGES 32768u

struct fake_mm fake_mm;

static char *arena;
static bool in_use[ARENA_PAGES], shared[ARENA_PAGES];
static size_t lowest; /* no page below is free */

static bool fails(void)
{
    fake_mm.allocations++;
    if (fake_mm.allocations == fake_mm.fail_at)
        return true;
    fake_mm.seed = fake_mm.seed * 6364136223846793005u + 1442695040888963407u;
    return (fake_mm.seed >> 33) % 100 < fake_mm.fail_percent;
}

/* Each object has its size in front of it. */
#define HEADER 16

void *heap_alloc(size_t size)
{
    if (fails())
        return NULL;
    char *p = calloc(1, size + HEADER);
    if (!p)
        abort();
    *(size_t *)p = size;
    fake_mm.heap_bytes += size;
    return p + HEADER;
}

void heap_free(void *p, size_t size)
{
    if (!p)
        return;
    if (*(size_t *)((char *)p - HEADER) != size)
        abort();
    fake_mm.heap_bytes -= size;
    free((char *)p - HEADER);
}

static bool all_free(size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (in_use[first + i])
            return false;
    return true;
}

void *page_alloc(size_t n)
{
    if (!arena) {
        arena = mmap(NULL, ARENA_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED)
            abort();
        ASAN_POISON_MEMORY_REGION(arena, ARENA_PAGES * PAGE_SIZE);
    }
    if (fails() || (fake_mm.max_run && n > fake_mm.max_run))
        return NULL;
    while (lowest < ARENA_PAGES && in_use[lowest])
        lowest++;
    for (size_t first = lowest; first + n <= ARENA_PAGES; first++) {
        if (!all_free(first, n))
            continue;
        char *p = arena + first * PAGE_SIZE;
        memset(in_use + first, true, n);
        ASAN_UNPOISON_MEMORY_REGION(p, n * PAGE_SIZE);
        memset(p, 0, n * PAGE_SIZE);
        fake_mm.pages += n;
        return p;
    }
    return NULL;
}

void page_free(void *p, size_t n)
{
    size_t first = (size_t)((char *)p - arena) / PAGE_SIZE;

    if (n == 0 || (size_t)((char *)p - arena) % PAGE_SIZE || first + n > ARENA_PAGES)
        abort();
    for (size_t i = first; i < first + n; i++) {
        if (!in_use[i] || shared[i])
            abort();
        in_use[i] = false;
    }
    if (first < lowest)
        lowest = first;
    fake_mm.pages -= n;
    ASAN_POISON_MEMORY_REGION(p, n * PAGE_SIZE);
}

static size_t number(const void *p)
{
    return (size_t)((const char *)p - arena) / PAGE_SIZE;
}

void *page_alloc_shared(size_t n)
{
    void *p = page_alloc(n);

    if (p)
        memset(shared + number(p), true, n);
    return p;
}

void page_free_shared(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!shared[number(p) + i])
            abort();
    memset(shared + number(p), false, n);
    page_free(p, n);
}

enum page_use page_use_at(const void *p)
{
    size_t i = number(p);

    return i < ARENA_PAGES && shared[i] ? PAGE_SHARED : PAGE_KERNEL;
}

/* No file is mapped: what file systems ask about mappings is not to be reached. */
int mapping_of_file(struct file *f, bool is_shared, void *at, size_t len, uint64_t first)
{
    (void)f, (void)is_shared, (void)at, (void)len, (void)first;
    abort();
}

void mapping_truncated(struct inode *inode, uint64_t size)
{
    (void)inode, (void)size;
    abort();
}

void mapping_grown(struct inode *inode, uint64_t size)
{
    (void)inode, (void)size;
    abort();
}

bool mapping_is_writable(const struct inode *inode)
{
    (void)inode;
    abort();
}
