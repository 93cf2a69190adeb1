/* SPDX-License-Identifier: MIT
 *
 * sched_setscheduler is Linux's call: of the thread with that number, 0 for the calling one. musl
 * refuses it, because it would be of all threads of a process. */
#include <sched.h>
#include "syscall.h"

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    return syscall(SYS_sched_setscheduler, pid, policy, param);
}
