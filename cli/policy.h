/* SPDX-License-Identifier: MIT
 *
 * Policies (docs/policy.md) as the pith command handles them: texts that people write, the compiled form that
 * stands in images (abi/policy.h), and what two of them permit together. */
#ifndef PITH_CLI_POLICY_H
#define PITH_CLI_POLICY_H

#include <stdio.h>

#include "abi/policy_match.h"
#include "fault.h"

/* A compiled policy, with room for the longest. */
struct policy {
    union {
        struct pith_policy head;
        uint8_t bytes[PITH_POLICY_MAX];
    };
};

/* Compiles the (len) bytes of (text). Returns 0; -1 with (f): EXIT_USAGE and "(name):LINE:COLUMN: " with what was
 * expected there. */
must_check int policy_parse(const char *name, const char *text, size_t len, struct policy *p,
                            struct fault *f);

/* The same with the text of the file (name). EXIT_HOST where it cannot be read. */
must_check int policy_load(const char *name, struct policy *p, struct fault *f);

/* Adds a rule to (p), whose words are set. False: there is no room. */
bool policy_add(struct policy *p, const void *rule);

/* The policy of the image file (path): what its author gave it, or what follows from its link where nobody has
 * (*given false): a machine without network driver opens no network. Returns 0; -1 with (f). */
must_check int policy_read(const char *path, struct policy *p, bool *given, struct fault *f);

/* Writes (p) into the room that the image file (path) was linked with. 0; -1 with (f). */
must_check int policy_fill(const char *path, const struct policy *p, struct fault *f);

/* The policy of an image that is open as (fd) and was checked; of one without, policy_read's. */
struct image;
must_check int policy_of(int fd, const struct image *im, struct policy *p, bool *given,
                         struct fault *f);

/* Prints (p) as a text that compiles to it again but for its lines. */
void policy_print(FILE *out, const struct policy *p);

/* One rule, as its line says it: in (buf) of (size) bytes. */
void policy_rule_text(const struct pith_policy_net *r, char *buf, size_t size);

/* Makes (out) what both (a) and (b) permit, with the lines of (b). False: it is too long. */
bool policy_narrow(struct policy *out, const struct policy *a, const struct policy *b);

/* Tells of each line of (b), read from the file (name), that permits what (a) does not: it is without effect there.
 * Returns how many these are. */
unsigned policy_tell_wider(FILE *out, const char *name, const struct policy *a,
                           const struct policy *b);

/* Writes (p) as hexadecimal digits with a NUL. */
void policy_hex(const struct policy *p, char text[2 * PITH_POLICY_MAX + 1]);

#endif
