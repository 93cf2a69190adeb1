/* SPDX-License-Identifier: MIT
 *
 * See uptime.h. */
#include "time/uptime.h"

static nsec_t boot_time;

void uptime_start(void)
{
    boot_time = clock_monotonic();
}

nsec_t uptime(void)
{
    return clock_monotonic() - boot_time;
}
