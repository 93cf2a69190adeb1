/* SPDX-License-Identifier: MIT
 *
 * Page tables: made on demand, never given back and never used for another place. */
#include "monitor/kvm/tables.h"

#include <errno.h>
#include <string.h>

#include "abi/hypercall.h"

#define ADDRESS_MASK 0x000ffffffffff000ull
#define LEVELS       3 /* of tables that lead to a region's entry */

uint64_t tables_needed(uint64_t len)
{
    /* At each level one more where the range is not aligned at either end; for each region once
     * those that are replaced when it stops being large. */
    uint64_t n = 1 + LEVELS * ((len >> 21) + 2);
    for (unsigned shift = 21; shift <= 39; shift += 9)
        n += (len >> shift) + 2;
    return n;
}

uint64_t tables_flags(unsigned prot)
{
    if (!prot)
        return 0;
    return PTE_PRESENT | PTE_USER | PTE_USED | (prot & PITH_PROT_WRITE ? PTE_WRITE : 0) |
           (prot & PITH_PROT_EXEC ? 0 : PTE_NX);
}

uint64_t tables_root(const struct tables *t)
{
    return t->top & ADDRESS_MASK;
}

static uint64_t *table_at(const struct tables *t, uint64_t entry)
{
    return t->page[((entry & ADDRESS_MASK) - t->addr) / PAGE_SIZE];
}

/* Makes (entry) lead to an empty table. What may be done is decided by the last entry alone. NULL:
 * there is none left. */
static uint64_t *new_table(struct tables *t, uint64_t *entry)
{
    if (t->count == t->max)
        return NULL;
    uint64_t *table = t->page[t->count];
    *entry = (t->addr + t->count++ * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_USED;
    /* Written before it is read: a page that was read first would be replaced by the write. */
    table[0] = 0;
    return table;
}

/* The entry of (virt)'s region, or NULL. */
static uint64_t *region_entry(struct tables *t, uint64_t virt)
{
    uint64_t *entry = &t->top;
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t *table = *entry ? table_at(t, *entry) : new_table(t, entry);
        if (!table)
            return NULL;
        entry = &table[virt >> shift & 511];
    }
    return entry;
}

/* The same in new copies of the tables that lead there. There is room for them. */
static uint64_t *copied_entry(struct tables *t, uint64_t virt)
{
    uint64_t *entry = &t->top;
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        const uint64_t *from = table_at(t, *entry);
        uint64_t *to = new_table(t, entry);
        memcpy(to, from, PAGE_SIZE);
        entry = &to[virt >> shift & 511];
    }
    return entry;
}

/* Gives the region of (virt), which is or was large, a table of pages. NULL: there is no room. */
static uint64_t *split(struct tables *t, uint64_t virt, uint64_t large)
{
    if (t->max - t->count < LEVELS + 1)
        return NULL;
    uint64_t *table = new_table(t, copied_entry(t, virt));
    for (unsigned i = 0; i < 512; i++)
        table[i] = large & PTE_PRESENT ? (large & ~PTE_LARGE) + i * PAGE_SIZE : 0;
    return table;
}

/* tables_map for a range within one region. */
static int map_in_region(struct tables *t, uint64_t virt, uint64_t phys, uint64_t len,
                         uint64_t flags)
{
    uint64_t *table, *entry = region_entry(t, virt);
    if (!entry)
        return -ENOMEM;
    if (len == TABLES_REGION && phys % TABLES_REGION == 0 && (!*entry || (*entry & PTE_LARGE))) {
        *entry = flags ? phys | flags | PTE_LARGE : *entry & PTE_LARGE;
        return 0;
    }
    if (*entry & PTE_LARGE)
        table = split(t, virt, *entry);
    else
        table = *entry ? table_at(t, *entry) : new_table(t, entry);
    if (!table)
        return -ENOMEM;
    for (uint64_t at = 0; at < len; at += PAGE_SIZE)
        table[(virt + at) >> 12 & 511] = flags ? (phys + at) | flags : 0;
    return 0;
}

int tables_map(struct tables *t, uint64_t virt, uint64_t phys, uint64_t len, uint64_t flags)
{
    int err = 0;
    while (len && !err) {
        uint64_t n = min_size(TABLES_REGION - virt % TABLES_REGION, len);
        err = map_in_region(t, virt, phys, n, flags);
        virt += n;
        phys += flags ? n : 0;
        len -= n;
    }
    return err;
}
