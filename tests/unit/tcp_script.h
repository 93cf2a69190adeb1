/* SPDX-License-Identifier: MIT
 *
 * Packet scripts: one TCP, and a peer that is the test. A script is a list of lines:
 *
 *   < SEG           SEG comes
 *   > SEG           SEG has been sent by now; with @MS: (MS) milliseconds after the line before
 *   quiet MS        nothing is sent for that long
 *   connect, listen, accept, push N, more N, oob N, read N, shut, shutrecv, close, abort
 *                   calls of the user; push, more and oob queue N bytes first
 *   state NAME      LISTEN, SYN_SENT ..., CLOSED where it has ended
 *   error N         tcp_error says so, a positive number of errno.h's
 *   info NAME N ... of struct tcp_info: cwnd, ssthresh, lost, rto (ms) ...
 *   events LETTERS  of R, W, E, C, U: these at least have come since the line of the kind before
 *   unreach SEQ ERRNO MTU   an ICMP error
 *   jump MS         time goes on at once
 *
 * SEG is "FLAGS SEQ(LEN) ack N win N mss N ws N sackok ts VAL/ECR sack A-B,C-D urg N", FLAGS of
 * S F R P A U E W or "-", parts after SEQ(LEN) in any order. Numbers count from each side's first
 * sequence number. What is left out of a segment that is expected is not looked at, P never is;
 * "win" is of the header; "nosack", "nots", "nomss", "nows" say that there is none. "ts VAL" of one
 * that comes echoes the last value that was sent; expected, "ts /ECR" looks at ECR alone. A segment
 * that is sent and not expected ends the test at the next line that is no expectation. A packet to
 * be cut is taken for the segments that it is cut to. Times of tcp's own have 2 ms and 1 % of
 * slack.
 */
#ifndef PITH_TESTS_TCP_SCRIPT_H
#define PITH_TESTS_TCP_SCRIPT_H

#include "tcp_link.h"

struct script_segment {
    struct script_segment *next;
    nsec_t at;
    uint32_t seq, len, ack;
    uint8_t flags;
    uint16_t window, urgent, mss; /* (mss) 0: none */
    int scale;                    /* -1: none */
    bool sack_ok, has_ts;
    uint32_t ts_val, ts_ecr;
    unsigned sacks;
    uint32_t sack[4][2];
};

struct script {
    struct tcp_world w;
    struct tcp_options options; /* for connect and listen */
    struct link_end end, listener;
    uint16_t local_port, peer_port;
    uint32_t iss, irs; /* (irs): the test may set it before it begins */
    bool has_iss;
    uint32_t last_ts, written, read;
    nsec_t base;                 /* time of the line before */
    struct script_segment *sent; /* and not expected yet */
    struct script_segment last;  /* that was expected last */
};

/* Starts over, with seed 2 and nothing open. */
void script_start(struct script *s);
/* Frees all; nothing that was sent may be left. */
void script_end(struct script *s);

/* Takes (n) segments of (len) bytes from (from) on in. */
void script_take(struct script *s, uint32_t from, unsigned n, uint32_t len);

void script_lines(struct script *s, const char *file, int line, const char *const *lines);
#define script(s, ...) script_lines(s, __FILE__, __LINE__, (const char *const[]){__VA_ARGS__, NULL})

/* The script of the test that runs; cmocka's functions start it and end it. */
extern struct script it;
int script_setup(void **state);
int script_teardown(void **state);

/* A single line, whatever is sent before or after. And forgets what was sent. */
void script_inject(struct script *s, const char *text);
void script_drop(struct script *s);

/* A connection that the peer (passive) or this side opened, with the peer's options in its SYN;
 * where they have ts, the peer's clock stands at 1000. Peer's window is (win), as in the header.
 * The round trip takes 100 ms. */
void script_open(struct script *s, bool passive, const char *options, unsigned win);

#endif
