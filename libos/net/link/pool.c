/* SPDX-License-Identifier: MIT
 *
 * Where packets' pieces come from: two sizes, each with a list of free ones, cut from runs of pages
 * that stay with the network. All together never take more than a quarter of the machine's memory.
 */
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
    uint16_t room;
} sizes[2] = {{.room = PKT_HEADROOM}, {.room = PKT_LARGE}};

static size_t taken; /* bytes of pages */
static size_t used;  /* bytes of pieces */

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
    size_t size = sizeof(struct pkt) + sizes[n].room;

    if (taken + RUN_PAGES * PAGE_SIZE > pkt_memory_limit())
        return false;
    char *run = page_alloc(RUN_PAGES);
    if (!run)
        return false;
    taken += RUN_PAGES * PAGE_SIZE;
    for (size_t at = 0; at < RUN_PAGES * PAGE_SIZE; at += size) {
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
        n = 1; /* where there is no more memory a large one will do as well */
        if (!sizes[n].free)
            return NULL;
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
