/* SPDX-License-Identifier: MIT
 *
 * From a device that a transport has found to a row of the device table (virtio 1.2, 2 and 3):
 * negotiation, queues, doorbells, interrupts. Drivers only fill rings; what PITH_HC_POLL finds new
 * in them is told to the device here. With the event index (2.7.7 and 2.7.10) the device says from
 * which entry on it wants to hear, and it is told to interrupt only before the machine sleeps. */
#include <errno.h>

#include "bare/bare.h"
#include "bare/virtio.h"

#define QUEUE_MAX     128 /* entries; a queue is one page */
#define NET_QUEUE_MAX 256 /* likewise, two pages */

#define CONFIG_MAX 24

#define COMMON (VIRTIO_VERSION_1 | VIRTIO_EVENT_IDX | VIRTIO_INDIRECT_DESC)

/* How often a device is asked whether it is done with a reset. */
#define PATIENCE 1000000u

#define DESC_WRITE     2u
#define USED_NO_NOTIFY 1u

/* What is wanted, and the features that the drivers know: virtio 1.2, 5. */
static const struct kind {
    uint16_t type;
    uint8_t queues;
    uint8_t config_len; /* what of the configuration the driver reads */
    bool own;           /* the platform's, not for the device table */
    bool answers;       /* what it uses answers what it was asked for: it comes soon */
    uint8_t silent;     /* bit N: nobody waits for what is used in queue N */
    uint16_t queue_max; /* entries */
    uint64_t features;
    uint64_t unwanted; /* a device that offers one of these is for something else */
} kinds[] = {
    /* CSUM, GUEST_CSUM, MTU, MAC, GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6, MRG_RXBUF, STATUS
     */
    {VIRTIO_NET, 2, sizeof(struct pith_net_config), false, false, 1u << PITH_NET_TX, NET_QUEUE_MAX,
     0x199ab, 0},
    /* SIZE_MAX, SEG_MAX, RO, BLK_SIZE, FLUSH */
    {VIRTIO_BLOCK, 1, sizeof(struct pith_block_config), false, true, 0, QUEUE_MAX, 0x266, 0},
    /* A device with MULTIPORT is a bundle of channels, none of which need be a console. */
    {VIRTIO_CONSOLE, 2, 0, true, true, 0, QUEUE_MAX, 0, 1u << 1},
    {VIRTIO_ENTROPY, 1, 0, true, true, 0, QUEUE_MAX, 0, 0},
};

/* virtio 1.2, 2.7.5 to 2.7.8; the event indices are behind the rings' entries. */
struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct avail {
    uint16_t flags, idx;
    uint16_t ring[];
};

struct used {
    uint16_t flags, idx;
    struct {
        uint32_t id, len;
    } ring[];
};

struct queue {
    struct desc *desc; /* NULL: not there */
    struct avail *avail;
    volatile struct used *used;
    uint16_t size;
    uint16_t told;   /* avail->idx that the device has been told of */
    uint16_t seen;   /* used->idx that virtio_serve has counted */
    uint16_t counts; /* all bits, or for a queue that is silent none */
};

static struct virtio_device {
    struct transport t;
    const struct kind *kind;
    bool event; /* VIRTIO_EVENT_IDX */
    bool stopped;
    uint8_t config[CONFIG_MAX]; /* a copy */
    struct queue queue[PITH_DEVICE_QUEUES];
} devices[VIRTIO_DEVICES];

static unsigned count;
static bool some_need_naps; /* a device cannot end a sleep */
/* What of them is behind the consoles in the device table. */
static struct virtio_device *listed[VIRTIO_DEVICES];
static unsigned listed_count;

void virtio_refuse(uint64_t address, const char *why)
{
    say_text("pith: virtio device at 0x");
    say_hex(address, 1);
    say_text(": ");
    say_text(why);
    say_text("\n");
}

static bool reset(const struct transport *t)
{
    uint32_t tries = 0;

    t->ops->set_status(t, 0);
    while (t->ops->status(t) != 0)
        if (++tries == PATIENCE)
            return false;
    return true;
}

static uint16_t *used_event(const struct queue *q)
{
    return &q->avail->ring[q->size];
}

static uint16_t avail_event(const struct queue *q)
{
    return *(const volatile uint16_t *)&q->used->ring[q->size];
}

