/* SPDX-License-Identifier: MIT
 *
 * The six characters of names of temporary files. They tell nothing about addresses, and differ
 * between threads and calls in the same moment. That a name is taken is for the caller to find. */
#include <stdint.h>
#include <time.h>
#include "pthread_impl.h"

char *__randname(char *template)
{
    static volatile int calls;
    struct timespec ts;
    uint64_t r;

    __clock_gettime(CLOCK_REALTIME, &ts);
    r = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
    r ^= (uint64_t)__pthread_self()->tid << 32 ^ (uint64_t)a_fetch_add(&calls, 1) << 48;
    /* Spreads what differs in few bits over all. */
    r *= 0x9e3779b97f4a7c15;
    for (int i = 0; i < 6; i++, r <<= 5)
        template[i] = "ABCDEFGHIJKLMNOPabcdefghijklmnop"[r >> 59];
    return template;
}
