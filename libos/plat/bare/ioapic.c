/* SPDX-License-Identifier: MIT
 *
 * The first I/O APIC (Intel 82093AA). */
#include "bare/bare.h"
#include "bare/virtio.h"

#define IOAPIC        0xfec00000u
#define DATA          0x10u
#define VERSION       1u
#define ENTRIES       0x10u
#define PINS(version) (((version) >> 16 & 0xff) + 1)

bool ioapic_route(uint32_t irq, unsigned vector)
{
    if (!pages_map_device(IOAPIC))
        return false;
    write32(IOAPIC, VERSION);
    uint32_t version = read32(IOAPIC + DATA);
    if (version == UINT32_MAX || irq >= PINS(version))
        return false;
    write32(IOAPIC, ENTRIES + 2 * irq + 1);
    write32(IOAPIC + DATA, cpu_apic_id() << 24);
    write32(IOAPIC, ENTRIES + 2 * irq);
    write32(IOAPIC + DATA, vector);
    return true;
}
