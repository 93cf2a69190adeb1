/* SPDX-License-Identifier: MIT
 *
 * Congestion control: slow start (RFC 5681, 3.1, initial window of RFC 6928), which HyStart++ ends
 * (RFC 9406), CUBIC (RFC 9438) or
 * Reno in congestion avoidance, proportional rate reduction in recovery (RFC 6937). In bytes. */
#include "tcp/internal.h"

#define IW_SEGMENTS 10u

/* RFC 9406, 4.3. There is no limit L: it would hold back those whose ACKs tell of many segments at
 * once. */
#define RTT_THRESH_MIN 4000u /* us */
#define RTT_THRESH_MAX 16000u
#define RTT_DIVISOR    8
#define RTT_SAMPLES    8
#define CSS_DIVISOR    4
#define CSS_ROUNDS     5

static bool in_slow_start(const struct tcp_conn *c)
{
    return c->cwnd < c->ssthresh;
}

uint32_t tcp_cc_initial_window(const struct tcp_conn *c)
{
    return IW_SEGMENTS * c->mss;
}

void tcp_cc_init(struct tcp_conn *c)
{
    /* RFC 5681, 3.1: one segment where the SYN had to be sent again. */
    c->cwnd = c->retries > 1 ? c->mss : tcp_cc_initial_window(c);
    c->ssthresh = UINT32_MAX;
    c->cwnd_count = 0;
    c->cubic = (struct tcp_cubic){0};
    c->hystart = (struct tcp_hystart){
        .end = c->snd_nxt, .now = UINT32_MAX, .was = UINT32_MAX, .base = UINT32_MAX};
}

/* A round is over: all that was in flight when it began is acknowledged. */
static void next_round(struct tcp_conn *c)
{
    struct tcp_hystart *h = &c->hystart;

    h->was = h->now;
    h->now = UINT32_MAX;
    h->samples = 0;
    h->end = c->snd_nxt;
    if (h->rounds && ++h->rounds > CSS_ROUNDS)
        c->ssthresh = c->cwnd;
}

static void take_sample(struct tcp_hystart *h, nsec_t rtt)
{
    h->now = min_u32(h->now, (uint32_t)min_size((size_t)rtt / 1000, UINT32_MAX - 1));
    if (h->samples < RTT_SAMPLES)
        h->samples++;
    if (h->samples < RTT_SAMPLES || h->was == UINT32_MAX)
        return;
    uint32_t thresh = min_u32(max_u32(h->was / RTT_DIVISOR, RTT_THRESH_MIN), RTT_THRESH_MAX);
    if (h->rounds && h->now < h->base) { /* it was but jitter */
        h->rounds = 0;
    } else if (!h->rounds && h->now >= h->was + thresh) {
        h->base = h->now;
        h->rounds = 1;
    }
}

void tcp_cc_rtt(struct tcp_conn *c, nsec_t rtt)
{
    if (likely(c->ssthresh != UINT32_MAX)) /* of the first slow start only */
        return;
    take_sample(&c->hystart, rtt);
    if (seq_le(c->hystart.end, c->snd_una))
        next_round(c);
}

static uint32_t cube_root(uint64_t x)
{
    uint64_t r = 0;

    for (int bit = 20; bit >= 0; bit--) {
        uint64_t try = r | 1ull << bit;
        if (try * try * try <= x)
            r = try;
    }
    return (uint32_t)r;
}

static void cubic_start(struct tcp_conn *c)
{
    struct tcp_cubic *b = &c->cubic;

    b->epoch = c->t->now;
    b->w_est = c->cwnd;
    if (c->cwnd < b->w_max) { /* K = cbrt((W_max - cwnd) / C), C = 0.4 segments/s^3; in ms */
        uint64_t segments = (b->w_max - c->cwnd) / c->mss;
        b->k = cube_root(min_size(segments, 1u << 24) * 2500000000u);
        b->origin = b->w_max;
    } else {
        b->k = 0;
        b->origin = c->cwnd;
    }
}

/* W_cubic a round trip from now (4.2), in bytes, at least 0 and at most half as much again. */
static uint32_t cubic_target(const struct tcp_conn *c)
{
    const struct tcp_cubic *b = &c->cubic;
    int64_t d = (c->t->now + c->srtt - b->epoch) / MSEC - (int64_t)b->k;

    if (d > 100000)
        d = 100000;
    if (d < -100000)
        d = -100000;
    int64_t w = b->origin + d * d * d / 1000000 * c->mss * 4 / 10000;
    if (w < c->cwnd)
        return c->cwnd;
    return w > (int64_t)c->cwnd * 3 / 2 ? c->cwnd + c->cwnd / 2 : (uint32_t)w;
}

