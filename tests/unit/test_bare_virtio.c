/* SPDX-License-Identifier: MIT
 *
 * Virtio devices of a bare machine, over a transport that does as it should and over ones that do
 * not. virtio.c is included whole, to be started afresh for every test.
 *
 * uses: bare abi arch */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "../../libos/plat/bare/virtio.c"

enum trick {
    HONEST,
    NO_RESET,
    NO_FEATURES_OK,
    RESTLESS, /* its configuration changes all the time */
    NO_DOORBELL,
};

static struct {
    enum trick trick;
    uint64_t offered, accepted;
    uint32_t queue_max, generation, bells, quiets, bad_status;
    uint8_t status;
    bool asleep; /* its interrupts end no sleep */
    struct pith_queue place;
} host;

static _Alignas(8) uint8_t config[64];
static char said[2000];
static unsigned pages_left;
static void *pages[64];
static unsigned page_count;

struct pith_device bare_devices[CONSOLE_DEVICES + VIRTIO_DEVICES];

void say_text(const char *text)
{
    strncat(said, text, sizeof(said) - strlen(said) - 1);
}

void say_hex(uint64_t n, unsigned digits)
{
    (void)n;
    (void)digits;
    say_text("N");
}

void mmio_find(void)
{
}

void pci_find(void)
{
}

uint64_t pages_take(size_t n)
{
    assert_in_range(n, 1, 2);
    if (pages_left == 0)
        return 0;
    pages_left--;
    void *page = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);
    memset(page, 0, n * PAGE_SIZE);
    pages[page_count++] = page;
    return (uintptr_t)page;
}

static uint8_t get_status(const struct transport *t)
{
    (void)t;
    return host.status;
}

static void set_status(const struct transport *t, uint8_t status)
{
    (void)t;
    host.bad_status += (status & VIRTIO_FAILED) != 0;
    host.status = status;
    if (status == 0 && host.trick == NO_RESET)
        host.status = 1;
    if (host.trick == NO_FEATURES_OK)
        host.status &= (uint8_t)~VIRTIO_FEATURES_OK;
}

static uint64_t get_features(const struct transport *t)
{
    (void)t;
    return host.offered;
}

static void set_features(const struct transport *t, uint64_t features)
{
    (void)t;
    host.accepted = features;
}

static uint32_t generation(const struct transport *t)
{
    (void)t;
    return host.trick == RESTLESS ? host.generation++ : host.generation;
}

static uint32_t queue_max(const struct transport *t, unsigned queue)
{
    (void)t;
    (void)queue;
    return host.queue_max;
}

static bool queue_start(struct transport *t, unsigned queue, const struct pith_queue *place)
{
    (void)t;
    (void)queue;
    host.place = *place;
    return host.trick != NO_DOORBELL;
}

static void notify(const struct transport *t, unsigned queue)
{
    (void)t;
    (void)queue;
    host.bells++;
}

static void quiet(const struct transport *t)
{
    (void)t;
    host.quiets++;
}

static const struct transport_ops ops = {get_status,   set_status, get_features,
                                         set_features, generation, queue_max,
                                         queue_start,  notify,     quiet};

#define BLOCK_FEATURES                                                                             \
    (VIRTIO_VERSION_1 | VIRTIO_EVENT_IDX | VIRTIO_INDIRECT_DESC | 1u << 2 | 1u << 9)

static void begin(enum trick trick)
{
    while (page_count > 0)
        free(pages[--page_count]);
    memset(&host, 0, sizeof(host));
    memset(devices, 0, sizeof(devices));
    memset(bare_devices, 0, sizeof(bare_devices));
    count = listed_count = 0;
    some_need_naps = false;
    said[0] = '\0';
    pages_left = 60;
    host.trick = trick;
    host.offered = BLOCK_FEATURES;
    host.queue_max = 256;
    for (size_t i = 0; i < sizeof(config); i++)
        config[i] = (uint8_t)i;
}

static void add(uint16_t type, uint32_t config_len)
{
    struct transport t = {.ops = &ops,
                          .type = type,
                          .config = (uintptr_t)config,
                          .config_len = config_len,
                          .wakes = !host.asleep};

    virtio_add(&t);
}

static int end(void **state)
{
    (void)state;
    begin(HONEST);
    return 0;
}

