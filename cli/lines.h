/* SPDX-License-Identifier: MIT
 *
 * Source lines of places in object files; libraries by name. */
#ifndef PITH_CLI_LINES_H
#define PITH_CLI_LINES_H

#include "args.h"
#include "object.h"

/* Writes "file:line" of the code at (offset) in section (section) of (o) into (buf), the file
 * relative to the current folder where it is below it. Asks addr2line of the binutils that also
 * have ld. False: there is no debug information, or no addr2line. */
bool line_of(const struct object *o, size_t section, uint64_t offset, char *buf, size_t size);

/* The archive that "-lNAME", argument (i) of (link), means: the first libNAME.a of its folders,
 * which stand as "-LFOLDER" in one word. (path) has PATH_MAX bytes. */
bool find_library(const struct args *link, size_t i, char *path);

#endif
