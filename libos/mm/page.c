/* SPDX-License-Identifier: MIT
 *
 * The page allocator. Pages are numbered from the first one behind the tables, which lie at the
 * start of the heap and are zero, and untouched, where nothing was ever allocated.
 *
 * A page in use has a use and a protection. A free one is in one of four states:
 *   RELEASED  inaccessible and zero, not backed by the host: the state at the start
 *   READY     readable, writable and zero: made accessible ahead of need, to save calls to the host
 *   DIRTY     readable and writable, with contents of the library OS; to be zeroed before use
 *   POOLED    as DIRTY, but in the pool of single pages and not in any free run
 * All other free pages are in maximal free runs (runs.h): a run may mix the first three states. The
 * program's pages become RELEASED, so that it faults when it touches what it has unmapped; those of
 * the library OS become DIRTY or POOLED up to a limit, because zeroing costs a fraction of a page
 * fault.
 *
 * The library OS allocates at the low end of a run, the program at the high end; brk begins at an
 * eighth of the heap and grows up, so nobody allocates at the low end of the run behind it. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/log.h"
#include "iface/lend.h"
#include "iface/plat.h"
#include "mm/internal.h"
#include "mm/runs.h"

#define PROT_RW     (PROT_READ | PROT_WRITE)
#define PROT_ALL    (PROT_READ | PROT_WRITE | PROT_EXEC)
#define TABLE_BYTES (sizeof(struct run_tag) + sizeof(uint8_t)) /* for each page */

/* A page's state is one byte: use, and protection or kind of free page above; the highest bit is
 * that of a page that the program has locked. */
#define STATE(use, detail) ((uint8_t)((unsigned)(use) | (unsigned)(detail) << 4))
#define RELEASED           STATE(PAGE_FREE, 0)
#define READY              STATE(PAGE_FREE, 1)
#define DIRTY              STATE(PAGE_FREE, 2)
#define POOLED             STATE(PAGE_FREE, 3)
#define KERNEL             STATE(PAGE_KERNEL, PROT_RW)
#define LOCKED             STATE(0, 8)

#define POOL_PAGES  64  /* single pages kept for page_alloc(1) */
#define DIRTY_PAGES 256 /* pages in free runs that may stay DIRTY */

/* Accessible pages are asked for up to the next multiple of a chunk. The large one is what hosts
 * back with huge pages, and is used from GROWN_PAGES on: a small program never pays for it. */
#define SMALL_CHUNK ((size_t)16 * PAGE_SIZE)
#define LARGE_CHUNK ((size_t)2 << 20)
#define GROWN_PAGES 1024

/* The boot thread or whoever holds the library OS's lock owns all of it, for ever. */
static struct {
    bool started;
    uint32_t pages;            /* managed pages; 0: none, and everything answers out of memory */
    char *base;                /* page 0 */
    uint8_t *state;            /* of each page */
    struct runs free;          /* the free runs */
    uint32_t dirty;            /* DIRTY pages */
    uint32_t pool_len;         /* POOLED pages ... */
    uint32_t pool[POOL_PAGES]; /* ... and which ones */
    size_t used[PAGE_USES];
} mm;

/* Where a fresh run of pages lies in its free run: ahead of which end READY pages are made. */
enum growth { GROW_UP, GROW_DOWN };

static bool allows(const void *addr, size_t len, int prot);

void page_start(void *heap, size_t len)
{
    size_t total = min_size(len / PAGE_SIZE, RUNS_MAX);
    size_t tables = (total * TABLE_BYTES + PAGE_SIZE + TABLE_BYTES - 1) / (PAGE_SIZE + TABLE_BYTES);
    memset(&mm, 0, sizeof(mm));
    mm.started = true;
    page_allows = allows;
    if (tables >= total || plat_protect(heap, tables * PAGE_SIZE, PROT_RW) != 0)
        return;
    mm.base = (char *)heap + tables * PAGE_SIZE;
    mm.pages = (uint32_t)(total - tables);
    mm.free.tags = heap;
    mm.state = (uint8_t *)(mm.free.tags + mm.pages);
    mm.used[PAGE_FREE] = mm.pages;
    runs_add(&mm.free, 0, mm.pages);
}

