/* SPDX-License-Identifier: MIT
 *
 * The hooks around cancellation points (syscall_arch.h), for programs without pthread_cancel. */
#include "pthread_impl.h"

static long go_on(long n)
{
    (void)n;
    return 0;
}
weak_alias(go_on, __pith_cancel_begin);

static long keep(long n, long r)
{
    (void)n;
    return r;
}
weak_alias(keep, __pith_cancel_end);
