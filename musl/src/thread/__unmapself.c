/* SPDX-License-Identifier: MIT
 *
 * The last call of a detached thread, which runs on the stack that it gives back. */
#include "pthread_impl.h"
#include "pith_libc.h"
#include "stack_cache.h"

void __unmapself(void *base, size_t size)
{
    /* Until the end of the thread. */
    thread_hold();
    if (__pith_stack_keep(base, size, __pthread_self()->guard_size))
        thread_exit_unmap(NULL, 0);
    thread_exit_unmap(base, size);
}
