/* SPDX-License-Identifier: MIT
 *
 * Virtio devices of a bare machine (virtio 1.2). The library OS's drivers see rings and a feature
 * set, as abi/device.h has them, and no more: what stands between a device and that is here. A
 * transport (mmio.c, pci.c) finds devices and knows their registers; virtio.c negotiates, places
 * the queues, rings doorbells and stops what breaks the rules. Under Pith's monitor there are no
 * registers, so that the third transport, hosted, is the device table itself.
 *
 * A device is not trusted: what it says is read once and checked. One that makes no sense is left
 * alone, with one message, and the machine goes on without it. */
#ifndef PITH_BARE_VIRTIO_H
#define PITH_BARE_VIRTIO_H

#include "abi/device.h"
#include "base/base.h"

/* Bits of the device status (2.1) and feature bits of every device (6). */
#define VIRTIO_ACKNOWLEDGE   1u
#define VIRTIO_DRIVER        2u
#define VIRTIO_DRIVER_OK     4u
#define VIRTIO_FEATURES_OK   8u
#define VIRTIO_FAILED        128u
#define VIRTIO_INDIRECT_DESC (1ull << 28)
#define VIRTIO_EVENT_IDX     (1ull << 29)
#define VIRTIO_VERSION_1     (1ull << 32)

#define VIRTIO_NET     1u
#define VIRTIO_BLOCK   2u
#define VIRTIO_CONSOLE 3u
#define VIRTIO_ENTROPY 4u

/* The parts of a PCI device's memory (4.1.4), in the order of their numbers, from 1 on. */
enum virtio_part { VIRTIO_COMMON, VIRTIO_NOTIFY, VIRTIO_ISR, VIRTIO_CONFIG, VIRTIO_PARTS };

/* A device as its transport has found it. All areas are mapped, outside of memory. */
struct transport {
    const struct transport_ops *ops;
    uint64_t regs;   /* mmio: all registers; pci: the common configuration */
    uint64_t config; /* the device configuration, of (config_len) bytes */
    uint32_t config_len;
    uint32_t notify_len, notify_step; /* pci: the notification area at (notify), 4.1.4.4 */
    uint64_t notify;
    uint16_t type;                     /* virtio device ID */
    bool wakes;                        /* its interrupts end a hlt */
    uint16_t bell[PITH_DEVICE_QUEUES]; /* pci: what of the area is each queue's, in steps */
};

/* No function blocks. A queue is named by its number, below PITH_DEVICE_QUEUES. */
struct transport_ops {
    /* The device status; and setting it, where 0 resets: the device is done when it reads 0 again.
     */
    uint8_t (*status)(const struct transport *t);
    void (*set_status)(const struct transport *t, uint8_t status);
    /* What the device offers, and telling it what of that is used. */
    uint64_t (*features)(const struct transport *t);
    void (*accept)(const struct transport *t, uint64_t features);
    /* A number that changes whenever the device configuration does. */
    uint32_t (*generation)(const struct transport *t);
    /* How many entries the queue can have; 0: there is none, or it is in use. */
    uint32_t (*queue_max)(const struct transport *t, unsigned queue);
    /* Tells the device where the queue is, and enables it. False: the device names a place for its
     * doorbell that is not there. */
    bool (*queue_start)(struct transport *t, unsigned queue, const struct pith_queue *place);
    /* Rings the queue's doorbell. */
    void (*notify)(const struct transport *t, unsigned queue);
    /* Acknowledges interrupts, so that the next one is sent. */
    void (*quiet)(const struct transport *t);
};

/* mmio.c: mmio_read takes note of the devices that words of the machine's command line name
 * (Linux's virtio_mmio.device=SIZE@ADDRESS:IRQ), while the line can be read: before the final page
 * tables. mmio_find hands them to virtio_add. */
void mmio_read(const char *line);
void mmio_find(void);

/* pci.c: hands virtio_add the devices on the PCI buses that the ports 0xcf8 and 0xcfc lead to. */
void pci_find(void);

/* pci_caps.c: where the parts of a virtio device and its MSI-X table are. */
struct pci_place {
    uint8_t bar;
    uint32_t offset, len; /* len 0: not there */
};
struct pci_caps {
    struct pci_place part[VIRTIO_PARTS];
    uint32_t notify_step;
    struct pci_place msix; /* its table */
    uint8_t msix_at;       /* of its capability; 0: none */
};

/* Reads the capability list of a function through (read), which returns the aligned word at
 * (offset), below 256, of its configuration space. The first capability of a kind that makes sense
 * counts. Bounded whatever the list looks like. False: there is no virtio device in it that can be
 * used. */
bool pci_caps_read(uint32_t (*read)(void *function, unsigned offset), void *function,
                   struct pci_caps *caps);

/* virtio.c: takes over a device of a transport, if it is of a kind that is wanted and does as it
 * should. (t) is copied. */
void virtio_add(const struct transport *t);

/* Prints "pith: virtio device at ADDRESS: WHY". */
void virtio_refuse(uint64_t address, const char *why);

/* Finds and starts all devices, once, when memory is mapped. Those for drivers of the library OS
 * are in the device table from then on, behind the consoles; returns their number. */
unsigned virtio_start(void);

/* Rings the doorbells that are due, and counts the buffers that were used since the last call. */
int virtio_serve(void);

/* Whether a device has yet to answer something: packets do not, they come when they come. */
bool virtio_busy(void);

/* Arms the interrupts of all devices: a buffer that is used from now on ends a sleep. Those that
 * were used before do not: whoever is about to sleep must look for them once more. */
void virtio_arm(void);

/* Whether a device that has a buffer cannot end a sleep. */
bool virtio_needs_naps(void);

/* Stops the device at (index) of the device table. */
long virtio_stop(uint64_t index);

/* For devices that the platform itself drives: number (index) of (type), or NULL. */
struct virtio_device;
struct virtio_device *virtio_find(unsigned type, unsigned index);

/* Gives the device one buffer, to read or to write, and rings the doorbell. One is in flight in a
 * queue at a time. virtio_taken: -1: the buffer is with the device; else it is back, with so many
 * bytes written, at most its length; and 0 for a device that has been stopped. */
void virtio_give(struct virtio_device *d, unsigned queue, const void *buffer, uint32_t len,
                 bool write);
int64_t virtio_taken(struct virtio_device *d, unsigned queue);

/* Resets a device that is not needed any more. */
void virtio_drop(struct virtio_device *d);

static inline uint8_t read8(uint64_t at)
{
    return *(const volatile uint8_t *)at;
}

static inline uint16_t read16(uint64_t at)
{
    return *(const volatile uint16_t *)at;
}

static inline uint32_t read32(uint64_t at)
{
    return *(const volatile uint32_t *)at;
}

static inline void write8(uint64_t at, uint8_t value)
{
    *(volatile uint8_t *)at = value;
}

static inline void write16(uint64_t at, uint16_t value)
{
    *(volatile uint16_t *)at = value;
}

static inline void write32(uint64_t at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}

#endif
