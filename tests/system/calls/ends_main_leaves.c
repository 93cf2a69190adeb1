/* SPDX-License-Identifier: MIT
 *
 * The first thread ends, others go on; the last one ends the program with status 0. */
#include "pthreads.h"

static void at_exit(void)
{
    puts("atexit");
}

static void *go_on(void *arg)
{
    void *result;

    pthread_join(*(pthread_t *)arg, &result);
    printf("the first thread has ended with %ld\n", (long)result);
    sleep_ms(20);
    puts("the last one ends");
    return (void *)3;
}

static void destroy(void *arg)
{
    printf("destructor %s\n", (char *)arg);
}

int main(void)
{
    static pthread_t self;
    pthread_key_t key;

    self = pthread_self();
    atexit(at_exit);
    pthread_key_create(&key, destroy);
    pthread_setspecific(key, "of the first thread");
    start(go_on, &self);
    puts("begin");
    pthread_exit((void *)5);
}
