/* SPDX-License-Identifier: MIT
 *
 * Where packets' pieces come from: two sizes, each with a list of free ones, cut from runs of pages
 * that stay with the network, and with their size: small ones have no more than half of it, so that
 * there is room for large ones after many small ones were in use. All together never take more than
 * a quarter of the machine's memory. */
#include "iface/pkt.h"
#include "iface/plat.h"
#include "mm/page.h"

#define SMALL_SIZE (sizeof(struct pkt) + PKT_HEADROOM)
#define LARGE_SIZE (sizeof(struct pkt) + PKT_LARGE)
#define RUN_PAGES  4
#define LIMIT_MIN  (256u << 10)

_Static_assert(PAGE_SIZE % SMALL_SIZE == 0 && PAGE_SIZE % LARGE_SIZE == 0, "runs are used up");

static struct {
    struct pkt *free;
    size_t taken; /* bytes of pages */
    uint16_t room;
} sizes[2] = {{.room = PKT_HEADROOM}, {.room = PKT_LARGE}};

static size_t used; /* bytes of pieces */

size_t pkt_memory(void)
{
    return used;
}

size_t pkt_memory_limit(void)
{
    return max_size(plat_info.heap_len / 4, LIMIT_MIN);
}

/* Cuts a run of pages into pieces of size number (n). */
static bool refill(int n)
{
    size_t size = sizeof(struct pkt) + sizes[n].room, more = RUN_PAGES * PAGE_SIZE;
    size_t limit = pkt_memory_limit();

    if (sizes[0].taken + sizes[1].taken + more > limit ||
        (n == 0 && sizes[0].taken + more > limit / 2))
        return false;
    char *run = page_alloc(RUN_PAGES);
    if (!run)
        return false;
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
    int n = room > PKT_HEADROOM;

    if (unlikely(!sizes[n].free) && !refill(n)) {
        /* A large one will do as well. */
        if (n == 1 || (!sizes[1].free && !refill(1)))
            return NULL;
        n = 1;
    }
    struct pkt *p = sizes[n].free;
    sizes[n].free = p->next;
    used += sizeof(*p) + p->size;
    return p;
}

void pkt_pool_put(struct pkt *p)
{
    int n = p->size > PKT_HEADROOM;

    used -= sizeof(*p) + p->size;
    p->next = sizes[n].free;
    sizes[n].free = p;
}
