/* SPDX-License-Identifier: MIT
 *
 * The driver's side of a virtqueue, against a device that writes what the input says wherever a
 * device can write: descriptors, available ring, used ring. A chain comes back once, only if it was
 * in flight, with the size it was made with; a queue that broke stays broken.
 *
 * sources: libos/virtio/virtq.c tests/unit/fake_plat.c
 * uses: virtio */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_virtio.h"
#include "input.h"
#include "virtio/virtq.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct fake_queue device;
static struct virtq queue;
static struct virtq_slot slots[16];
static uint32_t flying[16]; /* bytes of the chain with that id; 0: not in flight */
static bool broken;

static void put(void)
{
    static char memory[256];
    static struct virtq_desc tables[16][8];
    struct virtq_part parts[8];
    unsigned n = 1 + next() % 8, writable = next() % (n + 1);
    uint32_t sum = 0;
    bool indirect = next() & 1;

    for (unsigned i = 0; i < n; i++) {
        parts[i] = (struct virtq_part){memory, 1 + next() % 200};
        sum += parts[i].len;
    }
    /* The table of a chain is the caller's to keep apart: by the id that it will have. */
    int id = indirect ? virtq_put_indirect(&queue, parts, n, writable, tables[queue.free_head % 16])
                      : virtq_put(&queue, parts, n, writable);
    if (id == -ENOSPC || (id == -EIO && broken))
        return;
    if (id < 0 || id >= (int)ARRAY_LEN(slots) || broken || flying[id])
        abort();
    flying[id] = sum;
}

static void take(void)
{
    uint32_t used, sum;
    int id = virtq_take(&queue, &used, &sum);

    if (id == -EAGAIN && !broken)
        return;
    if (id == -EIO) {
        broken = true;
        return;
    }
    if (id < 0 || id >= (int)ARRAY_LEN(slots) || broken || flying[id] != sum || sum == 0)
        abort();
    flying[id] = 0;
}

/* One honest step, or a word of nonsense somewhere. */
static void play_device(void)
{
    unsigned what = next();

    if (what & 1) {
        unsigned id = next();
        for (unsigned i = 0; i < 16 && !flying[id % 16]; i++)
            id++;
        fake_queue_use(&device, what & 2 ? id : id % 16, next());
    } else {
        void *const areas[] = {device.desc, &device.avail, &device.used};
        const size_t sizes[] = {sizeof(device.desc), sizeof(device.avail), sizeof(device.used)};
        unsigned area = what / 2 % 3;
        size_t at = (next() | next() << 8) % sizes[area];
        ((uint8_t *)areas[area])[at] = (uint8_t)next();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    input = bytes;
    left = len;
    fake_queue_reset(&device, 16);
    memset(flying, 0, sizeof(flying));
    broken = false;
    struct plat_queue pq = fake_queue_plat(&device);
    if (virtq_start(&queue, &pq, slots, 16))
        abort();
    while (left > 0) {
        unsigned what = next() % 3;
        if (what == 0)
            put();
        else if (what == 1)
            take();
        else
            play_device();
    }
    return 0;
}
