/* SPDX-License-Identifier: MIT
 *
 * musl's pthread_create, with stacks that are kept (stack_cache.h). It maps one in two steps, of
 * which the first gets all here; (guard) is its variable of that name. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "libc.h"
#include "pthread_impl.h"
#include "stack_cache.h"

static inline void *get_stack(size_t size, size_t guard)
{
    void *base = __pith_stack_get(size, guard, libc.tls_size + __pthread_tsd_size);

    return base ? base : MAP_FAILED;
}

#define __mmap(addr, size, prot, flags, fd, offset) get_stack(size, guard)
#define __mprotect(addr, size, prot)                0
#include <pthread_create.c>
