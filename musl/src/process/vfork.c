/* SPDX-License-Identifier: MIT
 *
 * vfork by its own name, so that a link without it says vfork and not clone. */
#define _GNU_SOURCE
#include <unistd.h>
#include "syscall.h"

pid_t vfork(void)
{
    return syscall(SYS_vfork);
}
