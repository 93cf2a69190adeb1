/* SPDX-License-Identifier: MIT
 *
 * sem_post: see sem_trywait.c. */
#include <semaphore.h>
#include <limits.h>
#include "pthread_impl.h"

int sem_post(sem_t *sem)
{
    int old, new, waiters, priv;

    /* Everything is read before the value is raised: then a waiter may return and free the
     * semaphore. */
    do {
        priv = sem->__val[2];
        waiters = sem->__val[1];
        old = sem->__val[0];
        if ((old & SEM_VALUE_MAX) == SEM_VALUE_MAX) {
            errno = EOVERFLOW;
            return -1;
        }
        new = old + 1;
        if (waiters <= 1)
            new &= SEM_VALUE_MAX;
    } while (a_cas(sem->__val, old, new) != old);

    if (old < 0)
        __wake(sem->__val, waiters > 1 ? 1 : -1, priv);
    return 0;
}
