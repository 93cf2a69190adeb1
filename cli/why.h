/* SPDX-License-Identifier: MIT
 *
 * Why a service is in an image, in words. */
#ifndef PITH_CLI_WHY_H
#define PITH_CLI_WHY_H

#include <stdio.h>

#include "lines.h"
#include "map.h"

/* The chain that leads to (group) in (m), the map of the image at (path), which line numbers are
 * from: sets
 * (*steps), for the caller to free, to parts by their number, and (*places) to where each refers to
 * the next. Returns their count, 0 if nothing leads there; -ENOMEM. */
must_check long why_find(const struct map *m, uint32_t group, const char *path, uint32_t **steps,
                         struct line_place **places);

/* Prints the chain to (f), a step a line, each line after (indent). False: out of memory. */
must_check bool why_print(FILE *f, const struct map *m, uint32_t group, const char *path,
                          const char *indent);

#endif
