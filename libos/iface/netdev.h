/* SPDX-License-Identifier: MIT
 *
 * Network devices: the contract between drivers (virtio/) and whoever uses packets (net/link for
 * the protocol stack, include/pith/net.h for programs). Packets travel in batches, each with its
 * link-layer header; a packet belongs to whoever was given it last. */
#ifndef PITH_IFACE_NETDEV_H
#define PITH_IFACE_NETDEV_H

#include "base/base.h"
#include "iface/pkt.h"

struct netdev;

struct netdev_ops {
    /* Takes over a list of packets to send. They leave with the next crossing: when a thread waits
     * or looks for events, when many are queued, or when the tick comes. Packets for which there
     * is no room are freed and counted. Never blocks. */
    void (*send)(struct netdev *dev, struct pkt *list);
};

/* What the device does by itself. */
#define NETDEV_TX_CSUM (1u << 0) /* PKT_CSUM_PARTIAL */
#define NETDEV_TSO4    (1u << 1) /* PKT_GSO_TCP4 of up to 65,535 bytes, with PKT_CSUM_PARTIAL */
#define NETDEV_TSO6    (1u << 2)
#define NETDEV_RX_CSUM                                                                             \
    (1u << 3) /* received packets may carry PKT_CSUM_OK; and may be longer than                    \
                 the MTU, with gso set */

struct netdev_counts {
    uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors;
    uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
};

struct netdev {
    const struct netdev_ops *ops;
    const char *name; /* as whoever runs the machine called it: "net0" */
    uint8_t mac[6];
    uint16_t mtu;    /* of a packet without its link-layer header; 68 to 65535 */
    unsigned offers; /* NETDEV_* */
    unsigned index;  /* as given to netdev_get */
    bool link;       /* the carrier is there */
    struct netdev_counts counts;
    /* Set by whoever uses the device, before the first packet can come. Called with a list, which
     * becomes its own, after a crossing has received some; must not block. NULL: they are dropped
     * (and no buffers need be posted). */
    void (*input)(struct netdev *dev, struct pkt *list);
    /* The carrier came or went. May be NULL. */
    void (*link_changed)(struct netdev *dev);
    void *user; /* of whoever set (input) */
};

/* Network device number (index), counted from 0 in the order in which the machine was given them,
 * in (*dev). The first call starts it; it stays for ever. Returns 0; -ENODEV (no such device),
 * -EIO (its description is not sound, or it broke the rules), -ENOMEM. Does not block. Implemented
 * by virtio/, chosen by linking. */
must_check int netdev_get(unsigned index, struct netdev **dev);

/* Waits until the devices have taken what was sent, for a fraction of a second at most: before the
 * machine ends. Weak. */
__attribute__((weak, visibility("hidden"))) void netdev_drain(void);

/* Frees the packets that devices have sent; they do so themselves when something has come. Weak. */
__attribute__((weak, visibility("hidden"))) void netdev_reclaim(void);

/* As netdev_drain, until they have given all of it back: a device that has not after half a minute
 * is stopped. Weak. */
__attribute__((weak, visibility("hidden"))) void netdev_take_back(void);

#define NETDEV_MAX 8

#endif
