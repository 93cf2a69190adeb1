/* SPDX-License-Identifier: MIT
 *
 * The last call of a detached thread, which runs on the stack that it gives back. */
#include "pthread_impl.h"
#include "pith_libc.h"

void __unmapself(void *base, size_t size)
{
    thread_exit_unmap(base, size);
}
