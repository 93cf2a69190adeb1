/* SPDX-License-Identifier: MIT
 *
 * Whether to rest before asking. */
#include "monitor/dev/moderation.h"

static void end_trial(struct moderation *m, uint64_t rate, bool dialogue)
{
    if (m->rests && rate < m->rate - m->rate / 16) {
        m->rests = false;
        m->wait = m->wait ? (uint16_t)min_size(2u * m->wait, MODERATION_WAIT) : 1;
        m->left = m->wait;
        return;
    }
    if (!m->rests)
        m->rate = rate;
    if (m->left > 0 && --m->left > 0)
        return;
    if (m->rests) {
        m->rests = false;
        m->wait = 0;
    } else if (!dialogue) {
        m->rests = true;
        m->left = MODERATION_KEEP;
    }
}

void moderation_found(struct moderation *m, int64_t began, int64_t now, uint64_t packets)
{
    if (m->finds == 0) {
        m->since = now;
        m->from = packets;
        m->asked = 0;
    }
    m->asked += now - began;
    if (m->finds++ < MODERATION_TRIAL)
        return;
    m->finds = 0;
    uint64_t took = (uint64_t)(now - m->since) + 1;
    end_trial(m, (packets - m->from) * 1000000000 / took,
              m->asked > MODERATION_NEAR * MODERATION_TRIAL);
}