static void start_once(void)
{
    if (unlikely(!mm.started))
        page_start(plat_info.heap, plat_info.heap_len);
}

static char *page_address(uint32_t page)
{
    return mm.base + (size_t)page * PAGE_SIZE;
}

static enum page_use use_of(uint8_t state)
{
    return state & 15;
}

static int prot_of(uint8_t state)
{
    return use_of(state) == PAGE_FREE ? PROT_NONE : state >> 4 & PROT_ALL;
}

static bool is_programs(uint8_t state)
{
    return page_is_programs(use_of(state));
}

/* Whether the host gives a page the protection that it is to have. */
static bool is_open(uint8_t state)
{
    return use_of(state) != PAGE_BEYOND;
}

static bool in_free_run(uint32_t page)
{
    return use_of(mm.state[page]) == PAGE_FREE && mm.state[page] != POOLED;
}

/* The number of the first page of a range that lies inside the heap as a whole, else RUN_NONE. */
static uint32_t pages_inside(const void *addr, size_t n)
{
    uintptr_t at = (uintptr_t)addr, base = (uintptr_t)mm.base;
    ASSERT(at % PAGE_SIZE == 0);
    if (n == 0 || n > mm.pages || at < base || (at - base) / PAGE_SIZE > mm.pages - n)
        return RUN_NONE;
    return (uint32_t)((at - base) / PAGE_SIZE);
}

/* The end of the stretch of pages from (page) on that have the same state, at most (end). */
static uint32_t stretch(uint32_t page, uint32_t end)
{
    uint8_t state = mm.state[page];
    uint64_t pattern = state * 0x0101010101010101u, word;
    for (page++; page < end && page % 8 != 0 && mm.state[page] == state; page++)
        ;
    for (; page % 8 == 0 && end - page >= 8; page += 8) {
        memcpy(&word, mm.state + page, 8);
        if (word != pattern)
            break;
    }
    while (page < end && mm.state[page] == state)
        page++;
    return page;
}

/* Whether all pages of a range are the program's. */
static bool all_programs(uint32_t page, uint32_t end)
{
    for (; page < end; page = stretch(page, end))
        if (!is_programs(mm.state[page]))
            return false;
    return true;
}

/* Puts (n) pages, whose states say free already, into the index, joined with free neighbours. */
static void add_run(uint32_t page, uint32_t n)
{
    if (page > 0 && in_free_run(page - 1)) {
        uint32_t before = mm.free.tags[page - 1].len;
        page -= before;
        n += before;
        runs_remove(&mm.free, page);
    }
    if (page + n < mm.pages && in_free_run(page + n)) {
        uint32_t behind = mm.free.tags[page + n].len;
        runs_remove(&mm.free, page + n);
        n += behind;
    }
    runs_add(&mm.free, page, n);
}

/* Takes (n) pages from (page) on out of the free run that starts at (run). */
static void take(uint32_t run, uint32_t page, uint32_t n)
{
    uint32_t before = page - run, behind = mm.free.tags[run].len - before - n;
    runs_remove(&mm.free, run);
    if (before > 0)
        runs_add(&mm.free, run, before);
    if (behind > 0)
        runs_add(&mm.free, page + n, behind);
}

/* The start of the free run that (page) is in. */
static uint32_t run_around(uint32_t page)
{
    const uint32_t near = 64; /* looked at one by one before the longer runs are */
    uint32_t first = page;
    while (first > 0 && page - first < near && in_free_run(first - 1))
        first--;
    if (first == 0 || !in_free_run(first - 1))
        return first;
    return runs_around(&mm.free, page, near);
}

/* Gives the free pages of a range back to the host. They must be in a free run, or in none and in
 * no pool. */
static void release(uint32_t page, uint32_t n)
{
    for (uint32_t i = page; mm.dirty > 0 && i < page + n; i++)
        mm.dirty -= mm.state[i] == DIRTY;
    plat_release(page_address(page), (size_t)n * PAGE_SIZE);
    memset(mm.state + page, RELEASED, n);
}

