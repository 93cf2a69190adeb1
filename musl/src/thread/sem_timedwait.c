/* SPDX-License-Identifier: MIT
 *
 * sem_timedwait: see sem_trywait.c. */
#include <semaphore.h>
#include <limits.h>
#include "pthread_impl.h"

static void leave(void *waiters)
{
    a_dec(waiters);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at)
{
    pthread_testcancel();
    while (sem_trywait(sem)) {
        int r;

        a_inc(&sem->__val[1]);
        a_cas(sem->__val, 0, INT_MIN);
        pthread_cleanup_push(leave, (void *)&sem->__val[1]);
        r = __timedwait_cp(sem->__val, INT_MIN, CLOCK_REALTIME, at, sem->__val[2]);
        pthread_cleanup_pop(1);
        if (r) {
            errno = r;
            return -1;
        }
    }
    return 0;
}
