/* SPDX-License-Identifier: MIT
 *
 * The system call on random numbers. */
#include <errno.h>
#include <sys/random.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "base/base.h"
#include "pith_calls.h"
#include "random/random.h"

#define GRND_INSECURE_FLAG 4 /* not in libc's header */

/* The most that one call gives, as in Linux. */
#define REQUEST_MAX 0x7fffffff

long pith_sys_getrandom(long buf, long len, long flags)
{
    HOLD;
    const long known = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE_FLAG;

    if (flags & ~known)
        return -EINVAL;
    if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE_FLAG))
        return -EINVAL;
    size_t n = min_size((size_t)len, REQUEST_MAX);
    if (!user_range(buf, n))
        return -EFAULT;
    size_t done = user_prefix((void *)buf, n, true);
    random_bytes((void *)buf, done);
    return done > 0 || n == 0 ? (long)done : -EFAULT;
}
