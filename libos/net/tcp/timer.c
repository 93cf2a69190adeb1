/* SPDX-License-Identifier: MIT
 *
 * What a connection does when nothing comes: sends again (RFC 6298, 5), probes the tail of a flight
 * (RFC 8985, 7), a closed window (RFC 9293, 3.8.6.1) or a silent peer (3.8.4), sends what waits,
 * and gives up. A connection has one timer for all, which is moved only forward in time when one of
 * its deadlines needs it; when it runs early, it is set again. */
#include "tcp/internal.h"

#define PTO_MIN (10 * MSEC)

void tcp_arm(struct tcp_conn *c)
{
    nsec_t at = c->rtx_at;

    if (c->ack_at < at)
        at = c->ack_at;
    if (c->keep_at < at)
        at = c->keep_at;
    if (at == DEADLINE_NEVER || (c->timer.prev && c->timer.at <= at))
        return;
    tcp_timer_set(c->t, &c->timer, at);
}

static nsec_t backed_off(const struct tcp_conn *c)
{
    nsec_t rto = c->rto;

    for (unsigned i = 0; i < c->retries && rto < RTO_MAX; i++)
        rto *= 2;
    return rto < RTO_MAX ? rto : RTO_MAX;
}

/* RFC 8985, 7.2. */
static nsec_t probe_time(const struct tcp_conn *c)
{
    nsec_t pto = 2 * c->srtt;

    if (c->snd_nxt - c->snd_una <= c->mss) /* its ACK may be delayed */
        pto += RTO_MIN;
    if (pto < PTO_MIN)
        pto = PTO_MIN;
    return pto;
}

static void in_flight(struct tcp_conn *c)
{
    nsec_t at = c->rtx_base + backed_off(c);

    c->rtx_kind = RTX_RTO;
    c->rtx_at = at;
    if (c->reorder_at < at) {
        c->rtx_kind = RTX_REORDER;
        c->rtx_at = c->reorder_at;
        return;
    }
    if (!c->sack_on || c->srtt == 0 || c->tlp_out || c->recovery != RECOVERY_NONE || c->sacked ||
        c->retries > 0 || !c->snd_first)
        return;
    nsec_t pto = (c->last_sent > c->rtx_base ? c->last_sent : c->rtx_base) + probe_time(c);
    c->rtx_kind = RTX_TLP; /* in the time-out's place where it would be later than that */
    if (pto < at)
        c->rtx_at = pto;
}

void tcp_arm_rtx(struct tcp_conn *c)
{
    nsec_t now = c->t->now;

    if (c->snd_una != c->snd_nxt) {
        in_flight(c);
    } else if (tcp_left(c) || (c->fin_queued && !c->fin_sent)) {
        /* Something waits, and no ACK will come for it. */
        uint32_t left = tcp_left(c);
        bool closed = c->snd_wnd == 0 || (left > c->snd_wnd && c->snd_wnd < c->mss);
        uint8_t kind = closed ? RTX_PERSIST : RTX_HOLD;
        if (c->rtx_kind != kind || c->rtx_at == DEADLINE_NEVER) {
            c->rtx_kind = kind;
            c->rtx_at = now + (closed ? backed_off(c) : HOLD_TIME);
        }
    } else {
        c->rtx_kind = RTX_NONE;
        c->rtx_at = DEADLINE_NEVER;
        return;
    }
    tcp_arm(c);
}

void tcp_arm_keep(struct tcp_conn *c)
{
    nsec_t idle = c->options.keep_idle ? c->options.keep_idle : 7200;

    if (c->state == TCP_FIN_WAIT2_STATE || c->counted || c->state < TCP_ESTABLISHED_STATE)
        return;
    c->keep_at = DEADLINE_NEVER;
    if (c->options.keep_alive) {
        c->keep_at = c->last_heard + idle * NSEC_PER_SEC;
        tcp_arm(c);
    }
}

