/* SPDX-License-Identifier: MIT
 *
 * A long repeatable sequence of calls on mappings of files and on the files, whose results and
 * contents must be the same everywhere. The program keeps account of what is mapped, to touch only
 * what is there. Private pages are written as soon as they are there: whether others see what is
 * written to the file later is left open by POSIX. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "calls.h"

#define PAGE   4096l
#define AREA   32 /* pages */
#define FILES  3
#define LONG   12 /* pages of a file, at most */
#define RW     (PROT_READ | PROT_WRITE)
#define STEPS  20000
#define ROUNDS 20 /* lines of output */

enum { FREE, ANONYMOUS, SHARED, PRIVATE };

static char *area;
static int file[FILES];
static long size[FILES];

/* What is at each page of the area. */
static struct {
    int kind, file, prot;
    long page; /* of the file */
    bool own;  /* PRIVATE: it was written since it is there */
} at[AREA];

static uint32_t seed = 4711;

static long pick(long n)
{
    seed = seed * 1103515245u + 12345;
    return (long)(seed >> 8) % n;
}

static uint64_t digest = 14695981039346656037u;

static void note(uint64_t value)
{
    digest = (digest ^ value) * 1099511628211u;
}

static void result(long r)
{
    note(r == -1 ? (uint64_t)errno : 0);
}

/* Whether there is something behind page (i) of the area. */
static bool is_there(int i)
{
    if (at[i].kind == SHARED || at[i].kind == PRIVATE)
        return at[i].page * PAGE < size[at[i].file];
    return at[i].kind == ANONYMOUS;
}

/* Private pages that have just come get contents of their own. */
static void own(int i)
{
    at[i].own = at[i].kind == PRIVATE && is_there(i) && at[i].prot == RW;
    if (at[i].own)
        area[i * PAGE + 1]++;
}

static void map(void)
{
    int i = (int)pick(AREA), n = 1 + (int)pick(6), kind = ANONYMOUS + (int)pick(3);
    int f = (int)pick(FILES);
    long page = pick(LONG);
    n = i + n > AREA ? AREA - i : n;
    int flags = MAP_FIXED | (kind == ANONYMOUS ? MAP_PRIVATE | MAP_ANONYMOUS
                             : kind == SHARED  ? MAP_SHARED
                                               : MAP_PRIVATE);
    char *p = mmap(area + i * PAGE, (size_t)(n * PAGE), RW, flags, kind == ANONYMOUS ? -1 : file[f],
                   kind == ANONYMOUS ? 0 : page * PAGE);
    need(p == area + i * PAGE, "mmap");
    for (int k = i; k < i + n; k++) {
        at[k].kind = kind;
        at[k].file = f;
        at[k].page = page + k - i;
        at[k].prot = RW;
        own(k);
    }
}

