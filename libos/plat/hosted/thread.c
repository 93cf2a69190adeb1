/* SPDX-License-Identifier: MIT
 *
 * The thread pointer: monitors enable the user-mode instruction for it. */
#include "arch/cpu.h"
#include "iface/plat.h"

void plat_set_thread_pointer(void *tp)
{
    cpu_set_fs_base(tp);
}
