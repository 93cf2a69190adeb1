/* SPDX-License-Identifier: MIT
 *
 * The line discipline of terminals: every few bytes are modes, keys, characters that are typed or
 * written, a read, a flush. What it counts must agree, pieces must lie in its buffer, and lines end
 * where one was ended.
 *
 * sources: libos/tty/line.c
 * uses: tty */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "input.h"
#include "tty/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct line line;

static void check_line(void)
{
    uint32_t there = line.ready - line.tail, all = line.head - line.tail;

    check(there <= all && all <= LINE_SIZE);
    check(line_count(&line) <= there);
    check(line.echo_due - line.echo_tail <= line.echo_head - line.echo_tail);
    check(line.echo_head - line.echo_tail <= LINE_ECHO);
    check(line_has(&line, 1) == (there > 0));
}

static void type(const uint8_t *text, size_t n)
{
    unsigned news;
    size_t took, rounds = 0;

    do {
        took = line_input(&line, text, n, &news);
        check(took <= n && ++rounds <= 3001);
        check(!(news & LINE_FLUSH) || line_count(&line) == 0);
        check_line();
        text += took;
        n -= took;
    } while (took > 0);
}

static void change_modes(void)
{
    struct line_modes m = line.modes;

    m.iflag = next16();
    m.oflag = next16();
    m.lflag = next16() | (next() & 1) << 16;
    m.key[next() % LINE_KEYS] = (uint8_t)next();
    (void)line_set(&line, &m);
}

static void take(size_t n)
{
    struct line_piece p[2];
    uint32_t before = line.ready - line.tail;
    ssize_t got = line_take(&line, n, p);

    check((got == -EAGAIN) == (before == 0));
    if (got < 0)
        return;
    check((size_t)got <= n && (size_t)got == p[0].len + p[1].len);
    for (int i = 0; i < 2; i++)
        check(p[i].at >= line.data && p[i].len <= (size_t)(line.data + LINE_SIZE - p[i].at));
    check(line.ready - line.tail < before);
}

static void output(size_t n, size_t room)
{
    static uint8_t out[1024];
    uint8_t text[256];
    size_t made;

    for (size_t i = 0; i < n; i++)
        text[i] = (uint8_t)next();
    check(line_output(&line, text, n, out, room, &made) <= n);
    check(made <= room);
    check(line_echo(&line, out, room) <= room);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static uint8_t same[3000];
    uint8_t text[256];

    input = bytes;
    left = len;
    line_init(&line);
    while (left > 0) {
        unsigned what = next(), n;
        switch (what % 8) {
        case 0:
            change_modes();
            break;
        case 1:
            take(1 + next16() % 5000);
            break;
        case 2:
            output(next(), next16() % 1024);
            break;
        case 3:
            memset(same, (int)next(), sizeof(same));
            type(same, sizeof(same));
            break;
        case 4:
            (void)line_halt(&line, next() & 1);
            break;
        case 5:
            line_flush(&line);
            break;
        default:
            n = next();
            for (unsigned i = 0; i < n; i++)
                text[i] = (uint8_t)next();
            type(text, n);
            break;
        }
        check_line();
    }
    return 0;
}
