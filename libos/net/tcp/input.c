/* SPDX-License-Identifier: MIT
 *
 * A segment arrives: RFC 9293, 3.10.7, in its order, with RFC 5961 against those that only guess.
 */
#include "tcp/internal.h"

#define CHALLENGE_TIME (500 * MSEC)
#define CHALLENGES     100u /* a second, of all connections */
#define TS_OUTDATED    (24 * 24 * 3600 * NSEC_PER_SEC)

void tcp_event(struct tcp_conn *c, unsigned events)
{
    if (!c->closed_by_user && !c->listener)
        c->t->ops.event(c->user, events);
}

static bool is_established(unsigned state)
{
    return state == TCP_ESTABLISHED_STATE || state == TCP_CLOSE_WAIT_STATE;
}

void tcp_set_state(struct tcp_conn *c, enum tcp_state state)
{
    c->t->counts.established += is_established(state);
    c->t->counts.established -= is_established(c->state);
    c->state = (uint8_t)state;
}

void tcp_end(struct tcp_conn *c, int err, enum tcp_state last)
{
    struct tcp *t = c->t;

    if (c->state == TCP_SYN_SENT_STATE || c->state == TCP_SYN_RCVD_STATE)
        t->counts.attempt_fails++;
    tcp_set_state(c, last);
    c->error = err;
    if (c->closed_by_user || c->listener) {
        t->counts.orphans -= c->closed_by_user;
        tcp_conn_free(c);
        return;
    }
    tcp_conn_remove(c);
    tcp_timer_cancel(t, &c->timer);
    c->rtx_at = c->ack_at = c->keep_at = DEADLINE_NEVER;
    c->ack_now = false;
    tcp_free_send_queue(c);
    tcp_drop_ooo(c);
    tcp_event(c, TCP_EVENT_READ | TCP_EVENT_WRITE | TCP_EVENT_CLOSED | (err ? TCP_EVENT_ERROR : 0));
}

/* Not often: the peer could count them (RFC 5961, 7). */
bool tcp_may_challenge(struct tcp *t, nsec_t *last)
{
    if (*last && t->now - *last < CHALLENGE_TIME)
        return false;
    if (t->now - t->challenge_second >= NSEC_PER_SEC) {
        t->challenge_second = t->now;
        t->challenge_count = 0;
    }
    if (t->challenge_count >= CHALLENGES)
        return false;
    t->challenge_count++;
    *last = t->now;
    t->counts.challenge_acks++;
    return true;
}

void tcp_challenge_ack(struct tcp_conn *c)
{
    if (tcp_may_challenge(c->t, &c->last_challenge))
        tcp_send_ack(c);
}

/* Opening. */

void tcp_learn_syn(struct tcp_conn *c, const struct tcp_segment *s)
{
    c->irs = s->seq;
    c->rcv_nxt = s->seq + 1;
    c->snd_wl1 = s->seq;
    c->peer_mss = s->mss ? s->mss : MSS_DEFAULT;
    c->ts_on = s->has_ts;
    c->sack_on = s->sack_ok;
    if (s->scale >= 0 && c->scale_on) {
        c->snd_scale = (uint8_t)s->scale;
    } else {
        c->scale_on = false;
        c->snd_scale = c->rcv_scale = 0;
    }
    if (s->has_ts) {
        c->ts_recent = s->ts_val;
        c->ts_recent_at = c->t->now;
    }
}

static void established(struct tcp_conn *c, const struct tcp_segment *s)
{
    struct tcp *t = c->t;
    nsec_t rtt;

    /* Of a cookie nobody knows when it was sent. */
    if (c->retries == 0 && c->last_sent)
        tcp_measure(c, t->now - c->last_sent);
    else if (c->last_sent && (rtt = tcp_rtt_of_ts(c, s)) > 0)
        tcp_measure(c, rtt);
    else if (c->last_sent)
        c->rto = RTO_FALLBACK;
    tcp_cc_init(c);
    /* Who has closed meanwhile has done so now (3.10.4, SYN-RECEIVED). */
    tcp_set_state(c, c->fin_queued ? TCP_FIN_WAIT1_STATE : TCP_ESTABLISHED_STATE);
    c->retries = 0;
    c->snd_una = s->ack;
    c->snd_wnd = s->window << (s->flags & TCP_SYN ? 0 : c->snd_scale);
    c->max_wnd = c->snd_wnd;
    c->snd_wl1 = s->seq;
    c->snd_wl2 = s->ack;
    c->rtx_at = c->reorder_at = DEADLINE_NEVER;
    c->rack_fack = c->snd_una;
    c->tune_seq = c->rcv_nxt + c->rcv_limit;
    c->rcv_mss = min_u32(c->rcv_mss, c->mss);
    c->last_sent = c->last_got = t->now;
    if (c->was_passive)
        t->counts.passive_opens++;
    tcp_arm_keep(c);
}