/* Gives the DIRTY pages around (page) back to the host, if too many are kept. */
static void limit_dirty(uint32_t page)
{
    if (mm.dirty <= DIRTY_PAGES || mm.state[page] != DIRTY)
        return;
    uint32_t end = stretch(page, mm.pages);
    while (page > 0 && mm.state[page - 1] == DIRTY)
        page--;
    release(page, end - page);
}

static void add_dirty(uint32_t page, uint32_t n)
{
    memset(mm.state + page, DIRTY, n);
    mm.dirty += n;
    add_run(page, n);
}

/* Moves the (n) pages that are in the pool for longest into free runs. */
static void drain_pool(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_dirty(mm.pool[i], 1);
    for (uint32_t i = 0; i < n; i++)
        limit_dirty(mm.pool[i]); /* after all are joined, to release more at once */
    mm.pool_len -= n;
    memmove(mm.pool, mm.pool + n, mm.pool_len * sizeof(mm.pool[0]));
}

/* The start of a free run of at least (n) pages, or RUN_NONE. */
static uint32_t find_run(size_t n)
{
    if (n == 0 || n > mm.used[PAGE_FREE])
        return RUN_NONE;
    uint32_t run = runs_find(&mm.free, (uint32_t)n);
    if (run == RUN_NONE && mm.pool_len > 0) {
        drain_pool(mm.pool_len);
        run = runs_find(&mm.free, (uint32_t)n);
    }
    return run;
}

static size_t chunk(void)
{
    return mm.pages - mm.used[PAGE_FREE] < GROWN_PAGES ? SMALL_CHUNK : LARGE_CHUNK;
}

/* How far behind (end) RELEASED pages are worth opening with those before it. */
static uint32_t ahead_up(uint32_t end)
{
    uintptr_t at = (uintptr_t)page_address(end);
    size_t more = (align_up(at, chunk()) - at) / PAGE_SIZE;
    uint32_t limit = (uint32_t)min_size(end + more, mm.pages);
    return end < limit && mm.state[end] == RELEASED ? stretch(end, limit) : end;
}

/* The same below (page). */
static uint32_t ahead_down(uint32_t page)
{
    uintptr_t at = (uintptr_t)page_address(page);
    size_t more = min_size(at % chunk() / PAGE_SIZE, page);
    for (uint32_t limit = page - (uint32_t)more; page > limit && mm.state[page - 1] == RELEASED;)
        page--;
    return page;
}

/* Makes free pages of no run readable, writable and zero: with one call to the host at most, which
 * then covers pages ahead, too. */
static int open_writable(uint32_t page, uint32_t n, enum growth growth)
{
    uint32_t end = page + n, first = end, last = page;
    for (uint32_t i = page, next; i < end; i = next) {
        next = stretch(i, end);
        if (mm.state[i] == RELEASED) {
            first = first == end ? i : first;
            last = next;
        }
    }
    if (first < last) {
        uint32_t from = growth == GROW_DOWN && first == page ? ahead_down(first) : first;
        uint32_t to = growth == GROW_UP && last == end ? ahead_up(last) : last;
        if (plat_protect(page_address(from), (size_t)(to - from) * PAGE_SIZE, PROT_RW) == 0) {
            memset(mm.state + from, READY, page > from ? page - from : 0);
            memset(mm.state + end, READY, to > end ? to - end : 0);
        } else {
            release(from, to - from); /* the host may have opened part of it */
            if (plat_protect(page_address(page), (size_t)n * PAGE_SIZE, PROT_RW) != 0)
                return -ENOMEM;
        }
    }
    for (uint32_t i = page; mm.dirty > 0 && i < end; i++) {
        if (mm.state[i] == DIRTY) {
            memset(page_address(i), 0, PAGE_SIZE);
            mm.state[i] = READY;
            mm.dirty--;
        }
    }
    return 0;
}

/* Makes free pages of no run zero, with another protection than readable and writable. */
static int open_other(uint32_t page, uint32_t n, int prot)
{
    if (stretch(page, page + n) != page + n || mm.state[page] != RELEASED)
        release(page, n);
    return prot == PROT_NONE ? 0 : plat_protect(page_address(page), (size_t)n * PAGE_SIZE, prot);
}

