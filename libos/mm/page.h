/* SPDX-License-Identifier: MIT
 *
 * Pages of the heap: who has them, with which protection. Starts in constant time whatever the size
 * of memory; allocating and freeing a run of pages takes time independent of it too.
 *
 * Nothing here blocks. Everything but page_alloc and page_free is for the program's pages: those of
 * mmap, brk and thread stacks. Ranges are whole pages; addresses in them are page aligned. */
#ifndef PITH_MM_PAGE_H
#define PITH_MM_PAGE_H

#include "base/base.h"

/* What pages are used for; for reports and /proc. */
enum page_use {
    PAGE_FREE,
    PAGE_KERNEL, /* the library OS's own: heap.h, file data, pipes */
    PAGE_SHARED, /* its own too: file data that page_show can show the program */
    PAGE_ANON,   /* mmap; from here on the program's */
    PAGE_BRK,    /* brk */
    PAGE_STACK,  /* thread stacks, from mmap with MAP_STACK */
    PAGE_FILE,   /* mmap of a file, shared: shows pages of PAGE_SHARED */
    PAGE_BEYOND, /* mmap of a file, behind its end: inaccessible, whatever the protection says */
    PAGE_COMMON, /* mmap with MAP_SHARED of no file: page_discard leaves it alone */
    PAGE_USES
};

/* Whether pages of (use) are the program's. */
static inline bool page_is_programs(enum page_use use)
{
    return use >= PAGE_ANON;
}

/* Takes over (len) bytes of inaccessible zero pages at (heap), page aligned. Called lazily by the
 * other functions with what plat_info says; by tests with their own. Not enough for the tables:
 * every later allocation answers -ENOMEM. Tables take 13 bytes for each page, at the heap's start;
 * the host backs only what is touched of them. */
void page_start(void *heap, size_t len);

/* (n) pages in a row, readable and writable and zero, for the library OS itself. NULL: out of
 * memory, or n is 0. */
must_check void *page_alloc(size_t n);

/* Gives back (n) pages from page_alloc, all or part of an allocation. Some stay accessible, to be
 * used again soon; the rest goes back to the host. Pages that are not allocated are a bug (ASSERT).
 */
void page_free(void *p, size_t n);

/* The same for pages that page_show may show elsewhere: PAGE_SHARED. They go back to the host when
 * they are freed, and must not be shown anywhere then. In mm/share.c. */
must_check void *page_alloc_shared(size_t n);
void page_free_shared(void *p, size_t n);

/* (n) pages in a row for the program, zero, with protection (prot) (PROT_* bits). Returns 0 and the
 * address, or -ENOMEM (also for n 0), -EACCES (writable and executable, or executable without
 * permission). PAGE_BEYOND pages are inaccessible, (prot) is what they would get. */
must_check int page_map(size_t n, int prot, enum page_use use, void **out);

/* Whether page_map_at can have the range: it is in the heap and meets no page of the library OS.
 * What the program has lent there is lent no longer, as by page_map_at and all that takes pages
 * away. */
bool page_is_available(const void *addr, size_t n);

/* The same at (addr): whatever the program has mapped there is replaced. -ENOMEM if the range is
 * empty, leaves the heap or meets pages of the library OS; -EACCES as page_map: nothing has changed
 * then. -ENOMEM from the host: what was mapped there is gone. */
must_check int page_map_at(void *addr, size_t n, int prot, enum page_use use);

/* Makes the run of the program's pages that ends at (end) longer by (n), if the pages behind are
 * free. -ENOMEM. */
must_check int page_extend(void *end, size_t n, int prot, enum page_use use);

/* Frees the program's pages in the range, back to the host; free ones are passed over, those of the
 * library OS left alone. Any range is allowed, also one outside the heap. */
void page_unmap(void *addr, size_t n);

/* Sets the protection of the program's pages. -ENOMEM if one is free or not the program's (POSIX);
 * -EACCES as page_map. Nothing is changed on error. */
