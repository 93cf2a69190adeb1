/* SPDX-License-Identifier: MIT
 *
 * Upcalls. The guest's words are read once for each, and checked again: it may change them. */
#include "monitor/core/upcall.h"

#include <errno.h>
#include <string.h>

#define PAGE_FAULT 14

/* (len) bytes at guest address (addr), which must lie in the writable part of the image, aligned to
 * (align). NULL: they do not. */
static void *writable(struct machine *m, pith_gaddr addr, uint64_t len, uint64_t align)
{
    const struct image_segment *data = &m->image.seg[IMAGE_DATA];

    if (addr.addr % align || !range_inside(addr.addr, len, m->mem_base + data->addr, data->mem_len))
        return NULL;
    return m->mem + (addr.addr - m->mem_base);
}

/* What the guest has registered, checked: false if it is not sound. */
static bool fetch(struct machine *m, uint64_t at, struct pith_upcall *u)
{
    const struct pith_upcall *from = writable(m, (pith_gaddr){at}, sizeof(*from), 8);

    if (!from)
        return false;
    memcpy(u, from, sizeof(*u));
    return writable(m, u->frame, sizeof(struct pith_upcall_frame), 16) &&
           writable(m, u->hold, sizeof(uint32_t), sizeof(uint32_t));
}

long upcall_register(struct machine *m, uint64_t addr)
{
    struct pith_upcall u;

    if (!m->image.upcalls)
        return -ENOSYS;
    if (!fetch(m, addr, &u))
        return -EINVAL;
    m->upcall = addr;
    return 0;
}

/* Whether the guest jumped to where nothing is: a null pointer to a function, say. */
static bool left_memory(const struct pith_upcall_frame *at)
{
    return at->vector == PAGE_FAULT && at->addr == at->rip;
}

bool upcall_begin(struct machine *m, const struct pith_upcall_frame *at, uint64_t *rip,
                  uint64_t *rsp)
{
    struct pith_upcall u;

    if (!m->upcall || !fetch(m, m->upcall, &u))
        return false;
    bool tick = at->vector == PITH_UPCALL_NO_FAULT;
    volatile uint32_t *hold = writable(m, u.hold, sizeof(*hold), sizeof(*hold));
    if (*hold) {
        if (tick)
            *hold |= PITH_UPCALL_TICK;
        return false;
    }
    if (at->rip - u.critical.addr < u.critical_end.addr - u.critical.addr ||
        !(range_inside(at->rip, 1, m->mem_base, m->layout.mem_len) || left_memory(at)))
        return false;
    if (!tick && (at->vector > 31 || !(u.faults >> at->vector & 1)))
        return false;
    *hold = 1;
    memcpy(writable(m, u.frame, sizeof(*at), 16), at, sizeof(*at));
    *rip = u.entry.addr;
    *rsp = u.frame.addr;
    return true;
}
