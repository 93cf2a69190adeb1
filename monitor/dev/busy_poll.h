/* SPDX-License-Identifier: MIT
 *
 * How long a machine that has nothing to do asks its network devices for packets before it sleeps.
 * To be woken takes as long as dozens of packets, and costs whoever sends one as much. Where the
 * next packet usually comes within microseconds, to ask for it is cheaper for both; where it does
 * not, or where the peer needs this very CPU, the machine learns so and sleeps at once. Knows
 * nothing but times and outcomes (decision 45). */
#ifndef PITH_MONITOR_BUSY_POLL_H
#define PITH_MONITOR_BUSY_POLL_H

#include <stdint.h>

#include "base/base.h"

#define BUSY_POLL_TIME  50000ll  /* ns for which packets are asked for */
#define BUSY_POLL_SOON  200000ll /* a sleep shorter than that might have been spared */
#define BUSY_POLL_FIRST 8u       /* such sleeps in a row make it ask ... */
#define BUSY_POLL_MOST  4096u    /* ... at first, and at most, after asking was in vain */
#define BUSY_POLL_SCORE 8

/* All zero: nothing is known yet. */
struct busy_poll {
    bool asks;
    int8_t score;    /* of asking: up with each time that a packet came, down by two with others */
    uint16_t soon;   /* sleeps in a row that a packet ended soon */
    uint16_t needed; /* so many of them make it ask; 0: BUSY_POLL_FIRST */
};

/* The time in ns for which to ask before the next sleep; 0: not at all. */
static inline int64_t busy_poll_time(const struct busy_poll *b)
{
    return b->asks ? BUSY_POLL_TIME : 0;
}

/* All of that time has been asked, or (found) a packet came before. */
void busy_poll_done(struct busy_poll *b, bool found);

/* The machine has slept for (ns), until a packet came if (packet). */
void busy_poll_slept(struct busy_poll *b, int64_t ns, bool packet);

#endif
