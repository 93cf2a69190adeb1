/* SPDX-License-Identifier: MIT
 *
 * sigpause of what is no signal fails at once; musl's waits for any other. */
#include <signal.h>
#include <stddef.h>

int sigpause(int sig)
{
    sigset_t mask;

    sigprocmask(SIG_BLOCK, NULL, &mask);
    return sigdelset(&mask, sig) ? -1 : sigsuspend(&mask);
}
