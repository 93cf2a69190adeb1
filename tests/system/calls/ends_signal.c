/* SPDX-License-Identifier: MIT
 *
 * A signal without a handler ends the program as Linux ends a process. */
#include <signal.h>
#include "calls.h"

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int sig = 1; sig < 65; sig++)
        if (sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT)
            T(raise(sig));
    T(raise(SIGTERM));
    return 0;
}
