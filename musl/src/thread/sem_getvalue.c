/* SPDX-License-Identifier: MIT
 *
 * sem_getvalue: see sem_trywait.c. */
#include <semaphore.h>
#include <limits.h>

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
    *value = sem->__val[0] & SEM_VALUE_MAX;
    return 0;
}
