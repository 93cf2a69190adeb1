/* SPDX-License-Identifier: MIT
 *
 * Argument lists that grow, and gcc's response files ("@file"). */
#ifndef PITH_CLI_ARGS_H
#define PITH_CLI_ARGS_H

#include <string.h>

#include "base/base.h"

static inline bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Zeroed is empty. (v) is NULL or ends with NULL. The texts belong to the list until the process
 * ends: a compiler driver lives as long as its arguments. Running out of memory sets (failed),
 * which whoever uses the list checks once, at the end. */
struct args {
    char **v;
    size_t n, cap;
    bool failed;
    bool response; /* some came from a response file */
};

/* Appends (text), which must stay as it is. */
void args_add(struct args *a, const char *text);

/* Appends what the format makes. */
void args_addf(struct args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends "-Xlinker" and (text): an argument for the linker in its place among the object files. */
void args_add_linker(struct args *a, const char *text);

/* Appends all of (from). */
void args_append(struct args *a, const struct args *from);

/* Appends the (n) arguments at (v), each "@file" replaced by the arguments in that file, as gcc
 * does: separated by white space, with '...', "..." and backslash to quote; files may name further
 * files. What cannot be read stays as it is. */
void args_expand(struct args *a, char *const *v, size_t n);

/* Runs the program (a->v[0]), found by PATH, in place of this one. A list that came from a response
 * file is handed on in one, since it may be too long for exec. Returns only on failure: a negative
 * error number. */
must_check int args_exec(struct args *a);

/* Replaces (a) by a list that names one response file with everything but the program's name. Used
 * where args_exec would. The file has no name in any folder and stays open for programs that are
 * started. Returns 0 or a negative error number. */
must_check int args_to_response(struct args *a);

#endif
