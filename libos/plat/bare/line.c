/* SPDX-License-Identifier: MIT
 *
 * A virtio console (virtio 1.2, 5.3; its first port) is what standard input comes from, where the
 * machine has one: it is faster than a serial line. Output goes through it where there is no serial
 * port: QEMU's console throws away what its host does not take at once, a serial line waits. */
#include "bare/bare.h"
#include "bare/virtio.h"

enum { RECEIVE, TRANSMIT };

/* How often a console that takes nothing is asked before the rest is dropped, as on a serial line.
 */
#define PATIENCE 100000000u

static struct virtio_device *console;
static uint8_t *input; /* a page: [next, end) has come and is not taken yet */
static uint32_t next, end;
static uint8_t *output; /* a page */

void line_start(void)
{
    struct virtio_device *d = virtio_find(VIRTIO_CONSOLE, 0);

    input = d ? (uint8_t *)pages_take(1) : NULL;
    output = input ? (uint8_t *)pages_take(1) : NULL;
    if (!output)
        return;
    console = d;
    virtio_give(d, RECEIVE, input, PAGE_SIZE, true);
}

bool line_there(void)
{
    return console;
}

int line_get(void)
{
    if (next == end) {
        int64_t got = virtio_taken(console, RECEIVE);
        if (got <= 0)
            return -1;
        next = 0;
        end = (uint32_t)got;
    }
    int byte = input[next++];
    if (next == end)
        virtio_give(console, RECEIVE, input, PAGE_SIZE, true);
    return byte;
}

void line_put(const char *text, size_t len)
{
    while (console && len > 0) {
        uint32_t part = (uint32_t)min_size(len, PAGE_SIZE), tries = 0;
        __builtin_memcpy(output, text, part);
        virtio_give(console, TRANSMIT, output, part, false);
        while (virtio_taken(console, TRANSMIT) < 0) {
            if (++tries == PATIENCE)
                return;
            __asm__ volatile("pause");
        }
        text += part;
        len -= part;
    }
}
