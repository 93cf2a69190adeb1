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

#define QUEUE_SIZE 16u /* entries of most queues that the monitor makes */
#define CHAIN_MAX  40u /* buffers of a chain: a packet of 64 KiB in pieces of 1920 bytes */

/* The rings of a queue of QUEUE_SIZE entries as they lie in memory; those of larger ones likewise.
 */
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

_Static_assert(offsetof(struct queue_rings, avail) == 16 * QUEUE_SIZE, "as queue_avail_at has it");

struct queue {
    struct queue_rings *rings; /* NULL: the device does not have this queue */
    uint16_t size;             /* entries, a power of two; 0: QUEUE_SIZE */
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
    struct iovec iov[CHAIN_MAX];
};

/* Copies (len) bytes between the monitor's memory and the guest's. False where one of them cannot
 * be accessed; any part may have been copied then. Implemented by the back end: a guest may have
 * made any of its pages inaccessible. */
bool probe_copy(void *to, const void *from, size_t len);

/* Finds the next chain without taking it. Returns 1 and fills (chain); 0 if there is none; -EPROTO
 * if the queue is malformed, with *why in words (static text). The caller must not use it further.
 */
must_check int queue_peek(const struct queue *q, struct queue_chain *chain, const char **why);

/* The same for the chain (ahead) behind the next one. */
must_check int queue_peek_ahead(const struct queue *q, unsigned ahead, struct queue_chain *chain,
                                const char **why);

/* Bytes of the rings of a queue of (size) entries, and where its parts lie in them. */
static inline size_t queue_avail_at(unsigned size)
{
    return 16u * (size_t)size;
}

static inline size_t queue_used_at(unsigned size)
{
    return align_up(queue_avail_at(size) + 6 + 2 * (size_t)size, 4);
}

static inline size_t queue_rings_len(unsigned size)
{
    return align_up(queue_used_at(size) + 6 + 8 * (size_t)size, 16);
}

/* Takes the next chain, which a peek found with (head), and gives it back as used, with (len) as
 * its length. */
void queue_use(struct queue *q, uint16_t head, uint32_t len);

#endif
