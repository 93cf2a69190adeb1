/* SPDX-License-Identifier: MIT
 *
 * The host's side of network devices (virtio 1.2, 5.1; abi/device.h): TAP devices, or a socket of
 * passt (net_user.h), opened before the sandbox closed. Packets of a TAP device go between the
 * host's device and guest memory without a copy of the monitor's, each by one system call; all that
 * are there in one poll. */
#ifndef PITH_MONITOR_NET_H
#define PITH_MONITOR_NET_H

#include <stdint.h>

#include "base/base.h"
#include "monitor/dev/busy_poll.h"
#include "monitor/dev/moderation.h"
#include "monitor/dev/queue.h"

#define NETS_MAX       4
#define NET_QUEUE_SIZE 256u
#define NET_PORTS_MAX  64
#define NET_FD_APART   48 /* descriptors from here on are nobody else's yet */

/* Buffers for one packet, over several chains of the guest. */
#define NET_PARTS_MAX 64

/* Buffers that the guest has posted, in its order, checked once; those that a packet did not take
 * are there for the next one. */
struct net_posted {
    unsigned part, chain;   /* the first ones */
    unsigned parts, chains; /* how many, at most NET_PARTS_MAX each */
    size_t room;            /* of all chains */
    struct iovec iov[2 * NET_PARTS_MAX];
    struct {
        uint16_t head, parts;
        size_t room;
    } buffer[2 * NET_PARTS_MAX]; /* chains */
};

struct net {
    char name[8];     /* "net0", the guest's for it */
    const char *host; /* name of the host's TAP device; NULL: --net user */
    int fd;           /* set by nets_open, as are the following */
    uint8_t mac[6];
    uint16_t mtu;
    bool stream;   /* (fd) is passt's: net_user.h; else each packet is a message, as of TAP */
    bool offloads; /* the host takes and gives large packets, and checksums that are not made yet */
    bool stopped;  /* a queue was malformed: no buffer is used any more */
    bool starved;  /* a packet may be there for which no buffer was */
    bool full;     /* a socket takes no more now */
    size_t sent;   /* --net user: bytes of the packet at hand that the socket has taken */
    struct queue rx, tx;
    struct net_posted posted; /* of (rx) */
};

struct nets {
    unsigned count;
    struct net dev[NETS_MAX];
    struct busy_poll busy;
    struct moderation moderation;
    uint64_t received;   /* receive buffers used in all */
    const char *trace;   /* file of --net-trace; NULL: none (net_trace.h) */
    unsigned port_count; /* of --net user, which at most one device is */
    struct net_port {
        char spec[60]; /* as passt has it: ADDR/HOST:GUEST */
        bool udp;
    } port[NET_PORTS_MAX];
};

/* Opens the devices of (ns), whose host is set. Returns 0; else a negative error number after a
 * message on standard error that says what to do. */
must_check int nets_open(struct nets *ns);

/* Moves the descriptors to (first_fd) and behind, over whatever is there. */
must_check int nets_place(struct nets *ns, unsigned first_fd);

/* Sends what the guest has queued, then receives what is there and has room. Never blocks. Returns
 * the number of receive buffers used. */
int nets_serve(struct nets *ns);

/* Whether packets of (n) are worth waiting for: the guest has buffers for them. */
bool net_wants_input(struct net *n);

/* The same of any of (ns). */
bool nets_want_input(struct nets *ns);

/* Whether (n) has something to send that the host did not take. */
bool net_wants_output(const struct net *n);

#endif