must_check int page_protect(void *addr, size_t n, int prot);

/* Makes (n) of the program's pages at (at) show those at (from), from page_alloc_shared, with the
 * protection that they have, or would have if they were not PAGE_BEYOND: PAGE_FILE. -ENOMEM from
 * the host: they are inaccessible and PAGE_BEYOND then. In mm/share.c. */
must_check int page_show(void *at, void *from, size_t n);

/* Makes (n) of the program's pages PAGE_BEYOND: the contents are gone, and come back by page_show
 * or page_furnish. */
void page_hide(void *at, size_t n);

/* Makes (n) PAGE_BEYOND pages of the program zero pages for (use) with their protection. -ENOMEM
 * from the host: part of them may be. */
must_check int page_furnish(void *at, size_t n, enum page_use use);

/* Drops the contents: the pages read as zero, protections stay; PAGE_FILE, PAGE_BEYOND and
 * PAGE_COMMON pages stay as they are. -ENOMEM if one is not the
 * program's, and nothing is changed; -ENOMEM from the host: pages lost their protection, as by
 * PROT_NONE. */
must_check int page_discard(void *addr, size_t n);

/* Marks the program's pages in the range as locked (mlock) or not. They lose that when they are
 * unmapped. It has no effect here, where nothing is paged out, but other calls refuse such pages.
 * Any range is allowed. */
void page_lock(void *addr, size_t n, bool locked);

/* How many of those in the range are. */
size_t page_locked(const void *addr, size_t n);

/* Where the program's brk is to begin, once: a free page with a good part of the heap free behind
 * it, and out of the way of other mappings. NULL if no page is free. */
void *page_brk_start(void);

/* Protection of the program's page at (addr), with that which a PAGE_BEYOND page would have; for
 * other pages 0. */
int page_prot_at(const void *addr);

/* The run of pages of equal use, protection and lock around or after (addr), for /proc/self/maps
 * and checks. Protection of free pages is 0, whatever the host has them as. Returns false past the
 * end of the heap. */
struct page_run {
    char *start;
    size_t pages;
    enum page_use use;
    int prot;
    bool locked;
};
bool page_run_at(const void *addr, struct page_run *run);

/* Whether all of (len) bytes at (addr), at least one and inside the heap, are pages of the program
 * with all of the protection (prot). NULL until the first allocation: the program has no page of
 * the heap. A pointer, for programs that allocate none and so need nothing of this module. */
extern bool (*page_allows)(const void *addr, size_t len, int prot);

/* What the page of (addr), which may be any, is used for: PAGE_FREE outside the heap. Changes
 * nothing, not even before the first allocation. */
enum page_use page_use_at(const void *addr);

/* What is at an address whose access faulted; for the signal that the program gets. */
enum page_fault_kind {
    PAGE_FAULT_UNMAPPED, /* nothing of the program's: SIGSEGV, SEGV_MAPERR */
    PAGE_FAULT_DENIED,   /* its protection does not allow the access: SIGSEGV, SEGV_ACCERR */
    PAGE_FAULT_BEYOND,   /* behind the end of the file that is mapped: SIGBUS, BUS_ADRERR */
};

/* Looks up (addr), which may be any number, in the image, the first stack and the heap. Reads only:
 * it may be called whatever the interrupted code was doing, even in here. Implemented by
 * mm/fault.c. */
enum page_fault_kind page_fault_kind(uintptr_t addr);

/* Numbers of pages, by use; used[PAGE_FREE] are the free ones. (total) leaves out the tables: it is
 * their sum. (longest) is the length of a longest run of free pages, give or take a ninth. */
struct page_counts {
    size_t total;
    size_t used[PAGE_USES];
    size_t longest;
};
void page_count(struct page_counts *c);

/* Logs who holds how much memory, in one line: for when it is exhausted and nobody handles it. */
void page_report(void);

#endif
