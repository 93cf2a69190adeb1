/* SPDX-License-Identifier: MIT
 *
 * Network devices (virtio 1.2, 5.1; abi/device.h): packets as the pieces that they are made of,
 * each a descriptor, so nothing is copied. What is sent belongs to the device until it gives it
 * back, and leaves with the next crossing.
 *
 * The device is not trusted: lengths and counts that it writes are read once and checked; what is
 * not sound breaks the device for good, with a message. */
#include <errno.h>
#include <string.h>

#include "abi/device.h"
#include "abi/image.h"
#include "base/log.h"
#include "iface/hold.h"
#include "iface/netdev.h"
#include "iface/timer.h"
#include "iface/wait.h"
#include "mm/heap.h"
#include "virtio/class.h"
#include "virtio/virtq.h"

/* A monitor opens networks for images with the note that stands here. */
PITH_NOTE_EMPTY(PITH_NOTE_NETWORK);

/* virtio 1.2, 5.1.3. */
#define F_CSUM       (1ull << 0)
#define F_GUEST_CSUM (1ull << 1)
#define F_MTU        (1ull << 3)
#define F_MAC        (1ull << 5)
#define F_HOST_TSO4  (1ull << 11)
#define F_HOST_TSO6  (1ull << 12)
#define F_MRG_RXBUF  (1ull << 15)
#define F_STATUS     (1ull << 16)

/* virtio 1.2, 5.1.6. */
struct header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

#define HEADER     sizeof(struct header)
#define NEEDS_CSUM 1
#define DATA_VALID 2
#define GSO_TCP4   1
#define GSO_TCP6   4
#define GSO_ECN    0x80

#define SLOTS_MAX    256
#define PARTS_MAX    40               /* of a packet that is sent */
#define RX_FIRST     (48 * PKT_LARGE) /* bytes of buffers posted at first; then up to ... */
#define RX_MOST      (256 * PKT_LARGE)
#define RX_HUGE      (8u << 10) /* average length of packets from which buffers are huge, ... */
#define RX_HUGE_ROOM (4 * PKT_HUGE)
#define BACKLOG_MAX  1024
#define FLUSH_AT     32 /* packets that are queued before the device is asked to send at once */
#define DRAIN_WITHIN (300000000ll)
#define DRAIN_STEP   (1000000ll)
#define PATIENCE     (30 * NSEC_PER_SEC)
#define RETRY_AFTER  (1000000ll) /* to post buffers for which there was no memory */

struct net {
    struct netdev dev;
    struct virtq rx, tx;
    unsigned number;         /* in the platform's table */
    size_t rx_room, rx_want; /* bytes of buffers that are posted, and that should be */
    uint32_t rx_average;     /* length of a packet, of the last few */
    unsigned tx_queued;      /* since the last crossing */
    struct pkt_queue backlog;
    struct timer retry;
    bool broken;
    char name[16];
    struct pkt *rx_pkt[SLOTS_MAX], *tx_pkt[SLOTS_MAX]; /* by the chain's id */
    struct virtq_slot rx_slots[SLOTS_MAX], tx_slots[SLOTS_MAX];
};

static struct net *nets[NETDEV_MAX];
static unsigned net_count;

static struct net *to_net(struct netdev *dev)
{
    return container_of(dev, struct net, dev);
}

static void give_up(struct net *n, const char *why)
{
    if (n->broken)
        return;
    log_line("network %s %s: it is stopped", n->dev.name, why);
    n->broken = n->rx.broken = n->tx.broken = true;
    plat_device_stop(n->number);
}

/* --- sending ------------------------------------------------------------------------------- */

/* Frees what the device has sent. */
static void reclaim(struct net *n)
{
    uint32_t len, bytes;
    int id;

    while ((id = virtq_take(&n->tx, &len, &bytes)) >= 0) {
        pkt_free(n->tx_pkt[id]);
        n->tx_pkt[id] = NULL;
    }
    if (id == -EIO)
        give_up(n, "has given back what it was not given");
}

