/* SPDX-License-Identifier: MIT
 *
 * pthread_getattr_np: what a thread really has. The first thread runs on the stack of the machine's
 * start, which is whole from the beginning: musl's own looks for its end by trying. */
#define _GNU_SOURCE
#include "pthread_impl.h"
#include "pith_libc.h"

int pthread_getattr_np(pthread_t t, pthread_attr_t *a)
{
    *a = (pthread_attr_t){0};
    a->_a_detach = t->detach_state >= DT_DETACHED;
    a->_a_guardsize = t->guard_size;
    a->_a_stackaddr = (uintptr_t)t->stack;
    a->_a_stacksize = t->stack_size;
    if (!t->stack) {
        char *low;
        a->_a_stacksize = thread_boot_stack(&low);
        a->_a_stackaddr = (uintptr_t)low + a->_a_stacksize;
    }
    return 0;
}
