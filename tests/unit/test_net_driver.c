/* SPDX-License-Identifier: MIT
 *
 * The network driver over a fake device: one that keeps to virtio 1.2, 5.1, and ones that do not.
 *
 * sources: libos/virtio/virtq.c libos/virtio/class.c libos/net/wire/pkt.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c
 * uses:    virtio mm abi iface */
#include "unit.h"
#include "net_driver.h"

static struct netdev *dev;
static struct pkt *got;
static unsigned got_count;

static void input(struct netdev *d, struct pkt *list)
{
    (void)d;
    for (struct pkt *p = list; p; p = p->next)
        got_count++;
    pkt_free_list(got);
    got = list;
}

static void begin(void)
{
    describe(64, 64);
    pkt_free_list(got);
    got = NULL;
    got_count = 0;
    assert_int_equal(netdev_get(0, &dev), 0);
    dev->input = input;
}

static void a_device(void **state)
{
    struct netdev *again;

    (void)state;
    begin();
    assert_int_equal(dev->mtu, 1500);
    assert_true(dev->link);
    assert_int_equal(dev->offers, NETDEV_TX_CSUM | NETDEV_TSO4 | NETDEV_RX_CSUM);
    assert_int_equal(rx.avail.idx, RX_FIRST / PKT_LARGE);
    assert_int_equal(netdev_get(0, &again), 0);
    assert_ptr_equal(again, dev);
    assert_int_equal(netdev_get(1, &again), -ENODEV);
    assert_int_equal(netdev_get(NETDEV_MAX, &again), -ENODEV);
    begin();
    throw_away();
    config.mac[0] = 1; /* a group's */
    assert_int_equal(netdev_get(0, &again), -EIO);
    assert_int_equal(netdev_get(0, &again), -EIO);
    assert_int_equal(stops, 1);
}

/* The device gives (len) bytes of (from) in the next buffer. */
static void give(const void *from, uint32_t len, uint32_t claimed)
{
    int head = fake_queue_fetch(&rx);

    assert_true(head >= 0);
    memcpy((void *)(uintptr_t)rx.desc[head].addr, from, len);
    fake_queue_use(&rx, (uint32_t)head, claimed);
}

static void merged(void **state)
{
    static uint8_t bytes[PKT_LARGE];
    struct header h = {.flags = NEEDS_CSUM,
                       .gso_type = GSO_TCP4,
                       .gso_size = 1448,
                       .hdr_len = 66,
                       .csum_start = 34,
                       .csum_offset = 16,
                       .num_buffers = 3};

    (void)state;
    begin();
    memcpy(bytes, &h, HEADER);
    bytes[HEADER] = 7;
    give(bytes, PKT_LARGE, PKT_LARGE);
    give(bytes, PKT_LARGE, PKT_LARGE);
    give(bytes, 100, 100);
    serve_all();
    assert_int_equal(got_count, 1);
    assert_int_equal(got->total, 2 * PKT_LARGE + 100 - HEADER);
    assert_int_equal(got->data[0], 7);
    assert_int_equal(got->more->more->len, 100);
    assert_int_equal(got->flags, PKT_CSUM_OK | PKT_CSUM_PARTIAL);
    assert_int_equal(got->gso, PKT_GSO_TCP4);
    assert_int_equal(got->gso_size, 1448);
    assert_int_equal(got->csum_from, 34);
    assert_int_equal(rx.avail.idx, RX_FIRST / PKT_LARGE + 3); /* they were replaced */
}

static struct pkt *packet(size_t len)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, len);

    assert_non_null(p);
    memset(p->data, 'p', len);
    p->len = p->total = (uint32_t)len;
    return p;
}

static void sent_in_pieces(void **state)
{
    uint8_t bytes[200];
    int parts;

    (void)state;
    begin();
    struct pkt *p = packet(60);
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_from = 34;
    p->csum_at = 16;
    pkt_append(p, packet(40));
    unsigned live = fake_pkt_live;
    dev->ops->send(dev, p);
    assert_int_equal(polls, 0); /* it leaves with the next crossing, ... */
    int head = fake_queue_fetch(&tx);
    assert_int_equal(fake_queue_copy(&tx, head, bytes, sizeof(bytes), &parts), HEADER + 100);
    assert_int_equal(parts, 2);
    const struct header *h = (const struct header *)bytes;
    assert_int_equal(h->flags, NEEDS_CSUM);
    assert_int_equal(h->csum_start, 34);
    assert_int_equal(h->csum_offset, 16);
    fake_queue_use(&tx, (uint32_t)head, 0);
    assert_int_equal(fake_pkt_live, live); /* ... and stays until it is used */
    before_crossing();
    serve_all();
    assert_int_equal(fake_pkt_live, live - 2);
}