/* Unmaps: into something inaccessible, so that nobody else gets the place. */
static void unmap(void)
{
    int i = (int)pick(AREA), n = 1 + (int)pick(4);
    n = i + n > AREA ? AREA - i : n;
    result(munmap(area + i * PAGE, (size_t)(n * PAGE)));
    char *p = mmap(area + i * PAGE, (size_t)(n * PAGE), PROT_NONE,
                   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(p == area + i * PAGE, "mmap");
    for (int k = i; k < i + n; k++)
        at[k].kind = FREE;
}

static void protect(void)
{
    int i = (int)pick(AREA), prot = pick(2) ? RW : PROT_READ;
    if (at[i].kind == FREE)
        return;
    result(mprotect(area + i * PAGE, (size_t)PAGE, prot));
    bool again = at[i].prot == PROT_READ && prot == RW;
    at[i].prot = prot;
    if (again)
        own(i);
}

static void store(void)
{
    int i = (int)pick(AREA);
    long off = pick(PAGE);
    if (!is_there(i) || at[i].prot != RW)
        return;
    if ((at[i].kind == SHARED) && at[i].page * PAGE + off >= size[at[i].file])
        return; /* behind the end: who sees it is left open */
    area[i * PAGE + off] = (char)pick(256);
}

static void put(void)
{
    static char text[3 * PAGE];
    int f = (int)pick(FILES);
    long n = 1 + pick(pick(4) ? 100 : 2 * PAGE), off = pick(LONG * PAGE - n);
    memset(text, (int)pick(256), (size_t)n);
    long old = size[f];
    result(pwrite(file[f], text, (size_t)n, off));
    if (off + n > size[f])
        size[f] = off + n;
    for (int i = 0; i < AREA; i++)
        if (at[i].kind == PRIVATE && at[i].file == f && at[i].page * PAGE >= old)
            own(i);
}

static void cut(void)
{
    int f = (int)pick(FILES);
    long to = pick(3) ? pick(LONG * PAGE) : pick(LONG) * PAGE, old = size[f];
    result(ftruncate(file[f], to));
    size[f] = to;
    for (int i = 0; i < AREA; i++)
        if (at[i].kind == PRIVATE && at[i].file == f && at[i].page * PAGE >= (old < to ? old : to))
            own(i);
}

static void punch(void)
{
    int f = (int)pick(FILES);
    result(fallocate(file[f], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pick(LONG * PAGE),
                     1 + pick(3 * PAGE)));
}

static void drop(void)
{
    int i = (int)pick(AREA), n = 1 + (int)pick(3);
    n = i + n > AREA ? AREA - i : n;
    for (int k = i; k < i + n; k++)
        if (at[k].kind == FREE || at[k].prot != RW)
            return;
    result(madvise(area + i * PAGE, (size_t)(n * PAGE), MADV_DONTNEED));
    for (int k = i; k < i + n; k++)
        own(k);
}

/* Moves one page to another place of the area. */
static void move(void)
{
    int from = (int)pick(AREA), to = (int)pick(AREA);
    if (from == to || at[from].kind == FREE)
        return;
    char *p = mremap(area + from * PAGE, (size_t)PAGE, (size_t)PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                     area + to * PAGE);
    need(p == area + to * PAGE, "mremap");
    at[to] = at[from];
    p = mmap(area + from * PAGE, (size_t)PAGE, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    need(p == area + from * PAGE, "mmap");
    at[from].kind = FREE;
}

static void sync_some(void)
{
    int i = (int)pick(AREA);
    result(msync(area + i * PAGE, (size_t)PAGE, MS_SYNC));
}

/* Looks at a few places of the area, and of a file. */
static void look(void)
{
    static char page[PAGE];
    for (int k = 0; k < 4; k++) {
        int i = (int)pick(AREA);
        long off = pick(PAGE);
        bool open = at[i].kind == SHARED    ? at[i].page * PAGE + off >= size[at[i].file]
                    : at[i].kind == PRIVATE ? !at[i].own
                                            : false;
        if (is_there(i) && !open)
            note((unsigned char)area[i * PAGE + off]);
    }
    int f = (int)pick(FILES);
    long n = pread(file[f], page, sizeof(page), pick(LONG) * PAGE);
    note((uint64_t)n);
    for (long i = 0; i < n; i += 37)
        note((unsigned char)page[i]);
}

int main(void)
{
    static void (*const calls[])(void) = {map, map, unmap, protect, store, store, store,
                                          put, put, cut,   punch,   drop,  move,  sync_some};
    enter_folder();
    for (int f = 0; f < FILES; f++) {
        char name[] = {'f', (char)('0' + f), 0};
        file[f] = f == 2 ? memfd_create("random", 0) : open(name, O_RDWR | O_CREAT, 0600);
        need(file[f] >= 0, "file");
    }
    area = mmap(NULL, (size_t)(AREA * PAGE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(area != MAP_FAILED, "area");
    for (int round = 0; round < ROUNDS; round++) {
        for (int step = 0; step < STEPS / ROUNDS; step++) {
            calls[pick(sizeof(calls) / sizeof(calls[0]))]();
            look();
        }
        printf("%2d: %016llx\n", round, (unsigned long long)digest);
    }
    return 0;
}
