/* SPDX-License-Identifier: MIT
 *
 * Virtio consoles (virtio 1.2, 5.3) in place of serial ports: the first one the machine has is
 * standard input and output, the second one standard error. They carry the same bytes, only faster.
 * Each direction has a page and one buffer in flight, so that nobody waits for a device that the
 * host does not empty, but who wants to. */
#include "bare/bare.h"
#include "bare/virtio.h"

enum { RECEIVE, TRANSMIT };

/* How often a console that takes nothing is asked before the rest of the output is dropped, at the
 * machine's end: some seconds. */
#define PATIENCE 100000000u

static struct line {
    struct virtio_device *dev; /* NULL: there is a serial port only */
    uint8_t *out;              /* a page */
    uint32_t len;              /* of what is in (out) */
    bool sending;
} lines[SERIAL_PORTS];

static uint8_t *input; /* a page: [next, end) has come and is not taken yet */
static uint32_t next, end;

void line_start(void)
{
    for (unsigned i = 0; i < SERIAL_PORTS; i++) {
        struct virtio_device *dev = virtio_find(VIRTIO_CONSOLE, i);
        lines[i].out = dev ? (uint8_t *)pages_take(1) : NULL;
        lines[i].dev = lines[i].out ? dev : NULL;
    }
    input = lines[SERIAL_OUT].dev ? (uint8_t *)pages_take(1) : NULL;
    if (input)
        virtio_give(lines[SERIAL_OUT].dev, RECEIVE, input, PAGE_SIZE, true);
}

bool line_there(enum serial_port port)
{
    return lines[port].dev;
}

uint32_t line_room(enum serial_port port)
{
    struct line *l = &lines[port];

    if (l->sending && virtio_taken(l->dev, TRANSMIT) >= 0) {
        l->sending = false;
        l->len = 0;
    }
    return l->sending ? 0 : (uint32_t)PAGE_SIZE - l->len;
}

void line_put(enum serial_port port, const char *text, uint32_t len)
{
    struct line *l = &lines[port];

    __builtin_memcpy(l->out + l->len, text, len);
    l->len += len;
}

void line_send(enum serial_port port)
{
    struct line *l = &lines[port];

    if (l->len == 0 || l->sending)
        return;
    l->sending = true;
    virtio_give(l->dev, TRANSMIT, l->out, l->len, false);
}

int line_get(void)
{
    if (!input)
        return -1;
    if (next == end) {
        int64_t got = virtio_taken(lines[SERIAL_OUT].dev, RECEIVE);
        if (got <= 0)
            return -1;
        next = 0;
        end = (uint32_t)got;
    }
    int byte = input[next++];
    if (next == end)
        virtio_give(lines[SERIAL_OUT].dev, RECEIVE, input, PAGE_SIZE, true);
    return byte;
}

void line_flush(void)
{
    for (unsigned i = 0; i < SERIAL_PORTS; i++)
        for (uint32_t tries = 0; lines[i].dev && line_room(i) == 0 && tries < PATIENCE; tries++)
            __asm__ volatile("pause");
}
