/* SPDX-License-Identifier: MIT
 *
 * A TCP that bench/segments.c measures: two connected ends, side 0 and 1, on a way without loss,
 * devices and IP. */
#ifndef PITH_BENCH_SEGMENTS_H
#define PITH_BENCH_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD     1448u
#define SEGMENT_MAX 1480u
#define PACKET_MAX  (16 * PAYLOAD + 32) /* many segments in one, with offloads */

/* Implemented by each TCP. */
/* Side 0 begins to connect to side 1, both with timestamps, no Nagle; (offloads): packets may be of
 * several segments. */
void stack_start(int offloads);
int stack_connected(void);
/* Queues (n) bytes, copied from (data), and sends what may be sent; how many were taken. */
size_t stack_write(int side, const void *data, size_t n);
/* Takes all bytes that came; how many. */
size_t stack_read(int side);
/* A packet as a driver makes it of a segment, and then, counted, its way through TCP. */
void *stack_packet(const void *segment, size_t len);
void stack_input(int side, void *packet);
void stack_input_done(int side);
void stack_time(int64_t ns);

/* For them: (len) bytes, from the TCP header on, of which (at) gives the next run, are sent by
 * (side). What the device would do is not counted between these two. */
void segment_begin(int side);
void segment_add(const void *at, size_t len);
void segment_end(void);

#endif
