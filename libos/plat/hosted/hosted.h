/* SPDX-License-Identifier: MIT
 *
 * What the files of plat/hosted share: the monitor's boot info. */
#ifndef PITH_PLAT_HOSTED_H
#define PITH_PLAT_HOSTED_H

#include "abi/boot.h"
#include "abi/hypercall.h"

/* Checked by plat_start, which sets it before anything else runs. In read-only memory. */
extern const struct pith_boot *hosted_boot;

/* The first C function: takes the monitor's boot info, checks it and fills plat_info. Runs without
 * a thread pointer. Ends the machine with exit status 125 and a message when this image cannot run
 * on this monitor. */
void plat_start(const struct pith_boot *boot);

/* Calls the monitor: abi/hypercall.h. */
static inline long hypercall(long number, long a, long b, long c)
{
    long (*call)(long, long, long, long) =
        (long (*)(long, long, long, long))hosted_boot->hypercall.addr;

    return call(number, a, b, c);
}

#endif
