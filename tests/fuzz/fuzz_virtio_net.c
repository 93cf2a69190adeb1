/* SPDX-License-Identifier: MIT
 *
 * The driver of network devices, against a device that writes what the input says wherever a device
 * can write: its configuration, buffers, lengths and ids that were used, rings and descriptors.
 * What comes out of the driver are whole packets that fit their memory, each once; what was given
 * to it is freed once; a device that broke the rules is stopped once and for all.
 *
 * sources: libos/virtio/virtq.c libos/virtio/class.c libos/net/wire/pkt.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c
 * uses:    virtio mm abi iface */
#include <limits.h>

#include "check.h"
#include "input.h"
#include "net_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static uint8_t seen; /* so that all bytes of packets are read */

static void got(struct netdev *dev, struct pkt *list)
{
    check(dev == &nets[0]->dev);
    for (struct pkt *p = list; p; p = p->next) {
        size_t total = 0;
        for (const struct pkt *piece = p; piece; piece = piece->more) {
            check(piece->data >= piece->start && piece->data + piece->len <= piece->end);
            check(pkt_is_own(piece));
            for (uint32_t i = 0; i < piece->len; i++)
                seen ^= piece->data[i];
            total += piece->len;
        }
        check(total == p->total);
        check(!p->gso || p->gso_size > 0);
        check(!(p->flags & PKT_CSUM_PARTIAL) || p->csum_from + p->csum_at + 2u <= total);
    }
    pkt_free_list(list);
}

static struct netdev *begin(void)
{
    struct netdev *dev;
    unsigned odd = next();

    describe(odd & 2 ? 8 : 64, odd & 4 ? 8 : 64);
    serving = odd & 1;
    fake_pkt_left = UINT_MAX;
    if (odd & 8) {
        device.features ^= 1ull << next() % 20;
        ((uint8_t *)&config)[next() % sizeof(config)] = (uint8_t)next();
        device.config_len -= next() % 3;
    }
    if (netdev_get(0, &dev))
        return NULL;
    check(dev->mtu >= 68 && !(dev->mac[0] & 1));
    dev->input = got;
    return dev;
}

/* A buffer that was given comes back, with a header by the input and a length that fits, or not. */
static void use_buffer(void)
{
    struct header h = {.num_buffers = 1};
    unsigned odd = next();
    int head = fake_queue_fetch(&rx);
    struct net *n = nets[0];

    /* What the device wrote over the ring may be no buffer at all. */
    if (head < 0 || head >= (int)rx.size || !n->rx_pkt[head])
        return;
    if (odd & 1)
        for (size_t i = 0; i < HEADER; i++)
            ((uint8_t *)&h)[i] = (uint8_t)next();
    if (odd & 2)
        h.num_buffers = (uint16_t)(next() % 8);
    memcpy(n->rx_pkt[head]->data, &h, HEADER);
    uint32_t len = odd & 4 ? next() : HEADER + next16() % (n->rx_pkt[head]->size - HEADER);
    if (odd & 8 && odd & 16)
        len = n->rx_pkt[head]->size + next();
    fake_queue_use(&rx, (uint32_t)head, len);
}

static void write_nonsense(void)
{
    struct fake_queue *q = next() & 1 ? &rx : &tx;
    void *const areas[] = {q->desc, &q->avail, &q->used};
    const size_t sizes[] = {sizeof(q->desc), sizeof(q->avail), sizeof(q->used)};
    unsigned area = next() % 3;

    ((uint8_t *)areas[area])[next16() % sizes[area]] = (uint8_t)next();
}

static struct pkt *packet(void)
{
    struct pkt *p = NULL;
    unsigned pieces = next() % 4 ? 1 + next() % 4 : 1 + next();

    for (unsigned i = 0; i < pieces; i++) {
        struct pkt *piece = pkt_alloc(next() & 1 ? PKT_HEADROOM : 0, 64);
        if (!piece)
            break;
        piece->len = piece->total = next() % 65;
        memset(piece->data, 'p', piece->len);
        if (p)
            pkt_append(p, piece);
        else
            p = piece;
    }
    return p;
}

static void send_some(struct netdev *dev)
{
    struct pkt *list = NULL;

    for (unsigned n = 1 + next() % 40; n > 0; n--) {
        struct pkt *p = packet();
        if (!p)
            break;
        p->next = list;
        list = p;
    }
    if (list)
        dev->ops->send(dev, list);
}

static void step(struct netdev *dev)
{
    struct net *n = nets[0];

    switch (next() % 8) {
    case 0:
    case 1:
        use_buffer();
        break;
    case 2:
        write_nonsense();
        break;
    case 3:
        fake_queue_use(next() & 1 ? &rx : &tx, next(), next16());
        break;
    case 4:
        send_some(dev);
        break;
    case 5:
        serve_all();
        break;
    case 6:
        before_crossing();
        (void)plat_poll(DEADLINE_NOW);
        if (n->retry.armed)
            n->retry.fn(&n->retry);
        break;
    default:
        serving = next() & 1;
        fake_pkt_left = next() & 1 ? UINT_MAX : next();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    input = bytes;
    left = len;
    struct netdev *dev = begin();
    while (dev && left > 0) {
        bool broken = nets[0]->broken;
        step(dev);
        check(!broken || nets[0]->broken);
        check(stops == nets[0]->broken);
    }
    throw_away();
    check(fake_pkt_live == 0);
    check(fake_mm.heap_bytes == 0);
    return 0;
}
