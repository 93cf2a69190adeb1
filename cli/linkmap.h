/* SPDX-License-Identifier: MIT
 *
 * Making the map of an image (map.h) from what it was linked from. */
#ifndef PITH_CLI_LINKMAP_H
#define PITH_CLI_LINKMAP_H

#include "graph.h"
#include "ldmap.h"
#include "map.h"
#include "table.h"

/* A map under construction. Zeroed is empty. */
struct linkmap {
    struct table groups, files, parts, edges, facts, text;
    uint32_t entry;
};

/* Prepares (objects) to take only those that (placed) has sections of. */
void linkmap_choose(struct objects *objects, const struct ldmap *placed);

/* Describes an image that was linked from (objects), chosen so, with sections (placed). Frees the
 * objects. Returns 0, -ENOMEM. */
must_check int linkmap_make(struct linkmap *l, struct objects *objects, const struct ldmap *placed);

/* Whether a file is an object that link-time optimisation has made: gcc's end so, and clang's are made to. */
#define LTO_ENDING ".ltrans.o"
bool linkmap_is_lto(const char *path);

/* What the user knows an object's file as, whichever folder the program is built in: an object that
 * the compiler made for the link only by its source; other paths as given, absolute ones by their
 * last name. */
const char *linkmap_shown_path(const struct object *o);

/* Notes how the image was built. Returns 0, -ENOMEM. */
must_check int linkmap_fact(struct linkmap *l, const char *key, const char *value);

/* What has been gathered, as long as (l) stays as it is. */
struct map linkmap_view(const struct linkmap *l);

void linkmap_free(struct linkmap *l);

#endif
