/* SPDX-License-Identifier: MIT
 *
 * The device table: virtio devices (virtio 1.2) that the monitor serves. They have no
 * registers: features are not negotiated but given, and the monitor has placed the split virtqueues
 * (virtio 1.2, 2.7) in guest memory, zeroed and enabled. The guest makes buffers available and calls
 * PITH_HC_POLL. Event index and indirect descriptors are used only where (features) say so. A
 * malformed queue stops its device: it uses no further buffers. */
#ifndef PITH_ABI_DEVICE_H
#define PITH_ABI_DEVICE_H

#include <stdint.h>
#include "abi/boot.h"

#define PITH_DEVICE_QUEUES 3

/* Device types: the device IDs of virtio 1.2, section 5. */
#define PITH_DEVICE_NET     1u
#define PITH_DEVICE_BLOCK   2u
#define PITH_DEVICE_CONSOLE 3u

struct pith_queue {
    pith_gaddr desc;  /* (size) descriptors of 16 bytes */
    pith_gaddr avail; /* driver area */
    pith_gaddr used;  /* device area */
    uint32_t size;    /* entries, a power of two; 0: the device does not have this queue */
    uint32_t reserved;
};

struct pith_device {
    uint32_t type;
    uint32_t config_len;
    pith_gaddr config; /* device configuration, laid out as virtio 1.2 says for the type */
    uint64_t features; /* feature bits of virtio 1.2 and of this header */
    char name[16];     /* NUL-terminated */
    struct pith_queue queue[PITH_DEVICE_QUEUES];
};

/* Console devices (virtio 1.2, 5.3): queue 0 receives, queue 1 transmits. Two are always there:
 * "stdio" (standard input and output) and "stderr" (transmit only).
 *
 * PITH_CONSOLE_F_STATUS: the length of a used buffer is a signed 32-bit number: bytes received
 * or accepted, or a negative Linux error number (-EPIPE, -ENOSPC, -EIO ...). A received length of 0
 * is the end of the input. A transmit buffer may be accepted in part.
 * No transmit buffer stays with the device when PITH_HC_POLL returns, for whatever reason: one that the
 * host did not take by then is used with the number of bytes accepted so far, or -EAGAIN if
 * none. So a caller may send from memory that it reuses, write without blocking (deadline 0, which the
 * monitor honours even where the host's descriptor blocks), and be interrupted by a signal. Receive
 * buffers stay until they are filled. */
#define PITH_CONSOLE_RX       0
#define PITH_CONSOLE_TX       1
#define PITH_CONSOLE_F_STATUS (1ull << 50)

#define PITH_CONSOLE_TTY_IN  (1u << 0)
#define PITH_CONSOLE_TTY_OUT (1u << 1)

struct pith_console_config {
    uint16_t cols, rows;   /* of the terminal; 0 where there is none */
    uint32_t max_nr_ports; /* 0 */
    uint32_t emerg_wr;     /* unused */
    uint32_t tty;          /* PITH_CONSOLE_TTY_*; after the fields of virtio 1.2 */
};

/* Block devices (virtio 1.2, 5.2): one queue. Sectors are of 512 bytes; config holds what the feature bits
 * of virtio say.
 *
 * PITH_BLOCK_F_STATUS: the length of a used buffer whose status is VIRTIO_BLK_S_IOERR is a negative Linux
 * error number (-EIO, -ENOSPC, -EROFS, -EFAULT ...). And no request stays with the device when
 * PITH_HC_POLL returns, whatever its deadline: one that is not used by then never will be, because
 * the device has been stopped. */
#define PITH_BLOCK_F_STATUS (1ull << 50)

struct pith_block_config {
    uint64_t capacity; /* in sectors */
    uint32_t size_max; /* of one segment in bytes; 0: not said */
    uint32_t seg_max;  /* segments of data in a request */
    uint32_t geometry; /* 0 */
    uint32_t blk_size; /* what is best read and written at once, in bytes */
};

/* Network devices (virtio 1.2, 5.1): queue 0 receives, queue 1 transmits; every packet begins with the
 * header of 12 bytes. config holds what the feature bits of virtio say. Receive buffers are merged
 * (VIRTIO_NET_F_MRG_RXBUF). Packets that were sent do not count as used for PITH_HC_POLL, and so end
 * no wait. */
#define PITH_NET_RX     0
#define PITH_NET_TX     1

struct pith_net_config {
    uint8_t mac[6];
    uint16_t status; /* bit 0: the link is up */
    uint16_t max_pairs;
    uint16_t mtu;
};

_Static_assert(sizeof(struct pith_net_config) == 12, "ABI");
_Static_assert(sizeof(struct pith_block_config) == 24, "ABI");
_Static_assert(sizeof(struct pith_queue) == 32, "ABI");
_Static_assert(sizeof(struct pith_device) == 136, "ABI");
_Static_assert(sizeof(struct pith_console_config) == 16, "ABI");

#endif
