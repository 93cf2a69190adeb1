/* SPDX-License-Identifier: MIT
 *
 * The capability list of a virtio device on a PCI bus: the input is its configuration space.
 * Whatever the list looks like, it is walked in few steps, and what is taken from it is in range.
 *
 * sources: libos/plat/bare/pci_caps.c
 * uses: bare abi arch */
#include <stdlib.h>
#include <string.h>

#include "bare/virtio.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static unsigned reads;

static uint32_t config_read(void *function, unsigned offset)
{
    uint32_t word;

    if (offset % 4 || offset >= 256)
        abort();
    reads++;
    memcpy(&word, (uint8_t *)function + offset, 4);
    return word;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t space[256] = {0};
    struct pci_caps caps;

    memcpy(space, bytes, min_size(len, sizeof(space)));
    space[6] |= 0x10; /* there is a list: else there is little to see */
    reads = 0;
    bool usable = pci_caps_read(config_read, space, &caps);
    if (reads > 2 + 48 * 5)
        abort();
    for (unsigned i = 0; i < VIRTIO_PARTS; i++)
        if (caps.part[i].bar >= 6)
            abort();
    if (caps.msix_at &&
        (caps.msix_at < 0x40 || caps.msix_at % 4 || caps.msix.bar >= 6 || caps.msix.offset % 8))
        abort();
    if (usable && (caps.part[VIRTIO_COMMON].len < 0x38 || caps.part[VIRTIO_NOTIFY].len < 2))
        abort();
    return 0;
}
