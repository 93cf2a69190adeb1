/* SPDX-License-Identifier: MIT
 *
 * What the commands that are not compilers share about their options. */
#ifndef PITH_CLI_OPTIONS_H
#define PITH_CLI_OPTIONS_H

#include "base/base.h"

/* Says what is wrong with the arguments of (command): (what), then (arg). Returns EXIT_USAGE. */
int usage_fault(const char *command, const char *what, const char *arg);

/* Whether argv[*i] is option (name) with a value, "--why X" or "--why=X"; then (*value) is the
 * value, NULL where none follows, and *i is at the last word of it. */
bool option_value(const char *name, char **argv, int *i, const char **value);

#endif
