/* SPDX-License-Identifier: MIT
 *
 * Block devices (virtio 1.2, 5.2; abi/device.h). Requests of a transfer are cut into pieces that
 * the device takes, and as many pieces as have room are queued before the device is asked to serve
 * them. The data travels from and to the caller's memory.
 *
 * The device is not trusted: what it reports of a piece is a status, read once; a device that
 * reports nothing for half a minute, or what was not asked, is stopped with a message and every
 * request answers -EIO. The program has one thread, and a transfer leaves nothing in flight: there
 * is no lock. */
#include <errno.h>
#include <string.h>

#include "abi/device.h"
#include "base/log.h"
#include "iface/blkdev.h"
#include "iface/signal.h"
#include "iface/wait.h"
#include "mm/heap.h"
#include "virtio/class.h"
#include "virtio/virtq.h"

/* virtio 1.2, 5.2.3 and 6. */
#define F_SIZE_MAX      (1ull << 1)
#define F_SEG_MAX       (1ull << 2)
#define F_RO            (1ull << 5)
#define F_BLK_SIZE      (1ull << 6)
#define F_FLUSH         (1ull << 9)
#define F_INDIRECT_DESC (1ull << 28)

/* virtio 1.2, 5.2.6. */
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_GET_ID = 8 };
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_NONE = 0xff };

#define SECTOR 512u

#define DISKS_MAX   8
#define PIECES      16         /* in flight at once */
#define PARTS       16         /* of a piece: header, data, status */
#define PIECE_BYTES (1u << 20) /* of data in a piece */
#define SLOTS_MAX   128        /* entries of the queue that are used */
#define ID_BYTES    20         /* of a serial number; NUL-terminated if shorter */

/* How long a device may take over what it has got. */
#define PATIENCE (30 * NSEC_PER_SEC)

/* A piece of a request, with the device while (request) is not NULL. */
struct piece {
    struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header;
    uint8_t status; /* the device's to write */
    int id;         /* of its chain */
    struct blk_request *request;
    struct virtq_desc table[PARTS];
};

struct disk {
    struct blkdev dev;
    struct virtq queue;
    unsigned in_flight;
    unsigned segments;      /* of data in a piece, at most */
    uint32_t segment_bytes; /* of one, at most; whole blocks */
    bool status;            /* PITH_BLOCK_F_STATUS */
    bool indirect;
    bool flush;
    bool stopped;
    unsigned device; /* number in the platform's table */
    char id[ID_BYTES + 1];
    struct piece piece[PIECES];
    struct virtq_slot slots[SLOTS_MAX];
};

static struct disk *disks[DISKS_MAX];

/* Where a transfer stands: what of its first request has been queued. */
struct progress {
    struct blk_request *request;
    unsigned requests; /* left, the first included */
    uint64_t done;     /* blocks of the first */
    unsigned iov;      /* element of its vector, and bytes of that */
    size_t offset;
};

static struct disk *to_disk(struct blkdev *dev)
{
    return container_of(dev, struct disk, dev);
}

/* Queues a piece whose data stands in parts[1] and behind, (n) of them. Returns false if there is
 * no room now; a queue that is broken sets the request's result. */
static bool queue_piece(struct disk *d, struct blk_request *request, uint32_t type, uint64_t sector,
                        struct virtq_part *parts, unsigned n)
{
    struct piece *p = d->piece;
    unsigned writable = type == TYPE_OUT ? 1 : n + 1;

    while (p < d->piece + PIECES && p->request)
        p++;
    if (p == d->piece + PIECES)
        return false;
    p->header.type = type;
    p->header.sector = sector;
    p->status = STATUS_NONE;
    parts[0] = (struct virtq_part){&p->header, sizeof(p->header)};
    parts[n + 1] = (struct virtq_part){&p->status, 1};
    p->id = d->indirect ? virtq_put_indirect(&d->queue, parts, n + 2, writable, p->table)
                        : virtq_put(&d->queue, parts, n + 2, writable);
    if (p->id == -ENOSPC)
        return false;
    if (p->id < 0) {
        request->result = p->id;
        return true;
    }
    p->request = request;
    d->in_flight++;
    return true;
}

/* What the device said of a piece, in terms of errno. (len) is the used length, (bytes) the
 * chain's. */
static int outcome(const struct disk *d, const struct piece *p, uint32_t len, uint32_t bytes)
{
    uint8_t status = *(const volatile uint8_t *)&p->status;
    int32_t error = (int32_t)len;

    if (status == STATUS_OK)
        return len <= bytes ? 0 : -EIO;
    if (status == STATUS_IOERR && d->status && error < 0 && error >= -4095)
        return error;
    return -EIO;
}

