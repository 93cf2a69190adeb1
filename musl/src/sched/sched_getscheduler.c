/* SPDX-License-Identifier: MIT
 *
 * sched_getscheduler is Linux's call: of the thread with that number, 0 for the calling one. musl
 * refuses it, because it would be of all threads of a process. */
#include <sched.h>
#include "syscall.h"

int sched_getscheduler(pid_t pid)
{
    return syscall(SYS_sched_getscheduler, pid);
}
