/* SPDX-License-Identifier: MIT
 *
 * What an ACK says: what has arrived (RFC 9293, 3.10.7.4; SACK, RFC 2018 and 2883), how long it
 * took (RFC 6298), what is lost (RACK, RFC 8985; without SACK three duplicates, RFC 5681 and 6582).
 */
#include "tcp/internal.h"

#define DUPLICATES     3
#define MIN_RTT_TIME   (300 * NSEC_PER_SEC)
#define REO_RECOVERIES 16

uint32_t tcp_flight(const struct tcp_conn *c)
{
    uint32_t out = c->snd_nxt - c->snd_una, gone = c->sacked + c->lost - c->again;

    /* Without SACK each duplicate tells of a segment that has left the network. */
    if (unlikely(c->dup_acks)) {
        uint32_t left = c->dup_acks * c->mss, most = out > c->mss ? out - c->mss : 0;
        gone = max_u32(gone, 0) + (left < most ? left : most);
    }
    return out > gone ? out - gone : 0;
}

void tcp_measure(struct tcp_conn *c, nsec_t rtt)
{
    if (rtt < 1000)
        rtt = 1000;
    if (c->srtt == 0) {
        c->srtt = rtt;
        c->rttvar = rtt / 2;
    } else { /* RFC 6298, 2.3 */
        nsec_t d = rtt > c->srtt ? rtt - c->srtt : c->srtt - rtt;
        c->rttvar += (d - c->rttvar) / 4;
        c->srtt += (rtt - c->srtt) / 8;
    }
    c->rto = c->srtt + (4 * c->rttvar > RTO_MIN ? 4 * c->rttvar : RTO_MIN);
    if (c->rto > RTO_MAX)
        c->rto = RTO_MAX;
    if (c->min_rtt == 0 || rtt <= c->min_rtt || c->t->now - c->min_rtt_at > MIN_RTT_TIME) {
        c->min_rtt = rtt;
        c->min_rtt_at = c->t->now;
    }
}

nsec_t tcp_rtt_of_ts(const struct tcp_conn *c, const struct tcp_segment *s)
{
    uint32_t ms = tcp_ts_now(c->t, c->ts_offset) - s->ts_ecr;

    return c->ts_on && s->has_ts && s->ts_ecr && ms < RTO_MAX / MSEC ? max_u32(ms, 1) * MSEC : 0;
}

/* RACK (RFC 8985, 6.2): what was sent at (at) and ends at (end) has arrived. */
static void newest(struct tcp_conn *c, nsec_t at, uint32_t end)
{
    if (seq_lt(c->rack_fack, end))
        c->rack_fack = end;
    if (at > c->rack_at || (at == c->rack_at && seq_lt(c->rack_end, end))) {
        c->rack_at = at;
        c->rack_end = end;
        c->rack_rtt = c->t->now - at;
    }
}

static void delivered(struct tcp_conn *c, struct pkt *p, const struct tcp_segment *s)
{
    struct tcp_sent *sent = sent_of(p);
    uint32_t end = sent->seq + p->len;
    nsec_t rtt = c->t->now - sent->at;

    if (sent->flags & SENT_RETRANS) {
        /* Perhaps it is the first one that arrived, after all. */
        if (rtt < c->min_rtt)
            return;
        uint32_t sent_ms = (uint32_t)((uint64_t)sent->at / MSEC) + c->ts_offset;
        if (c->ts_on && s->has_ts && seq_lt(s->ts_ecr, sent_ms))
            return;
    } else if (seq_lt(end, c->rack_fack)) {
        c->rack_reordered = true;
    }
    newest(c, sent->at, end);
}

static void mark_lost(struct tcp_conn *c, struct pkt *p)
{
    struct tcp_sent *s = sent_of(p);

    if (!(s->flags & SENT_LOST)) {
        s->flags |= SENT_LOST;
        c->lost += p->len;
    } else if (s->flags & SENT_AGAIN) {
        s->flags &= (uint8_t)~SENT_AGAIN;
        c->again -= p->len;
    }
}

static void mark_sacked(struct tcp_conn *c, struct pkt *p)
{
    struct tcp_sent *s = sent_of(p);

    if (unlikely(c->frto) && !(s->flags & SENT_RETRANS) && seq_lt(s->seq, c->recover))
        c->frto_arrived = true;
    if (s->flags & SENT_LOST)
        c->lost -= p->len;
    if (s->flags & SENT_AGAIN)
        c->again -= p->len;
    s->flags = (s->flags & SENT_RETRANS) | SENT_SACKED;
    if (c->sacked == 0 || seq_lt(c->sack_high, s->seq + p->len))
        c->sack_high = s->seq + p->len;
    c->sacked += p->len;
}

