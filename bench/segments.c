/* SPDX-License-Identifier: MIT
 *
 * What TCP costs in instructions: a bulk transfer of full segments, without offloads and with
 * segmentation left to the device, and requests with answers, between two ends in one process. Only
 * the ends are counted: TCP with the queues and packets that it uses, and the copy of the user's
 * bytes into them; neither IP, checksums nor devices. tools/bench-tcp runs it under callgrind; the
 * difference of two lengths leaves beginnings out.
 *
 *   segments CASE SIDE N     CASE: bulk, offload or request; counts SIDE, 0 (it sends or asks) or 1
 *
 * sources: $(TCP_TEST) bench/segments_pith.c
 * uses: tcp wire */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "segments.h"

#define REQUEST   100u
#define ANSWER    612u
#define IN_FLIGHT 256u

static struct sent {
    size_t len;
    uint8_t bytes[PACKET_MAX];
} line[2][IN_FLIGHT];
static unsigned first[2], count[2];
static int counted_side = -1, on;
static unsigned long segments[2];
static int64_t now = 1000000000;

/* Counting is switched at the calls of the side that is measured, and off inside the device. */
static void toggle(int side, int to)
{
    if (side == counted_side && on != to) {
        on = to;
        CALLGRIND_TOGGLE_COLLECT;
    }
}

static int was_on;
static struct sent *making;

void segment_begin(int side)
{
    was_on = on;
    toggle(counted_side, 0);
    making = &line[side][(first[side] + count[side]) % IN_FLIGHT];
    making->len = 0;
    count[side]++;
    segments[side]++;
    if (count[side] > IN_FLIGHT)
        abort();
}

void segment_add(const void *at, size_t len)
{
    if (making->len + len > PACKET_MAX)
        abort();
    memcpy(making->bytes + making->len, at, len);
    making->len += len;
}

void segment_end(void)
{
    toggle(counted_side, was_on);
}

/* All that (side) has sent arrives, in batches of up to (most); whether there was something. */
static int arrive_from(int side, unsigned most)
{
    int to = !side;
    unsigned n = count[side] < most ? count[side] : most;
    void *packets[64];

    if (n == 0)
        return 0;
    for (unsigned i = 0; i < n; i++, first[side] = (first[side] + 1) % IN_FLIGHT, count[side]--) {
        struct sent *s = &line[side][first[side]];
        packets[i] = stack_packet(s->bytes, s->len);
    }
    toggle(to, 1);
    for (unsigned i = 0; i < n; i++)
        stack_input(to, packets[i]);
    stack_input_done(to);
    toggle(to, 0);
    return 1;
}

static size_t take_all(int side)
{
    toggle(side, 1);
    size_t n = stack_read(side);
    toggle(side, 0);
    return n;
}

static size_t give(int side, size_t n)
{
    static const uint8_t bytes[65536];

    toggle(side, 1);
    n = stack_write(side, bytes, n);
    toggle(side, 0);
    return n;
}

static void pass_time(void)
{
    now += 50000;
    stack_time(now);
}

static void bulk(unsigned long n)
{
    size_t to_send = n * PAYLOAD, to_read = to_send;

    while (to_read > 0) {
        size_t want = to_send < 16 * PAYLOAD ? to_send : 16 * PAYLOAD;
        to_send -= want ? give(0, want) : 0;
        while (arrive_from(0, 16)) {
            to_read -= take_all(1);
            pass_time();
            arrive_from(1, 64);
        }
        arrive_from(1, 64);
        pass_time();
    }
}

static void request(unsigned long n)
{
    for (; n > 0; n--) {
        give(0, REQUEST);
        for (size_t got = 0; got < REQUEST; pass_time()) {
            arrive_from(0, 64);
            got += take_all(1);
        }
        give(1, ANSWER);
        for (size_t got = 0; got < ANSWER; pass_time()) {
            arrive_from(1, 64);
            got += take_all(0);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    stack_time(now);
    stack_start(argv[1][0] == 'o');
    for (unsigned i = 0; i < 100; i++) {
        arrive_from(0, 64);
        arrive_from(1, 64);
        pass_time();
    }
    if (!stack_connected())
        return 1;
    bulk(200);
    segments[0] = segments[1] = 0;
    counted_side = atoi(argv[2]);
    if (argv[1][0] != 'r')
        bulk(strtoul(argv[3], NULL, 10));
    else
        request(strtoul(argv[3], NULL, 10));
    printf("%lu %lu\n", segments[0], segments[1]);
    return 0;
}
