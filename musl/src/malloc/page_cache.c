/* SPDX-License-Identifier: MIT
 *
 * Between malloc and the system: a few small runs of pages that malloc gives back are kept, as it
 * often wants the same again at once. A server that takes and frees a pool for each request would
 * otherwise unmap, map and touch the same pages each time, which costs more than all the rest of
 * malloc. What is kept counts as the program's memory: a program that has met its end keeps nothing
 * from then on. */
#include <string.h>
#include <sys/mman.h>
#include "atomic.h"

#define RUNS    8
#define RUN_MAX (68u << 10) /* 64 KiB, the size of many a buffer, with what malloc adds */

hidden void *__malloc_mmap(void *, size_t, int, int, int, off_t);
hidden int __malloc_munmap(void *, size_t);
hidden void *__mmap(void *, size_t, int, int, int, off_t);

static struct {
    void *start;
    size_t len; /* 0: free */
} kept[RUNS];
static volatile int taken;
static int met_the_end; /* of memory */

/* Whoever finds it taken asks the system instead of waiting. */
static int take(void)
{
    return a_cas(&taken, 0, 1) == 0;
}

static void give(void)
{
    a_store(&taken, 0);
}

/* Gives everything back, and keeps nothing any more. */
static int drop_all(void)
{
    int any = 0;

    if (!take())
        return 0;
    met_the_end = 1;
    for (int i = 0; i < RUNS; i++) {
        if (kept[i].len) {
            munmap(kept[i].start, kept[i].len);
            any = 1;
        }
        kept[i].len = 0;
    }
    give();
    return any;
}

void *__malloc_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
    void *found = 0;

    if (!addr && len <= RUN_MAX && prot == (PROT_READ | PROT_WRITE) && take()) {
        for (int i = 0; i < RUNS && !found; i++) {
            if (kept[i].len == len) {
                found = kept[i].start;
                kept[i].len = 0;
            }
        }
        give();
    }
    if (found)
        return memset(found, 0, len);
    found = __mmap(addr, len, prot, flags, fd, off);
    /* Out of memory: what is kept may make the difference. */
    if (found == MAP_FAILED && drop_all())
        found = __mmap(addr, len, prot, flags, fd, off);
    return found;
}

int __malloc_munmap(void *start, size_t len)
{
    int i = RUNS;

    if (len <= RUN_MAX && !met_the_end && take()) {
        for (i = 0; i < RUNS && kept[i].len; i++)
            ;
        if (i < RUNS) {
            kept[i].start = start;
            kept[i].len = len;
        }
        give();
    }
    return i < RUNS ? 0 : munmap(start, len);
}
