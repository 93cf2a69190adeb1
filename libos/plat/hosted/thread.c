/* SPDX-License-Identifier: MIT
 *
 * The thread pointer: monitors enable the user-mode instruction for it where they can. */
#include "arch/cpu.h"
#include "iface/plat.h"
#include "plat/hosted.h"

static bool set_base(unsigned segment, uint64_t base)
{
    if (!(hosted_boot->features & PITH_FEATURE_FSGSBASE))
        return hypercall(PITH_HC_BASE, segment, (long)base, 0) == 0;
    /* The instructions fault on others. */
    if ((int64_t)base >> 47 != 0 && (int64_t)base >> 47 != -1)
        return false;
    if (segment == 0)
        cpu_set_fs_base((void *)base);
    else
        cpu_set_gs_base(base);
    return true;
}

bool plat_set_thread_pointer(void *tp)
{
    return set_base(0, (uint64_t)tp);
}

bool plat_set_gs_base(uint64_t base)
{
    return set_base(1, base);
}
