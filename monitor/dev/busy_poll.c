/* SPDX-License-Identifier: MIT
 *
 * Whether to ask or to sleep. */
#include "monitor/dev/busy_poll.h"

static unsigned needed(const struct busy_poll *b)
{
    return b->needed ? b->needed : BUSY_POLL_FIRST;
}

void busy_poll_done(struct busy_poll *b, bool found)
{
    if (found) {
        if (b->score < BUSY_POLL_SCORE)
            b->score++;
        else
            b->needed = BUSY_POLL_FIRST;
        return;
    }
    b->score -= 2;
    if (b->score > 0)
        return;
    b->asks = false;
    b->soon = 0;
    b->needed = (uint16_t)min_size(needed(b) * 2, BUSY_POLL_MOST);
}

void busy_poll_slept(struct busy_poll *b, int64_t ns, bool packet)
{
    if (!packet || ns >= BUSY_POLL_SOON) {
        b->soon = 0;
        return;
    }
    if (!b->asks && ++b->soon >= needed(b)) {
        b->asks = true;
        b->score = BUSY_POLL_SCORE / 2;
    }
}
