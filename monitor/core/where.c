/* SPDX-License-Identifier: MIT
 *
 * Guest memory by address. */
#include "monitor/core/where.h"

static bool in_area(struct area a, uint64_t at)
{
    return range_inside(at, 1, a.at, a.len);
}

static enum where in_image(const struct image *img, uint64_t at)
{
    static const enum where names[IMAGE_SEGMENTS] = {WHERE_CONST, WHERE_TEXT, WHERE_RELRO,
                                                     WHERE_DATA, WHERE_ROOT};
    for (unsigned i = 0; i < IMAGE_SEGMENTS; i++) {
        const struct image_segment *s = &img->seg[i];
        if (range_inside(at, 1, s->addr, align_up(s->mem_len, PAGE_SIZE)))
            return names[i];
    }
    return WHERE_GAP;
}

enum where where_is(const struct machine *m, uint64_t addr)
{
    const struct layout *l = &m->layout;
    if (addr < 16 * PAGE_SIZE)
        return WHERE_NULL;
    uint64_t at = addr - m->mem_base;
    if (in_area(l->image, at))
        return in_image(&m->image, at);
    if (in_area(l->boot, at))
        return WHERE_BOOT;
    if (in_area(l->shared, at))
        return WHERE_SHARED;
    if (in_area(l->guard, at))
        return WHERE_GUARD;
    if (in_area(l->stack, at))
        return WHERE_STACK;
    return in_area(l->heap, at) ? WHERE_HEAP : WHERE_OUTSIDE;
}

const char *where_name(enum where w)
{
    static const char *const names[] = {
        [WHERE_NULL] = "the null page",
        [WHERE_CONST] = "constants (read-only)",
        [WHERE_TEXT] = "text (the program's code, read-only)",
        [WHERE_RELRO] = "data that is read-only after start",
        [WHERE_DATA] = "data",
        [WHERE_ROOT] = "the root file system (read-only)",
        [WHERE_GAP] = "the image, between its segments",
        [WHERE_BOOT] = "the boot area (read-only)",
        [WHERE_SHARED] = "the area shared with the monitor",
        [WHERE_GUARD] = "the guard page below the stack",
        [WHERE_STACK] = "the stack",
        [WHERE_HEAP] = "the heap",
        [WHERE_OUTSIDE] = "nothing: it is outside the machine's memory",
    };
    return names[w];
}
