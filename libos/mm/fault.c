/* SPDX-License-Identifier: MIT
 *
 * What a page fault of the program means. */
#include "iface/plat.h"
#include "mm/page.h"

/* Weak: without the page allocator the program has no page of the heap. */
extern __typeof(page_use_at) page_use_at __attribute__((weak, visibility("hidden")));

enum page_fault_kind page_fault_kind(uintptr_t addr)
{
    const struct plat_info *p = &plat_info;
    enum page_use use = page_use_at ? page_use_at((const void *)addr) : PAGE_FREE;

    if (use == PAGE_BEYOND)
        return PAGE_FAULT_BEYOND;
    if (use > PAGE_KERNEL || range_inside(addr, 1, (uintptr_t)p->image, p->image_len) ||
        range_inside(addr, 1, (uintptr_t)p->stack, p->stack_len))
        return PAGE_FAULT_DENIED;
    return PAGE_FAULT_UNMAPPED;
}