/* Whether the peer has been silent for too long. */
static bool gives_up(struct tcp_conn *c, unsigned most)
{
    nsec_t limit = c->options.user_timeout * MSEC;

    if (!c->stuck_since)
        c->stuck_since = c->rtx_base;
    if (limit && c->state >= TCP_ESTABLISHED_STATE)
        return c->t->now - c->stuck_since >= limit;
    /* One that has closed its window over what is in flight, but answers (RFC 9293, MUST-37). */
    if (c->snd_wnd == 0 && !c->closed_by_user && c->t->now - c->last_heard <= 2 * RTO_MAX) {
        c->retries = (uint8_t)min_u32(c->retries, most / 2);
        return false;
    }
    return c->retries >= most;
}

/* Over, with what ICMP told since the last byte arrived, or because nothing did. Returns whether
 * (c) still exists. */
static bool end_silent(struct tcp_conn *c)
{
    bool frees = c->closed_by_user || c->listener;

    tcp_end(c, c->soft_error && c->soft_una == c->snd_una ? c->soft_error : -ETIMEDOUT,
            TCP_CLOSED_STATE);
    return !frees;
}

/* No later than the user's time-out. */
static void not_beyond_user_timeout(struct tcp_conn *c)
{
    nsec_t limit = c->options.user_timeout * MSEC;

    if (limit && c->stuck_since && c->rtx_at > c->stuck_since + limit)
        c->rtx_at = c->stuck_since + limit;
}

static unsigned retries_of(const struct tcp_conn *c)
{
    return c->closed_by_user ? ORPHAN_RETRIES : RETRIES;
}

/* All of these return whether (c) still exists. */

static bool syn_timeout(struct tcp_conn *c)
{
    unsigned most = c->was_passive ? SYN_ACK_RETRIES
                                   : (c->options.syn_count ? c->options.syn_count : SYN_RETRIES);

    if (c->retries >= most)
        return end_silent(c);
    c->retries++;
    tcp_send_syn(c);
    c->rtx_at = c->t->now + backed_off(c);
    return true;
}

static bool time_out(struct tcp_conn *c)
{
    struct pkt *p = c->snd_first;

    if (gives_up(c, retries_of(c)))
        return end_silent(c);
    c->t->counts.timeouts++;
    c->tlp_out = false;
    c->dup_acks = 0;
    c->reorder_at = DEADLINE_NEVER;
    /* RFC 4821, 7.7: large segments alone may not get through. */
    if (c->retries >= 2 && c->retries % 2 == 0 && c->snd_nxt - c->snd_una > MSS_BLACK_MIN &&
        c->snd_wnd > 0) {
        if (!c->mss_black && c->black_times < 6)
            c->black_times++;
        c->black_until = c->t->now + (BLACK_TIME << (c->black_times - 1));
        c->mss_black = c->mss_black ? (uint16_t)max_u32(c->mss_black / 2, MSS_BLACK_MIN)
                                    : (uint16_t)min_u32(c->mss, MSS_BLACK);
    }
    (void)!tcp_update_mss(c);
    if (c->recovery != RECOVERY_LOSS) {
        tcp_may_undo(c, c->recovery == RECOVERY_NONE);
        tcp_cc_timeout(c);
        c->recovery = RECOVERY_LOSS;
        /* With timestamps the first ACK tells what F-RTO needs two for. */
        c->frto = c->undo_cwnd && !c->ts_on ? FRTO_FIRST : FRTO_OFF;
        c->frto_arrived = false;
    } else {
        c->frto = FRTO_OFF;
    }
    c->cwnd = c->mss;
    c->recover = c->snd_nxt;
    tcp_mark_all_lost(c);
    if (c->retries < UINT8_MAX)
        c->retries++;
    c->rtx_base = c->t->now;
    if (p && p != c->unsent) {
        (void)!tcp_send_again(c, p);
    } else if (c->fin_sent) {
        (void)!tcp_send_fin(c);
    }
    tcp_arm_rtx(c);
    not_beyond_user_timeout(c);
    return true;
}