void tcp_mark_all_lost(struct tcp_conn *c)
{
    struct pkt *first = c->snd_first;
    /* A peer that says that the first one has arrived, and does not acknowledge it, has dropped
     * what was out of order: its blocks do not count any more (RFC 2018, 8). */
    bool dropped = first && first != c->unsent && sent_of(first)->flags & SENT_SACKED;

    if (dropped)
        c->sacked = 0;
    for (struct pkt *p = first; p && p != c->unsent; p = p->next) {
        if (dropped)
            sent_of(p)->flags &= (uint8_t)~SENT_SACKED;
        if (!(sent_of(p)->flags & SENT_SACKED))
            mark_lost(c, p);
    }
}

/* False: no memory to split a piece of which a part has arrived; it counts as not arrived. */
static bool take_block(struct tcp_conn *c, const struct tcp_block *b, const struct tcp_segment *s)
{
    uint32_t start = b->start;
    struct pkt *p = c->snd_first;

    /* Blocks come again and again, and grow at their ends: only what is new is looked for. */
    for (unsigned i = 0; i < c->seen_count; i++)
        if (seq_le(c->seen[i].start, start) && seq_lt(start, c->seen[i].end))
            start = c->seen[i].end;
    if (seq_le(b->end, start))
        return true;
    if (c->seen_at && seq_le(sent_of(c->seen_at)->seq, start))
        p = c->seen_at;
    for (; p && p != c->unsent; p = p->next) {
        uint32_t seq = sent_of(p)->seq, end = seq + p->len;
        if (seq_le(b->end, seq))
            break;
        c->seen_at = p;
        if ((sent_of(p)->flags & SENT_SACKED) || seq_le(end, start))
            continue;
        if (seq_lt(seq, start)) {
            if (!tcp_split(c, p, start - seq))
                return false;
            continue;
        }
        if (seq_lt(b->end, end) && !tcp_split(c, p, b->end - seq))
            return false;
        delivered(c, p, s);
        mark_sacked(c, p);
    }
    return true;
}

static void take_blocks(struct tcp_conn *c, const struct tcp_segment *s)
{
    struct tcp_block taken[SACKS_MAX];
    unsigned count = 0;

    c->dsack_in = false;
    if (!c->sack_on || s->sack_count == 0)
        return;
    if (c->sacked == 0)
        c->seen_count = 0;
    for (unsigned i = 0; i < s->sack_count; i++) {
        const struct tcp_block *b = &s->sack[i];
        if (!seq_lt(b->start, b->end) || seq_lt(c->snd_nxt, b->end))
            continue;
        bool inside = i == 0 && s->sack_count > 1 && seq_le(s->sack[1].start, b->start) &&
                      seq_le(b->end, s->sack[1].end);
        if (i == 0 && (seq_le(b->end, s->ack) || inside)) { /* RFC 2883 */
            c->dsack_in = true;
            continue;
        }
        if (seq_lt(b->start, s->ack))
            continue;
        if (take_block(c, b, s))
            taken[count++] = *b;
    }
    memcpy(c->seen, taken, sizeof(*taken) * count);
    c->seen_count = (uint8_t)count;
}

/* How much later than those sent behind it a segment may arrive. */
static nsec_t reordering_window(const struct tcp_conn *c)
{
    nsec_t w = c->min_rtt / 4 * (1 + c->reo_steps);

    if (!c->rack_reordered && (c->recovery != RECOVERY_NONE || c->sacked >= DUPLICATES * c->mss))
        return 0;
    return w < c->srtt ? w : c->srtt;
}

void tcp_may_undo(struct tcp_conn *c, bool may)
{
    c->undo_cwnd = may ? c->cwnd : 0;
    c->undo_ssthresh = c->ssthresh;
    c->undo_ts = tcp_ts_now(c->t, c->ts_offset);
    c->undo_first = true;
    c->undo_una = c->snd_una;
    c->undo_base = c->retransmitted;
    c->undo_twice = 0;
}

static void enter_fast_recovery(struct tcp_conn *c)
{
    tcp_may_undo(c, true);
    c->recovery = RECOVERY_FAST;
    c->recover = c->snd_nxt;
    c->t->counts.fast_retransmits++;
    tcp_cc_enter_recovery(c);
}