/* More than the queue holds waits, and more than that is dropped: nothing is lost of memory. */
static void backlog_is_bounded(void **state)
{
    (void)state;
    begin();
    serving = false;
    unsigned live = fake_pkt_live;
    for (unsigned i = 0; i < 64 + BACKLOG_MAX + 10; i++)
        dev->ops->send(dev, packet(60));
    assert_int_equal(dev->counts.tx_dropped, 10);
    serving = true;
    for (unsigned i = 0; i < 64 && fake_pkt_live > live; i++) {
        plat_poll(DEADLINE_NOW);
        serve_all();
    }
    assert_int_equal(fake_pkt_live, live);
    assert_int_equal(dev->counts.tx_packets, 64 + BACKLOG_MAX);
}

/* What the device has comes back, and what waits; from one that keeps it, too, in the end. */
static void taken_back(void **state)
{
    (void)state;
    for (int keeps = 0; keeps < 2; keeps++) {
        begin();
        unsigned live = fake_pkt_live;
        serving = false;
        for (unsigned i = 0; i < 100; i++)
            dev->ops->send(dev, packet(60));
        serving = !keeps;
        nsec_t before = time_now;
        netdev_take_back();
        assert_int_equal(fake_pkt_live, live);
        assert_int_equal(stops, keeps);
        assert_int_equal(nets[0]->broken, keeps);
        if (!keeps)
            continue;
        assert_in_range(time_now - before, 30 * NSEC_PER_SEC, 31 * NSEC_PER_SEC);
        for (unsigned i = 0; i < 64; i++) /* the device finds nothing if it looks after all */
            assert_true(tx.desc[i].addr == 0 && tx.desc[i].len == 0);
        netdev_take_back();
        assert_int_equal(stops, 1);
    }
}

/* Without a wait, what the device is done with. */
static void reclaimed(void **state)
{
    (void)state;
    begin();
    unsigned live = fake_pkt_live;
    dev->ops->send(dev, packet(60));
    netdev_reclaim();
    assert_int_equal(fake_pkt_live, live + 1);
    plat_poll(DEADLINE_NOW);
    netdev_reclaim();
    assert_int_equal(fake_pkt_live, live);
}

static void no_memory_for_a_while(void **state)
{
    struct header h = {.num_buffers = 1};

    (void)state;
    begin();
    fake_pkt_left = 0;
    for (unsigned i = 0; i < RX_FIRST / PKT_LARGE; i++)
        give(&h, HEADER, HEADER + 60);
    serve_all();
    assert_int_equal(got_count, RX_FIRST / PKT_LARGE);
    assert_int_equal(nets[0]->rx_room, 0);
    fake_pkt_left = UINT32_MAX;
    serve_all();
    assert_true(nets[0]->rx_room >= RX_FIRST);
}

/* A packet of 60,000 bytes, in as many buffers as that takes. */
static void give_large(void)
{
    static uint8_t bytes[PKT_HUGE];
    struct header h = {.gso_type = GSO_TCP4, .gso_size = 1448};
    uint32_t left = 60000, room = 0;

    while (room < left) /* what is next in the ring */
        room += rx.desc[rx.avail.ring[(rx.seen + h.num_buffers++) % 64]].len;
    memcpy(bytes, &h, HEADER);
    for (uint32_t len; left > 0; left -= len) {
        len = (uint32_t)min_size(left, rx.desc[rx.avail.ring[rx.seen % 64]].len);
        give(bytes, len, len);
    }
    serve_all();
}

