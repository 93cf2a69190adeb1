/* SPDX-License-Identifier: MIT
 *
 * The device's side of a split virtqueue (virtio 1.2, 2.7) without event index: a poll serves all
 * that is there, so there is nobody to tell of more. The guest may write the rings at any moment
 * and put anything there: each value is read once, checked, and then only the checked copy is used.
 * Nothing here touches the buffers themselves. */
#ifndef PITH_MONITOR_QUEUE_H
#define PITH_MONITOR_QUEUE_H

#include <stdint.h>
#include <sys/uio.h>

#include "base/base.h"

#define QUEUE_SIZE 16u /* entries of every queue that the monitor makes */

/* One queue's rings as they lie in memory. */
struct queue_rings {
    struct queue_desc {
        uint64_t addr;
        uint32_t len;
        uint16_t flags;
        uint16_t next;
    } desc[QUEUE_SIZE];
    struct {
        uint16_t flags, idx, ring[QUEUE_SIZE], used_event;
    } avail;
    struct {
        uint16_t flags, idx;
        struct queue_used {
            uint32_t id, len;
        } ring[QUEUE_SIZE];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
} __attribute__((aligned(16)));

struct queue {
    struct queue_rings *rings; /* NULL: the device does not have this queue */
    char *mem;                 /* guest memory as the monitor sees it */
    uint64_t mem_base;         /* as the guest sees it */
    uint64_t mem_len;
    uint16_t seen; /* chains taken so far, modulo 2^16 */
    uint16_t used; /* chains given back so far, modulo 2^16 */
    bool writable; /* buffers are for the device to write */
    bool mixed; /* instead: chains hold buffers to read, then buffers to write; and a chain may be
                   one indirect descriptor (VIRTIO_F_INDIRECT_DESC) */
};

/* The buffers of one chain; (iov) is inside guest memory. */
struct queue_chain {
    uint16_t head;
    int count;    /* at least 1 */
    int readable; /* how many are for the device to read; those to write follow them */
    struct iovec iov[QUEUE_SIZE];
};

/* Copies (len) bytes between the monitor's memory and the guest's. False where one of them cannot
 * be accessed; any part may have been copied then. Implemented by the back end: a guest may have
 * made any of its pages inaccessible. */
bool probe_copy(void *to, const void *from, size_t len);

/* Finds the next chain without taking it. Returns 1 and fills (chain); 0 if there is none; -EPROTO
 * if the queue is malformed, with *why in words (static text). The caller must not use it further.
 */
must_check int queue_peek(const struct queue *q, struct queue_chain *chain, const char **why);

/* Takes the chain that queue_peek found and gives it back as used, with (len) as its length. */
void queue_use(struct queue *q, const struct queue_chain *chain, uint32_t len);

#endif