static void a_disk(void **state)
{
    const struct pith_device *row = &bare_devices[CONSOLE_DEVICES];

    (void)state;
    begin(HONEST);
    host.offered |= 1ull << 33 | 1ull << 34 | 1u << 13; /* what nobody here knows */
    add(VIRTIO_BLOCK, 64);
    assert_string_equal(said, "");
    assert_int_equal(virtio_start(), 1);
    assert_int_equal(host.accepted, BLOCK_FEATURES);
    assert_int_equal(host.status, 15);
    assert_int_equal(row->type, VIRTIO_BLOCK);
    assert_int_equal(row->features, BLOCK_FEATURES);
    assert_int_equal(row->config_len, sizeof(struct pith_block_config));
    assert_memory_equal((void *)(uintptr_t)row->config.addr, config, row->config_len);
    assert_int_equal(row->queue[0].size, 128);
    assert_int_equal(row->queue[1].size, 0);
    assert_int_equal(row->queue[0].desc.addr % PAGE_SIZE, 0);
    assert_int_equal(row->queue[0].used.addr % 4, 0);
    assert_true(row->queue[0].used.addr + 6 + 8 * 128 <= row->queue[0].desc.addr + PAGE_SIZE);
    assert_true(row->queue[0].avail.addr + 6 + 2 * 128 <= row->queue[0].used.addr);
}

/* Its queues are longer; what it has sent ends no wait and interrupts nobody, unlike what came. */
static void a_network(void **state)
{
    const struct pith_device *row = &bare_devices[CONSOLE_DEVICES];

    (void)state;
    begin(HONEST);
    host.offered = VIRTIO_VERSION_1 | VIRTIO_EVENT_IDX | 0xffffff;
    host.queue_max = 1024;
    add(VIRTIO_NET, 64);
    assert_int_equal(virtio_start(), 1);
    assert_int_equal(row->type, PITH_DEVICE_NET);
    assert_int_equal(row->features, VIRTIO_VERSION_1 | VIRTIO_EVENT_IDX | 0x199ab);
    for (unsigned i = PITH_NET_RX; i <= PITH_NET_TX; i++) {
        assert_int_equal(row->queue[i].size, 256);
        assert_true(row->queue[i].used.addr + 6 + 8 * 256 <=
                    row->queue[i].desc.addr + 2 * PAGE_SIZE);
    }
    struct virtio_device *d = virtio_find(VIRTIO_NET, 0);
    d->queue[PITH_NET_TX].used->idx = 3;
    assert_int_equal(virtio_serve(), 0);
    virtio_arm();
    assert_int_equal(*used_event(&d->queue[PITH_NET_TX]), UINT16_MAX);
    assert_int_equal(*used_event(&d->queue[PITH_NET_RX]), 0);
    d->queue[PITH_NET_RX].used->idx = 2;
    assert_int_equal(virtio_serve(), 2);
}

static void sizes_of_queues(void **state)
{
    static const uint32_t sizes[][2] = {{1, 1},     {2, 2},     {3, 2},       {100, 64},
                                        {128, 128}, {129, 128}, {65535, 128}, {UINT32_MAX, 128}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        begin(HONEST);
        host.queue_max = sizes[i][0];
        add(VIRTIO_BLOCK, 64);
        assert_int_equal(host.place.size, sizes[i][1]);
    }
}

static void refused_for(const char *why)
{
    char line[200];

    snprintf(line, sizeof(line), "pith: virtio device at 0xN: %s\n", why);
    assert_string_equal(said, line);
    assert_int_equal(virtio_start(), 0);
    assert_int_equal(host.bad_status, 1);
    assert_null(virtio_find(VIRTIO_BLOCK, 0));
}

static void refused(void **state)
{
    (void)state;
    begin(NO_RESET);
    add(VIRTIO_BLOCK, 64);
    refused_for("it does not take a reset");
    begin(NO_FEATURES_OK);
    add(VIRTIO_BLOCK, 64);
    refused_for("it does not work with the features that it offered");
    begin(RESTLESS);
    add(VIRTIO_BLOCK, 64);
    refused_for("its configuration does not stand still");
    begin(NO_DOORBELL);
    add(VIRTIO_BLOCK, 64);
    refused_for("its doorbell is out of its area");
    begin(HONEST);
    host.offered &= ~VIRTIO_VERSION_1;
    add(VIRTIO_BLOCK, 64);
    refused_for("it is a legacy device");
    begin(HONEST);
    add(VIRTIO_BLOCK, 23);
    refused_for("its configuration is too short");
    begin(HONEST);
    host.queue_max = 0;
    add(VIRTIO_BLOCK, 64);
    refused_for("it lacks a queue");
    begin(HONEST);
    pages_left = 0;
    add(VIRTIO_BLOCK, 64);
    refused_for("no memory for its queues");
}

static void not_wanted(void **state)
{
    (void)state;
    begin(HONEST);
    add(5, 64);
    host.offered |= 1u << 1;
    add(VIRTIO_CONSOLE, 64);
    assert_string_equal(said, "");
    assert_int_equal(host.status, 0);
    for (unsigned i = 0; i < VIRTIO_DEVICES + 2; i++)
        add(VIRTIO_BLOCK, 64);
    assert_int_equal(virtio_start(), VIRTIO_DEVICES);
    assert_non_null(strstr(said, "too many devices"));
}

/* The driver's hand: makes (n) more buffers available. */
static void offer(struct queue *q, unsigned n)
{
    q->avail->idx = (uint16_t)(q->avail->idx + n);
}

