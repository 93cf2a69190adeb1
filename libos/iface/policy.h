/* SPDX-License-Identifier: MIT
 *
 * The policy of this machine (docs/policy.md): what its image says, and what `pith run --policy` says besides. Whoever
 * opens networks and files for the program asks here first. A refusal is told in the log once for each thing that is
 * refused. Nothing here blocks or allocates. */
#ifndef PITH_IFACE_POLICY_H
#define PITH_IFACE_POLICY_H

#include "base/base.h"

/* Whether anything is limited at all of networks, or of files: else what follows need not be called. */
bool policy_on_net(void);
bool policy_on_files(void);

/* Whether others may reach port (port) of address (own), 16 bytes, IPv4 ones as IPv4-mapped, of (protocol), an IP protocol
 * number (1 for ICMP of both versions). 0 or -EACCES. */
must_check int policy_may_listen(unsigned protocol, const uint8_t *own, unsigned port);

/* Whether the program may send to (peer); or, if (own) is not NULL, answer from port (own_port), which others may reach. 0
 * or -EACCES. (query), if not NULL: the datagram, of which (len) bytes are there, goes to a server of names, and what
 * it asks for is decisive where the address is not permitted; with (len) 0: asking is to be possible at all. */
struct policy_way {
    unsigned protocol, port, own_port;
    const uint8_t *peer, *own, *query;
    size_t len;
};
must_check int policy_may_send(const struct policy_way *w);

/* Whether the file or directory (path) may be changed, made or removed. 0 or -EACCES. */
must_check int policy_may_change(const char *path, size_t len);

#endif
