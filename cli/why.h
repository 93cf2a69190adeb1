/* SPDX-License-Identifier: MIT
 *
 * Why a service is in an image, in words. */
#ifndef PITH_CLI_WHY_H
#define PITH_CLI_WHY_H

#include <stdio.h>

#include "lines.h"
#include "map.h"

/* The chain that leads to a service. */
struct why {
    uint32_t *steps;          /* parts by their number; owned */
    struct line_place *lines; /* where each step but the last refers to the next */
    size_t count;             /* of steps; 0: nothing leads there */
};

/* Finds the chains that lead to (n) groups of (m), the map of the image at (path), which line
 * numbers are from. Returns 0, -ENOMEM; (whys) is for why_free in any case. */
must_check int why_find(const struct map *m, const uint32_t *groups, size_t n, const char *path,
                        struct why *whys);
void why_free(struct why *whys, size_t n);

/* Prints the chain to (f), a step a line, each line after (indent). False: out of memory. */
must_check bool why_print(FILE *f, const struct map *m, uint32_t group, const char *path,
                          const char *indent);

#endif
