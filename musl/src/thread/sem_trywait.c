/* SPDX-License-Identifier: MIT
 *
 * Semaphores. (This file, sem_post.c, sem_timedwait.c and sem_getvalue.c share the layout of
 * sem_t.)
 *
 *     __val[0]  the value, 31 bits; the sign bit says that somebody may be asleep on this word
 *     __val[1]  how many threads are in sem_timedwait's slow part
 *     __val[2]  FUTEX_PRIVATE, or 0 for a semaphore shared between processes
 *
 * Whoever goes to sleep sets the sign bit first and sleeps on exactly "value 0 and sign bit", so a
 * post in between changes the word and the sleep ends at once. A post that finds the bit wakes: one
 * thread, and leaves the bit to the others, if there is more than one in the slow part; otherwise
 * it clears the bit and wakes all, and whoever finds no value left sets it again. The count may
 * only be too high, never too low, for threads that sleep: it is raised before the bit is set. */
#include <semaphore.h>
#include <limits.h>
#include "pthread_impl.h"

int sem_trywait(sem_t *sem)
{
    int old;

    while ((old = sem->__val[0]) & SEM_VALUE_MAX) {
        if (a_cas(sem->__val, old, old - 1) == old)
            return 0;
    }
    errno = EAGAIN;
    return -1;
}
