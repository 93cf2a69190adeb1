/* SPDX-License-Identifier: MIT
 *
 * Inside pith cc: what its arguments ask for, and the compiler behind it. */
#ifndef PITH_CLI_CC_H
#define PITH_CLI_CC_H

#include "args.h"

/* What libc's and the library OS's files are called, relative to the installation. */
#define CC_INCLUDE "lib/pith/include"
#define CC_LIB     "lib/pith/lib"
#define CC_SCRIPT  CC_LIB "/image.ld"
#define CC_SCRIPT_HOSTED CC_LIB "/image-hosted.ld"
#define CC_NOTE_POLICY CC_LIB "/note-policy.o"
#define CC_PRINTF  CC_LIB "/printf-integers.o"
#define CC_SPECS   CC_LIB "/gcc.specs"
#define CC_PARTS   CC_LIB "/components"
#define CC_TOOLS   "libexec/pith"
#define CC_MONITOR "libexec/pith/pith-monitor"
#define CC_MACHINE "x86_64-pith-linux-musl"

struct compiler {
    const char *name; /* as given by PITH_CC: a program of PATH or a path */
    bool clang;       /* else gcc */
};

/* The platforms that an image has. */
enum target { TARGET_UNIVERSAL, TARGET_HOSTED, TARGET_BARE };

struct request {
    struct args user;     /* the arguments for the compiler, without what pith cc takes or drops */
    const char *output;   /* of -o, or NULL */
    const char *language; /* of the last -x, or NULL */
    const char *question; /* the first -print-... or -dumpmachine, with one dash, or NULL */
    enum target target;
    bool inputs;          /* something to compile or link is named */
    bool links;           /* no -c, -S, -E, -M, -MM, -fsyntax-only */
    bool relocatable;     /* -r */
    bool no_start_files;
    bool no_libs;
    bool no_libc;
    bool no_includes;
    bool libgcc; /* -lgcc was given: linked even with no_libs */
    bool allow_missing;
    bool lto;
    const char *policy; /* file of --policy, or NULL */
    bool help;
    struct args wishes; /* for the link step (describe.h) */
};

/* The name of a target, as --target= takes it. */
const char *target_name(enum target target);

/* Sorts the (n) arguments at (v), response files already expanded, into (r). Returns 0, or the exit
 * status after a message: something that an image cannot be was asked for. */
must_check int request_parse(struct request *r, char *const *v, size_t n);

/* Finds out which compiler PITH_CC means. Returns 0, or the exit status after a message. */
must_check int compiler_find(struct compiler *cc);

/* Runs the compiler with one option and fetches the first line that it prints, without the line
 * end, into (buf). Returns 0 or a negative error number; -EIO if it fails or prints nothing or too
 * much. */
must_check int compiler_ask(const struct compiler *cc, const char *option, char *buf, size_t size);

/* The path of the compiler's libgcc.a, in (buf) of PATH_MAX bytes. Returns as compiler_ask. */
must_check int compiler_libgcc(const struct compiler *cc, char *buf);

/* Answers a question about the tool chain (request.question) on standard output. Returns true if it
 * did, with the exit status in (status); false: the compiler should be asked. */
bool query_answer(const struct compiler *cc, const char *question, int *status);

#endif
