/* SPDX-License-Identifier: MIT
 *
 * sched_setparam is Linux's call: of the thread with that number, 0 for the calling one. musl
 * refuses it, because it would be of all threads of a process. */
#include <sched.h>
#include "syscall.h"

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    return syscall(SYS_sched_setparam, pid, param);
}
