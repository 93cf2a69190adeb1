/* SPDX-License-Identifier: MIT
 *
 * Virtio over memory-mapped registers (virtio 1.2, 4.2). The registers' addresses come by the
 * command line, which may say anything: nothing is read but outside of memory, and nothing is
 * written where the magic number is not found. */
#include "bare/bare.h"
#include "bare/virtio.h"

enum {
    MAGIC = 0x00,
    VERSION = 0x04,
    DEVICE = 0x08,
    FEATURES = 0x10,
    FEATURES_SELECT = 0x14,
    ACCEPT = 0x20,
    ACCEPT_SELECT = 0x24,
    QUEUE_SELECT = 0x30,
    QUEUE_MAX = 0x34,
    QUEUE_SIZE = 0x38,
    QUEUE_READY = 0x44,
    NOTIFY = 0x50,
    INTERRUPT = 0x60,
    INTERRUPT_ACK = 0x64,
    STATUS = 0x70,
    QUEUE_DESC = 0x80,
    QUEUE_AVAIL = 0x90,
    QUEUE_USED = 0xa0,
    GENERATION = 0xfc,
    CONFIG = 0x100
};

#define MAGIC_WORD 0x74726976u /* "virt" */
#define MODERN     2u

static struct mmio_word words[VIRTIO_DEVICES];
static unsigned count;

static uint8_t mmio_status(const struct transport *t)
{
    return (uint8_t)read32(t->regs + STATUS);
}

static void mmio_set_status(const struct transport *t, uint8_t status)
{
    write32(t->regs + STATUS, status);
}

static uint64_t mmio_features(const struct transport *t)
{
    write32(t->regs + FEATURES_SELECT, 1);
    uint64_t high = read32(t->regs + FEATURES);
    write32(t->regs + FEATURES_SELECT, 0);
    return high << 32 | read32(t->regs + FEATURES);
}

static void mmio_accept(const struct transport *t, uint64_t features)
{
    write32(t->regs + ACCEPT_SELECT, 1);
    write32(t->regs + ACCEPT, (uint32_t)(features >> 32));
    write32(t->regs + ACCEPT_SELECT, 0);
    write32(t->regs + ACCEPT, (uint32_t)features);
}

static uint32_t mmio_generation(const struct transport *t)
{
    return read32(t->regs + GENERATION);
}

static uint32_t mmio_queue_max(const struct transport *t, unsigned queue)
{
    write32(t->regs + QUEUE_SELECT, queue);
    return read32(t->regs + QUEUE_READY) ? 0 : read32(t->regs + QUEUE_MAX);
}

static void write_address(uint64_t at, pith_gaddr to)
{
    write32(at, (uint32_t)to.addr);
    write32(at + 4, (uint32_t)(to.addr >> 32));
}

static bool mmio_queue_start(struct transport *t, unsigned queue, const struct pith_queue *place)
{
    write32(t->regs + QUEUE_SELECT, queue);
    write32(t->regs + QUEUE_SIZE, place->size);
    write_address(t->regs + QUEUE_DESC, place->desc);
    write_address(t->regs + QUEUE_AVAIL, place->avail);
    write_address(t->regs + QUEUE_USED, place->used);
    write32(t->regs + QUEUE_READY, 1);
    return true;
}

static void mmio_notify(const struct transport *t, unsigned queue)
{
    write32(t->regs + NOTIFY, queue);
}

static void mmio_quiet(const struct transport *t)
{
    write32(t->regs + INTERRUPT_ACK, read32(t->regs + INTERRUPT) & 3);
}

static const struct transport_ops mmio_ops = {
    .status = mmio_status,
    .set_status = mmio_set_status,
    .features = mmio_features,
    .accept = mmio_accept,
    .generation = mmio_generation,
    .queue_max = mmio_queue_max,
    .queue_start = mmio_queue_start,
    .notify = mmio_notify,
    .quiet = mmio_quiet,
};

static void add(const struct mmio_word *w)
{
    struct transport t = {.ops = &mmio_ops, .regs = w->base, .config = w->base + CONFIG};

    if (w->size <= CONFIG || w->base % 4 || !pages_map_registers(w->base, w->size)) {
        virtio_refuse(w->base, "its registers are not where registers can be");
        return;
    }
    t.config_len = (uint32_t)min_size(w->size, 0x1000) - CONFIG;
    if (read32(t.regs + MAGIC) != MAGIC_WORD) {
        virtio_refuse(w->base, "there is no device");
        return;
    }
    uint32_t type = read32(t.regs + DEVICE);
    if (type == 0 || type > UINT16_MAX) /* 0: a place without a device */
        return;
    if (read32(t.regs + VERSION) != MODERN) {
        virtio_refuse(w->base, "a legacy device (QEMU: -global virtio-mmio.force-legacy=false)");
        return;
    }
    t.type = (uint16_t)type;
    t.wakes = ioapic_route(w->irq, BARE_TIMER_VECTOR);
    virtio_add(&t);
}

void mmio_read(const char *line)
{
    const char *text;

    while ((text = cmdline_device(&line))) {
        if (count == VIRTIO_DEVICES)
            say_text("pith: the command line names too many virtio_mmio.device=\n");
        else if (cmdline_mmio(text, &words[count]))
            count++;
        else
            say_text("pith: the command line has a malformed virtio_mmio.device=\n");
    }
}

void mmio_find(void)
{
    for (unsigned i = 0; i < count; i++)
        add(&words[i]);
}
