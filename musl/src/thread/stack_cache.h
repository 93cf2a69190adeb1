/* SPDX-License-Identifier: MIT
 *
 * Stacks of threads that have ended, kept for those that will be started: mapping one costs more
 * than all the rest of starting a thread. What is kept is a mapping as pthread_create makes it: a
 * guard, the stack, thread-local storage. */
#ifndef STACK_CACHE_H
#define STACK_CACHE_H

#include <stddef.h>

/* A mapping of (size) bytes, of which the first (guard), whole pages, are inaccessible, and the
 * last (zero) bytes are zero. NULL: out of memory. */
__attribute__((__visibility__("hidden"))) void *__pith_stack_get(size_t size, size_t guard,
                                                                 size_t zero);

/* Keeps such a mapping, or unmaps it. */
__attribute__((__visibility__("hidden"))) void __pith_stack_put(void *base, size_t size,
                                                                size_t guard);

/* Keeps the mapping whose stack the calling thread runs on, which is held in the library OS until
 * it has ended, so that nobody takes it before. Returns whether there is room for it. */
__attribute__((__visibility__("hidden"))) int __pith_stack_keep(void *base, size_t size,
                                                                size_t guard);

#endif
