/* SPDX-License-Identifier: MIT
 *
 * The object files and archives that a link names. */
#ifndef PITH_CLI_INPUTS_H
#define PITH_CLI_INPUTS_H

#include "args.h"
#include "object.h"

/* Loads the files that (link), arguments for ld, names, in its order: all, or those of the program
 * alone, which neither Pith nor the compiler has brought. What is no object file and no archive is
 * passed over. Return 0, -ENOMEM, or why a file cannot be read. */
must_check int inputs_load(struct objects *o, const struct args *link);
must_check int inputs_load_program(struct objects *o, const struct args *link);

/* Whether (path) is the archive of functions that gcc's or clang's code calls. */
bool input_is_compilers(const char *path);

#endif