/* 3.10.7.3. */
static void syn_sent(struct tcp_conn *c, const struct tcp_segment *s, struct pkt *p)
{
    struct tcp *t = c->t;
    bool ack = s->flags & TCP_ACK;

    if (ack && s->ack != c->iss + 1) {
        tcp_reset_for(t, &c->ends, s, &c->options.path);
        goto drop;
    }
    if (s->flags & TCP_RST) {
        if (ack)
            tcp_end(c, -ECONNREFUSED, TCP_CLOSED_STATE);
        goto drop;
    }
    if (!(s->flags & TCP_SYN))
        goto drop;
    tcp_learn_syn(c, s);
    (void)!tcp_update_mss(c);
    c->rcv_adv = c->rcv_nxt + min_u32(c->rcv_limit, 0xffff);
    if (ack) {
        established(c, s);
        tcp_output(c); /* what waits carries the ACK */
        if (c->last_ack_sent != c->rcv_nxt)
            tcp_send_ack(c);
        tcp_event(c, TCP_EVENT_WRITE);
    } else {
        tcp_set_state(c, TCP_SYN_RCVD_STATE);
        c->snd_wnd = c->max_wnd = s->window;
        tcp_send_syn(c);
    }
drop:
    pkt_free(p);
}

/* In SYN-RCVD: false: the segment is not the ACK of our SYN. */
static bool opened(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (s->ack != c->iss + 1) {
        tcp_reset_for(c->t, &c->ends, s, &c->options.path);
        return false;
    }
    if (c->listener && c->options.defer_accept && s->len == 0) {
        established(c, s);
        c->keep_at = c->t->now + c->options.defer_accept * NSEC_PER_SEC;
        tcp_arm(c);
        return true;
    }
    if (c->listener && !tcp_listen_ready(c))
        return false; /* the SYN-ACK will be sent again, and its ACK come again */
    established(c, s);
    tcp_event(c, TCP_EVENT_WRITE);
    return true;
}

/* First to fourth: sequence number, RST, security (none), SYN. */

static bool in_window(const struct tcp_conn *c, uint32_t seq, uint32_t len)
{
    /* Without bytes, the edge itself is good: the peer has sent all that it may. */
    return seq_le(seq, c->rcv_adv) && seq_le(c->rcv_nxt, seq + len) &&
           (len == 0 || seq_lt(c->rcv_nxt, seq + len)) &&
           (len == 0 || seq_lt(seq, c->rcv_adv) || seq == c->rcv_nxt);
}

/* Answers what is not acceptable: a retransmission always, anything else not too often. */
static void not_acceptable(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (s->len == 0) {
        tcp_challenge_ack(c);
        return;
    }
    if (c->sack_on && seq_le(s->seq + s->len, c->rcv_nxt)) {
        c->dsack = (struct tcp_block){s->seq, s->seq + s->len};
        c->dsack_out = true;
    }
    tcp_want_ack(c, true);
}

static bool timestamps_are_good(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (!s->has_ts) /* RFC 7323, 3.2 */
        return s->flags & TCP_RST;
    if (seq_lt(s->ts_val, c->ts_recent) && !(s->flags & TCP_RST) &&
        c->t->now - c->ts_recent_at < TS_OUTDATED) { /* 5.3, R1 */
        c->t->counts.paws_rejected++;
        not_acceptable(c, s);
        return false;
    }
    return true;
}

/* RFC 5961, 3.2: whether the reset was believed; (c) may be gone then. */
static void reset(struct tcp_conn *c, const struct tcp_segment *s)
{
    int err = c->state == TCP_SYN_RCVD_STATE     ? -ECONNREFUSED
              : c->state == TCP_CLOSE_WAIT_STATE ? -EPIPE
                                                 : -ECONNRESET;

    /* Some peers (macOS) reset with their FIN's number, once, and answer challenges seldom. */
    bool at_fin = c->fin_got && s->seq == c->rcv_nxt - 1;

    if (s->seq != c->rcv_nxt && !at_fin) {
        if (seq_lt(c->rcv_nxt, s->seq) && seq_lt(s->seq, c->rcv_adv))
            tcp_challenge_ack(c);
        return;
    }
    c->t->counts.resets_in_state += is_established(c->state);
    tcp_end(c, err, TCP_CLOSED_STATE);
}

