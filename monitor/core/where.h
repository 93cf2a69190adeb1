/* SPDX-License-Identifier: MIT
 *
 * What an address is, in words. Pure. */
#ifndef PITH_MONITOR_WHERE_H
#define PITH_MONITOR_WHERE_H

#include "monitor/core/machine.h"

enum where {
    WHERE_NULL, /* the first page, or what a null pointer with an offset gives */
    WHERE_CONST,
    WHERE_TEXT,
    WHERE_RELRO,
    WHERE_DATA,
    WHERE_ROOT,
    WHERE_GAP, /* between segments of the image */
    WHERE_BOOT,
    WHERE_SHARED,
    WHERE_GUARD,
    WHERE_STACK,
    WHERE_HEAP,
    WHERE_OUTSIDE,
};

/* The part of guest memory that (addr), a guest address, lies in. */
enum where where_is(const struct machine *m, uint64_t addr);

/* Its name, to follow "to" or "in", as in "read-only text". */
const char *where_name(enum where w);

#endif