/* Puts the device's header before (p). */
static void put_header(struct pkt *p)
{
    bool partial = p->flags & PKT_CSUM_PARTIAL;
    struct header h = {
        .flags = partial ? NEEDS_CSUM : 0,
        .csum_start = partial ? p->csum_from : 0,
        .csum_offset = partial ? p->csum_at : 0,
    };

    if (p->gso) {
        h.gso_type = p->gso == PKT_GSO_TCP4 ? GSO_TCP4 : GSO_TCP6;
        h.gso_size = p->gso_size;
        h.hdr_len = p->hdr_len;
    }
    memcpy(pkt_push(p, HEADER), &h, HEADER);
}

/* Queues (p), with its header, for the device to have. 0; -ENOSPC: not now; -EIO: never. */
static int queue(struct net *n, struct pkt *p)
{
    struct virtq_part parts[PARTS_MAX];
    unsigned count = 0;

    for (struct pkt *piece = p; piece; piece = piece->more)
        if (piece->len > 0)
            parts[count++] = (struct virtq_part){piece->data, piece->len};
    int id = virtq_put(&n->tx, parts, count, 0);
    if (id < 0)
        return id;
    n->tx_pkt[id] = p;
    n->tx_queued++;
    n->dev.counts.tx_packets++;
    n->dev.counts.tx_bytes += p->total - HEADER;
    return 0;
}

static unsigned pieces_of(const struct pkt *p)
{
    unsigned n = 0;

    for (; p; p = p->more)
        n++;
    return n;
}

/* Packets in more pieces than the device's queue is made for become one in fewer. */
static struct pkt *flatten(struct pkt *p)
{
    struct pkt *flat = pkt_clone(p, HEADER);

    pkt_free(p);
    return flat;
}

static void drain_backlog(struct net *n)
{
    while (n->backlog.first) {
        int err = queue(n, n->backlog.first);
        if (err == -ENOSPC)
            return;
        struct pkt *p = pkt_queue_take(&n->backlog);
        if (err)
            pkt_free(p);
    }
}

static void send(struct netdev *dev, struct pkt *list)
{
    struct net *n = to_net(dev);

    if (n->tx.free_count < SLOTS_MAX / 2)
        reclaim(n);
    drain_backlog(n);
    for (struct pkt *p = list, *next; p; p = next) {
        next = p->next;
        p->next = NULL;
        if (n->broken || n->backlog.count >= BACKLOG_MAX) {
            n->dev.counts.tx_dropped++;
            pkt_free(p);
            continue;
        }
        if (unlikely(pieces_of(p) > PARTS_MAX - 1 || pkt_headroom(p) < HEADER) &&
            !(p = flatten(p))) {
            n->dev.counts.tx_dropped++;
            continue;
        }
        put_header(p);
        int err = n->backlog.first ? -ENOSPC : queue(n, p);
        if (err == -ENOSPC)
            pkt_queue_put(&n->backlog, p);
        else if (err)
            pkt_free(p);
    }
    /* Whoever sends much without ever waiting. From here the stack may not be entered: what has
     * come waits for the next wait. */
    if (n->tx_queued >= FLUSH_AT || n->backlog.first) {
        wait_serve();
        n->tx_queued = 0;
        reclaim(n);
        drain_backlog(n);
    }
}

/* --- receiving ----------------------------------------------------------------------------- */

static void post(struct net *n);

static void retry(struct timer *t)
{
    post(container_of(t, struct net, retry));
}

/* Posts buffers up to the number that is wanted. Without memory later again: a device that has too
 * few uses none, so nothing of it would remind us. */
static void post(struct net *n)
{
    bool huge = n->rx_average > RX_HUGE;
    size_t want = huge ? RX_HUGE_ROOM : n->rx_want;

    while (n->rx_room < want) {
        struct pkt *p = huge ? pkt_alloc(0, PKT_HUGE) : NULL;
        if (!p && !(p = pkt_alloc(0, PKT_LARGE))) {
            timer_set(&n->retry, clock_monotonic() + RETRY_AFTER, retry);
            return;
        }
        struct virtq_part part = {p->data, p->size};
        int id = virtq_put(&n->rx, &part, 1, 1);
        if (id < 0) {
            pkt_free(p);
            return;
        }
        n->rx_pkt[id] = p;
        n->rx_room += p->size;
    }
}

/* Takes the next buffer that was used. NULL: none, or the device broke the rules. */
static struct pkt *take(struct net *n)
{
    uint32_t len, bytes;
    int id = virtq_take(&n->rx, &len, &bytes);

