/* SPDX-License-Identifier: MIT
 *
 * The thread pointer of the first thread; that of others is an argument of clone. */
#include "pthread_impl.h"
#include "pith_libc.h"

int __set_thread_area(void *tp)
{
    return thread_set_pointer(tp) ? 0 : -EPERM;
}
