/* SPDX-License-Identifier: MIT
 *
 * Raw packets for programs (include/pith/net.h). A packet of a program is the library OS's own, of
 * which it sees the beginning. What comes is kept until it is fetched, up to a bound. */
#include "pith/net.h"

#include <errno.h>
#include <string.h>

#include "iface/hold.h"
#include "iface/netdev.h"
#include "iface/signal.h"
#include "iface/wait.h"

#define WAITING_MAX 512 /* packets that nobody has fetched */

_Static_assert(offsetof(struct pith_packet, next) == offsetof(struct pkt, next) &&
                   offsetof(struct pith_packet, more) == offsetof(struct pkt, more) &&
                   offsetof(struct pith_packet, data) == offsetof(struct pkt, data) &&
                   offsetof(struct pith_packet, len) == offsetof(struct pkt, len) &&
                   offsetof(struct pith_packet, total) == offsetof(struct pkt, total),
               "a program sees the beginning of a packet");

/* Sockets, if the image has any, are attached to the device first. */
#pragma weak ip_start
int ip_start(void);

static struct raw {
    struct netdev *dev; /* NULL: not open */
    bool (*mine)(const struct pith_packet *p, void *arg);
    void *arg;
    void (*others)(struct netdev *dev, struct pkt *list); /* of the sockets, or NULL */
    struct pkt_queue waiting;
} raws[NETDEV_MAX];

static struct wait_queue came = WAIT_QUEUE_EXTERNAL_INIT;
static unsigned turn;

static struct raw *opened(unsigned index)
{
    return index < NETDEV_MAX && raws[index].dev ? &raws[index] : NULL;
}

static void input(struct netdev *dev, struct pkt *list)
{
    struct raw *r = &raws[dev->index];
    struct pkt *rest = NULL, **last = &rest;

    for (struct pkt *p = list, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        bool mine = !r->mine || (pkt_pull(p, 14) && r->mine((struct pith_packet *)p, r->arg));
        if (!mine && r->others) {
            *last = p;
            last = &p->next;
        } else if (!mine || r->waiting.count >= WAITING_MAX) {
            dev->counts.rx_dropped++;
            pkt_free(p);
        } else {
            pkt_queue_put(&r->waiting, p);
        }
    }
    if (rest)
        r->others(dev, rest);
    if (r->waiting.first)
        wait_wake(&came);
}

int pith_net_open(unsigned index, bool (*mine)(const struct pith_packet *p, void *arg), void *arg)
{
    HOLD;
    struct netdev *dev;

    if (index < NETDEV_MAX && raws[index].dev)
        return -EBUSY;
    int err = netdev_get(index, &dev);
    if (!err && mine && ip_start)
        err = ip_start();
    if (err)
        return err;
    struct raw *r = &raws[index];
    *r = (struct raw){.dev = dev, .mine = mine, .arg = arg, .others = dev->input};
    pkt_queue_init(&r->waiting);
    dev->input = input;
    return 0;
}

int pith_net_info(unsigned index, struct pith_net_info *info)
{
    HOLD;
    const struct raw *r = opened(index);

    if (!r)
        return -EBADF;
    *info = (struct pith_net_info){.mtu = r->dev->mtu};
    strncpy(info->name, r->dev->name, sizeof(info->name) - 1);
    memcpy(info->mac, r->dev->mac, sizeof(info->mac));
    info->offload = (r->dev->offers & NETDEV_TX_CSUM ? PITH_NET_CSUM : 0) |
                    (r->dev->offers & NETDEV_RX_CSUM ? PITH_NET_LARGE : 0);
    return 0;
}

/* The next device of (set) that has packets, after the one that had its turn. */
static struct raw *with_packets(unsigned set)
{
    for (unsigned i = 1; i <= NETDEV_MAX; i++) {
        unsigned n = (turn + i) % NETDEV_MAX;
        if (set >> n & 1 && raws[n].dev && raws[n].waiting.first) {
            turn = n;
            return &raws[n];
        }
    }
    return NULL;
}

