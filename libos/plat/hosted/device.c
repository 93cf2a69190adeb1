/* SPDX-License-Identifier: MIT
 *
 * Devices, from the monitor's table (abi/device.h). */
#include <errno.h>
#include <string.h>

#include "abi/device.h"
#include "plat/hosted.h"
#include "iface/plat.h"

/* Whether (len) bytes at (addr) lie in guest memory. */
static bool in_memory(pith_gaddr addr, uint64_t len)
{
    return len == 0 || range_inside(addr.addr, len, hosted_boot->mem.addr, hosted_boot->mem_len);
}

/* Sizes and alignments of a split virtqueue: virtio 1.2, 2.7. */
static bool queue_sound(const struct pith_queue *q)
{
    uint64_t n = q->size;

    if (n == 0)
        return true;
    return n <= 32768 && (n & (n - 1)) == 0 && q->desc.addr % 16 == 0 && q->avail.addr % 2 == 0 &&
           q->used.addr % 4 == 0 && in_memory(q->desc, 16 * n) && in_memory(q->avail, 6 + 2 * n) &&
           in_memory(q->used, 6 + 8 * n);
}

static int describe(const struct pith_device *table, unsigned number, struct plat_device *dev)
{
    const struct pith_device *from = &table[number];

    if (!in_memory(from->config, from->config_len))
        return -ENODEV;
    *dev = (struct plat_device){
        .type = from->type,
        .number = number,
        .name = from->name,
        .features = from->features,
        .config = (const volatile void *)from->config.addr,
        .config_len = from->config_len,
    };
    _Static_assert(PLAT_DEVICE_QUEUES == PITH_DEVICE_QUEUES, "all queues have room");
    for (size_t i = 0; i < PLAT_DEVICE_QUEUES; i++) {
        const struct pith_queue *q = &from->queue[i];
        if (!queue_sound(q))
            return -ENODEV;
        dev->queue[i] = (struct plat_queue){(void *)q->desc.addr, (void *)q->avail.addr,
                                            (void *)q->used.addr, q->size};
    }
    return 0;
}

/* The device of (type) that is called (name), or for NULL the one with number (index). */
static int find(unsigned type, const char *name, unsigned index, struct plat_device *dev)
{
    const struct pith_device *table = (const struct pith_device *)hosted_boot->devices.addr;
    uint64_t count = hosted_boot->device_count;

    if (!in_memory(hosted_boot->devices, count * sizeof(*table)))
        return -ENODEV;
    for (uint64_t i = 0; i < count; i++) {
        if (table[i].type != type)
            continue;
        /* (name) is shorter than the field, so a name that has no end is not equal. */
        if (name ? strncmp(table[i].name, name, sizeof(table[i].name)) == 0 : index-- == 0)
            return describe(table, (unsigned)i, dev);
    }
    return -ENODEV;
}

int plat_device_find(unsigned type, const char *name, struct plat_device *dev)
{
    return find(type, name, 0, dev);
}

int plat_device_at(unsigned type, unsigned index, struct plat_device *dev)
{
    return find(type, NULL, index, dev);
}

int plat_device_reach(const void *addr, size_t len, bool write)
{
    static bool needless;
    long err = needless ? -ENOSYS : hypercall(PITH_HC_REACH, (long)addr, (long)len, write);

    needless = err == -ENOSYS;
    return needless ? 0 : (int)err;
}

void plat_device_stop(unsigned number)
{
    hypercall(PITH_HC_STOP, number, 0, 0);
}