/* Turns free pages of no run into pages in use; on error they go back. */
static int furnish(uint32_t page, uint32_t n, int prot, enum page_use use, enum growth growth)
{
    int open = use == PAGE_BEYOND ? PROT_NONE : prot;
    int err = open == PROT_RW ? open_writable(page, n, growth) : open_other(page, n, open);
    if (err) {
        release(page, n);
        add_run(page, n);
        return err;
    }
    memset(mm.state + page, STATE(use, prot), n);
    mm.used[PAGE_FREE] -= n;
    mm.used[use] += n;
    return 0;
}

static void *alloc_pooled(void)
{
    uint32_t page = mm.pool[--mm.pool_len];
    mm.state[page] = KERNEL;
    mm.used[PAGE_FREE]--;
    mm.used[PAGE_KERNEL]++;
    return memset(page_address(page), 0, PAGE_SIZE);
}

/* Takes (n) pages for the library OS out of a free run: the first one, or RUN_NONE. */
static uint32_t take_low(size_t n, enum growth *growth)
{
    uint32_t run = find_run(n);
    if (run == RUN_NONE)
        return RUN_NONE;
    bool behind_brk = run > 0 && use_of(mm.state[run - 1]) == PAGE_BRK;
    uint32_t page = behind_brk ? run + mm.free.tags[run].len - (uint32_t)n : run;
    take(run, page, (uint32_t)n);
    *growth = behind_brk ? GROW_DOWN : GROW_UP;
    return page;
}

void *page_alloc(size_t n)
{
    enum growth growth;
    start_once();
    if (n == 1 && mm.pool_len > 0)
        return alloc_pooled();
    uint32_t page = take_low(n, &growth);
    if (page == RUN_NONE || furnish(page, (uint32_t)n, PROT_RW, PAGE_KERNEL, growth) != 0)
        return NULL;
    return page_address(page);
}

void *page_claim(size_t n)
{
    enum growth growth;
    start_once();
    uint32_t page = take_low(n, &growth);
    if (page == RUN_NONE || open_other(page, (uint32_t)n, PROT_NONE) != 0)
        return NULL;
    return page_address(page);
}

void page_set(void *p, size_t n, enum page_use use, int prot)
{
    uint32_t page = pages_inside(p, n), end = page + (uint32_t)n;
    ASSERT(page != RUN_NONE);
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        mm.used[use_of(mm.state[page])] -= next - page;
        uint8_t locked = page_is_programs(use) ? mm.state[page] & LOCKED : 0;
        memset(mm.state + page, STATE(use, prot) | locked, next - page);
    }
    mm.used[use] += n;
}

void page_unclaim(void *p, size_t n)
{
    page_set(p, n, PAGE_FREE, 0); /* that is RELEASED */
    add_run(pages_inside(p, n), (uint32_t)n);
}

void page_free(void *p, size_t n)
{
    uint32_t page = pages_inside(p, n);
    ASSERT(page != RUN_NONE);
    uint32_t end = page + (uint32_t)n;
    ASSERT(mm.state[page] == KERNEL && stretch(page, end) == end);
    mm.used[PAGE_KERNEL] -= n;
    mm.used[PAGE_FREE] += n;
    if (n == 1) {
        if (mm.pool_len == POOL_PAGES)
            drain_pool(POOL_PAGES / 2);
        mm.state[page] = POOLED;
        mm.pool[mm.pool_len++] = page;
    } else {
        add_dirty(page, (uint32_t)n);
        limit_dirty(page);
    }
}

int page_map(size_t n, int prot, enum page_use use, void **out)
{
    start_once();
    uint32_t run = find_run(n);
    if (run == RUN_NONE)
        return -ENOMEM;
    uint32_t page = run + mm.free.tags[run].len - (uint32_t)n;
    take(run, page, (uint32_t)n);
    int err = furnish(page, (uint32_t)n, prot & PROT_ALL, use, GROW_DOWN);
    if (err == 0)
        *out = page_address(page);
    return err;
}