    if (id == -EAGAIN)
        return NULL;
    if (id < 0 || len > bytes) {
        give_up(n, "has used a buffer that it was not given, or more than was in it");
        return NULL;
    }
    struct pkt *p = n->rx_pkt[id];
    n->rx_pkt[id] = NULL;
    n->rx_room -= p->size;
    p->len = p->total = len;
    return p;
}

/* What the device says of the packet. False: it makes no sense. */
static bool read_header(struct pkt *p, const struct header *h)
{
    uint8_t gso = h->gso_type & (uint8_t)~GSO_ECN;

    if (h->flags & NEEDS_CSUM) {
        if ((uint32_t)h->csum_start + h->csum_offset + 2 > p->total)
            return false;
        p->csum_from = h->csum_start;
        p->csum_at = h->csum_offset;
        p->flags |= PKT_CSUM_OK | PKT_CSUM_PARTIAL;
    } else if (h->flags & DATA_VALID) {
        p->flags |= PKT_CSUM_OK;
    }
    if (gso == GSO_TCP4 || gso == GSO_TCP6) {
        if (h->gso_size == 0)
            return false;
        p->gso = gso == GSO_TCP4 ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
        p->gso_size = h->gso_size;
        p->hdr_len = h->hdr_len;
    }
    return gso == 0 || p->gso;
}

/* Learns from (p) how large packets are. A huge buffer with few bytes is not kept for them: it goes
 * to the device again. */
static struct pkt *fitting(struct net *n, struct pkt *p)
{
    n->rx_average += p->total / 8 - n->rx_average / 8;
    if (likely(p->len > PKT_LARGE || p->size < PKT_HUGE || p->more))
        return p;
    struct pkt *copy = pkt_clone(p, 0);
    if (!copy)
        return p;
    pkt_free(p);
    return copy;
}

/* Takes a packet with all its buffers. NULL: there is none. */
static struct pkt *receive(struct net *n)
{
    struct header h;
    struct pkt *p;

    while ((p = take(n))) {
        if (p->len < HEADER) {
            pkt_free(p);
            give_up(n, "has given a packet without a header");
            return NULL;
        }
        memcpy(&h, p->data, HEADER);
        pkt_skip(p, HEADER);
        struct pkt **last = &p->more;
        for (unsigned more = 1; more < h.num_buffers; more++) {
            struct pkt *q = take(n);
            if (!q) {
                pkt_free(p);
                give_up(n, "has given a part of a packet");
                return NULL;
            }
            p->total += q->len;
            *last = q;
            last = &q->more;
        }
        if (read_header(p, &h))
            return fitting(n, p);
        n->dev.counts.rx_errors++;
        pkt_free(p);
    }
    return NULL;
}

static void serve(struct net *n)
{
    struct pkt *list = NULL, **last = &list, *p;
    size_t before = n->rx_room;

    reclaim(n);
    drain_backlog(n);
    while ((p = receive(n))) {
        n->dev.counts.rx_packets++;
        n->dev.counts.rx_bytes += p->total;
        *last = p;
        last = &p->next;
    }
    /* There may have been no memory for buffers when the last ones were used. */
    if (!list) {
        if (n->rx_room < n->rx_want / 2)
            post(n);
        return;
    }
    /* More buffers for a network that uses those it has. */
    if (before - n->rx_room > n->rx_want / 4)
        n->rx_want = min_size(n->rx_want * 2, RX_MOST);
    post(n);
    if (n->dev.input)
        n->dev.input(&n->dev, list);
    else
        pkt_free_list(list);
}

/* What is queued leaves now. */
static void before_crossing(void)
{
    for (unsigned i = 0; i < net_count; i++)
        if (nets[i])
            nets[i]->tx_queued = 0;
}

static void serve_all(void)
{
    for (unsigned i = 0; i < net_count; i++)
        if (nets[i])
            serve(nets[i]);
}

void netdev_reclaim(void)
{
    for (unsigned i = 0; i < net_count; i++)
        if (nets[i])
            reclaim(nets[i]);
}

static void drain(struct net *n, nsec_t until)
{
    while (!n->broken && (n->tx_queued || n->tx.free_count < n->tx.slot_count) &&
           clock_monotonic() < until) {
        n->tx_queued = 0;
        (void)plat_poll(clock_monotonic() + DRAIN_STEP);
        reclaim(n);
        drain_backlog(n);
    }
}

