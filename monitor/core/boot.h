/* SPDX-License-Identifier: MIT
 *
 * The boot area and the shared area: what the guest finds when it is entered (abi/boot.h). */
#ifndef PITH_MONITOR_BOOT_H
#define PITH_MONITOR_BOOT_H

#include <stdint.h>

#include "abi/boot.h"
#include "base/base.h"
#include "monitor/core/machine.h"

/* What the guest is started with. */
struct boot_input {
    int argc;
    char *const *argv;
    int envc;
    char *const *envp;
    uint64_t hypercall; /* guest address of the function */
    struct pith_clock clock;
    uint32_t enforced; /* PITH_ENFORCED_* */
    uint64_t features; /* PITH_FEATURE_* */
    uint8_t entropy[32];
    const struct setting *settings; /* (setting_count) of them */
    unsigned setting_count;
};

/* "net(N).ip=(value)", or "policy=(value)". */
struct setting {
    unsigned net; /* or SETTING_POLICY */
    const char *value;
};

#define SETTING_POLICY (~0u)

/* Bytes of the two areas, for the disks that (m) will have: m->disks.count and m->nets.count are
 * set. */
uint64_t boot_area_len(const struct machine *m, const struct boot_input *in);
uint64_t shared_area_len(const struct machine *m);

/* Writes both areas at their places in m->mem, which are zeroed and writable, connects the queues
 * of m->consoles, m->disks and m->nets and sets m->shared. Their names, descriptors, sizes and
 * numbers are set. Asks the consoles' descriptors for the terminal's size. */
void boot_write(struct machine *m, const struct boot_input *in);

#endif
