/* SPDX-License-Identifier: MIT
 *
 * Threads that hand tokens on through semaphores, some with time-outs so short that they often
 * pass: no token may be lost or made, nobody may sleep on. Prints "ok"; a missed wake ends it by
 * SIGALRM. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define THREADS 6
#define ROUNDS  20000

static sem_t tokens, done;

static void wait_for(sem_t *s, int short_time)
{
    struct timespec t;

    while (short_time) {
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 20000;
        if (t.tv_nsec >= 1000000000) {
            t.tv_sec++;
            t.tv_nsec -= 1000000000;
        }
        if (sem_timedwait(s, &t) == 0)
            return;
        if (errno != ETIMEDOUT)
            _exit(2);
    }
    while (sem_wait(s)) {
    }
}

static void *worker(void *number)
{
    for (int i = 0; i < ROUNDS; i++) {
        wait_for(&tokens, (long)number % 3 == 0);
        sem_post(&done);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    int left;

    alarm(50);
    sem_init(&tokens, 0, 0);
    sem_init(&done, 0, 0);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, worker, (void *)i);
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        sem_post(&tokens);
        if (i % 4 == 3) {
            for (int k = 0; k < 4; k++)
                sem_wait(&done);
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    sem_getvalue(&tokens, &left);
    if (left != 0 || sem_trywait(&tokens) == 0 || sem_trywait(&done) == 0)
        return 3;

    sem_init(&tokens, 0, SEM_VALUE_MAX);
    if (sem_post(&tokens) == 0 || errno != EOVERFLOW || sem_wait(&tokens) != 0)
        return 4;
    puts("ok");
    return 0;
}
