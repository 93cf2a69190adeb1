/* SPDX-License-Identifier: MIT
 *
 * abort: the handler runs, then the program ends by SIGABRT all the same. */
#include <signal.h>
#include "calls.h"

static void handler(int sig)
{
    IS(sig == SIGABRT);
    fflush(stdout);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGABRT, SIG_IGN);
    T(raise(SIGABRT));
    signal(SIGABRT, handler);
    T(raise(SIGABRT));
    abort();
}
