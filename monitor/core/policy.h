/* SPDX-License-Identifier: MIT
 *
 * The policies that a machine runs under (docs/policy.md): its image's, and that of --policy, which the pith command
 * has compiled. Whatever is done must be permitted by both. Nothing here is read after the guest has been
 * entered. */
#ifndef PITH_MONITOR_POLICY_H
#define PITH_MONITOR_POLICY_H

#include "monitor/core/image.h"
#include "monitor/dev/packet.h"
#include "monitor/options.h"

struct policies {
    unsigned count;
    const struct pith_policy *policy[PACKET_POLICIES];
    const char *whose[PACKET_POLICIES];
};

/* Reads the policy of (img), whose file is (fd), and that in (hex), or NULL. Returns 0; -ENOEXEC or -EIO with *why as
 * image_parse. */
must_check int policies_read(struct policies *ps, const struct image *img, int fd, const char *hex,
                             const char **why);

/* Makes o->mem_len what is permitted where -m was not given. False after a message that names the policy's line: memory
 * that was asked for, or one of the networks and disks, is not permitted. (name): the image's. */
must_check bool policies_permit(const struct policies *ps, struct options *o, const char *name);

/* Whether all policies permit a device, PITH_POLICY_NET ... */
bool policies_device(const struct policies *ps, unsigned device);

/* Puts gates in front of the networks of (o), which are open, if a policy limits networks. 0, or a negative error
 * number after a message. */
must_check int policies_gates(const struct policies *ps, const struct options *o);

#endif