/* Of a segment that is acceptable, its ACK too: others could make PAWS drop what comes next. */
static void remember_ts(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (c->ts_on && seq_le(s->seq, c->last_ack_sent)) { /* RFC 7323, 4.3 */
        c->ts_recent = s->ts_val;
        c->ts_recent_at = c->t->now;
    }
}

static bool acceptable(struct tcp_conn *c, struct tcp_segment *s)
{
    uint32_t len = s->len + (s->flags & TCP_FIN ? 1 : 0);

    if (unlikely(s->flags & TCP_SYN)) {
        /* In SYN-RCVD another one is of a peer that has begun anew: its reset ends this one. */
        if (c->state != TCP_SYN_RCVD_STATE || s->seq != c->irs) {
            tcp_challenge_ack(c);
            return false;
        }
        if (s->flags & TCP_RST)
            return false;
        if (!(s->flags & TCP_ACK)) {
            tcp_send_syn(c);
            return false;
        }
        /* Both opened at once: this is the ACK of our SYN. */
        s->flags &= (uint8_t)~TCP_SYN;
        s->seq++;
        s->window >>= c->snd_scale; /* of a SYN, it is not scaled (RFC 7323, 2.2) */
        tcp_want_ack(c, true);
    }
    if (c->ts_on && !timestamps_are_good(c, s))
        return false;
    if (s->flags & TCP_RST) {
        reset(c, s);
        return false;
    }
    if (!in_window(c, s->seq, len)) {
        not_acceptable(c, s);
        return false;
    }
    return s->flags & TCP_ACK;
}

/* Later: URG, the segment's text, FIN. */

static void urgent(struct tcp_conn *c, const struct tcp_segment *s)
{
    uint32_t up = s->seq + s->urgent - 1;

    if (s->urgent == 0 || (c->urgent_got && !seq_lt(c->rcv_up, up)) ||
        seq_lt(up, c->rcv_nxt - c->rcv_queued))
        return;
    /* The one before, if it comes next, is not to become data. */
    if (!c->options.urgent_inline && tcp_urgent_mark(c) == 0 && c->rcv_queued > 0)
        tcp_recv_done(c, 1);
    c->urgent_got = true;
    c->urgent_read = false;
    c->rcv_up = up;
    tcp_event(c, TCP_EVENT_URGENT);
}

/* Our FIN is acknowledged: false: (c) is over. */
static bool fin_is_acked(struct tcp_conn *c)
{
    nsec_t linger = c->options.linger2;

    switch (c->state) {
    case TCP_FIN_WAIT1_STATE:
        tcp_set_state(c, TCP_FIN_WAIT2_STATE);
        c->keep_at = DEADLINE_NEVER;
        if (!c->closed_by_user)
            return true;
        if (linger < 0) {
            tcp_end(c, 0, TCP_CLOSED_STATE);
            return false;
        }
        c->keep_at = c->t->now + (linger ? linger : 60) * NSEC_PER_SEC;
        tcp_arm(c);
        return true;
    case TCP_CLOSING_STATE:
        tcp_enter_time_wait(c);
        return false;
    case TCP_LAST_ACK_STATE:
        tcp_end(c, 0, TCP_CLOSED_STATE);
        return false;
    }
    return true;
}

/* The peer's FIN has come, and all before it: false: (c) is over. */
static bool fin_came(struct tcp_conn *c)
{
    switch (c->state) {
    case TCP_ESTABLISHED_STATE:
        tcp_set_state(c, TCP_CLOSE_WAIT_STATE);
        break;
    case TCP_FIN_WAIT1_STATE:
        tcp_set_state(c, TCP_CLOSING_STATE);
        break;
    case TCP_FIN_WAIT2_STATE:
        tcp_enter_time_wait(c);
        return false;
    }
    return true;
}

/* Bytes for a user who has gone or reads no more, both directions shut: a reset (RFC
 * 1122, 4.2.2.13, RFC 2525, 2.16). */
static bool nobody_reads(struct tcp_conn *c, const struct tcp_segment *s)
{
    bool shut = c->recv_shut && c->state != TCP_ESTABLISHED_STATE;

    if ((!c->closed_by_user && !shut) || s->len == 0 || !seq_lt(c->rcv_nxt, s->seq + s->len))
        return false;
    tcp_reset_for(c->t, &c->ends, s, &c->options.path);
    tcp_end(c, -ECONNRESET, TCP_CLOSED_STATE);
    return true;
}

static bool may_receive(const struct tcp_conn *c)
{
    return c->state == TCP_ESTABLISHED_STATE || c->state == TCP_FIN_WAIT1_STATE ||
           c->state == TCP_FIN_WAIT2_STATE;
}

