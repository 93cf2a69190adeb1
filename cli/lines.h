/* SPDX-License-Identifier: MIT
 *
 * Source lines of places in object files. */
#ifndef PITH_CLI_LINES_H
#define PITH_CLI_LINES_H

#include "object.h"

/* Writes "file:line" of the code at (offset) in section (section) of (o) into (buf), the file
 * relative to the current folder where it is below it. Asks addr2line of the binutils that also
 * have ld. False: there is no debug information, or no addr2line. */
bool line_of(const struct object *o, size_t section, uint64_t offset, char *buf, size_t size);

/* A place in a linked file, and its line. */
struct line_place {
    uint64_t address;
    char line[512]; /* "file:line" of the function that the place is in, wherever its code is from;
                       "": not known */
};

/* Finds the lines of (n) places of the file at (path). */
void lines_at(const char *path, struct line_place *places, size_t n);

#endif
