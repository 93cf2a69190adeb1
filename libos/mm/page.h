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
    PAGE_ANON,   /* mmap */
    PAGE_BRK,    /* brk */
    PAGE_STACK,  /* thread stacks, from mmap with MAP_STACK */
    PAGE_BEYOND, /* mmap of a file, behind its end: inaccessible, whatever the protection says */
    PAGE_USES
};

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

/* (n) pages in a row for the program, zero, with protection (prot) (PROT_* bits). Returns 0 and the
 * address, or -ENOMEM (also for n 0), -EACCES (writable and executable, or executable without
 * permission). */
must_check int page_map(size_t n, int prot, enum page_use use, void **out);

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

/* Drops the contents: the pages read as zero, protections stay. -ENOMEM if one is not the
 * program's, and nothing is changed; -ENOMEM from the host: pages lost their protection, as by
 * PROT_NONE. */
must_check int page_discard(void *addr, size_t n);

/* Where the program's brk is to begin, once: a free page with a good part of the heap free behind
 * it, and out of the way of other mappings. NULL if no page is free. */
void *page_brk_start(void);

/* The run of pages of equal use and protection around or after (addr), for /proc/self/maps and
 * checks. Protection of free pages is 0, whatever the host has them as. Returns false past the end
 * of the heap. */
struct page_run {
    char *start;
    size_t pages;
    enum page_use use;
    int prot;
};
bool page_run_at(const void *addr, struct page_run *run);

/* Whether all of (len) bytes at (addr), at least one and inside the heap, are pages of the program
 * with all of the protection (prot). */
bool page_allows(const void *addr, size_t len, int prot);

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