/* Places queue (i) in fresh memory and enables it. Returns NULL, or why not. */
static const char *start_queue(struct virtio_device *d, unsigned i, struct pith_queue *place)
{
    uint32_t max = d->t.ops->queue_max(&d->t, i), size = d->kind->queue_max;
    struct queue *q = &d->queue[i];

    while (size > max)
        size /= 2;
    if (size == 0)
        return "it lacks a queue";
    uint64_t page = pages_take(size > QUEUE_MAX ? 2 : 1);
    if (!page)
        return "no memory for its queues";
    q->size = (uint16_t)size;
    q->counts = d->kind->silent >> i & 1 ? 0 : UINT16_MAX;
    q->desc = (struct desc *)page;
    q->avail = (struct avail *)(page + 16 * size);
    q->used = (struct used *)align_up((uintptr_t)used_event(q) + 2, 4);
    _Static_assert(16 * QUEUE_MAX + 6 + 2 * QUEUE_MAX + 2 + 6 + 8 * QUEUE_MAX <= PAGE_SIZE,
                   "a queue fits in a page");
    _Static_assert(NET_QUEUE_MAX == 2 * QUEUE_MAX, "and one of twice the length in two");
    *used_event(q) = UINT16_MAX; /* never, so far: the ring starts at 0 */
    *place = (struct pith_queue){
        .desc = {page}, .avail = {(uintptr_t)q->avail}, .used = {(uintptr_t)q->used}, .size = size};
    return d->t.ops->queue_start(&d->t, i, place) ? NULL : "its doorbell is out of its area";
}

/* Copies the configuration, so that no part is older than another. Returns NULL, or why not. */
static const char *copy_config(struct virtio_device *d)
{
    const struct transport *t = &d->t;
    uint32_t len = d->kind->config_len, before, tries = 0;

    if (t->config_len < len)
        return "its configuration is too short";
    do {
        before = t->ops->generation(t);
        for (uint32_t i = 0; i < len; i += 4) {
            uint32_t word = read32(t->config + i);
            __builtin_memcpy(d->config + i, &word, 4);
        }
        if (tries++ == 100)
            return "its configuration does not stand still";
    } while (t->ops->generation(t) != before);
    return NULL;
}

static const char *negotiate(struct virtio_device *d, uint64_t *features)
{
    const struct transport *t = &d->t;
    uint8_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;

    if (!reset(t))
        return "it does not take a reset";
    t->ops->set_status(t, status);
    uint64_t offered = t->ops->features(t);
    if (!(offered & VIRTIO_VERSION_1))
        return "it is a legacy device";
    *features = offered & (d->kind->features | COMMON);
    t->ops->accept(t, *features);
    status |= VIRTIO_FEATURES_OK;
    t->ops->set_status(t, status);
    if (!(t->ops->status(t) & VIRTIO_FEATURES_OK))
        return "it does not work with the features that it offered";
    d->event = *features & VIRTIO_EVENT_IDX;
    return NULL;
}

static const char *start(struct virtio_device *d, struct pith_device *row)
{
    const char *why = negotiate(d, &row->features);

    if (!why)
        why = copy_config(d);
    for (unsigned i = 0; !why && i < d->kind->queues; i++)
        why = start_queue(d, i, &row->queue[i]);
    if (why)
        return why;
    row->type = d->kind->type;
    row->config.addr = (uintptr_t)d->config;
    row->config_len = d->kind->config_len;
    d->t.ops->set_status(&d->t, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
                                    VIRTIO_DRIVER_OK);
    return NULL;
}

void virtio_add(const struct transport *t)
{
    struct pith_device row = {.type = 0};
    struct virtio_device *d = &devices[count];
    const struct kind *kind = NULL;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].type == t->type)
            kind = &kinds[i];
    if (!kind || (kind->unwanted && t->ops->features(t) & kind->unwanted))
        return;
    if (count == VIRTIO_DEVICES) {
        virtio_refuse(t->regs, "too many devices");
        return;
    }
    *d = (struct virtio_device){.t = *t, .kind = kind};
    const char *why = start(d, &row);
    if (why) {
        t->ops->set_status(t, VIRTIO_FAILED);
        virtio_refuse(t->regs, why);
        return;
    }
    some_need_naps |= !d->t.wakes;
    if (!kind->own) {
        bare_devices[CONSOLE_DEVICES + listed_count] = row;
        listed[listed_count++] = d;
    }
    count++;
}

