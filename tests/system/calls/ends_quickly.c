/* SPDX-License-Identifier: MIT
 *
 * _exit: nothing runs and nothing is flushed. */
#include "calls.h"

static void never(void)
{
    printf("never\n");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOFBF, 4096);
    atexit(never);
    T(getppid() >= 0);
    IS(1);
    IS(2);
    fflush(stdout);
    printf("not flushed\n");
    _exit(-3);
}