static void finish(struct disk *d, struct piece *p, int err)
{
    if (err && !p->request->result)
        p->request->result = err;
    p->request = NULL;
    d->in_flight--;
}

/* The device has broken the rules, or has been stopped: whatever is in flight has failed. A monitor
 * that stops a device has said why. */
static void give_up(struct disk *d, const char *why)
{
    if (!d->status && !d->stopped) {
        log_line("disk %s %s: it is stopped", d->dev.name, why);
        plat_device_stop(d->device);
    }
    d->stopped = d->queue.broken = true;
    for (struct piece *p = d->piece; p < d->piece + PIECES; p++)
        if (p->request)
            finish(d, p, -EIO);
}

/* Takes back one piece. False: none is there. */
static bool take_piece(struct disk *d)
{
    uint32_t len, bytes;
    int id = virtq_take(&d->queue, &len, &bytes);

    if (id == -EAGAIN)
        return false;
    for (struct piece *p = d->piece; id >= 0 && p < d->piece + PIECES; p++) {
        if (p->request && p->id == id) {
            finish(d, p, outcome(d, p, len, bytes));
            return true;
        }
    }
    give_up(d, "has used what it was not given");
    return true;
}

/* Lets the device serve the queue until it is done with some of it. */
static void wait_for_some(struct disk *d)
{
    nsec_t deadline = d->status ? DEADLINE_NOW : clock_monotonic() + PATIENCE;
    bool some = false;

    while (!some) {
        int served = wait_poll(deadline);
        while (d->in_flight > 0 && take_piece(d))
            some = true;
        /* A device of this kind is done when the poll returns, or never (abi/device.h). */
        if (!some && (d->status || (served == 0 && clock_monotonic() >= deadline))) {
            give_up(d, "has not answered for half a minute");
            some = true;
        }
        if (signal_collect)
            signal_collect();
    }
}

/* Checks a request before anything of it is queued. */
static int check(const struct disk *d, const struct blk_request *r)
{
    uint64_t blocks = 0;

    if (r->op == BLK_WRITE && d->dev.read_only)
        return -EROFS;
    for (unsigned i = 0; i < r->n; i++) {
        const struct iovec *v = &r->iov[i];
        if (v->iov_len % d->dev.block_size)
            return -EINVAL;
        if (!range_inside((uintptr_t)v->iov_base, v->iov_len, (uintptr_t)plat_info.mem,
                          plat_info.mem_len))
            return -EFAULT;
        int err = d->status ? 0 : plat_device_reach(v->iov_base, v->iov_len, r->op == BLK_READ);
        if (err)
            return err;
        if (__builtin_add_overflow(blocks, v->iov_len / d->dev.block_size, &blocks))
            return -EINVAL;
    }
    return range_inside(r->first, blocks, 0, d->dev.blocks) ? 0 : -EINVAL;
}

/* Fills parts[1] and behind with what comes next of the first request, and moves (at) past it.
 * Returns how many parts; 0 at the request's end. (*blocks) is how much they hold. */
static unsigned cut_piece(const struct disk *d, struct progress *at, struct virtq_part *parts,
                          uint64_t *blocks)
{
    const struct blk_request *r = at->request;
    size_t room = PIECE_BYTES;
    unsigned n = 0;

    while (at->iov < r->n && n < d->segments && room > 0) {
        const struct iovec *v = &r->iov[at->iov];
        size_t len = min_size(min_size(v->iov_len - at->offset, room), d->segment_bytes);
        if (len > 0)
            parts[++n] = (struct virtq_part){(char *)v->iov_base + at->offset, (uint32_t)len};
        room -= len;
        at->offset += len;
        if (at->offset == v->iov_len) {
            at->iov++;
            at->offset = 0;
        }
    }
    *blocks = (PIECE_BYTES - room) / d->dev.block_size;
    return n;
}

/* Queues pieces until there is no room, or nothing left. */
static void queue_pieces(struct disk *d, struct progress *at)
{
    struct virtq_part parts[PARTS];

    while (at->requests > 0) {
        struct blk_request *r = at->request;
        struct progress next = *at;
        uint64_t blocks;
        unsigned n = r->result ? 0 : cut_piece(d, &next, parts, &blocks);
        if (n == 0) {
            *at = (struct progress){.request = r + 1, .requests = at->requests - 1};
            continue;
        }
        uint64_t sector = (r->first + at->done) * (d->dev.block_size / SECTOR);
        if (!queue_piece(d, r, r->op == BLK_READ ? TYPE_IN : TYPE_OUT, sector, parts, n))
            return;
        *at = next;
        at->done += blocks;
    }
}

