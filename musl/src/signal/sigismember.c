/* SPDX-License-Identifier: MIT
 *
 * sigismember says of what is no signal that it is none, as sigaddset does, instead of that it is
 * not in the set. */
#include <errno.h>
#include <signal.h>

int sigismember(const sigset_t *set, int sig)
{
    unsigned bit = (unsigned)sig - 1, word = 8 * sizeof(set->__bits[0]);

    if (bit >= _NSIG - 1) {
        errno = EINVAL;
        return -1;
    }
    return set->__bits[bit / word] >> bit % word & 1;
}
