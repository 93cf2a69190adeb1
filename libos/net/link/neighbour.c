/* SPDX-License-Identifier: MIT
 *
 * The neighbour cache. Flows keep the address of their neighbour with them (wire/path.h): whenever
 * an entry changes, ip_generation does, and they ask again. */
#include "link/neighbour.h"

#include "iface/lend.h"
#include "ip/ip.h"
#include "mm/heap.h"

#define CHAINS       64
#define ENTRIES_MAX  512
#define WAITING_MAX  8
#define PROBES       3
#define DELAY_FIRST  (5 * NSEC_PER_SEC)
#define STALE_FORGET (600 * NSEC_PER_SEC)

static struct neighbour *chains[CHAINS];
static unsigned count;
static struct timer timer;

static struct neighbour **chain_of(const struct ip_iface *i, const struct ip_addr *addr)
{
    uint32_t h = addr->w[3] ^ addr->w[2] ^ addr->w[0] ^ i->index * 0x9e3779b9u;

    h ^= h >> 16;
    h ^= h >> 8;
    return &chains[(h ^ h >> 24) % CHAINS];
}

static struct neighbour *find(const struct ip_iface *i, const struct ip_addr *addr)
{
    struct neighbour *n = *chain_of(i, addr);

    while (n && (n->iface != i || !ip_equal(&n->addr, addr)))
        n = n->next;
    return n;
}

static void forget(struct neighbour *n)
{
    struct neighbour **at = chain_of(n->iface, &n->addr);

    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    pkt_free_list(n->waiting.first);
    heap_free(n, sizeof(*n));
    count--;
    ip_generation++;
}

/* Makes room: the one that was not used for the longest time goes, of those that have not answered
 * lately, if there are such: nobody drives out those that we speak with by telling of many. */
static bool is_before(const struct neighbour *a, const struct neighbour *b)
{
    bool ra = a->state == NEIGHBOUR_REACHABLE, rb = b->state == NEIGHBOUR_REACHABLE;

    return ra != rb ? rb : a->used < b->used;
}

static void forget_oldest(void)
{
    struct neighbour *oldest = NULL;

    for (int c = 0; c < CHAINS; c++)
        for (struct neighbour *n = chains[c]; n; n = n->next)
            if (!oldest || is_before(n, oldest))
                oldest = n;
    if (oldest)
        forget(oldest);
}

static void run(struct timer *t);

static void wait_until(struct neighbour *n, nsec_t deadline)
{
    n->deadline = deadline;
    if (!timer.armed || deadline < timer.at)
        timer_set(&timer, deadline, run);
}

static struct neighbour *create(struct ip_iface *i, const struct ip_addr *addr, nsec_t now)
{
    if (count >= ENTRIES_MAX)
        forget_oldest();
    struct neighbour *n = heap_alloc(sizeof(*n));
    if (!n)
        return NULL;
    struct neighbour **chain = chain_of(i, addr);
    n->iface = i;
    n->addr = *addr;
    n->used = now;
    n->deadline = DEADLINE_NEVER;
    pkt_queue_init(&n->waiting);
    n->next = *chain;
    *chain = n;
    count++;
    return n;
}

static void solicit(const struct neighbour *n)
{
    const uint8_t *mac = n->state == NEIGHBOUR_PROBE ? n->mac : NULL;

    if (ip_is_v4(&n->addr))
        arp_solicit(n->iface, &n->addr, mac);
    else
        ndp_solicit(n->iface, &n->addr, mac);
}

/* Packets whose neighbour does not answer. */
static struct pkt_queue undeliverable;

/* The deadline of its state has come. */
static void advance(struct neighbour *n, nsec_t now)
{
    struct pkt *p;

    switch (n->state) {
    case NEIGHBOUR_REACHABLE:
        n->state = NEIGHBOUR_STALE;
        ip_generation++; /* flows ask again, which shows that it is still used */
        wait_until(n, now + STALE_FORGET);
        return;
    case NEIGHBOUR_STALE:
        forget(n);
        return;
    case NEIGHBOUR_DELAY:
        n->state = NEIGHBOUR_PROBE;
        n->probes = 0;
        break;
    case NEIGHBOUR_INCOMPLETE:
    case NEIGHBOUR_PROBE:
        break;
    }
    if (n->probes++ >= PROBES) {
        while ((p = pkt_queue_take(&n->waiting))) {
            *(struct ip_iface **)p->cb = n->iface;
            pkt_queue_put(&undeliverable, p);
        }
        ip_neighbour_answers(n->iface, &n->addr, false);
        forget(n);
        return;
    }
    wait_until(n, now + n->iface->retrans_timer);
    solicit(n);
}

