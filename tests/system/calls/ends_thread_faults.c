/* SPDX-License-Identifier: MIT
 *
 * A signal whose default action ends the program, sent to one thread. */
#include <signal.h>

#include "pthreads.h"

static void *sleep_on(void *arg)
{
    for (;;)
        pause();
    return arg;
}

int main(void)
{
    pthread_t t = start(sleep_on, NULL);

    puts("begin");
    puts("of");
    puts("the end");
    fflush(stdout);
    pthread_kill(t, SIGTERM);
    for (;;)
        pause();
}
