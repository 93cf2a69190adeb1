/* SPDX-License-Identifier: MIT
 *
 * The object files and archives that a link names. */
#ifndef PITH_CLI_INPUTS_H
#define PITH_CLI_INPUTS_H

#include "args.h"
#include "object.h"

/* Loads the files that (link), arguments for ld, names, in its order. What is no object file and no
 * archive is passed over. Returns 0, -ENOMEM, or why a file cannot be read. */
must_check int inputs_load(struct objects *o, const struct args *link);

#endif
