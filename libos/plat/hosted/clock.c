/* SPDX-License-Identifier: MIT
 *
 * Time (iface/clock.h) from a function of the host, or from the time stamp counter. */
#include <time.h>

#include "arch/cpu.h"
#include "plat/hosted.h"
#include "iface/clock.h"

/* Whole seconds and the rest apart, so that nothing overflows: the rest is below one second's
 * ticks, which times 1e9 fits in 64 bits for clocks up to 18 GHz. */
static nsec_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
    uint64_t seconds = ticks / hz;
    uint64_t rest = ticks % hz;

    return (nsec_t)(seconds * NSEC_PER_SEC + rest * NSEC_PER_SEC / hz);
}

static nsec_t read_clock(clockid_t id, uint64_t base_ns)
{
    const struct pith_clock *c = &hosted_boot->clock;

    if (c->gettime.addr) {
        int (*gettime)(int, struct timespec *) = (int (*)(int, struct timespec *))c->gettime.addr;
        struct timespec ts;

        gettime(id, &ts);
        return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
    }
    uint64_t now = cpu_tsc();
    /* The counter of another CPU may lag a little behind the one that read the base. */
    uint64_t ticks = now > c->tsc_base ? now - c->tsc_base : 0;
    return (nsec_t)base_ns + ticks_to_ns(ticks, c->tsc_hz);
}

static nsec_t recent;

nsec_t clock_monotonic(void)
{
    return recent = read_clock(CLOCK_MONOTONIC, hosted_boot->clock.mono_base_ns);
}

nsec_t clock_recent(void)
{
    return recent;
}

nsec_t clock_wall(void)
{
    return read_clock(CLOCK_REALTIME, hosted_boot->clock.wall_base_ns);
}
