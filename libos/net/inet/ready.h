/* SPDX-License-Identifier: MIT
 *
 * Waiting for the network at the start (docs/decisions/0048): programs expect addresses to be there
 * when they begin. A call that needs a lease of DHCP that has not come yet waits for it, together
 * with all others for INET_READY_WAIT from the first of them on at most, and once only. */
#ifndef PITH_INET_READY_H
#define PITH_INET_READY_H

#include <sys/socket.h>

#include "base/base.h"

#define INET_READY_WAIT (8 * NSEC_PER_SEC)

/* Nobody waits any more: that is over, or there is nothing to wait for. */
extern bool inet_ready;

int inet_ready_slow(const struct sockaddr_storage *to);

/* Before (to), of at least its length bytes and zero behind, is connected or sent to: waits as long
 * as there is no way to it but one may come. NULL: for a server of names. Blocks. Returns 0, whether
 * there is a way now or not, or -EINTR. */
must_check static inline int inet_ready_for(const struct sockaddr_storage *to)
{
    return likely(inet_ready) ? 0 : inet_ready_slow(to);
}

/* Something has changed: those that wait look again. */
void inet_ready_look(void);

/* For libc's resolver, before it reads which servers there are. */
void inet_ready_names(void);

#endif
