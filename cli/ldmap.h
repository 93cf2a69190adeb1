/* SPDX-License-Identifier: MIT
 *
 * The map file that GNU ld writes ("-Map"): which input sections it has put where. */
#ifndef PITH_CLI_LDMAP_H
#define PITH_CLI_LDMAP_H

#include "table.h"

/* An input section with a place in the image. */
struct placed {
    const char *output, *section; /* names of the output section and of the input section */
    const char *file;             /* "dir/x.o" or "dir/libx.a(member.o)" */
    uint64_t address, size;
};

struct ldmap {
    struct table placed; /* struct placed, by address; they do not overlap */
    const char **files;  /* names of all files that they are from, in order; owned */
    size_t file_count;
};

/* Reads the map in (text), which is changed, and which the names then point into. Sections without
 * bytes, and what is not loaded, are passed over. Where ld
 * merged strings, a section has what lies before the next one. Returns 0, -ENOMEM. */
must_check int ldmap_read(struct ldmap *m, char *text);

/* The place of a file in (files); file_count: it is not there. */
size_t ldmap_file(const struct ldmap *m, const char *file);

void ldmap_free(struct ldmap *m);

#endif
