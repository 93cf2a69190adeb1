/* SPDX-License-Identifier: MIT
 *
 * Distinct lines of source, counted. */
#ifndef PITH_CLI_LINESET_H
#define PITH_CLI_LINESET_H

#include "base/base.h"

/* Zeroed is empty. */
struct lineset {
    uint64_t *v; /* hash table of (mask) + 1 places, 0: free; owned */
    size_t n, mask;
    bool failed; /* out of memory */
};

/* Adds the line (line) of file (file), as dwarf.h numbers them. Two lines are taken for one with a
 * chance of one in 2^64. Returns whether it is new. */
bool lineset_add(struct lineset *s, uint64_t file, uint64_t line);

void lineset_free(struct lineset *s);

#endif
