/* SPDX-License-Identifier: MIT
 *
 * clock_gettime is a plain call: there is no vDSO, and no older call to fall back to. */
#include <time.h>
#include "syscall.h"

int __clock_gettime(clockid_t clk, struct timespec *ts)
{
    return syscall(SYS_clock_gettime, clk, ts);
}

weak_alias(__clock_gettime, clock_gettime);