static void run(struct timer *t)
{
    nsec_t now = clock_monotonic(), next = DEADLINE_NEVER;
    struct pkt *p;

    (void)t;
    pkt_queue_init(&undeliverable);
    for (int c = 0; c < CHAINS; c++) {
        for (struct neighbour *n = chains[c], *after; n; n = after) {
            after = n->next;
            if (n->deadline <= now)
                advance(n, now);
        }
    }
    for (int c = 0; c < CHAINS; c++)
        for (struct neighbour *n = chains[c]; n; n = n->next)
            if (n->deadline < next)
                next = n->deadline;
    if (next != DEADLINE_NEVER)
        timer_set(&timer, next, run);
    while ((p = pkt_queue_take(&undeliverable)))
        ip_undeliverable(*(struct ip_iface **)p->cb, p);
    ip_run_local();
}

void neighbour_learn(struct ip_iface *i, const struct ip_addr *addr, const uint8_t mac[6],
                     unsigned what)
{
    nsec_t now = clock_monotonic();
    struct neighbour *n = find(i, addr);
    bool known = n && n->state != NEIGHBOUR_INCOMPLETE;

    if (mac[0] & 1)
        return;
    if (!n && what & NEIGHBOUR_CREATE)
        n = create(i, addr, now);
    if (!n)
        return;
    bool differs = !known || memcmp(n->mac, mac, 6) != 0;
    if (known && differs && !(what & NEIGHBOUR_OVERRIDE)) {
        /* RFC 4861, 7.2.5: what we know may be wrong. */
        if (n->state == NEIGHBOUR_REACHABLE)
            wait_until(n, now);
        return;
    }
    n->router = what & NEIGHBOUR_ROUTER;
    ip_neighbour_answers(i, addr, true);
    if (what & NEIGHBOUR_CONFIRMED) {
        n->state = NEIGHBOUR_REACHABLE;
        wait_until(n, now + i->reachable_time);
    } else if (differs) {
        n->state = NEIGHBOUR_STALE;
        wait_until(n, now + STALE_FORGET);
    }
    if (!differs)
        return;
    memcpy(n->mac, mac, 6);
    ip_generation++;
    struct pkt_queue waiting = n->waiting;
    if (!waiting.first)
        return;
    pkt_queue_init(&n->waiting);
    for (struct pkt *p = waiting.first, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        neighbour_output(i, addr, p);
    }
}

/* The Ethernet address of groups; false for others. */
static bool group_address(const struct ip_addr *hop, uint8_t mac[6])
{
    if (ip_is_v4(hop) && (ip_is_broadcast(hop) || ip_addr_is_broadcast(hop))) {
        memset(mac, 0xff, 6);
        return true;
    }
    if (!ip_is_multicast(hop))
        return false;
    if (ip_is_v4(hop)) {
        memcpy(mac, (const uint8_t[]){0x01, 0x00, 0x5e}, 3);
        mac[3] = hop->b[13] & 0x7f;
        memcpy(mac + 4, hop->b + 14, 2);
    } else {
        memcpy(mac, (const uint8_t[]){0x33, 0x33}, 2);
        memcpy(mac + 2, hop->b + 12, 4);
    }
    return true;
}

/* The entry for (hop), if its address is known; it is used now. */
static struct neighbour *use(struct ip_iface *i, const struct ip_addr *hop, nsec_t now)
{
    struct neighbour *n = find(i, hop);

    if (!n || n->state == NEIGHBOUR_INCOMPLETE)
        return NULL;
    n->used = now;
    if (n->state == NEIGHBOUR_STALE) {
        n->state = NEIGHBOUR_DELAY;
        wait_until(n, now + DELAY_FIRST);
    }
    return n;
}

bool neighbour_header(struct ip_iface *i, const struct ip_addr *hop, struct wire_ether *header)
{
    if (!group_address(hop, header->to)) {
        struct neighbour *n = use(i, hop, clock_monotonic());
        if (!n)
            return false;
        memcpy(header->to, n->mac, 6);
    }
    memcpy(header->from, i->dev->mac, 6);
    header->type = be16(ip_is_v4(hop) ? ETHER_IP4 : ETHER_IP6);
    return true;
}

void neighbour_output(struct ip_iface *i, const struct ip_addr *hop, struct pkt *p)
{
    nsec_t now = clock_monotonic();
    struct wire_ether header;

    if (neighbour_header(i, hop, &header)) {
        ethernet_send(i, header.to, be16(header.type), p);
        return;
    }
    struct neighbour *n = find(i, hop);
    bool fresh = !n;
    if (fresh)
        n = create(i, hop, now);
    if (!n) {
        pkt_free(p);
        return;
    }
    n->used = now;
    if (n->waiting.count >= WAITING_MAX)
        pkt_free(pkt_queue_take(&n->waiting));
    if (!lend_settle || (p = lend_settle(p)))
        pkt_queue_put(&n->waiting, p);
    if (fresh) {
        n->probes = 1;
        wait_until(n, now + i->retrans_timer);
        solicit(n);
    }
}

void neighbour_each(void (*fn)(void *arg, const struct neighbour *n), void *arg)
{
    for (int c = 0; c < CHAINS; c++)
        for (struct neighbour *n = chains[c]; n; n = n->next)
            fn(arg, n);
}
