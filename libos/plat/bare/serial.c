/* SPDX-License-Identifier: MIT
 *
 * Two 16550 serial ports, without interrupts but for what comes to the second one, if somebody
 * wants it. A port that is not there reads as ones everywhere. */
#include "arch/ring0.h"
#include "bare/bare.h"

/* Registers, and bits of the line status. */
enum { DATA, INTERRUPTS, FIFO, LINE, MODEM, STATUS, SCRATCH = 7 };
#define LINE_8N1            0x03
#define LINE_DIVISOR        0x80
#define FIFO_ON             0xc7 /* interrupt level 14: QEMU sends as many at once */
#define MODEM_OUT2          0x08 /* lets it interrupt */
#define INTERRUPTS_RECEIVED 0x01
#define ERR_IRQ             3
#define STATUS_DATA         0x01
#define STATUS_EMPTY        0x20

#define FIFO_BYTES 16

/* How often a transmitter that stays full is asked before the rest is dropped: nobody takes it. */
#define PATIENCE 100000000u

static uint16_t ports[SERIAL_PORTS]; /* 0: not there */
static int early = -1;               /* a byte that came before the FIFO was on, which empties it */

static uint16_t start(uint16_t base)
{
    out8(base + SCRATCH, 0x5a);
    if (in8(base + SCRATCH) != 0x5a)
        return 0;
    out8(base + INTERRUPTS, 0);
    out8(base + LINE, LINE_DIVISOR);
    out8(base + DATA, 1); /* 115200 baud */
    out8(base + INTERRUPTS, 0);
    out8(base + LINE, LINE_8N1);
    if (in8(base + STATUS) & STATUS_DATA)
        early = in8(base + DATA);
    out8(base + FIFO, FIFO_ON);
    return base;
}

void serial_start(void)
{
    ports[SERIAL_ERR] = start(0x2f8);
    early = -1;
    ports[SERIAL_OUT] = start(0x3f8);
    if (!ports[SERIAL_ERR])
        ports[SERIAL_ERR] = ports[SERIAL_OUT];
}

void serial_put(enum serial_port port, const char *text, size_t len)
{
    uint16_t base = ports[port];

    if (!base) {
        line_put(text, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        uint32_t tries = 0;
        /* Empty means that the whole FIFO is. */
        while (i % FIFO_BYTES == 0 && !(in8(base + STATUS) & STATUS_EMPTY))
            if (++tries == PATIENCE)
                return;
        out8(base + DATA, (uint8_t)text[i]);
    }
}

bool serial_listen(void)
{
    uint16_t base = ports[SERIAL_ERR];

    if (!base || base == ports[SERIAL_OUT] || !ioapic_route(ERR_IRQ, BARE_SIGNAL_VECTOR))
        return false;
    out8(base + MODEM, MODEM_OUT2);
    out8(base + INTERRUPTS, INTERRUPTS_RECEIVED);
    return true;
}

int serial_get(enum serial_port port)
{
    uint16_t base = ports[port];

    if (early >= 0 && port == SERIAL_OUT) {
        int byte = early;
        early = -1;
        return byte;
    }
    if (!base || !(in8(base + STATUS) & STATUS_DATA))
        return -1;
    return in8(base + DATA);
}
