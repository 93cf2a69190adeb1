/* SPDX-License-Identifier: MIT
 *
 * The signal mask of a call that waits with one of its own: ppoll, pselect, epoll_pwait. */
#ifndef PITH_POSIX_MASK_H
#define PITH_POSIX_MASK_H

#include <errno.h>
#include "iface/signal.h"
#include "iface/user.h"

/* Sets the mask that (set) points to, none if it is NULL. 0; -EINVAL, -EFAULT. */
static inline long mask_begin(const uint64_t *set, long size)
{
    if (!set)
        return 0;
    if (size != sizeof(*set))
        return -EINVAL;
    if (!user_readable(set, sizeof(*set)))
        return -EFAULT;
    if (signal_mask_begin)
        signal_mask_begin(*set);
    return 0;
}

static inline void mask_end(const uint64_t *set)
{
    if (set && signal_mask_end)
        signal_mask_end();
}

#endif