static void cubic_acked(struct tcp_conn *c, uint32_t bytes)
{
    struct tcp_cubic *b = &c->cubic;

    if (!b->epoch)
        cubic_start(c);
    else if (c->t->now - b->grown > 2 * c->srtt) /* 5.8: others limited it, this is no time */
        b->epoch += c->t->now - b->grown;
    b->grown = c->t->now;
    uint32_t grow = (uint32_t)((uint64_t)(cubic_target(c) - c->cwnd) * bytes / c->cwnd);
    /* At least what Reno would do (4.3): alpha = 3 (1 - 0.7) / (1 + 0.7), 1 once above W_max. */
    uint64_t reno = (uint64_t)bytes * c->mss / c->cwnd;
    b->w_est += (uint32_t)(b->w_est < b->w_max ? reno * 9 / 17 : reno);
    c->cwnd += grow;
    if (c->cwnd < b->w_est)
        c->cwnd = b->w_est;
}

void tcp_cc_acked(struct tcp_conn *c, uint32_t bytes)
{
    if (!c->cwnd_limited) /* RFC 9438, 4.2.3, RFC 7661: it was not the window that limited */
        return;
    if (in_slow_start(c)) {
        uint32_t grow = min_u32(bytes, c->ssthresh - c->cwnd);
        bytes -= grow;
        c->cwnd += c->ssthresh == UINT32_MAX && c->hystart.rounds ? grow / CSS_DIVISOR : grow;
    }
    if (bytes > 0 && !in_slow_start(c)) {
        if (!tcp_is_reno(c)) {
            cubic_acked(c, bytes);
        } else if ((c->cwnd_count += bytes) >= c->cwnd) {
            c->cwnd_count -= c->cwnd;
            c->cwnd += c->mss;
        }
    }
    if (c->cwnd > 1u << 30)
        c->cwnd = 1u << 30;
}

static void reduce(struct tcp_conn *c)
{
    struct tcp_cubic *b = &c->cubic;
    uint32_t flight = c->snd_nxt - c->snd_una;
    uint32_t window = c->cwnd; /* 4.6 allows it, as it only grows while it is in use */

    if (tcp_is_reno(c)) {
        c->ssthresh = max_u32(flight / 2, 2 * c->mss); /* RFC 5681, (4) */
    } else {
        /* 4.7, fast convergence: a flow that has less than before leaves more to the new ones. */
        b->w_max = window < b->w_max ? (uint32_t)((uint64_t)window * 17 / 20) : window;
        b->epoch = 0;
        c->ssthresh = max_u32((uint32_t)((uint64_t)window * 7 / 10), 2 * c->mss);
    }
    c->cwnd_count = 0;
}

void tcp_cc_enter_recovery(struct tcp_conn *c)
{
    c->prr_flight = c->snd_nxt - c->snd_una;
    c->prr_delivered = c->prr_out = 0;
    reduce(c);
}

/* RFC 6937. Its slow start bound holds where the ACK is (safe): it goes on, and tells of no more
 * losses. */
void tcp_cc_recovery_ack(struct tcp_conn *c, uint32_t delivered, bool safe, bool first)
{
    uint32_t pipe = tcp_flight(c), send;

    c->prr_delivered += delivered;
    if (pipe > c->ssthresh) {
        uint64_t share = ((uint64_t)c->prr_delivered * c->ssthresh + c->prr_flight - 1) /
                         max_u32(c->prr_flight, 1);
        send = share > c->prr_out ? (uint32_t)share - c->prr_out : 0;
    } else {
        uint32_t behind = c->prr_delivered > c->prr_out ? c->prr_delivered - c->prr_out : 0;
        send = min_u32(c->ssthresh - pipe, max_u32(behind, delivered) + (safe ? c->mss : 0));
    }
    if (first)
        send = max_u32(send, c->mss); /* the first retransmission does not wait */
    c->cwnd = max_u32(pipe + send, c->mss);
}

void tcp_cc_timeout(struct tcp_conn *c)
{
    reduce(c);
    c->cwnd = c->mss;
    c->cwnd_limited = true;
}

/* RFC 5681, 4.1; what was reached is reached again by slow start (RFC 7661, 4.4.2). */
void tcp_cc_idle(struct tcp_conn *c)
{
    uint32_t restart = tcp_cc_initial_window(c);

    if (c->cwnd <= restart)
        return;
    c->ssthresh = max_u32(c->ssthresh, c->cwnd / 4 * 3);
    c->cwnd = restart;
    c->cubic.epoch = 0;
}