/* Where packets are large, so are buffers; what is small does not keep them. */
static void huge_buffers(void **state)
{
    struct header h = {.num_buffers = 1};

    (void)state;
    begin();
    for (unsigned i = 0; i < 10; i++)
        give_large();
    assert_int_equal(got_count, 10);
    assert_int_equal(got->total, 60000 - HEADER);
    assert_int_equal(got->size, PKT_HUGE);
    assert_null(got->more->more);
    assert_int_equal(nets[0]->rx_room, RX_HUGE_ROOM);
    size_t before = pkt_memory();
    give(&h, HEADER, HEADER + 60);
    serve_all();
    assert_int_equal(got->total, 60);
    assert_true(got->size < PKT_HUGE);
    assert_true(pkt_memory() < before);
    for (unsigned i = 0; i < 100; i++) {
        give(&h, HEADER, HEADER + 60);
        serve_all();
    }
    assert_int_equal(rx.desc[rx.avail.ring[rx.seen % 64]].len, PKT_LARGE);
    /* Without memory for huge ones large ones do. */
    begin();
    nets[0]->rx_average = 60000;
    fake_pkt_no_huge = true;
    for (unsigned i = 0; i < 10; i++)
        give_large();
    assert_int_equal(got_count, 10);
    assert_true(nets[0]->rx_room >= 65536);
    fake_pkt_no_huge = false;
}

static void broken_by(const void *bytes, uint32_t len, uint32_t claimed)
{
    begin();
    give(bytes, len, claimed);
    serve_all();
    assert_int_equal(got_count, 0);
    assert_int_equal(stops, 1);
    unsigned live = fake_pkt_live;
    dev->ops->send(dev, packet(60)); /* what is sent then is dropped */
    assert_int_equal(fake_pkt_live, live);
    serve_all();
}

static void hostile_devices(void **state)
{
    struct header h = {.num_buffers = 2};

    (void)state;
    broken_by(&h, HEADER, 3);             /* no header */
    broken_by(&h, HEADER, PKT_LARGE + 1); /* more than there was room for */
    broken_by(&h, HEADER, UINT32_MAX);
    broken_by(&h, HEADER, HEADER + 60); /* the second buffer never comes */
    h.num_buffers = UINT16_MAX;
    broken_by(&h, HEADER, HEADER + 60);
    begin();
    fake_queue_use(&rx, 63, 100); /* was not given */
    serve_all();
    assert_int_equal(stops, 1);
    begin();
    fake_queue_use(&tx, 5, 0);
    serve_all();
    assert_int_equal(stops, 1);
    begin(); /* with packets that wait */
    serving = false;
    unsigned live = fake_pkt_live;
    for (unsigned i = 0; i < 100; i++)
        dev->ops->send(dev, packet(60));
    fake_queue_use(&tx, 63, 0);
    fake_queue_use(&tx, 63, 0);
    serve_all();
    assert_int_equal(stops, 1);
    assert_int_equal(fake_pkt_live, live + 63); /* those that the device has */
}

/* Headers that make no sense cost the packet, not the device. */
static void odd_headers(void **state)
{
    static const struct header odd[] = {
        {.flags = NEEDS_CSUM, .csum_start = 59, .num_buffers = 1},
        {.flags = NEEDS_CSUM, .csum_start = UINT16_MAX, .csum_offset = UINT16_MAX},
        {.gso_type = GSO_TCP4, .gso_size = 0, .num_buffers = 1},
        {.gso_type = 3, .gso_size = 100, .num_buffers = 1},
    };

    (void)state;
    begin();
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        give(&odd[i], HEADER, HEADER + 60);
    serve_all();
    assert_int_equal(got_count, 0);
    assert_int_equal(dev->counts.rx_errors, ARRAY_LEN(odd));
    assert_int_equal(stops, 0);
}

/* Nothing is left of all packets. */
static int last(void **state)
{
    (void)state;
    throw_away();
    pkt_free_list(got);
    return fake_pkt_live != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device),
        cmocka_unit_test(merged),
        cmocka_unit_test(sent_in_pieces),
        cmocka_unit_test(backlog_is_bounded),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(reclaimed),
        cmocka_unit_test(no_memory_for_a_while),
        cmocka_unit_test(huge_buffers),
        cmocka_unit_test(hostile_devices),
        cmocka_unit_test(odd_headers),
    };
    return cmocka_run_group_tests(tests, NULL, last);
}
