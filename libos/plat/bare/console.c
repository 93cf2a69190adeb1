/* SPDX-License-Identifier: MIT
 *
 * The device side of the two console devices (abi/device.h) over the serial ports, or for input a
 * virtio console. Output is taken whole and at once. Neither has an end: on the way in, the byte
 * EOT (Ctrl-D) ends the input, and DLE (Ctrl-P) makes the byte behind it an ordinary one. */
#include "bare/bare.h"

#define EOT 0x04
#define DLE 0x10
#define END (-2) /* as a byte: the end of the input */

#define QUEUE_SIZE 16
#define QUEUES     3

#define DESC_NEXT 1

/* A split virtqueue (virtio 1.2, 2.7), and how far this side has come. */
struct queue {
    struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags, next;
    } desc[QUEUE_SIZE];
    struct {
        uint16_t flags, idx, ring[QUEUE_SIZE], event;
    } avail;
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[QUEUE_SIZE];
        uint16_t event;
    } used __attribute__((aligned(4)));
} __attribute__((aligned(16)));

enum { INPUT, OUTPUT, ERRORS };
static struct queue queues[QUEUES];
static struct pith_console_config config; /* no terminal */
static bool literal;                      /* DLE came, the next byte is to follow */
static bool ended;                        /* EOT came */

struct pith_device bare_devices[CONSOLE_DEVICES + VIRTIO_DEVICES];

static struct pith_queue place(const struct queue *q)
{
    return (struct pith_queue){
        .desc = {(uintptr_t)q->desc},
        .avail = {(uintptr_t)&q->avail},
        .used = {(uintptr_t)&q->used},
        .size = QUEUE_SIZE,
    };
}

static void describe(struct pith_device *dev, const char *name, size_t name_size)
{
    dev->type = PITH_DEVICE_CONSOLE;
    dev->config = (pith_gaddr){(uintptr_t)&config};
    dev->config_len = sizeof(config);
    dev->features = PITH_CONSOLE_F_STATUS;
    __builtin_memcpy(dev->name, name, name_size);
}

void console_devices_start(void)
{
    describe(&bare_devices[0], "stdio", sizeof("stdio"));
    bare_devices[0].queue[PITH_CONSOLE_RX] = place(&queues[INPUT]);
    bare_devices[0].queue[PITH_CONSOLE_TX] = place(&queues[OUTPUT]);
    describe(&bare_devices[1], "stderr", sizeof("stderr"));
    bare_devices[1].queue[PITH_CONSOLE_TX] = place(&queues[ERRORS]);
}

/* Queues are served in order and at once, so what was used tells what was taken. */
static inline bool has_work(const struct queue *q)
{
    return q->used.idx != __atomic_load_n(&q->avail.idx, __ATOMIC_ACQUIRE);
}

static void use(struct queue *q, uint16_t head, uint32_t len)
{
    q->used.ring[q->used.idx % QUEUE_SIZE].id = head;
    q->used.ring[q->used.idx % QUEUE_SIZE].len = len;
    __atomic_store_n(&q->used.idx, (uint16_t)(q->used.idx + 1), __ATOMIC_RELEASE);
}

static uint16_t next_head(const struct queue *q)
{
    return q->avail.ring[q->used.idx % QUEUE_SIZE] % QUEUE_SIZE;
}

static int transmit(struct queue *q, enum serial_port port)
{
    int used = 0;

    for (; has_work(q); used++) {
        uint16_t head = next_head(q), at = head;
        uint32_t sum = 0;
        for (;;) {
            serial_put(port, (const char *)q->desc[at].addr, q->desc[at].len);
            sum += q->desc[at].len;
            if (!(q->desc[at].flags & DESC_NEXT))
                break;
            at = q->desc[at].next % QUEUE_SIZE;
        }
        use(q, head, sum);
    }
    return used;
}

static int get(void)
{
    return line_there() ? line_get() : serial_get(SERIAL_OUT);
}

/* The next byte of the input; -1 if none has come; END at its end. */
static int next_byte(void)
{
    int byte = ended ? END : get();

    if (byte == DLE && !literal) {
        literal = true;
        byte = get();
    }
    if (byte < 0)
        return byte;
    ended = byte == EOT && !literal;
    literal = false;
    return ended ? END : byte;
}

/* Fills the posted buffer with what has come. It is one piece: the driver posts no chains. The end
 * of the input stays: it is told to whoever reads again. */
static int receive(struct queue *q)
{
    uint16_t head = next_head(q);
    uint8_t *to = (uint8_t *)q->desc[head].addr;
    uint32_t got = 0;
    int byte = -1;

    while (got < q->desc[head].len && (byte = next_byte()) >= 0)
        to[got++] = (uint8_t)byte;
    if (got == 0 && byte != END)
        return 0;
    use(q, head, got);
    return 1;
}

int console_serve(void)
{
    int used = 0;

    if (has_work(&queues[OUTPUT]))
        used += transmit(&queues[OUTPUT], SERIAL_OUT);
    if (has_work(&queues[ERRORS]))
        used += transmit(&queues[ERRORS], SERIAL_ERR);
    if (has_work(&queues[INPUT]))
        used += receive(&queues[INPUT]);
    return used;
}

bool console_listens(void)
{
    return !line_there() && has_work(&queues[INPUT]);
}