/* Whether all pages of a range are free, or with (replace) at least not the library OS's. Makes
 * those in the pool ordinary free ones. */
static bool vacant(uint32_t page, uint32_t end, bool replace)
{
    for (; page < end; page = stretch(page, end)) {
        enum page_use use = use_of(mm.state[page]);
        if (use != PAGE_FREE && (!replace || !page_is_programs(use)))
            return false;
        if (mm.state[page] == POOLED)
            drain_pool(mm.pool_len);
    }
    return true;
}

/* The program takes away what it may have lent. Apart, as hardly an image has what lends. */
static __attribute__((noinline)) void end_lending(const void *addr, size_t n)
{
    if (lend_end)
        lend_end(addr, n * PAGE_SIZE);
}

bool page_is_available(const void *addr, size_t n)
{
    start_once();
    end_lending(addr, n); /* first: copies may take pages, even there */
    uint32_t page = pages_inside(addr, n);
    return page != RUN_NONE && vacant(page, page + (uint32_t)n, true);
}

int page_map_at(void *addr, size_t n, int prot, enum page_use use)
{
    if (!page_is_available(addr, n))
        return -ENOMEM;
    uint32_t page = pages_inside(addr, n);
    /* Nothing may be lost when the monitor does not allow the protection: ask first. */
    if ((prot & PROT_EXEC) && plat_protect(addr, n * PAGE_SIZE, prot & PROT_ALL) == -EACCES)
        return -EACCES;
    page_unmap(addr, n);
    take(run_around(page), page, (uint32_t)n);
    return furnish(page, (uint32_t)n, prot & PROT_ALL, use, GROW_UP);
}

int page_extend(void *end, size_t n, int prot, enum page_use use)
{
    start_once();
    uint32_t page = pages_inside(end, n);
    if (page == RUN_NONE || !vacant(page, page + (uint32_t)n, false))
        return -ENOMEM;
    take(run_around(page), page, (uint32_t)n);
    return furnish(page, (uint32_t)n, prot & PROT_ALL, use, GROW_UP);
}

/* The part of any range that is in the heap, as page numbers. */
static void clip(const void *addr, size_t n, uint32_t *page, uint32_t *end)
{
    uintptr_t base = (uintptr_t)mm.base, at = (uintptr_t)addr;
    size_t before = at < base ? (base - at) / PAGE_SIZE : 0;
    size_t first = at < base ? 0 : (at - base) / PAGE_SIZE;
    n = n > before ? n - before : 0;
    *page = (uint32_t)min_size(first, mm.pages);
    *end = *page + (uint32_t)min_size(n, mm.pages - *page);
}

void page_unmap(void *addr, size_t n)
{
    uint32_t page, end;
    start_once();
    clip(addr, n, &page, &end);
    end_lending(page_address(page), end - page);
    while (page < end) {
        uint32_t first = page;
        while (page < end && is_programs(mm.state[page])) {
            uint32_t next = stretch(page, end);
            mm.used[use_of(mm.state[page])] -= next - page;
            page = next;
        }
        if (page > first) {
            mm.used[PAGE_FREE] += page - first;
            release(first, page - first);
            add_run(first, page - first);
        } else {
            page = stretch(page, end);
        }
    }
}

/* Whether page_discard drops what a page holds. */
static bool is_droppable(uint8_t state)
{
    enum page_use use = use_of(state);
    return use != PAGE_FILE && use != PAGE_BEYOND && use != PAGE_COMMON;
}

/* The end of the pages from (page) on, at most (end), for which (is) answers the same. */
static uint32_t same(uint32_t page, uint32_t end, bool (*is)(uint8_t state))
{
    bool first = is(mm.state[page]);
    while (page < end && is(mm.state[page]) == first)
        page = stretch(page, end);
    return page;
}

/* Gives a range whose protection could not be changed as a whole the old ones back. */
static void restore_protection(uint32_t page, uint32_t end)
{
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        if (is_open(mm.state[page]) &&
            plat_protect(page_address(page), (size_t)(next - page) * PAGE_SIZE,
                         prot_of(mm.state[page])) != 0)
            log_line("the host refuses to restore the protection of memory");
    }
}

