/* SPDX-License-Identifier: MIT */
#include "fake_pkt.h"

#include <limits.h>
#include <stdlib.h>

unsigned fake_pkt_live;
unsigned fake_pkt_left = UINT_MAX;
bool fake_pkt_no_huge;
static size_t memory;

struct pkt *pkt_pool_get(size_t room)
{
    if (fake_pkt_left == 0 || (fake_pkt_no_huge && room > PKT_LARGE))
        return NULL;
    if (fake_pkt_left != UINT_MAX)
        fake_pkt_left--;
    room = room <= PKT_HEADROOM ? PKT_HEADROOM : room <= PKT_LARGE ? PKT_LARGE : PKT_HUGE;
    struct pkt *p = malloc(sizeof(*p) + room);
    if (!p)
        abort();
    p->size = (uint16_t)room;
    memory += sizeof(*p) + room;
    fake_pkt_live++;
    return p;
}

void pkt_pool_put(struct pkt *p)
{
    memory -= sizeof(*p) + p->size;
    fake_pkt_live--;
    free(p);
}

size_t pkt_memory(void)
{
    return memory;
}

size_t pkt_memory_limit(void)
{
    return SIZE_MAX;
}
