/* SPDX-License-Identifier: MIT
 *
 * What a program's strings tell of what it may ask for, found out before the link from the bytes of
 * its objects. */
#ifndef PITH_CLI_FORMATS_H
#define PITH_CLI_FORMATS_H

#include "args.h"
#include "object.h"

/* The objects of the program that a link makes, but for Pith's and the compiler's. */
struct program {
    struct objects objects;
    bool hidden; /* they do not show their strings: made only for link-time optimisation, or one
                    cannot be read */
};

/* Loads what (link), arguments for ld, names. program_free in any case. */
void program_load(struct program *p, const struct args *link);
void program_free(struct program *p);

/* Whether it may print floating-point numbers: a string in its data has such a conversion, or a "%"
 * that begins no whole conversion, as in formats that are put together when the program runs; so
 * does the start of a string that its code makes. In doubt: true. */
must_check bool program_wants_floats(const struct program *p);

/* Whether one of (words), behind which is NULL, occurs in its data or code. In doubt: true. */
must_check bool program_mentions(const struct program *p, const char *const *words);

#endif