/* Gives the pages of a range that are open the protection (prot). */
static int protect_open(uint32_t page, uint32_t end, int prot)
{
    for (uint32_t i = page, next; i < end; i = next) {
        next = same(i, end, is_open);
        if (!is_open(mm.state[i]))
            continue;
        int err = plat_protect(page_address(i), (size_t)(next - i) * PAGE_SIZE, prot);
        if (err == -ENOMEM)
            restore_protection(page, next);
        if (err)
            return err;
    }
    return 0;
}

int page_protect(void *addr, size_t n, int prot)
{
    start_once();
    uint32_t page = pages_inside(addr, n);
    if (page == RUN_NONE || !all_programs(page, page + (uint32_t)n))
        return -ENOMEM;
    prot &= PROT_ALL;
    uint32_t end = page + (uint32_t)n, i = page;
    while (i < end && prot_of(mm.state[i]) == prot)
        i = stretch(i, end);
    if (i == end)
        return 0;
    if (!(prot & PROT_READ))
        end_lending(addr, n);
    int err = protect_open(page, end, prot);
    if (err)
        return err;
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        memset(mm.state + page, STATE(use_of(mm.state[page]), prot) | (mm.state[page] & LOCKED),
               next - page);
    }
    return 0;
}

void page_lock(void *addr, size_t n, bool locked)
{
    uint32_t page, end;
    start_once();
    clip(addr, n, &page, &end);
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        uint8_t state = mm.state[page];
        if (is_programs(state))
            memset(mm.state + page, locked ? state | LOCKED : state & (uint8_t)~LOCKED,
                   next - page);
    }
}

size_t page_locked(const void *addr, size_t n)
{
    uint32_t page, end;
    size_t sum = 0;
    start_once();
    clip(addr, n, &page, &end);
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        sum += is_programs(mm.state[page]) && mm.state[page] & LOCKED ? next - page : 0;
    }
    return sum;
}

void page_hide(void *at, size_t n)
{
    uint32_t page = pages_inside(at, n), end = page + (uint32_t)n;
    end_lending(at, n);
    plat_release(at, n * PAGE_SIZE);
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        page_set(page_address(page), next - page, PAGE_BEYOND, prot_of(mm.state[page]));
    }
}

int page_furnish(void *at, size_t n, enum page_use use)
{
    uint32_t page = pages_inside(at, n), end = page + (uint32_t)n;
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        int prot = prot_of(mm.state[page]);
        if (prot != PROT_NONE &&
            plat_protect(page_address(page), (size_t)(next - page) * PAGE_SIZE, prot) != 0) {
            plat_release(page_address(page), (size_t)(next - page) * PAGE_SIZE);
            return -ENOMEM;
        }
        page_set(page_address(page), next - page, use, prot);
    }
    return 0;
}

/* Gives pages that were released, still the program's, their protection again. */
static int reopen(uint32_t page, uint32_t end)
{
    int result = 0;
    for (uint32_t next; page < end; page = next) {
        next = stretch(page, end);
        int prot = prot_of(mm.state[page]);
        size_t len = (size_t)(next - page) * PAGE_SIZE;
        if (prot == PROT_NONE || plat_protect(page_address(page), len, prot) == 0)
            continue;
        plat_release(page_address(page), len); /* the host may have done part of it */
        memset(mm.state + page,
               STATE(use_of(mm.state[page]), PROT_NONE) | (mm.state[page] & LOCKED), next - page);
        result = -ENOMEM;
    }
    return result;
}

int page_discard(void *addr, size_t n)
{
    start_once();
    uint32_t page = pages_inside(addr, n);
    if (page == RUN_NONE || !all_programs(page, page + (uint32_t)n))
        return -ENOMEM;
    uint32_t end = page + (uint32_t)n;
    int result = 0;
    end_lending(addr, n);
    for (uint32_t next; page < end; page = next) {
        next = same(page, end, is_droppable);
        if (!is_droppable(mm.state[page]))
            continue;
        plat_release(page_address(page), (size_t)(next - page) * PAGE_SIZE);
        int err = reopen(page, next);
        result = err ? err : result;
    }
    return result;
}

