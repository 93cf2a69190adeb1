/* SPDX-License-Identifier: MIT
 *
 * Page tables: made on demand, never given back. */
#include "monitor/kvm/tables.h"

#include <errno.h>

#include "abi/hypercall.h"

#define ADDRESS_MASK 0x000ffffffffff000ull
#define LEAF_LEN     (512 * PAGE_SIZE) /* what one table of the last level maps */

uint64_t tables_needed(uint64_t len)
{
    /* At each level one more where the range is not aligned, and one for the far-off page. */
    uint64_t n = 1;
    for (unsigned shift = 21; shift <= 39; shift += 9)
        n += (len >> shift) + 3;
    return n;
}

uint64_t tables_flags(unsigned prot)
{
    if (!prot)
        return 0;
    return PTE_PRESENT | PTE_USER | PTE_USED | (prot & PITH_PROT_WRITE ? PTE_WRITE : 0) |
           (prot & PITH_PROT_EXEC ? 0 : PTE_NX);
}

/* The table of the last level for (virt), or NULL. What may be done is decided there alone. */
static uint64_t *leaf(struct tables *t, uint64_t virt)
{
    uint64_t *table = t->page[0];
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t *entry = &table[virt >> shift & 511];
        if (!*entry) {
            if (t->count == t->max)
                return NULL;
            *entry =
                (t->addr + t->count++ * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_USED;
        }
        table = t->page[((*entry & ADDRESS_MASK) - t->addr) / PAGE_SIZE];
    }
    return table;
}

int tables_map(struct tables *t, uint64_t virt, uint64_t phys, uint64_t len, uint64_t flags)
{
    while (len) {
        uint64_t n = min_size(LEAF_LEN - virt % LEAF_LEN, len);
        uint64_t *table = leaf(t, virt);
        if (!table)
            return -ENOMEM;
        for (uint64_t at = 0; at < n; at += PAGE_SIZE)
            table[(virt + at) >> 12 & 511] = flags ? (phys + at) | flags : 0;
        virt += n;
        phys += n;
        len -= n;
    }
    return 0;
}
