/* SPDX-License-Identifier: MIT
 *
 * --policy and --show-policy of pith run. The monitor knows policies only compiled, so whatever names one comes through
 * here. */
#ifndef PITH_CLI_RUN_POLICY_H
#define PITH_CLI_RUN_POLICY_H

#include "policy.h"

struct run_policy {
    const char *file;            /* of --policy, or NULL */
    bool image_given;            /* the image has a policy of its own */
    struct policy image, option; /* (option): of (file) */
    char hex[2 * PITH_POLICY_MAX + 1]; /* (option) compiled */
};

/* Reads the policy of the image at (path) and compiles the file of --policy, of which (r->file) is set; tells which of
 * its lines have no effect. Returns 0 or the exit status after a message. */
must_check int run_policy_read(struct run_policy *r, const char *path);

/* Prints what is permitted in all. Returns the exit status. */
must_check int run_policy_show(const struct run_policy *r);

/* What a machine without a monitor is refused: more than (*memory) bytes, which become what is permitted if they were
 * not (given); networks, disks. Returns 0, or the exit status after a message. */
must_check int run_policy_check(const struct run_policy *r, uint64_t *memory, bool given, bool nets,
                                bool disks);

#endif