void *page_brk_start(void)
{
    start_once();
    uint32_t page = mm.pages / 8;
    if (mm.pages > 0 && in_free_run(page))
        return page_address(page);
    uint32_t run = runs_longest(&mm.free);
    return run == RUN_NONE ? NULL : page_address(run + mm.free.tags[run].len / 8);
}

/* Whether two pages belong to the same run for page_run_at. */
static bool alike(uint8_t a, uint8_t b)
{
    return a == b || (use_of(a) == PAGE_FREE && use_of(b) == PAGE_FREE);
}

bool page_run_at(const void *addr, struct page_run *run)
{
    uint32_t page, end;
    start_once();
    clip((const char *)addr - (uintptr_t)addr % PAGE_SIZE, mm.pages, &page, &end);
    if (page == mm.pages)
        return false;
    uint8_t state = mm.state[page];
    uint32_t first = in_free_run(page) ? run_around(page) : page;
    while (first > 0 && alike(mm.state[first - 1], state))
        first = in_free_run(first - 1) ? first - mm.free.tags[first - 1].len : first - 1;
    for (end = first; end < mm.pages && alike(mm.state[end], state);)
        end = in_free_run(end) ? end + mm.free.tags[end].len : stretch(end, mm.pages);
    run->start = page_address(first);
    run->pages = end - first;
    run->use = use_of(state);
    run->prot = prot_of(state);
    run->locked = page_is_programs(run->use) && state & LOCKED;
    return true;
}

static inline bool state_allows(uint8_t state, int prot)
{
    return is_programs(state) && is_open(state) && (prot_of(state) & prot) == prot;
}

/* Apart, so that what is within a page needs no more registers than a call leaves free. */
static __attribute__((noinline)) bool pages_allow(uint32_t page, uint32_t end, int prot)
{
    while (page < end && state_allows(mm.state[page], prot))
        page = stretch(page, end);
    return page == end;
}

static bool allows(const void *addr, size_t len, int prot)
{
    size_t at = (uintptr_t)addr - (uintptr_t)mm.base, page = at / PAGE_SIZE;
    size_t last = (at + len - 1) / PAGE_SIZE;

    if (page > last || last >= mm.pages)
        return false;
    return page == last ? state_allows(mm.state[page], prot)
                        : pages_allow((uint32_t)page, (uint32_t)last + 1, prot);
}

int page_prot_at(const void *addr)
{
    uint32_t page = pages_inside((const char *)addr - (uintptr_t)addr % PAGE_SIZE, 1);
    return page != RUN_NONE && is_programs(mm.state[page]) ? prot_of(mm.state[page]) : 0;
}

enum page_use page_use_at(const void *addr)
{
    uintptr_t at = (uintptr_t)addr, base = (uintptr_t)mm.base;

    if (at < base || (at - base) / PAGE_SIZE >= mm.pages)
        return PAGE_FREE;
    return use_of(mm.state[(at - base) / PAGE_SIZE]);
}

void page_count(struct page_counts *c)
{
    start_once();
    uint32_t longest = runs_longest(&mm.free);
    c->total = mm.pages;
    memcpy(c->used, mm.used, sizeof(mm.used));
    c->longest = longest == RUN_NONE ? 0 : mm.free.tags[longest].len;
}

void page_report(void)
{
    struct page_counts c;
    page_count(&c);
    const unsigned long kib = PAGE_SIZE / 1024;
    log_line(
        "memory in KiB: %lu in all, library OS %lu, mmap %lu, brk %lu, stacks %lu, free %lu (%lu "
        "in one piece)",
        c.total * kib, (c.used[PAGE_KERNEL] + c.used[PAGE_SHARED]) * kib,
        (c.used[PAGE_ANON] + c.used[PAGE_COMMON] + c.used[PAGE_FILE] + c.used[PAGE_BEYOND]) * kib,
        c.used[PAGE_BRK] * kib, c.used[PAGE_STACK] * kib, c.used[PAGE_FREE] * kib, c.longest * kib);
}
