/* SPDX-License-Identifier: MIT
 *
 * musl's pthread_join, which keeps the stack (stack_cache.h); (t) is its variable of that name. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "pthread_impl.h"
#include "stack_cache.h"

#define __munmap(base, size) __pith_stack_put(base, size, t->guard_size)
#include <pthread_join.c>
