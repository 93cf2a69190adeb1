/* SPDX-License-Identifier: MIT
 *
 * Raw packets for programs: in batches, each with its Ethernet header, without a copy between the
 * program and the device. Below the sockets, and beside them if wished. Only for images; link as any
 * other program. Functions return a negative error number of errno.h; errno is not touched. They
 * may be called from any thread, never from a signal handler. */
#ifndef PITH_NET_H
#define PITH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A packet is a chain of pieces; the first one, the head, speaks for the whole packet. */
struct pith_packet {
    struct pith_packet *next; /* the next packet of a list; NULL at its end */
    struct pith_packet *more; /* the packet goes on there; NULL in its last piece */
    uint8_t *data;            /* of this piece; may be written, unless the packet was sent */
    uint32_t len;             /* bytes of this piece */
    uint32_t total;           /* head: bytes of all pieces */
};

/* A device, as the machine has it. */
struct pith_net_info {
    char name[16];
    uint8_t mac[6];
    uint16_t mtu;     /* without the Ethernet header */
    unsigned offload; /* PITH_NET_* */
};

#define PITH_NET_CSUM  (1u << 0) /* makes checksums of packets that it sends */
#define PITH_NET_LARGE (1u << 1) /* received packets may be longer than the MTU: whole TCP streams'
                                    parts, to be cut where they are sent */

/* Bytes that a packet of one piece can have. */
#define PITH_PACKET_MAX 1792

/* Opens network device number (index), from 0: its packets are the program's. (mine), if not NULL,
 * says which of them are, and the others go to the library OS's own sockets; it sees the head and may
 * not keep, change or send anything. Its first 14 bytes at least lie in the head's first piece.
 * Returns 0; -ENODEV: there is no such device (pith run --net); -EIO; -ENOMEM; -EBUSY: it is open. */
int pith_net_open(unsigned index, bool (*mine)(const struct pith_packet *p, void *arg), void *arg);

/* What there is to know of an open device. 0; -EBADF. */
int pith_net_info(unsigned index, struct pith_net_info *info);

/* Fetches up to (max) of the packets that have come, in (*list), and waits for the first one for
 * (timeout_ms): 0 not at all, -1 for ever. What was sent before leaves then. The packets belong to
 * the caller, who sends or frees them. Returns how many; 0: none in time; -EBADF; -EINTR. */
int pith_net_receive(unsigned index, struct pith_packet **list, unsigned max, int timeout_ms);

/* The same for all open devices that (set) has the bits of: (*index) says which device the list is
 * from; they take turns. */
int pith_net_receive_any(unsigned set, unsigned *index, struct pith_packet **list, unsigned max,
                         int timeout_ms);

/* Sends a list of packets, which belongs to the device from now on. They leave with the next call
 * that waits or looks for packets or events, or after about a millisecond. Received packets may be
 * sent, on another device too: what was left to a device of their checksums and their cutting into
 * segments is done by that device; one that cannot drops the packet. Never blocks. 0; -EBADF, and the
 * packets are freed. */
int pith_net_send(unsigned index, struct pith_packet *list);

/* A packet of one piece of (len) bytes, up to PITH_PACKET_MAX, not cleared. NULL: no memory. */
struct pith_packet *pith_packet_alloc(size_t len);

/* Makes the first (n) bytes lie in the head in a row. False: it has not so many, or no room. */
bool pith_packet_pull(struct pith_packet *p, size_t n);

/* Makes the packet (n) bytes long by cutting off what is behind them. Whatever was left to a device
 * is forgotten: the packet is as the program made it. */
void pith_packet_trim(struct pith_packet *p, size_t n);

/* The program has written (p) anew: its checksums are all right as they stand. */
void pith_packet_made(struct pith_packet *p);

/* Frees a list of packets with all their pieces. */
void pith_packet_free(struct pith_packet *list);

#ifdef __cplusplus
}
#endif

#endif
