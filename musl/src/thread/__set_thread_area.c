/* SPDX-License-Identifier: MIT
 *
 * The thread pointer. CR4.FSGSBASE is set wherever an image runs, so no call is needed. */
#include "pthread_impl.h"

int __set_thread_area(void *tp)
{
    __asm__ __volatile__("wrfsbase %0" : : "r"(tp) : "memory");
    return 0;
}
