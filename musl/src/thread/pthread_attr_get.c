/* SPDX-License-Identifier: MIT
 *
 * musl's, but that pthread_attr_getstack, which has no errors, also answers for attributes without
 * a stack: none, of the size that a thread's would have. */
#include "pthread_impl.h"

/* musl's, that nobody calls. */
int __pith_attr_getstack(const pthread_attr_t *restrict a, void **restrict addr,
                         size_t *restrict size);
#define pthread_attr_getstack __pith_attr_getstack
#include <pthread_attr_get.c>
#undef pthread_attr_getstack

int pthread_attr_getstack(const pthread_attr_t *restrict a, void **restrict addr,
                          size_t *restrict size)
{
    *size = a->_a_stacksize;
    *addr = a->_a_stackaddr ? (void *)(a->_a_stackaddr - *size) : NULL;
    return 0;
}
