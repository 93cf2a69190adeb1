/* SPDX-License-Identifier: MIT
 *
 * An index of free runs of pages by length: two-level segregated lists with bitmaps, so that
 * adding, removing and finding a run that is long enough take constant time. Pages are numbers.
 * Knows nothing about memory; the caller joins neighbours (libos/mm/page.c).
 *
 * Lists are in rows by the power of two of the length, and eight columns within each; lengths below
 * 8 have a list each. Every run has tags at its first and last page: the boundary tags by which a
 * neighbour is found. The tags of other pages are never touched, so the table costs only what is
 * used of it. */
#ifndef PITH_MM_RUNS_H
#define PITH_MM_RUNS_H

#include "base/base.h"

#define RUNS_ROWS    30
#define RUNS_COLUMNS 8
#define RUNS_MAX     ((uint32_t)INT32_MAX) /* pages at most */
#define RUN_NONE     UINT32_MAX

struct run_tag {
    uint32_t len;        /* at the first and at the last page of a run */
    uint32_t next, prev; /* at the first: neighbours on its list, or RUN_NONE */
};

/* All zero but (tags): an empty index. */
struct runs {
    struct run_tag *tags;                    /* one for each page, owned by the caller */
    uint32_t rows;                           /* bit R: a list of row R is not empty */
    uint8_t columns[RUNS_ROWS];              /* bit C: list C of the row is not empty */
    uint32_t heads[RUNS_ROWS][RUNS_COLUMNS]; /* first run; means something only if the bit is set */
};

/* Adds the run of (len) > 0 pages from (first) on, none of which is in the index. */
void runs_add(struct runs *r, uint32_t first, uint32_t len);

/* Removes the run that starts at (first). */
void runs_remove(struct runs *r, uint32_t first);

/* The first page of a run of at least (n) pages, 0 < n <= RUNS_MAX, not much longer than needed
 * where there is one; RUN_NONE if there is none. The time is constant except when only runs of
 * almost exactly (n) pages are left: these are then tried one by one. */
uint32_t runs_find(const struct runs *r, uint32_t n);

/* The first page of the run that page (page) is in, which has at least (len) pages: looks at all
 * runs as long as that, the longest ones first. RUN_NONE if there is none. */
uint32_t runs_around(const struct runs *r, uint32_t page, uint32_t len);

/* The first page of one of the longest runs: at least 8/9 of the longest. RUN_NONE if the index is
 * empty. */
uint32_t runs_longest(const struct runs *r);

#endif