static int transfer(struct blkdev *dev, struct blk_request *requests, unsigned n)
{
    struct disk *d = to_disk(dev);
    struct progress at = {.request = requests, .requests = n};

    for (unsigned i = 0; i < n; i++)
        requests[i].result = check(d, &requests[i]);
    for (;;) {
        queue_pieces(d, &at);
        if (d->in_flight == 0)
            break;
        wait_for_some(d);
    }
    for (unsigned i = 0; i < n; i++)
        if (requests[i].result)
            return requests[i].result;
    return 0;
}

static int flush(struct blkdev *dev)
{
    struct disk *d = to_disk(dev);
    struct blk_request request = {.result = 0};
    struct virtq_part parts[2];

    if (!d->flush)
        return 0;
    if (!queue_piece(d, &request, TYPE_FLUSH, 0, parts, 0))
        return -EIO;
    while (d->in_flight > 0)
        wait_for_some(d);
    return request.result;
}

static const struct blkdev_ops disk_ops = {.transfer = transfer, .flush = flush};

/* Takes over what the device's configuration says. -ENODEV if that makes no sense. */
static int configure(struct disk *d, const struct plat_device *dev)
{
    const volatile struct pith_block_config *config = dev->config;
    uint32_t block = SECTOR;
    uint64_t limit = PIECE_BYTES;

    if (dev->config_len < sizeof(*config))
        return -ENODEV;
    if (dev->features & F_BLK_SIZE)
        block = config->blk_size;
    if (block < SECTOR || block > 65536 || (block & (block - 1)))
        return -ENODEV;
    if (dev->features & F_SIZE_MAX)
        limit = min_size(limit, config->size_max);
    d->segment_bytes = (uint32_t)align_down(limit, block);
    d->segments = 1;
    if (dev->features & F_SEG_MAX)
        d->segments = (unsigned)max_size(1, min_size(config->seg_max, PARTS - 2));
    d->dev.blocks = config->capacity / (block / SECTOR);
    d->dev.block_size = block;
    return d->segment_bytes > 0 && d->dev.blocks <= INT64_MAX / block ? 0 : -ENODEV;
}

/* Asks a device that has no name for its serial number, and takes that if it can be part of a
 * file's name. */
static void ask_name(struct disk *d)
{
    struct blk_request request = {.result = 0};
    struct virtq_part parts[3] = {[1] = {d->id, ID_BYTES}};
    size_t len = 0;

    if (!queue_piece(d, &request, TYPE_GET_ID, 0, parts, 1))
        return;
    while (d->in_flight > 0)
        wait_for_some(d);
    for (char c = d->id[0]; c; c = d->id[++len])
        if (!(c >= '0' && c <= '9') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != '-' &&
            c != '_' && (c != '.' || len == 0))
            break;
    if (d->id[len] || request.result)
        d->id[0] = '\0';
}

static int start(const struct plat_device *dev, unsigned index)
{
    struct disk *d = heap_alloc(sizeof(*d));

    if (!d)
        return -ENOMEM;
    int err = configure(d, dev);
    if (!err)
        err = virtq_start(&d->queue, &dev->queue[0], d->slots, SLOTS_MAX);
    d->indirect = dev->features & F_INDIRECT_DESC;
    /* Without indirect descriptors a piece takes several entries of the queue. */
    if (!err && !d->indirect)
        d->segments = (unsigned)min_size(d->segments, d->queue.slot_count - 2u);
    if (!err && !d->indirect && d->queue.slot_count < 3)
        err = -ENODEV;
    if (err) {
        heap_free(d, sizeof(*d));
        return err;
    }
    d->dev.ops = &disk_ops;
    d->dev.name = dev->name && dev->name[0] ? dev->name : d->id;
    d->dev.read_only = dev->features & F_RO;
    d->status = dev->features & PITH_BLOCK_F_STATUS;
    d->flush = dev->features & F_FLUSH;
    d->device = dev->number;
    if (d->dev.name == d->id)
        ask_name(d);
    disks[index] = d;
    return 0;
}

static struct virtio_class class = {PITH_DEVICE_BLOCK, DISKS_MAX, "disk", start, 0};

int blkdev_get(unsigned index, struct blkdev **dev)
{
    int err = index < DISKS_MAX && disks[index] ? 0 : virtio_class_start(&class, index);

    if (!err)
        *dev = &disks[index]->dev;
    return err;
}
