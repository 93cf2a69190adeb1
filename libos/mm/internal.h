/* SPDX-License-Identifier: MIT
 *
 * What share.c needs of page.c. */
#ifndef PITH_MM_INTERNAL_H
#define PITH_MM_INTERNAL_H

#include "mm/page.h"

/* Takes (n) pages in a row, inaccessible and zero, where the library OS allocates. They are to be
 * set to a use other than PAGE_FREE, or given back by page_unclaim. NULL: there are none. */
void *page_claim(size_t n);

/* Adds (n) pages, inaccessible and zero, to the free ones, whatever they were before. */
void page_unclaim(void *p, size_t n);

/* Sets use and protection of (n) pages, and counts them. */
void page_set(void *p, size_t n, enum page_use use, int prot);

#endif
