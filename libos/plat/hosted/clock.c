/* SPDX-License-Identifier: MIT
 *
 * Time (iface/clock.h) from a function of the host, or from the time stamp counter. */
#include <time.h>

#include "arch/cpu.h"
#include "plat/hosted.h"
#include "iface/clock.h"

static inline nsec_t read_clock(clockid_t id, const uint64_t *base_ns)
{
    const struct pith_clock *c = &hosted_boot->clock;

    if (c->tsc_ns && *base_ns)
        return pith_clock_ns(c, *base_ns, cpu_tsc());
    int (*gettime)(int, struct timespec *) = (int (*)(int, struct timespec *))c->gettime.addr;
    struct timespec ts;

    gettime(id, &ts);
    return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static nsec_t recent;

nsec_t clock_monotonic(void)
{
    return recent = read_clock(CLOCK_MONOTONIC, &hosted_boot->clock.mono_base_ns);
}

nsec_t clock_recent(void)
{
    return recent;
}

nsec_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME, &hosted_boot->clock.wall_base_ns);
}
