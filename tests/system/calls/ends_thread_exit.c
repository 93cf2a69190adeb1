/* SPDX-License-Identifier: MIT
 *
 * exit called by a thread while others run.
 *
 */
#include "pthreads.h"

static volatile int in;

static void *forever(void *arg)
{
    set(&in, 1);
    for (;;)
        sched_yield();
    return arg;
}

static void *leave(void *arg)
{
    exit((int)(long)arg);
}

static void first(void)
{
    puts("first of atexit");
    fflush(stdout);
}

static void second(void)
{
    puts("second of atexit");
}

int main(void)
{
    atexit(first);
    atexit(second);
    start(forever, NULL);
    wait_for(&in, 1);
    puts("begin");
    start(leave, (void *)42);
    for (;;)
        sleep_ms(1000);
}
