/* SPDX-License-Identifier: MIT
 *
 * The link step: what its parts give each other. */
#ifndef PITH_CLI_LD_H
#define PITH_CLI_LD_H

#include "args.h"

/* System calls that a link could not find, and ld's own words about them. Zeroed is empty. */
struct missing_call {
    char name[48]; /* "socket" */
    char *text;    /* ld's lines, each with its line end; owned */
    size_t text_len;
};

struct missing_calls {
    struct missing_call *v; /* owned */
    size_t n;
};

/* Explains for every call of (calls) which function of the program needs it and through which
 * others, on standard error, from the object files and archives that (link), the arguments for ld,
 * names. What it cannot find out (link-time optimisation) it says in ld's words. */
void missing_explain(const struct missing_calls *calls, const struct args *link);

/* Puts into the program headers of the image at (path), which has just been linked, what ld leaves
 * out when a linker script names them: if (bare), the physical addresses that abi/image.h wants of
 * an image with the bare platform; and, unless 0, the size (stack) of threads' stacks. False: the
 * file could not be changed, for the reason in errno. */
must_check bool headers_finish(const char *path, bool bare, uint64_t stack);

/* Moves the symbols, debug information and map of the image at (path) to the file "(path).debug", with
 * objcopy. Returns 0 or a negative error number; -EIO if objcopy failed, which has then said why. */
must_check int debug_separate(const char *path);

#endif