static int take(struct raw *r, struct pith_packet **list, unsigned max)
{
    struct pkt *first = NULL, **last = &first;
    unsigned n = 0;

    for (; n < max && r->waiting.first; n++) {
        struct pkt *p = pkt_queue_take(&r->waiting);
        *last = p;
        last = &p->next;
    }
    *list = (struct pith_packet *)first;
    return (int)n;
}

int pith_net_receive_any(unsigned set, unsigned *index, struct pith_packet **list, unsigned max,
                         int timeout_ms)
{
    HOLD;
    nsec_t deadline = timeout_ms < 0    ? DEADLINE_NEVER
                      : timeout_ms == 0 ? DEADLINE_NOW
                                        : clock_monotonic() + timeout_ms * (NSEC_PER_SEC / 1000);
    struct raw *r;

    *list = NULL;
    for (unsigned i = 0; i < NETDEV_MAX; i++)
        if (set >> i & 1 && !raws[i].dev)
            return -EBADF;
    if (set >> NETDEV_MAX)
        return -EBADF;
    while (!(r = with_packets(set))) {
        if (timeout_ms == 0) {
            wait_look(true);
            r = with_packets(set);
            break;
        }
        int err = wait_sleep(&came, deadline, "receive of packets");
        if (err == -EINTR)
            return err;
        if (err) {
            r = with_packets(set);
            break;
        }
    }
    if (!r)
        return 0;
    *index = r->dev->index;
    return take(r, list, max);
}

int pith_net_receive(unsigned index, struct pith_packet **list, unsigned max, int timeout_ms)
{
    *list = NULL;
    return index < NETDEV_MAX ? pith_net_receive_any(1u << index, &index, list, max, timeout_ms)
                              : -EBADF;
}

/* Whether the device does what is left to be done of (p). */
static bool does(const struct netdev *dev, const struct pkt *p)
{
    unsigned needs = (p->flags & PKT_CSUM_PARTIAL ? NETDEV_TX_CSUM : 0) |
                     (p->gso == PKT_GSO_TCP4   ? NETDEV_TSO4 | NETDEV_TX_CSUM
                      : p->gso == PKT_GSO_TCP6 ? NETDEV_TSO6 | NETDEV_TX_CSUM
                                               : 0);

    return (dev->offers & needs) == needs;
}

int pith_net_send(unsigned index, struct pith_packet *list)
{
    HOLD;
    struct raw *r = opened(index);
    struct pkt *first = NULL, **last = &first;

    if (!r) {
        pkt_free_list((struct pkt *)list);
        return -EBADF;
    }
    for (struct pkt *p = (struct pkt *)list, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        if (!does(r->dev, p)) {
            r->dev->counts.tx_dropped++;
            pkt_free(p);
            continue;
        }
        *last = p;
        last = &p->next;
    }
    if (first)
        r->dev->ops->send(r->dev, first);
    return 0;
}

struct pith_packet *pith_packet_alloc(size_t len)
{
    HOLD;
    _Static_assert(PITH_PACKET_MAX + PKT_HEADROOM <= PKT_LARGE, "one piece");

    struct pkt *p = len <= PITH_PACKET_MAX ? pkt_alloc(PKT_HEADROOM, len) : NULL;
    if (p)
        p->len = p->total = (uint32_t)len;
    return (struct pith_packet *)p;
}

bool pith_packet_pull(struct pith_packet *p, size_t n)
{
    HOLD;

    return pkt_pull((struct pkt *)p, n);
}

void pith_packet_made(struct pith_packet *p)
{
    struct pkt *k = (struct pkt *)p;

    k->flags = 0;
    k->gso = PKT_GSO_NONE;
}

void pith_packet_trim(struct pith_packet *p, size_t n)
{
    HOLD;

    if (n < p->total)
        pkt_trim_back((struct pkt *)p, p->total - n);
    pith_packet_made(p);
}

void pith_packet_free(struct pith_packet *list)
{
    HOLD;

    pkt_free_list((struct pkt *)list);
}