static void doorbells_and_interrupts(void **state)
{
    (void)state;
    begin(HONEST);
    add(VIRTIO_BLOCK, 64);
    struct queue *q = &devices[0].queue[0];
    volatile uint16_t *wanted = (volatile uint16_t *)&q->used->ring[q->size];

    assert_int_equal(virtio_serve(), 0);
    assert_int_equal(host.bells, 0);
    offer(q, 2);
    assert_true(virtio_busy());
    assert_false(virtio_needs_naps());
    assert_int_equal(virtio_serve(), 0);
    assert_int_equal(host.bells, 1);
    virtio_serve();
    assert_int_equal(host.bells, 1);
    offer(q, 1); /* the device is at it, and looks for more by itself */
    virtio_serve();
    assert_int_equal(host.bells, 1);
    *wanted = 3; /* it has seen three, and wants to hear of the next */
    offer(q, 1);
    virtio_serve();
    assert_int_equal(host.bells, 2);
    assert_int_equal(*used_event(q), UINT16_MAX);
    q->used->idx = 3;
    assert_int_equal(virtio_serve(), 3);
    virtio_arm();
    assert_int_equal(*used_event(q), 3);
    assert_int_equal(host.quiets, 1);
    q->used->idx = 4;
    assert_int_equal(virtio_serve(), 1);
    assert_false(virtio_busy());
}

/* Nobody waits awake for packets: the buffers for them are with the device all the time. */
static void packets_are_not_awaited(void **state)
{
    (void)state;
    begin(HONEST);
    add(VIRTIO_NET, 64);
    offer(&devices[0].queue[0], 2);
    assert_false(virtio_busy());
    assert_false(virtio_needs_naps());
    virtio_serve();
    assert_int_equal(host.bells, 1);
}

static void without_event_index(void **state)
{
    (void)state;
    begin(HONEST);
    host.offered = VIRTIO_VERSION_1;
    host.asleep = true;
    add(VIRTIO_BLOCK, 64);
    struct queue *q = &devices[0].queue[0];

    assert_false(virtio_needs_naps());
    offer(q, 1);
    assert_true(virtio_needs_naps());
    virtio_serve();
    assert_int_equal(host.bells, 1);
    q->used->flags = USED_NO_NOTIFY;
    offer(q, 1);
    virtio_serve();
    assert_int_equal(host.bells, 1);
}

static void stopping(void **state)
{
    (void)state;
    begin(HONEST);
    add(VIRTIO_BLOCK, 64);
    assert_int_equal(virtio_stop(0), -EINVAL);
    assert_int_equal(virtio_stop(CONSOLE_DEVICES + 1), -EINVAL);
    assert_int_equal(virtio_stop(UINT64_MAX), -EINVAL);
    offer(&devices[0].queue[0], 1);
    assert_int_equal(virtio_stop(CONSOLE_DEVICES), 0);
    assert_int_equal(host.status, 0);
    assert_int_equal(virtio_serve(), 0);
    assert_int_equal(host.bells, 0);
    assert_false(virtio_busy());
}

static void own_buffers(void **state)
{
    static char buffer[32];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        begin(HONEST);
        add(VIRTIO_ENTROPY, 0);
        assert_int_equal(virtio_start(), 0);
        struct virtio_device *d = virtio_find(VIRTIO_ENTROPY, 0);
        virtio_give(d, 0, buffer, sizeof(buffer), true);
        struct queue *q = &d->queue[0];
        assert_int_equal(host.bells, 1);
        assert_int_equal(q->desc[0].len, 32);
        assert_int_equal(q->desc[0].flags, DESC_WRITE);
        assert_int_equal(virtio_taken(d, 0), -1);
        /* Honest; more than the buffer holds; more buffers than there are; fewer. */
        q->used->ring[0].len = i == 1 ? 33 : 32;
        q->used->idx = i == 2 ? 2 : i == 3 ? UINT16_MAX : 1;
        assert_int_equal(virtio_taken(d, 0), i == 0 ? 32 : 0);
        assert_int_equal(strstr(said, "it is stopped") != NULL, i > 0);
        assert_int_equal(host.status == 0, i > 0);
        assert_int_equal(virtio_taken(d, 0), i == 0 ? -1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_disk, end),
        cmocka_unit_test_teardown(a_network, end),
        cmocka_unit_test_teardown(sizes_of_queues, end),
        cmocka_unit_test_teardown(refused, end),
        cmocka_unit_test_teardown(not_wanted, end),
        cmocka_unit_test_teardown(doorbells_and_interrupts, end),
        cmocka_unit_test_teardown(packets_are_not_awaited, end),
        cmocka_unit_test_teardown(without_event_index, end),
        cmocka_unit_test_teardown(stopping, end),
        cmocka_unit_test_teardown(own_buffers, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
