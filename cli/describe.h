/* SPDX-License-Identifier: MIT
 *
 * The last step of a link: the image gets its map, and is checked against what it may have. */
#ifndef PITH_CLI_DESCRIBE_H
#define PITH_CLI_DESCRIBE_H

#include "args.h"

/* How pith cc hands to the link step what only that understands: "--pith-deny=NAME". Facts are
 * "KEY=VALUE". */
#define WISH_DENY   "--pith-deny="
#define WISH_BUDGET "--pith-budget="
#define WISH_FACT   "--pith-fact="

#define WISH_POLICY "--pith-policy="
#define WISH_PLAIN  "--pith-plain"
#define WISH_DEBUG  "--pith-separate-debug"

/* What is asked of a link besides ld's own options. */
struct wishes {
    struct args deny;   /* services that the image may not have */
    uint64_t budget;    /* most bytes that it may load from its file; 0: any number */
    struct args facts;  /* how it is built */
    const char *policy; /* the file of its policy, or NULL */
    bool separate;      /* debug information goes to a file of its own */
    bool plain; /* it need not be described: configure scripts make many that nobody asks about */
};

/* Whether (arg) is one of these options, which then is noted. */
bool wishes_take(struct wishes *w, const char *arg);

/* Whether they make sense: prints a message where they do not. */
must_check bool wishes_are_sound(const struct wishes *w);

/* Adds the map to the image at (output), which was linked with (link) and is described in (ldmap),
 * ld's map file as text, which is changed. Removes it, after a message, where it has what it may
 * not have. Returns 0 or the exit status. */
must_check int image_describe(const char *output, const struct args *link, char *ldmap,
                              const struct wishes *wishes);

#endif