void tcp_detect_losses(struct tcp_conn *c)
{
    nsec_t now = c->t->now, window = reordering_window(c), wait = 0;
    uint32_t high = c->rack_fack, holes;

    c->reorder_at = DEADLINE_NEVER;
    if (c->sacked && seq_lt(high, c->sack_high))
        high = c->sack_high;
    holes = high - c->snd_una - c->sacked; /* bytes; behind the last of them all has arrived */
    for (struct pkt *p = c->snd_first; p && p != c->unsent; p = p->next) {
        struct tcp_sent *s = sent_of(p);
        uint32_t end = s->seq + p->len;
        if (!seq_lt(s->seq, c->rack_fack) || (int32_t)holes <= 0)
            break;
        if (s->flags & SENT_SACKED)
            continue;
        holes -= p->len;
        if ((s->flags & (SENT_LOST | SENT_AGAIN)) == SENT_LOST)
            continue;
        if (s->at > c->rack_at || (s->at == c->rack_at && !seq_lt(end, c->rack_end)))
            continue;
        nsec_t left = s->at + c->rack_rtt + window - now;
        if (left <= 0)
            mark_lost(c, p);
        else if (left > wait)
            wait = left;
    }
    if (wait > 0)
        c->reorder_at = now + wait;
    if (c->lost > c->again && c->recovery == RECOVERY_NONE) {
        enter_fast_recovery(c);
        tcp_cc_recovery_ack(c, 0, false, true);
    }
}

/* The first segment is lost, as duplicates say. */
static void first_is_lost(struct tcp_conn *c)
{
    struct pkt *p = c->snd_first;

    if (p && p != c->unsent && (p->len <= c->mss || tcp_split(c, p, c->mss)))
        mark_lost(c, p);
}

/* RFC 3522 and 4015: the ACK is of what was sent before the recovery began: nothing was lost. */
static bool was_spurious(struct tcp_conn *c, const struct tcp_segment *s)
{
    return c->undo_cwnd && c->undo_first && c->ts_on && s->has_ts && s->ts_ecr &&
           seq_lt(s->ts_ecr, c->undo_ts);
}

static void undo(struct tcp_conn *c)
{
    for (struct pkt *p = c->snd_first; p && p != c->unsent; p = p->next)
        sent_of(p)->flags &= (uint8_t) ~(SENT_LOST | SENT_AGAIN);
    c->lost = c->again = 0;
    c->cwnd = max_u32(c->cwnd, c->undo_cwnd);
    c->undo_cwnd = 0;
    c->ssthresh = c->undo_ssthresh;
    if (c->recovery == RECOVERY_FAST) /* what was taken to be lost came late */
        c->rack_reordered = true;
    c->recover = c->snd_una;
    c->dup_acks = 0;
    c->recovery = RECOVERY_NONE;
    c->frto = FRTO_OFF;
    c->cubic.epoch = 0;
    c->t->counts.spurious++;
}

/* RFC 5682, 2.1 and 3.1, steps 2 and 3. Returns whether the time-out was none: what was in flight
 * then arrives without having been sent again. */
static bool frto(struct tcp_conn *c, uint32_t acked, uint32_t arrived)
{
    if (arrived == 0) /* it tells nothing of what was sent */
        return false;
    if (c->frto == FRTO_FIRST) {
        if (acked == 0) {
            if (!c->sack_on)
                c->frto = FRTO_OFF;
        } else if (c->frto_arrived) {
            return true;
        } else if (tcp_left(c) >= c->mss && c->snd_wnd - (c->snd_nxt - c->snd_una) >= c->mss &&
                   seq_lt(c->snd_nxt, c->snd_una + c->snd_wnd)) {
            c->frto = FRTO_SECOND;
        } else {
            c->frto = FRTO_OFF; /* there are no new segments to send instead of lost ones */
        }
        return false;
    }
    if (acked > 0 || c->frto_arrived)
        return true;
    c->frto = FRTO_OFF;
    c->cwnd = min_u32(c->cwnd, 3 * c->mss);
    return false;
}

/* Pieces that an ACK tells of leave the queue. Returns how long ago the first of them was sent that
 * went once only, 0: there is none; (again): others are among them. */
