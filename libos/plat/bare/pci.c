/* SPDX-License-Identifier: MIT
 *
 * Virtio over PCI, by its modern interface (virtio 1.2, 4.1). Buses are those that can be reached
 * through configuration mechanism #1 (PCI 3.0, 3.2.2.3.2): the host's and what its bridges say is
 * behind them. Whoever made the machine, or its firmware, has given the devices their addresses:
 * none are handed out here. */
#include "arch/ring0.h"
#include "bare/bare.h"
#include "bare/virtio.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE       0x80000000u

/* Configuration space. */
enum { ID = 0x00, COMMAND = 0x04, CLASS = 0x08, HEADER = 0x0c, BAR = 0x10, BUSES = 0x18 };
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define MULTIFUNCTION  (1u << 23) /* of HEADER */
#define HEADER_TYPE(w) ((w) >> 16 & 0x7f)
#define BRIDGE         1u
#define BAR_IO         1u
#define BAR_64         4u
#define BARS           6

#define VENDOR_VIRTIO       0x1af4u
#define DEVICE_TRANSITIONAL 0x1000u
#define DEVICE_MODERN       0x1040u
#define DEVICE_LAST         0x107fu

#define MSIX_ENABLE     (1u << 31) /* of the capability's first word */
#define MSIX_MASK       (1u << 30)
#define NO_VECTOR       0xffff
#define MESSAGE_ADDRESS 0xfee00000u
#define REGISTERS_LEN   0x38u

/* The common configuration (4.1.4.3). */
enum {
    FEATURES_SELECT = 0x00,
    FEATURES = 0x04,
    ACCEPT_SELECT = 0x08,
    ACCEPT = 0x0c,
    CONFIG_VECTOR = 0x10,
    STATUS = 0x14,
    GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_BELL = 0x1e,
    QUEUE_DESC = 0x20,
    QUEUE_AVAIL = 0x28,
    QUEUE_USED = 0x30
};

static uint8_t pci_status(const struct transport *t)
{
    return read8(t->regs + STATUS);
}

static void pci_set_status(const struct transport *t, uint8_t status)
{
    write8(t->regs + STATUS, status);
}

static uint64_t pci_features(const struct transport *t)
{
    write32(t->regs + FEATURES_SELECT, 1);
    uint64_t high = read32(t->regs + FEATURES);
    write32(t->regs + FEATURES_SELECT, 0);
    return high << 32 | read32(t->regs + FEATURES);
}

static void pci_accept(const struct transport *t, uint64_t features)
{
    write32(t->regs + ACCEPT_SELECT, 1);
    write32(t->regs + ACCEPT, (uint32_t)(features >> 32));
    write32(t->regs + ACCEPT_SELECT, 0);
    write32(t->regs + ACCEPT, (uint32_t)features);
}

static uint32_t pci_generation(const struct transport *t)
{
    return read8(t->regs + GENERATION);
}

static uint32_t pci_queue_max(const struct transport *t, unsigned queue)
{
    write16(t->regs + QUEUE_SELECT, (uint16_t)queue);
    return read16(t->regs + QUEUE_ENABLE) ? 0 : read16(t->regs + QUEUE_SIZE);
}

static void write_address(uint64_t at, pith_gaddr to)
{
    write32(at, (uint32_t)to.addr);
    write32(at + 4, (uint32_t)(to.addr >> 32));
}

static bool pci_queue_start(struct transport *t, unsigned queue, const struct pith_queue *place)
{
    write16(t->regs + QUEUE_SELECT, (uint16_t)queue);
    t->bell[queue] = read16(t->regs + QUEUE_BELL);
    if (!range_inside((uint64_t)t->bell[queue] * t->notify_step, 2, 0, t->notify_len))
        return false;
    write16(t->regs + QUEUE_SIZE, (uint16_t)place->size);
    write16(t->regs + QUEUE_VECTOR, t->wakes ? 0 : NO_VECTOR);
    if (t->wakes && read16(t->regs + QUEUE_VECTOR) != 0)
        t->wakes = false;
    write_address(t->regs + QUEUE_DESC, place->desc);
    write_address(t->regs + QUEUE_AVAIL, place->avail);
    write_address(t->regs + QUEUE_USED, place->used);
    write16(t->regs + QUEUE_ENABLE, 1);
    return true;
}

static void pci_notify(const struct transport *t, unsigned queue)
{
    write16(t->notify + (uint64_t)t->bell[queue] * t->notify_step, (uint16_t)queue);
}

/* Messages need none. */
static void pci_quiet(const struct transport *t)
{
    (void)t;
}

static const struct transport_ops pci_ops = {
    .status = pci_status,
    .set_status = pci_set_status,
    .features = pci_features,
    .accept = pci_accept,
    .generation = pci_generation,
    .queue_max = pci_queue_max,
    .queue_start = pci_queue_start,
    .notify = pci_notify,
    .quiet = pci_quiet,
};

/* A function: bus, device and function as mechanism #1 wants them. */
static uint32_t config_read(void *function, unsigned offset)
{
    out32(ADDRESS_PORT, ENABLE | (uint32_t)(uintptr_t)function << 8 | (offset & 0xfc));
    return in32(DATA_PORT);
}

