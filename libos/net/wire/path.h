/* SPDX-License-Identifier: MIT
 *
 * What IP remembers of the way to a peer between two packets of the same flow, kept by the flow
 * (a TCP connection, a socket that is connected). All zero at first: unknown. */
#ifndef PITH_WIRE_PATH_H
#define PITH_WIRE_PATH_H

#include "base/base.h"

struct net_path {
    /* What the flow's owner may set before any packet; 0: the default. */
    uint8_t ttl;       /* or hop limit */
    uint8_t tos;       /* or traffic class */
    uint8_t no_frag;   /* IP_PMTUDISC_DO and its like: 1 sets DF and never fragments; 2: DF, and
                          ignores what is known of the path's MTU (PROBE) */
    uint8_t use_iface; /* SO_BINDTODEVICE: index of the only interface, 0: any */
    bool no_loop; /* IP_MULTICAST_LOOP off */
    /* IP's. */
    uint8_t offers;      /* NETDEV_* of the interface's device */
    uint8_t header_len;  /* of IP in (header), behind the link layer's; 0: to be looked up */
    bool resolved;       /* the neighbour is known, and the link layer's header complete */
    bool local;          /* to this machine itself */
    uint16_t mtu;        /* of the path: IP header and all behind it */
    uint32_t generation; /* of the tables that it was found in */
    void *iface;         /* struct ip_iface */
    uint8_t header[54];  /* Ethernet and IP, ready to be copied before a segment: lengths, id and
                            checksum missing */
    uint16_t own_mtu;    /* (mtu) without what routers told: what our interface takes */
};

#endif