unsigned virtio_start(void)
{
    mmio_find();
    pci_find();
    return listed_count;
}

/* Tells the device of buffers up to (now). */
static void ring_bell(struct virtio_device *d, unsigned i, uint16_t now)
{
    struct queue *q = &d->queue[i];
    uint16_t old = q->told;

    q->told = now;
    /* The device looks at the index before it says that it wants to hear of more: show it first. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (d->event ? (uint16_t)(now - avail_event(q) - 1) < (uint16_t)(now - old)
                 : !(q->used->flags & USED_NO_NOTIFY))
        d->t.ops->notify(&d->t, i);
}

int virtio_serve(void)
{
    uint32_t used = 0;

    for (unsigned n = 0; n < listed_count; n++) {
        struct virtio_device *d = listed[n];
        struct queue *end = d->stopped ? d->queue : d->queue + d->kind->queues;
        for (struct queue *q = d->queue; q < end; q++) {
            uint16_t posted = q->avail->idx;
            if (posted != q->told)
                ring_bell(d, (unsigned)(q - d->queue), posted);
            uint16_t now = q->used->idx;
            used += (uint16_t)(now - q->seen) & q->counts;
            q->seen = now;
        }
    }
    return (int)used;
}

/* Whether the device has a buffer. */
static bool in_flight(const struct virtio_device *d)
{
    for (unsigned i = 0; !d->stopped && i < d->kind->queues; i++)
        if (d->queue[i].avail->idx != d->queue[i].used->idx)
            return true;
    return false;
}

bool virtio_busy(void)
{
    for (struct virtio_device *d = devices; d < devices + count; d++)
        if (d->kind->answers && in_flight(d))
            return true;
    return false;
}

bool virtio_needs_naps(void)
{
    for (struct virtio_device *d = devices; some_need_naps && d < devices + count; d++)
        if (!d->t.wakes && in_flight(d))
            return true;
    return false;
}

void virtio_arm(void)
{
    for (struct virtio_device *d = devices; d < devices + count; d++) {
        if (d->stopped)
            continue;
        d->t.ops->quiet(&d->t);
        struct queue *end = d->event ? d->queue + d->kind->queues : d->queue;
        for (struct queue *q = d->queue; q < end; q++)
            if (q->counts)
                *used_event(q) = q->seen;
    }
    /* The device looks there after it has used a buffer: one that it used before is seen after
     * this. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

long virtio_stop(uint64_t index)
{
    if (index < CONSOLE_DEVICES || index - CONSOLE_DEVICES >= listed_count)
        return -EINVAL;
    virtio_drop(listed[index - CONSOLE_DEVICES]);
    return 0;
}

struct virtio_device *virtio_find(unsigned type, unsigned index)
{
    for (struct virtio_device *d = devices; d < devices + count; d++)
        if (d->kind->type == type && index-- == 0)
            return d;
    return NULL;
}

void virtio_give(struct virtio_device *d, unsigned i, const void *buffer, uint32_t len, bool write)
{
    struct queue *q = &d->queue[i];

    q->desc[0] = (struct desc){(uintptr_t)buffer, len, write ? DESC_WRITE : 0, 0};
    q->avail->ring[q->avail->idx % q->size] = 0;
    __atomic_store_n(&q->avail->idx, (uint16_t)(q->avail->idx + 1), __ATOMIC_RELEASE);
    ring_bell(d, i, q->avail->idx);
}

int64_t virtio_taken(struct virtio_device *d, unsigned i)
{
    struct queue *q = &d->queue[i];
    uint16_t now = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);

    if (d->stopped)
        return 0;
    if (now == q->seen)
        return -1;
    uint32_t len = q->used->ring[q->seen % q->size].len;
    q->seen = now;
    if (now != q->avail->idx || len > q->desc[0].len) {
        virtio_refuse(d->t.regs, "it uses what it was not given: it is stopped");
        virtio_drop(d);
        return 0;
    }
    return len;
}

void virtio_drop(struct virtio_device *d)
{
    if (!d->stopped && !reset(&d->t))
        virtio_refuse(d->t.regs, "it does not take a reset");
    d->stopped = true;
}
