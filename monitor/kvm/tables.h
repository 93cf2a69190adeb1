/* SPDX-License-Identifier: MIT
 *
 * Page tables of a machine (Intel SDM volume 3, 4.5: four levels). They lie in the machine's memory
 * where none of its own mappings leads. Pure: nothing here makes a system call. */
#ifndef PITH_MONITOR_KVM_TABLES_H
#define PITH_MONITOR_KVM_TABLES_H

#include <stdint.h>

#include "base/base.h"

/* A guest maps its pages with these bits. Accessed and dirty are set from the start: the processor
 * then has nothing to write, and a software KVM fetches neighbours of a page ahead. */
#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE   (1ull << 1)
#define PTE_USER    (1ull << 2)
#define PTE_USED    (3ull << 5)
#define PTE_NX      (1ull << 63)

struct tables {
    uint64_t (*page)[512]; /* the tables as the monitor sees them, zeroed; page 0 is the root */
    uint64_t addr;         /* physical address of the first, in the machine */
    uint32_t count;        /* in use, at least 1 */
    uint32_t max;          /* that there is room for */
};

/* Tables that suffice to map (len) bytes at any one address, plus one far-off page. */
uint64_t tables_needed(uint64_t len);

/* Maps whole pages: (len) bytes at virtual (virt) to physical (phys) on, with the bits (flags); 0
 * unmaps. Overwrites what was mapped. Returns 0; -ENOMEM if there are no tables left, with a part
 * done. The caller sees to it that the processor forgets what it knew. */
must_check int tables_map(struct tables *t, uint64_t virt, uint64_t phys, uint64_t len,
                          uint64_t flags);

/* The bits for PITH_PROT_* (prot); 0 for none. */
uint64_t tables_flags(unsigned prot);

#endif
