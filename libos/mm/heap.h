/* SPDX-License-Identifier: MIT
 *
 * Small objects of the library OS: size classes up to half a page over page_alloc. The program's
 * malloc is libc's and not this. */
#ifndef PITH_MM_HEAP_H
#define PITH_MM_HEAP_H

#include "base/base.h"

/* (size) bytes, zeroed, aligned to 16. NULL: out of memory. Larger sizes are whole pages. */
must_check void *heap_alloc(size_t size);

/* Frees (p) of heap_alloc(size): the same size must be named. NULL does nothing. */
void heap_free(void *p, size_t size);

#endif