static void config_write(void *function, unsigned offset, uint32_t value)
{
    out32(ADDRESS_PORT, ENABLE | (uint32_t)(uintptr_t)function << 8 | (offset & 0xfc));
    out32(DATA_PORT, value);
}

/* Where (place) is, mapped; 0: it is nowhere that it can be. */
static uint64_t locate(void *function, const struct pci_place *place)
{
    uint32_t low = config_read(function, BAR + 4u * place->bar);
    uint64_t base = low & ~15u, at;

    if (place->bar >= BARS || low & BAR_IO)
        return 0;
    if (low & BAR_64 && place->bar + 1 < BARS)
        base |= (uint64_t)config_read(function, BAR + 4 + 4u * place->bar) << 32;
    if (base == 0 || __builtin_add_overflow(base, place->offset, &at))
        return 0;
    return pages_map_registers(at, place->len) ? at : 0;
}

/* One message for all queues: entry 0 of the table. */
static bool route(void *function, const struct pci_caps *caps)
{
    struct pci_place entry = {caps->msix.bar, caps->msix.offset, 16};
    uint64_t at = caps->msix_at ? locate(function, &entry) : 0;

    if (at == 0 || at % 4)
        return false;
    uint32_t control = config_read(function, caps->msix_at);
    config_write(function, caps->msix_at, (control | MSIX_ENABLE) & ~MSIX_MASK);
    write32(at, MESSAGE_ADDRESS | cpu_apic_id() << 12);
    write32(at + 4, 0);
    write32(at + 8, BARE_TIMER_VECTOR);
    write32(at + 12, 0);
    return true;
}

/* The virtio device ID of a function; 0: none. */
static uint16_t type_of(uint32_t id)
{
    static const uint8_t transitional[] = {VIRTIO_NET, VIRTIO_BLOCK,  0, VIRTIO_CONSOLE,
                                           0,          VIRTIO_ENTROPY};
    uint32_t device = id >> 16;

    if ((id & 0xffff) != VENDOR_VIRTIO)
        return 0;
    if (device >= DEVICE_MODERN && device <= DEVICE_LAST)
        return (uint16_t)(device - DEVICE_MODERN);
    device -= DEVICE_TRANSITIONAL;
    return device < sizeof(transitional) ? transitional[device] : 0;
}

static void add(void *function, uint16_t type)
{
    struct transport t = {.ops = &pci_ops, .type = type};
    struct pci_caps caps;

    if (!pci_caps_read(config_read, function, &caps)) {
        virtio_refuse((uintptr_t)function, "it has no modern interface");
        return;
    }
    caps.part[VIRTIO_NOTIFY].len = (uint32_t)min_size(caps.part[VIRTIO_NOTIFY].len, 1u << 20);
    caps.part[VIRTIO_CONFIG].len = (uint32_t)min_size(caps.part[VIRTIO_CONFIG].len, PAGE_SIZE);
    caps.part[VIRTIO_COMMON].len = REGISTERS_LEN;
    t.regs = locate(function, &caps.part[VIRTIO_COMMON]);
    t.notify = locate(function, &caps.part[VIRTIO_NOTIFY]);
    if (caps.part[VIRTIO_CONFIG].len > 0)
        t.config = locate(function, &caps.part[VIRTIO_CONFIG]);
    if (!t.regs || !t.notify) {
        virtio_refuse((uintptr_t)function, "its registers are not where registers can be");
        return;
    }
    t.config_len = t.config ? caps.part[VIRTIO_CONFIG].len : 0;
    t.notify_len = caps.part[VIRTIO_NOTIFY].len;
    t.notify_step = caps.notify_step;
    config_write(function, COMMAND,
                 (config_read(function, COMMAND) & 0xffff) | COMMAND_MEMORY | COMMAND_MASTER);
    t.wakes = route(function, &caps);
    write16(t.regs + CONFIG_VECTOR, NO_VECTOR);
    virtio_add(&t);
}

/* Looks at one function. Returns its HEADER word, 0 where there is none; a bridge moves (*last) to
 * the last bus behind it. */
static uint32_t visit(uint32_t number, uint32_t *last)
{
    void *function = (void *)(uintptr_t)number;
    uint32_t id = config_read(function, ID);

    if (id == UINT32_MAX || id == 0)
        return 0;
    uint32_t header = config_read(function, HEADER);
    if (HEADER_TYPE(header) == BRIDGE)
        *last = (uint32_t)max_size(*last, config_read(function, BUSES) >> 16 & 0xff);
    else if (type_of(id))
        add(function, type_of(id));
    return header;
}

void pci_find(void)
{
    uint32_t last = 0;

    out32(ADDRESS_PORT, ENABLE);
    if (in32(ADDRESS_PORT) != ENABLE)
        return;
    for (uint32_t bus = 0; bus <= last; bus++)
        for (uint32_t slot = 0; slot < 32; slot++)
            if (visit(bus << 8 | slot << 3, &last) & MULTIFUNCTION)
                for (uint32_t i = 1; i < 8; i++)
                    visit(bus << 8 | slot << 3 | i, &last);
}
