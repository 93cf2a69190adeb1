/* SPDX-License-Identifier: MIT
 *
 * The driver's side of virtqueues, against a device that obeys and against one that does not.
 *
 * sources: libos/virtio/virtq.c tests/unit/fake_plat.c
 * uses:    virtio */
#include <errno.h>

#include "unit.h"
#include "fake_plat.h"
#include "fake_virtio.h"
#include "virtio/virtq.h"

static struct fake_queue device;
static struct virtq queue;
static struct virtq_slot slots[FAKE_QUEUE_MAX];

static void start(unsigned size, unsigned slot_count)
{
    fake_queue_reset(&device, size);
    struct plat_queue pq = fake_queue_plat(&device);
    assert_int_equal(virtq_start(&queue, &pq, slots, slot_count), 0);
}

static void missing_queue(void **state)
{
    struct plat_queue none = {0};

    (void)state;
    assert_int_equal(virtq_start(&queue, &none, slots, 4), -ENODEV);
}

static void a_chain_travels(void **state)
{
    char out[16] = {0};
    uint32_t len, bytes;
    int parts;
    struct virtq_part pieces[3] = {{"one", 3}, {"", 0}, {"twelve", 6}};

    (void)state;
    start(8, 8);
    assert_int_equal(virtq_take(&queue, &len, &bytes), -EAGAIN);
    int id = virtq_put(&queue, pieces, 3, 0);
    assert_in_range(id, 0, 7);
    int head = fake_queue_fetch(&device);
    assert_int_equal(head, id);
    assert_int_equal(fake_queue_copy(&device, head, out, sizeof(out), &parts), 9);
    assert_int_equal(parts, 3);
    assert_string_equal(out, "onetwelve");
    assert_int_equal(fake_queue_fetch(&device), -1);
    assert_int_equal(virtq_take(&queue, &len, &bytes), -EAGAIN);
    fake_queue_use(&device, (uint32_t)head, 77);
    assert_int_equal(virtq_take(&queue, &len, &bytes), id);
    assert_int_equal(len, 77);
    assert_int_equal(bytes, 9);
}

static void fewer_slots_than_entries(void **state)
{
    struct virtq_part piece[3] = {{"x", 1}, {"y", 1}, {"z", 1}};

    (void)state;
    start(8, 2);
    assert_int_equal(virtq_put(&queue, piece, 3, 0), -ENOSPC);
    assert_in_range(virtq_put(&queue, piece, 2, 0), 0, 1);
    assert_int_equal(virtq_put(&queue, piece, 1, 0), -ENOSPC);
}

/* Seeded random traffic against a model: chains of random sizes, used in random order, over many
 * times the 65,536 that indices wrap at. */
static void traffic(void **state)
{
    struct {
        int id, parts;
        bool to_write;
    } flying[16];
    unsigned count = 0, descriptors = 0;
    uint64_t seed = 20260101;
    char buf[64];

    (void)state;
    start(16, 16);
    for (int step = 0; step < 300000; step++) {
        if (random_below(&seed, 2)) {
            struct virtq_part pieces[5];
            unsigned n = 1 + (unsigned)random_below(&seed, 5);
            bool to_write = random_below(&seed, 2);
            for (unsigned i = 0; i < n; i++)
                pieces[i] = (struct virtq_part){buf + i, i + 1};
            int id = virtq_put(&queue, pieces, n, to_write ? n : 0);
            if (descriptors + n > 16) {
                assert_int_equal(id, -ENOSPC);
                continue;
            }
            assert_in_range(id, 0, 15);
            int parts, head = fake_queue_fetch(&device);
            assert_int_equal(head, id);
            assert_int_equal((device.desc[head].flags & 2) != 0, to_write);
            char scratch[64] = {0};
            assert_int_equal(fake_queue_copy(&device, head, scratch, 64, &parts), n * (n + 1) / 2);
            assert_int_equal(parts, n);
            for (unsigned i = 0; i < count; i++)
                assert_int_not_equal(flying[i].id, id);
            flying[count].id = id;
            flying[count++].parts = (int)n;
            descriptors += n;
        } else if (count > 0) {
            unsigned pick = (unsigned)random_below(&seed, count);
            uint32_t len, bytes;
            fake_queue_use(&device, (uint32_t)flying[pick].id, (uint32_t)step);
            assert_int_equal(virtq_take(&queue, &len, &bytes), flying[pick].id);
            assert_int_equal(len, step);
            assert_int_equal(bytes, flying[pick].parts * (flying[pick].parts + 1) / 2);
            descriptors -= (unsigned)flying[pick].parts;
            flying[pick] = flying[--count];
        }
    }
}

/* A device that names a chain it does not have: the queue is dead, and stays so. */
static void lies(uint32_t id, bool twice)
{
    struct virtq_part pieces[2] = {{"ab", 2}, {"c", 1}};
    uint32_t len, bytes;

    start(4, 4);
    int real = virtq_put(&queue, pieces, 2, 0);
    if (twice) {
        fake_queue_use(&device, (uint32_t)real, 3);
        assert_int_equal(virtq_take(&queue, &len, &bytes), real);
        id = (uint32_t)real;
    }
    fake_queue_use(&device, id, 3);
    assert_int_equal(virtq_take(&queue, &len, &bytes), -EIO);
    assert_int_equal(virtq_take(&queue, &len, &bytes), -EIO);
    assert_int_equal(virtq_put(&queue, pieces, 1, 0), -EIO);
}

static void device_lies(void **state)
{
    (void)state;
    lies(3, false);          /* free */
    lies(1, false);          /* the second descriptor of a chain */
    lies(4, false);          /* beyond the queue */
    lies(0xffffffff, false); /* far beyond */
    lies(0x10000, false);    /* 0 in 16 bits */
    lies(0, true);           /* used twice */
}

/* An index that jumps ahead offers stale entries: at most the chains in flight come back. */
static void index_runs_ahead(void **state)
{
    struct virtq_part piece = {"a", 1};
    uint32_t len, bytes;

    (void)state;
    start(4, 4);
    int id = virtq_put(&queue, &piece, 1, 0);
    device.used.idx = 1000;
    assert_int_equal(virtq_take(&queue, &len, &bytes), id); /* its zeroed entry names id 0 */
    assert_int_equal(virtq_take(&queue, &len, &bytes), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_queue),
        cmocka_unit_test(a_chain_travels),
        cmocka_unit_test(fewer_slots_than_entries),
        cmocka_unit_test(traffic),
        cmocka_unit_test(device_lies),
        cmocka_unit_test(index_runs_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