static void tail_probe(struct tcp_conn *c)
{
    struct pkt *p = c->snd_first;

    c->t->counts.tail_probes++;
    c->tlp_out = true;
    c->tlp_retrans = false;
    if (!c->unsent || !tcp_send_new(c, true)) {
        while (p && p->next != c->unsent)
            p = p->next;
        if (p && p->len > c->mss && tcp_split(c, p, p->len - c->mss))
            p = p->next;
        if (p && tcp_send_again(c, p))
            c->tlp_retrans = true;
    }
    c->tlp_end = c->snd_nxt;
    if (!c->stuck_since)
        c->stuck_since = c->rtx_base;
    c->rtx_base = c->t->now;
    tcp_arm_rtx(c);
    not_beyond_user_timeout(c);
}

static bool probe_window(struct tcp_conn *c)
{
    if (!c->stuck_since)
        c->stuck_since = c->t->now;
    nsec_t limit = c->options.user_timeout * MSEC;
    if ((limit && c->t->now - c->stuck_since >= limit) ||
        (c->closed_by_user && backed_off(c) >= RTO_MAX) || /* answers do not help (RFC 6429) */
        (c->keep_probes >= retries_of(c) && c->t->now - c->last_heard > RTO_MAX))
        return end_silent(c);
    if (c->retries < RETRIES)
        c->retries++;
    if (c->keep_probes < UINT8_MAX)
        c->keep_probes++;
    /* A window that is small, but open, is used at last. */
    if (c->snd_wnd == 0 || !tcp_send_new(c, true))
        tcp_send_probe(c);
    c->rtx_kind = RTX_NONE;
    tcp_arm_rtx(c);
    return true;
}

static bool retransmit(struct tcp_conn *c)
{
    uint8_t kind = c->rtx_kind;

    c->rtx_at = DEADLINE_NEVER;
    if (c->state < TCP_ESTABLISHED_STATE)
        return syn_timeout(c);
    switch (kind) {
    case RTX_RTO:
        return time_out(c);
    case RTX_TLP:
        tail_probe(c);
        return true;
    case RTX_REORDER:
        tcp_detect_losses(c);
        tcp_output(c);
        return true;
    case RTX_PERSIST:
        return probe_window(c);
    case RTX_HOLD:
        if (c->unsent)
            (void)tcp_send_new(c, true);
        tcp_output(c);
    }
    return true;
}

static bool silence(struct tcp_conn *c)
{
    const struct tcp_options *o = &c->options;
    struct tcp *t = c->t;
    nsec_t idle = (o->keep_idle ? o->keep_idle : 7200) * NSEC_PER_SEC;
    nsec_t interval = (o->keep_interval ? o->keep_interval : 75) * NSEC_PER_SEC;

    c->keep_at = DEADLINE_NEVER;
    if (c->state == TCP_FIN_WAIT2_STATE && c->closed_by_user) {
        tcp_end(c, 0, TCP_CLOSED_STATE);
        return false;
    }
    if (c->counted) { /* data did not come: it is to be accepted all the same */
        if (tcp_listen_ready(c)) {
            tcp_arm_keep(c);
            return true;
        }
        tcp_send_rst(c);
        tcp_end(c, -ETIMEDOUT, TCP_CLOSED_STATE);
        return false;
    }
    if (!o->keep_alive || c->state < TCP_ESTABLISHED_STATE)
        return true;
    if (t->now - c->last_heard < idle || c->snd_una != c->snd_nxt) {
        c->keep_at = (c->snd_una != c->snd_nxt ? t->now : c->last_heard) + idle;
        return true;
    }
    unsigned most = o->keep_count ? o->keep_count : 9;
    nsec_t limit = o->user_timeout * MSEC;
    if (limit ? c->keep_probes > 0 && t->now - c->last_heard >= limit : c->keep_probes >= most) {
        tcp_send_rst(c);
        return end_silent(c);
    }
    c->keep_probes++;
    tcp_send_probe(c);
    c->keep_at = t->now + interval;
    return true;
}

void tcp_conn_timeout(struct tcp *t, struct tcp_timer *timer)
{
    struct tcp_conn *c = container_of(timer, struct tcp_conn, timer);

    if (c->ack_at <= t->now) {
        c->ack_at = DEADLINE_NEVER;
        tcp_send_ack(c);
    }
    if (c->rtx_at <= t->now && !retransmit(c))
        return;
    if (c->keep_at <= t->now && !silence(c))
        return;
    tcp_arm(c);
}
