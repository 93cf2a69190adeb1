/* SPDX-License-Identifier: MIT
 *
 * Where packets' pieces come from: three sizes, each with a list of free ones, cut from runs of
 * pages that stay with the network, and with their size: small ones have no more than half of it
 * and huge ones a quarter, so that there is room for large ones after many others were in use. All
 * together never take more than a quarter of the machine's memory. */
#include "iface/pkt.h"
#include "iface/plat.h"
#include "mm/page.h"

#define SMALL_SIZE (sizeof(struct pkt) + PKT_HEADROOM)
#define LARGE_SIZE (sizeof(struct pkt) + PKT_LARGE)
#define HUGE_SIZE  (sizeof(struct pkt) + PKT_HUGE)
#define RUN_PAGES  4
#define HUGE_PAGES (HUGE_SIZE / PAGE_SIZE)
#define LIMIT_MIN  (256u << 10)

_Static_assert(PAGE_SIZE % SMALL_SIZE == 0 && PAGE_SIZE % LARGE_SIZE == 0 &&
                   HUGE_SIZE % PAGE_SIZE == 0,
               "runs are used up");

enum { SMALL, LARGE, HUGE };

static struct {
    struct pkt *free;
    size_t taken;  /* bytes of pages */
    uint8_t pages; /* of a run */
    uint8_t share; /* the limit divided by this is the most of (taken) */
    uint16_t room;
} sizes[] = {
    [SMALL] = {.room = PKT_HEADROOM, .pages = RUN_PAGES, .share = 2},
    [LARGE] = {.room = PKT_LARGE, .pages = RUN_PAGES, .share = 1},
    [HUGE] = {.room = PKT_HUGE, .pages = HUGE_PAGES, .share = 4},
};

static size_t used; /* bytes of pieces */

size_t pkt_memory(void)
{
    return used;
}

size_t pkt_memory_limit(void)
{
    return max_size(plat_info.heap_len / 4, LIMIT_MIN);
}

static int size_of(size_t room)
{
    return room <= PKT_HEADROOM ? SMALL : room <= PKT_LARGE ? LARGE : HUGE;
}

/* Cuts a run of pages into pieces of size number (n). */
static bool refill(int n)
{
    size_t size = sizeof(struct pkt) + sizes[n].room, more = sizes[n].pages * PAGE_SIZE;
    size_t limit = pkt_memory_limit();

    if (sizes[SMALL].taken + sizes[LARGE].taken + sizes[HUGE].taken + more > limit ||
        sizes[n].taken + more > limit / sizes[n].share)
        return false;
    char *run = page_alloc(sizes[n].pages);
    if (!run)
        return false;
    if (plat_device_reach(run, more, true)) { /* it is written to before anybody has touched it */
        page_free(run, sizes[n].pages);
        return false;
    }
    sizes[n].taken += more;
    for (size_t at = 0; at < more; at += size) {
        struct pkt *p = (struct pkt *)(run + at);
        p->size = sizes[n].room;
        p->next = sizes[n].free;
        sizes[n].free = p;
    }
    return true;
}

struct pkt *pkt_pool_get(size_t room)
{
    int n = size_of(room);

    if (unlikely(!sizes[n].free) && !refill(n)) {
        /* Instead of a small one a large one will do as well. */
        if (n != SMALL || (!sizes[LARGE].free && !refill(LARGE)))
            return NULL;
        n = LARGE;
    }
    struct pkt *p = sizes[n].free;
    sizes[n].free = p->next;
    used += sizeof(*p) + p->size;
    return p;
}

void pkt_pool_put(struct pkt *p)
{
    int n = size_of(p->size);

    used -= sizeof(*p) + p->size;
    p->next = sizes[n].free;
    sizes[n].free = p;
}