/* Whether (s) is what most segments are: the next one of an open connection, an ACK or bytes, all
 * in the window, its timestamp not older than the last one. Then it is acceptable, and the steps of
 * 3.10.7.4 for RST, SYN, URG and FIN have nothing to do. */
static bool is_next(const struct tcp_conn *c, const struct tcp_segment *s)
{
    return s->seq == c->rcv_nxt && (s->flags & ~TCP_PSH) == TCP_ACK &&
           c->state == TCP_ESTABLISHED_STATE && s->has_ts == c->ts_on &&
           s->len <= c->rcv_adv - c->rcv_nxt && (!c->ts_on || seq_le(c->ts_recent, s->ts_val));
}

/* What the segment allows to be sent, and for how long to wait. */
static inline __attribute__((always_inline)) void respond(struct tcp_conn *c)
{
    if (c->unsent || c->lost != c->again || c->fin_queued) {
        tcp_output(c);
        if (unlikely(c->options.not_sent_low && c->wants_room))
            tcp_tell_room(c);
    } else if (c->rtx_at != DEADLINE_NEVER || c->snd_una != c->snd_nxt)
        tcp_arm_rtx(c);
}

/* The same as process does of such a segment. */
static void process_next(struct tcp_conn *c, struct tcp_segment *s, struct pkt *p)
{
    if (s->ack == c->snd_nxt && c->snd_una == c->snd_nxt && s->sack_count == 0) {
        tcp_learn_window(c, s); /* nothing is in flight that it could be about */
    } else if (unlikely(!tcp_ack(c, s))) {
        pkt_free(p);
        return;
    }
    remember_ts(c, s);
    if (s->len == 0)
        pkt_free(p);
    else
        tcp_receive_next(c, s, p);
    respond(c);
}

void tcp_process(struct tcp_conn *c, struct tcp_segment *s, struct pkt *p)
{
    c->last_heard = c->t->now;
    c->keep_probes = 0;
    if (likely(is_next(c, s) && !c->ooo && !c->counted)) {
        process_next(c, s, p);
        return;
    }
    if (unlikely(c->state == TCP_SYN_SENT_STATE)) {
        syn_sent(c, s, p);
        return;
    }
    if (unlikely(!acceptable(c, s)) ||
        (unlikely(c->state == TCP_SYN_RCVD_STATE) && !opened(c, s)) || unlikely(!tcp_ack(c, s))) {
        pkt_free(p);
        return;
    }
    remember_ts(c, s);
    if (unlikely(c->fin_acked) && !fin_is_acked(c)) {
        pkt_free(p);
        return;
    }
    if (unlikely(s->flags & TCP_URG) && may_receive(c))
        urgent(c, s);
    if (s->len == 0 && !(s->flags & TCP_FIN)) {
        pkt_free(p);
    } else if (unlikely(nobody_reads(c, s))) {
        pkt_free(p);
        return;
    } else if (likely(may_receive(c))) {
        tcp_receive(c, s, p);
        if (unlikely(c->counted && c->rcv_queued > 0) && !tcp_listen_ready(c))
            c->keep_at = c->t->now + NSEC_PER_SEC;
        if (unlikely(c->fin_got) && !fin_came(c))
            return;
    } else {
        tcp_want_ack(c, true);
        pkt_free(p);
    }
    respond(c);
}

/* Of no connection: TIME-WAIT, a listener, or nobody (3.10.7.1). */
static void input_elsewhere(struct tcp *t, const struct ip_ends *ends, struct tcp_segment *s,
                            struct pkt *p)
{
    struct tcp_time_wait *w = tcp_find_wait(t, ends);

    if (w && tcp_wait_input(t, w, s)) {
        pkt_free(p);
        return;
    }
    struct tcp_conn *l = tcp_find_listener(t, ends);
    if (l && w) { /* a new connection of the same ends: its numbers go on behind the last one's */
        s->iss = w->snd_nxt + 0x10001;
        s->iss += !s->iss;
        tcp_wait_free(t, w);
    }
    if (l) {
        tcp_listen_input(l, ends, s, p);
        return;
    }
    tcp_reset_for(t, ends, s, NULL);
    pkt_free(p);
}

void tcp_input(struct tcp *t, const struct ip_ends *ends, struct pkt *p)
{
    struct tcp_segment s;

    t->counts.in_segments++;
    if (unlikely(!tcp_parse(p, &s))) {
        t->counts.in_errors++;
        pkt_free(p);
        return;
    }
    struct tcp_conn *c = tcp_find(t, ends);
    if (likely(c))
        tcp_process(c, &s, p);
    else
        input_elsewhere(t, ends, &s, p);
}
