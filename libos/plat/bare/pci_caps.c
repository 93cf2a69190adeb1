/* SPDX-License-Identifier: MIT
 *
 * The capability list of a virtio device on a PCI bus (PCI 3.0, 6.7; virtio 1.2, 4.1.4). All of it
 * is the device's word: pointers may lead anywhere, or round in circles. */
#include "bare/virtio.h"

#define STATUS       0x04 /* the word's upper half */
#define STATUS_LIST  (1u << 20)
#define CAPABILITIES 0x34

#define HEADER_END 0x40 /* capabilities are behind it */
#define LIST_MAX   48   /* as many as there is room for */

#define CAP_VENDOR 0x09
#define CAP_MSIX   0x11

#define BARS 6

struct reader {
    uint32_t (*read)(void *function, unsigned offset);
    void *function;
};

static uint32_t word(const struct reader *r, unsigned at)
{
    return r->read(r->function, at);
}

/* A part of virtio's: struct virtio_pci_cap. */
static void take_part(const struct reader *r, unsigned at, uint32_t head, struct pci_caps *caps)
{
    uint32_t kind = (head >> 24) - 1, len = head >> 16 & 0xff;
    struct pci_place place;

    if (kind >= VIRTIO_PARTS || len < 16 || at + len > 256)
        return;
    place.bar = (uint8_t)word(r, at + 4);
    place.offset = word(r, at + 8);
    place.len = word(r, at + 12);
    if (place.bar >= BARS || caps->part[kind].len > 0 || (kind == VIRTIO_NOTIFY && len < 20))
        return;
    if (kind == VIRTIO_NOTIFY)
        caps->notify_step = word(r, at + 16);
    caps->part[kind] = place;
}

static void take_msix(const struct reader *r, unsigned at, uint32_t head, struct pci_caps *caps)
{
    if (caps->msix_at || at + 12 > 256)
        return;
    uint32_t table = word(r, at + 4);
    if ((table & 7) >= BARS)
        return;
    caps->msix_at = (uint8_t)at;
    caps->msix.bar = table & 7;
    caps->msix.offset = table & ~7u;
    caps->msix.len = ((head >> 16 & 0x7ff) + 1) * 16;
}

bool pci_caps_read(uint32_t (*read)(void *function, unsigned offset), void *function,
                   struct pci_caps *caps)
{
    const struct reader r = {read, function};

    *caps = (struct pci_caps){.msix_at = 0};
    if (!(word(&r, STATUS) & STATUS_LIST))
        return false;
    unsigned at = word(&r, CAPABILITIES) & 0xfc;
    for (unsigned i = 0; i < LIST_MAX && at >= HEADER_END; i++) {
        uint32_t head = word(&r, at);
        if ((head & 0xff) == CAP_VENDOR)
            take_part(&r, at, head, caps);
        else if ((head & 0xff) == CAP_MSIX)
            take_msix(&r, at, head, caps);
        at = head >> 8 & 0xfc;
    }
    /* The sizes of what is accessed; ISR is not. */
    return caps->part[VIRTIO_COMMON].len >= 0x38 && caps->part[VIRTIO_COMMON].offset % 4 == 0 &&
           caps->part[VIRTIO_NOTIFY].len >= 2 && caps->part[VIRTIO_NOTIFY].offset % 2 == 0 &&
           caps->notify_step % 2 == 0;
}
