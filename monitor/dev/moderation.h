/* SPDX-License-Identifier: MIT
 *
 * Whether a machine that asks its network devices for packets (busy_poll.h) first rests for a
 * moment, as network cards hold their interrupts back: under load several packets then come in one
 * batch, which costs both sides less. Where peers wait for each answer, resting would only make
 * them slower. So both are tried in turn, and it rests where as many packets come as without
 * (decision 66). Knows nothing but times and numbers. */
#ifndef PITH_MONITOR_MODERATION_H
#define PITH_MONITOR_MODERATION_H

#include <stdint.h>

#include "base/base.h"

#define MODERATION_REST  60000ll /* ns */
#define MODERATION_TRIAL 512u    /* times that packets are found, then the rate is looked at */
#define MODERATION_NEAR  5000ll  /* ns: what takes longer is an answer that somebody waits for */
#define MODERATION_KEEP  64u     /* trials with rests until one without */
#define MODERATION_WAIT  1024u   /* trials without rests, at most, after one with them was bad */

/* All zero: nothing is known yet. */
struct moderation {
    bool rests;
    uint16_t finds; /* in this trial */
    uint16_t left;  /* trials until the other is tried */
    uint16_t wait;  /* how many that were after the last bad one; 0: it was good */
    int64_t asked;  /* ns of this trial in which it was asked */
    int64_t since;  /* when this trial began ... */
    uint64_t from;  /* ... and the number of packets until then */
    uint64_t rate;  /* packets a second in the last trial without rests */
};

/* The time in ns to rest before asking; 0: none. */
static inline int64_t moderation_rest(const struct moderation *m)
{
    return m->rests ? MODERATION_REST : 0;
}

/* Asking from (began) to (now) has found packets; (packets) have come until then in all. */
void moderation_found(struct moderation *m, int64_t began, int64_t now, uint64_t packets);

#endif