static nsec_t take_pieces(struct tcp_conn *c, const struct tcp_segment *s, bool *again)
{
    struct pkt *p;
    nsec_t now = c->t->now, at = 0, rtt = 0;
    uint32_t end = 0;

    for (; (p = c->snd_first) && p != c->unsent; tcp_free_first(c)) {
        struct tcp_sent *sent = sent_of(p);
        if (seq_lt(s->ack, sent->seq + p->len)) {
            tcp_trim_first(c, s->ack);
            break;
        }
        if (unlikely(sent->flags)) {
            /* What was taken to be lost may have waited with the peer for what was before it. */
            if (sent->flags & (SENT_RETRANS | SENT_LOST))
                *again = true;
            if (!(sent->flags & SENT_SACKED))
                delivered(c, p, s);
            tcp_uncount(c, p, p->len);
            continue;
        }
        if (rtt == 0)
            rtt = now - sent->at;
        at = sent->at;
        end = sent->seq + p->len;
        if (seq_lt(end, c->rack_fack))
            c->rack_reordered = true;
    }
    if (at) /* of those sent once, the last one is the newest */
        newest(c, at, end);
    return rtt;
}

/* New bytes are acknowledged. */
static void take_acked(struct tcp_conn *c, const struct tcp_segment *s, uint32_t acked)
{
    bool again = false;
    nsec_t rtt = take_pieces(c, s, &again);

    if (again) /* Karn's: only timestamps tell which one arrived */
        rtt = tcp_rtt_of_ts(c, s);
    if (rtt > 0)
        tcp_measure(c, rtt);
    c->snd_una = s->ack;
    if (rtt > 0 && c->cwnd_limited)
        tcp_cc_rtt(c, rtt);
    if (unlikely(c->mss_black) && c->t->now >= c->black_until) {
        c->mss_black = 0; /* perhaps it was but an outage */
        (void)!tcp_update_mss(c);
    }
    c->acked_bytes += acked;
    c->retries = 0;
    c->stuck_since = 0;
    c->rtx_base = c->t->now;
    if (c->fin_sent && s->ack == c->write_seq + 1)
        c->fin_acked = true;
    if (c->urgent_out && seq_le(c->snd_up, s->ack))
        c->urgent_out = false;
    if (c->dup_acks) {
        uint32_t segments = (acked + c->mss - 1) / c->mss;
        c->dup_acks = c->dup_acks >= segments ? (uint8_t)(c->dup_acks - segments + 1) : 0;
        if (c->recovery == RECOVERY_NONE)
            c->dup_acks = 0;
    }
}

/* RFC 8985, 6.2, step 4: duplicates that arrive were sent again too early: the reordering window
 * grows by a step a round trip, for 16 recoveries. */
static void adapt_window(struct tcp_conn *c)
{
    if (!c->dsack_in || c->tlp_out || !c->retransmitted ||
        (c->reo_steps && seq_lt(c->snd_una, c->reo_round)))
        return;
    c->reo_steps += c->reo_steps < UINT8_MAX - 1;
    c->reo_left = REO_RECOVERIES;
    c->reo_round = c->snd_nxt;
}

/* RFC 3708: all that was sent again in the last recovery has arrived twice: it was for nothing. */
static void count_twice(struct tcp_conn *c, const struct tcp_block *b)
{
    uint32_t again = c->retransmitted - c->undo_base;

    if (!c->undo_cwnd || c->tlp_out || seq_lt(b->start, c->undo_una) || seq_lt(c->recover, b->end))
        return;
    c->undo_twice += (b->end - b->start + c->mss - 1) / c->mss;
    if (again > 0 && c->undo_twice >= again)
        undo(c);
}

/* RFC 8985, 7.4.2: whether the probe made good a loss that nobody has noticed. */
static void probe_is_answered(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (!c->tlp_out || seq_lt(s->ack, c->tlp_end))
        return;
    bool loss = c->tlp_retrans && !c->dsack_in && seq_lt(c->tlp_end, s->ack);
    if (!c->tlp_retrans || c->dsack_in || seq_lt(c->tlp_end, s->ack))
        c->tlp_out = false;
    if (loss && c->recovery == RECOVERY_NONE) {
        tcp_cc_enter_recovery(c);
        c->cwnd = c->ssthresh;
    }
}

static bool is_duplicate(const struct tcp_conn *c, const struct tcp_segment *s)
{
    return s->ack == c->snd_una && s->len == 0 && !(s->flags & TCP_FIN) &&
           c->snd_una != c->snd_nxt && s->window << c->snd_scale == c->snd_wnd;
}

