/* SPDX-License-Identifier: MIT
 *
 * What a program's strings tell of what it may ask for, found out before the link from the bytes of
 * its objects. */
#ifndef PITH_CLI_FORMATS_H
#define PITH_CLI_FORMATS_H

#include "args.h"

/* Whether the program that (link), arguments for ld, makes may print floating-point numbers: a
 * string in its data has such a conversion, or a "%" that begins no whole conversion, as in formats
 * that are put together when the program runs; so does the start of a string that its code makes;
 * or its objects do not show their strings. In doubt (a file that cannot be read): true. */
must_check bool formats_want_floats(const struct args *link);

/* Whether one of (n) words occurs in the data or code of that program. In doubt: true. */
must_check bool program_mentions(const struct args *link, const char *const *words, size_t n);

#endif