void netdev_drain(void)
{
    nsec_t until = clock_monotonic() + DRAIN_WITHIN;

    for (unsigned i = 0; i < net_count; i++)
        if (nets[i])
            drain(nets[i], until);
}

/* Stops (n), if it was not, and frees what it has. A device that is not of hardware may look at its
 * queue once more: there is nothing then. */
static void take_all(struct net *n)
{
    give_up(n, "has not sent packets for half a minute");
    memset(n->tx.desc, 0, ((size_t)n->tx.mask + 1) * sizeof(*n->tx.desc));
    for (unsigned id = 0; id < SLOTS_MAX; id++) {
        pkt_free(n->tx_pkt[id]);
        n->tx_pkt[id] = NULL;
    }
    for (struct pkt *p; (p = pkt_queue_take(&n->backlog));)
        pkt_free(p);
}

void netdev_take_back(void)
{
    nsec_t until = clock_monotonic() + PATIENCE;

    for (unsigned i = 0; i < net_count; i++) {
        struct net *n = nets[i];
        if (!n)
            continue;
        drain(n, until);
        if (n->broken || n->tx.free_count < n->tx.slot_count)
            take_all(n);
    }
}

/* --- setting up ---------------------------------------------------------------------------- */

static const struct netdev_ops ops = {.send = send};

static int configure(struct net *n, const struct plat_device *dev)
{
    const volatile struct pith_net_config *config = dev->config;

    if (dev->config_len < sizeof(*config) || !(dev->features & F_MAC) ||
        !(dev->features & F_MRG_RXBUF))
        return -ENODEV;
    for (int i = 0; i < 6; i++)
        n->dev.mac[i] = config->mac[i];
    n->dev.mtu = dev->features & F_MTU ? config->mtu : 1500;
    n->dev.link = !(dev->features & F_STATUS) || config->status & 1;
    if (n->dev.mac[0] & 1 || n->dev.mtu < 68)
        return -ENODEV;
    if (dev->features & F_CSUM) {
        n->dev.offers |= NETDEV_TX_CSUM;
        n->dev.offers |= dev->features & F_HOST_TSO4 ? NETDEV_TSO4 : 0;
        n->dev.offers |= dev->features & F_HOST_TSO6 ? NETDEV_TSO6 : 0;
    }
    if (dev->features & F_GUEST_CSUM)
        n->dev.offers |= NETDEV_RX_CSUM;
    return 0;
}

static int start(const struct plat_device *dev, unsigned index)
{
    static struct wait_source source = {.before = before_crossing, .fn = serve_all};
    struct net *n = heap_alloc(sizeof(*n));

    if (!n)
        return -ENOMEM;
    n->number = dev->number;
    strncpy(n->name, dev->name, sizeof(n->name) - 1);
    if (!n->name[0])
        memcpy(n->name, (const char[]){'n', 'e', 't', (char)('0' + index), 0}, 5);
    n->dev.ops = &ops;
    n->dev.name = n->name;
    n->dev.index = index;
    int err = configure(n, dev);
    if (!err)
        err = virtq_start(&n->rx, &dev->queue[PITH_NET_RX], n->rx_slots, SLOTS_MAX);
    if (!err)
        err = virtq_start(&n->tx, &dev->queue[PITH_NET_TX], n->tx_slots, SLOTS_MAX);
    if (err) {
        heap_free(n, sizeof(*n));
        return err;
    }
    pkt_queue_init(&n->backlog);
    n->rx_want = RX_FIRST;
    post(n);
    if (net_count == 0) {
        wait_source_add(&source);
        upcall_start(); /* for the tick of a program that sends and then computes */
    }
    nets[index] = n;
    if (index >= net_count)
        net_count = index + 1;
    return 0;
}

static struct virtio_class class = {PITH_DEVICE_NET, NETDEV_MAX, "network", start, 0};

int netdev_get(unsigned index, struct netdev **dev)
{
    int err = index < NETDEV_MAX && nets[index] ? 0 : virtio_class_start(&class, index);

    if (!err)
        *dev = &nets[index]->dev;
    return err;
}
