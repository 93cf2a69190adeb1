/* SPDX-License-Identifier: MIT
 *
 * Page tables of a machine (Intel SDM volume 3, 4.5: four levels). They lie in the machine's memory
 * where none of its own mappings leads. Pure: nothing here makes a system call.
 *
 * A region is 2 MiB of virtual addresses. It is mapped by one large entry as long as it was only
 * ever mapped as a whole, else by a table of pages, for good. A KVM that shadows the tables does
 * not see changes of a present entry: for pages its caller makes it forget them, and where a large
 * entry becomes a table, the tables that lead there are replaced, so there is another root. */
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
#define PTE_LARGE   (1ull << 7) /* of a region's entry; not present, too, where it was large */
#define PTE_NX      (1ull << 63)

#define TABLES_REGION (2ull << 20)

struct tables {
    uint64_t (*page)[512]; /* the tables as the monitor sees them, zeroed */
    uint64_t addr;         /* physical address of the first, in the machine */
    uint32_t count;        /* in use */
    uint32_t max;          /* that there is room for */
    uint64_t top;          /* the entry that leads to the root; 0: there is none yet */
};

/* Tables that suffice for all that is ever mapped in (len) bytes at any one address. */
uint64_t tables_needed(uint64_t len);

/* Maps whole pages: (len) bytes at virtual (virt) to physical (phys) on, with the bits (flags); 0
 * unmaps. Overwrites what was mapped. Returns 0; -ENOMEM if there are no tables left, with a part
 * done. The caller sees to it that the processor forgets the pages that were mapped, and uses
 * tables_root from then on. */
must_check int tables_map(struct tables *t, uint64_t virt, uint64_t phys, uint64_t len,
                          uint64_t flags);

/* Physical address of the root, for CR3. Something has been mapped. */
uint64_t tables_root(const struct tables *t);

/* The bits for PITH_PROT_* (prot); 0 for none. */
uint64_t tables_flags(unsigned prot);

#endif