/* What follows from (arrived) bytes, of which (acked) in order, for loss and the window. */
static void react(struct tcp_conn *c, const struct tcp_segment *s, uint32_t acked, uint32_t arrived)
{
    bool was = c->recovery != RECOVERY_NONE;
    uint32_t lost = c->lost;

    if (was && acked > 0 && was_spurious(c, s))
        undo(c);
    if (unlikely(c->frto) && (c->frto == FRTO_SECOND || seq_lt(s->ack, c->recover)) &&
        frto(c, acked, arrived))
        undo(c);
    if (acked > 0)
        c->undo_first = false;
    if (c->recovery != RECOVERY_NONE && acked > 0 && seq_le(c->recover, s->ack)) {
        if (c->recovery == RECOVERY_FAST)
            c->cwnd = max_u32(c->ssthresh, c->mss);
        else
            tcp_cc_acked(c, acked);
        c->recovery = RECOVERY_NONE;
        c->frto = FRTO_OFF;
        c->dup_acks = 0;
        if (c->reo_left && --c->reo_left == 0)
            c->reo_steps = 0;
        return;
    }
    if (c->sack_on) {
        if (c->sacked || c->recovery != RECOVERY_NONE)
            tcp_detect_losses(c);
        else
            c->reorder_at = DEADLINE_NEVER;
    } else if (c->recovery == RECOVERY_NONE) {
        if (c->dup_acks == DUPLICATES && seq_le(c->recover, c->snd_una)) {
            enter_fast_recovery(c);
            first_is_lost(c);
        }
    } else if (c->recovery == RECOVERY_FAST && acked > 0) { /* RFC 6582, 3.2: a partial ACK */
        first_is_lost(c);
    }
    if (c->recovery == RECOVERY_FAST)
        tcp_cc_recovery_ack(c, arrived, acked > 0 && c->lost <= lost,
                            !was || (acked > 0 && !c->sack_on));
    else if (c->frto == FRTO_SECOND && acked > 0)
        c->cwnd = tcp_flight(c) + 2 * c->mss; /* two new segments, to see what comes of them */
    else if (acked > 0)
        tcp_cc_acked(c, acked);
}

/* Whether the window limits what is sent: that is, the most of it that was in flight in this round
 * trip, of which (out) still is. In slow start half of the window is enough (RFC 9438, 4.2.3). */
static bool in_use(struct tcp_conn *c, uint32_t out)
{
    if (c->round_flight < out || seq_le(c->round_end, c->snd_una)) {
        c->round_flight = out;
        c->round_end = c->snd_nxt;
    }
    return c->cwnd < c->ssthresh ? c->cwnd < 2 * c->round_flight
                                 : c->cwnd < c->round_flight + c->mss;
}

bool tcp_ack(struct tcp_conn *c, const struct tcp_segment *s)
{
    uint32_t una = c->snd_una, out = c->snd_nxt - una, acked = s->ack - una;

    if (acked > out) {
        /* RFC 5961, 5.2. An old one within the window is harmless, and may carry data. */
        if ((int32_t)acked >= 0 || una - s->ack > c->max_wnd) {
            tcp_challenge_ack(c);
            return false;
        }
        uint32_t before = c->sacked;
        take_blocks(c, s);
        if (c->sacked != before)
            react(c, s, 0, c->sacked - before);
        return true;
    }
    if (likely(s->sack_count == 0 && c->sacked == 0 && !c->recovery && !c->tlp_out)) {
        bool duplicate = acked == 0 && is_duplicate(c, s);
        tcp_learn_window(c, s);
        if (acked > 0) {
            c->cwnd_limited = in_use(c, out);
            take_acked(c, s, acked);
            c->dup_acks = 0;
            tcp_cc_acked(c, acked);
            if (c->wants_room)
                tcp_tell_room(c);
        } else if (duplicate && !c->sack_on && c->dup_acks < UINT8_MAX) {
            c->dup_acks++;
            react(c, s, 0, c->mss);
        }
        return true;
    }
    uint32_t sacked = c->sacked;
    bool duplicate = is_duplicate(c, s);
    tcp_learn_window(c, s);
    take_blocks(c, s);
    adapt_window(c);
    if (c->dsack_in)
        count_twice(c, &s->sack[0]);
    if (acked > 0) {
        c->cwnd_limited = in_use(c, out);
        take_acked(c, s, acked);
    } else if (duplicate && !c->sack_on && c->dup_acks < UINT8_MAX) {
        c->dup_acks++;
    }
    probe_is_answered(c, s);
    uint32_t arrived = acked + c->sacked - sacked;
    if (!c->sack_on && acked == 0)
        arrived = duplicate ? c->mss : 0;
    react(c, s, acked, arrived);
    if (c->wants_room)
        tcp_tell_room(c);
    return true;
}
