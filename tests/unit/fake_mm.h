/* SPDX-License-Identifier: MIT
 *
 * mm/heap.h and the page_alloc, page_free part of mm/page.h, shared ones too, for tests on the
 * host: counts what is out, checks that what comes back went out with that size, and can run out of
 * memory on demand. Freed memory is poisoned for the address sanitizer. */
#ifndef PITH_TESTS_FAKE_MM_H
#define PITH_TESTS_FAKE_MM_H

#include <stddef.h>
#include <stdint.h>

struct fake_mm {
    size_t heap_bytes, pages; /* out at the moment */
    uint64_t allocations;     /* so far, failed ones included */
    uint64_t fail_at;         /* the allocation of this number (from 1) fails; 0: none */
    unsigned fail_percent;    /* so many fail at random */
    uint64_t seed;            /* of the above */
    size_t max_run;           /* longest run of pages there is, 0: any */
};
extern struct fake_mm fake_mm;

#endif
