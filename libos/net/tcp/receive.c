/* SPDX-License-Identifier: MIT
 *
 * The receive queues: bytes in order, as the packets that they came in, and packets out of order.
 * The window follows from what is queued, and never shrinks (RFC 9293, 3.8.6). */
#include "tcp/internal.h"

/* Small packets are copied behind those before them: memory is bounded by bytes. */
#define COPY_BELOW 256u

static uint32_t memory_of(const struct pkt *p)
{
    uint32_t n = 0;

    for (; p; p = p->more)
        n += piece_memory(p);
    return n;
}

/* Windows. */

uint32_t tcp_recv_limit(const struct tcp_options *o)
{
    return o->recv_limit ? min_u32(max_u32(o->recv_limit, RECV_LIMIT_MIN), TCP_LIMIT_MAX) : 0;
}

void tcp_set_recv_limit(struct tcp_conn *c)
{
    const struct tcp_options *o = &c->options;

    if (o->recv_limit)
        c->rcv_limit = tcp_recv_limit(o);
    else
        c->rcv_limit = max_u32(c->rcv_limit, min_u32(o->recv_least, LIMIT_AUTO));
}

/* Bytes that the buffer takes, from rcv_nxt on. */
static uint32_t free_space(const struct tcp_conn *c)
{
    uint32_t limit = c->rcv_limit, used = c->rcv_queued;

    if (c->options.window_clamp)
        limit = min_u32(limit, c->options.window_clamp);
    /* Small segments take more memory than bytes: no more than four times as much. */
    used = max_u32(used, (c->rcv_memory + c->ooo_memory) / 4);
    if (tcp_memory_full(c->t))
        return 0;
    return used < limit ? limit - used : 0;
}

uint32_t tcp_take_window(struct tcp_conn *c)
{
    uint32_t told = c->rcv_adv - c->rcv_nxt, window = free_space(c);
    unsigned shift = c->rcv_scale;

    if ((int32_t)told < 0)
        told = 0;
    /* RFC 9293, 3.8.6.2.2: small steps are not worth telling. */
    uint32_t step = min_u32(c->rcv_limit / 2, c->rcv_mss);
    if (window < told + step && window < c->rcv_limit)
        window = told;
    /* Until our SYN has arrived it may go again, and can say no more than that. */
    window = min_u32(window, c->state < TCP_ESTABLISHED_STATE ? 0xffff : 0xffffu << shift);
    if (window < told)
        window = told;
    /* Rounded up: the edge must not go back by what the scale cuts off (RFC 7323, 2.4). */
    window = (window + (1u << shift) - 1) >> shift;
    if (window > 0xffff)
        window = 0xffff;
    if (seq_lt(c->rcv_adv, c->rcv_nxt + (window << shift)))
        c->rcv_adv = c->rcv_nxt + (window << shift);
    return window;
}

/* Once all of a window has come, and the user keeps up, there may be more in flight. */
static void tune(struct tcp_conn *c)
{
    if (c->options.recv_limit || seq_lt(c->rcv_nxt, c->tune_seq))
        return;
    c->tune_seq = c->rcv_nxt + c->rcv_limit;
    if (c->rcv_queued < c->rcv_limit / 4 && c->rcv_limit < LIMIT_AUTO &&
        c->t->counts.memory < c->t->memory_limit / 2)
        c->rcv_limit *= 2;
}

/* Queues. */

static void forget_place(struct tcp_conn *c)
{
    c->at_packet = NULL;
}

/* The packet before the end of the queue. */
static struct pkt *last_of(struct tcp_conn *c)
{
    return c->rcv_first ? container_of(c->rcv_last, struct pkt, next) : NULL;
}

static bool copied_behind(struct tcp_conn *c, struct pkt *p)
{
    struct pkt *q = last_of(c);

    if (!q || q->more || !pkt_is_own(q) || pkt_tailroom(q) < p->total)
        return false;
    pkt_copy(p, 0, q->data + q->len, p->total);
    q->len += p->total;
    q->total += p->total;
    pkt_free(p);
    return true;
}

static void put_in_order(struct tcp_conn *c, struct pkt *p)
{
    uint32_t n = p->total;

    c->rcv_nxt += n;
    c->received_bytes += n;
    c->unacked_in += n;
    if (c->recv_shut) {
        pkt_free(p);
        return;
    }
    c->rcv_queued += n;
    if (n < COPY_BELOW && copied_behind(c, p))
        return;
    uint32_t memory = p->more ? memory_of(p) : piece_memory(p);
    got_of(p)->memory = memory;
    c->rcv_memory += memory;
    c->t->counts.memory += memory;
    p->next = NULL;
    *c->rcv_last = p;
    c->rcv_last = &p->next;
}

static void take_first(struct tcp_conn *c)
{
    struct pkt *p = c->rcv_first;

    c->rcv_first = p->next;
    if (!c->rcv_first)
        c->rcv_last = &c->rcv_first;
    c->rcv_memory -= got_of(p)->memory;
    c->t->counts.memory -= got_of(p)->memory;
    pkt_free(p);
}

void tcp_drop_received(struct tcp_conn *c)
{
    while (c->rcv_first)
        take_first(c);
    c->rcv_queued = 0;
    forget_place(c);
}

static void drop_one_ooo(struct tcp_conn *c, struct pkt **at)
{
    struct pkt *p = *at;

    *at = p->next;
    c->ooo_memory -= got_of(p)->memory;
    c->t->counts.memory -= got_of(p)->memory;
    pkt_free(p);
}

uint32_t tcp_drop_ooo(struct tcp_conn *c)
{
    uint32_t n = c->ooo_memory;

    while (c->ooo)
        drop_one_ooo(c, &c->ooo);
    return n;
}

/* What the peer is told of (RFC 2018, 4). */

static void tell_block(struct tcp_conn *c, uint32_t start, uint32_t end)
{
    struct tcp_block old[SACKS_MAX];
    unsigned count = c->sack_count, n = 1;

    memcpy(old, c->sacks, sizeof(old));
    for (unsigned i = 0; i < count && n < SACKS_MAX; i++)
        if (seq_lt(old[i].end, start) || seq_lt(end, old[i].start))
            c->sacks[n++] = old[i];
    c->sacks[0] = (struct tcp_block){start, end};
    c->sack_count = (uint8_t)n;
}

static void forget_blocks(struct tcp_conn *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->sack_count; i++)
        if (seq_lt(c->rcv_nxt, c->sacks[i].start))
            c->sacks[n++] = c->sacks[i];
    c->sack_count = (uint8_t)n;
}

/* RFC 2883. Of several that one segment brings again the first, or as far as they lie together. */
static void tell_duplicate(struct tcp_conn *c, uint32_t start, uint32_t end)
{
    if (!c->sack_on || start == end || (c->dsack_out && c->dsack.end != start))
        return;
    c->dsack = (struct tcp_block){c->dsack_out ? c->dsack.start : start, end};
    c->dsack_out = true;
}

static uint32_t end_of(struct pkt *p)
{
    return got_of(p)->seq + p->total;
}

/* The run of bytes, of all packets out of order, that (p) is part of. */
static void tell_run(struct tcp_conn *c, struct pkt *p)
{
    uint32_t start = 0, end = 0;
    bool found = false;

    for (struct pkt *q = c->ooo; q; q = q->next) {
        if (!start && !end) {
            start = got_of(q)->seq;
            end = end_of(q);
        } else if (seq_lt(end, got_of(q)->seq)) {
            if (found)
                break;
            start = got_of(q)->seq;
            end = end_of(q);
        } else if (seq_lt(end, end_of(q))) {
            end = end_of(q);
        }
        found = found || q == p;
    }
    if (found && start != end) /* a FIN alone is none */
        tell_block(c, start, end);
}

/* Keeps (p), whose bytes are in the window, but others are missing before. */
static void put_out_of_order(struct tcp_conn *c, struct pkt *p, uint32_t seq, bool fin)
{
    struct pkt **at = &c->ooo;
    uint32_t end = seq + p->total, memory = memory_of(p);

    while (*at && seq_le(got_of(*at)->seq, seq)) {
        if (seq_le(end, end_of(*at)) && !(fin && !got_of(*at)->fin)) {
            tell_duplicate(c, seq, end);
            tell_run(c, *at);
            pkt_free(p);
            return;
        }
        at = &(*at)->next;
    }
    while (*at && seq_le(end_of(*at), end) && !(got_of(*at)->fin && !fin)) {
        tell_duplicate(c, got_of(*at)->seq, end_of(*at)); /* all of it is here again */
        drop_one_ooo(c, at);
    }
    *got_of(p) = (struct tcp_got){.seq = seq, .memory = memory, .fin = fin};
    p->next = *at;
    *at = p;
    c->ooo_memory += memory;
    c->t->counts.memory += memory;
    if (c->sack_on && p->total > 0)
        tell_run(c, p);
    /* A peer that sends small parts of a large window. The newest goes: it is the one that can be
     * dropped for certain without making the others useless. */
    if (c->ooo_memory > 4 * max_u32(c->rcv_limit, 65536)) {
        while (*at != p)
            at = &(*at)->next;
        drop_one_ooo(c, at);
        c->sack_count = 0;
        c->t->counts.memory_drops++;
    } else if (tcp_memory_full(c->t)) {
        tcp_shed_memory(c->t);
    }
}

static void fin_is_next(struct tcp_conn *c)
{
    c->fin_got = true;
    c->rcv_nxt++;
    if (seq_lt(c->rcv_adv, c->rcv_nxt))
        c->rcv_adv = c->rcv_nxt;
    tcp_drop_ooo(c);
    c->sack_count = 0;
}

/* What was out of order follows, as far as it does. */
static void fill(struct tcp_conn *c)
{
    struct pkt *p;

    while (!c->fin_got && (p = c->ooo) && seq_le(got_of(p)->seq, c->rcv_nxt)) {
        uint32_t old = c->rcv_nxt - got_of(p)->seq;
        bool fin = got_of(p)->fin;
        c->ooo = p->next;
        c->ooo_memory -= got_of(p)->memory;
        c->t->counts.memory -= got_of(p)->memory;
        tell_duplicate(c, got_of(p)->seq, old < p->total ? c->rcv_nxt : end_of(p));
        if (old >= p->total) {
            bool at_end = old == p->total;
            pkt_free(p);
            if (fin && at_end)
                fin_is_next(c);
            continue;
        }
        if (old)
            pkt_trim_front(p, old);
        put_in_order(c, p);
        if (fin)
            fin_is_next(c);
    }
    forget_blocks(c);
}

/* Bytes have been put in order. */
static void received(struct tcp_conn *c, bool ack_now)
{
    tune(c);
    tcp_want_ack(c, ack_now || c->unacked_in >= 2 * c->rcv_mss);
}

static void see_size(struct tcp_conn *c, const struct tcp_segment *s)
{
    c->last_got = c->t->now;
    if (unlikely(s->size > c->rcv_mss))
        c->rcv_mss = min_u32(s->size, tcp_own_mss(c));
}

void tcp_receive_next(struct tcp_conn *c, const struct tcp_segment *s, struct pkt *p)
{
    see_size(c, s);
    put_in_order(c, p);
    received(c, false);
    if (!c->recv_shut)
        tcp_event(c, TCP_EVENT_READ);
}

void tcp_receive(struct tcp_conn *c, const struct tcp_segment *s, struct pkt *p)
{
    uint32_t seq = s->seq, before = c->rcv_nxt;
    bool fin = s->flags & TCP_FIN, had_fin = c->fin_got;

    if (seq_lt(seq, c->rcv_nxt)) {
        uint32_t old = c->rcv_nxt - seq;
        tell_duplicate(c, seq, seq_lt(seq + p->total, c->rcv_nxt) ? seq + p->total : c->rcv_nxt);
        tcp_want_ack(c, true);
        if (old > p->total) {
            pkt_free(p);
            return;
        }
        pkt_trim_front(p, old);
        seq = c->rcv_nxt;
    }
    if (seq_lt(c->rcv_adv, seq + p->total)) {
        uint32_t beyond = seq + p->total - c->rcv_adv;
        tcp_want_ack(c, true);
        fin = false;
        if (beyond > p->total)
            beyond = p->total;
        pkt_trim_back(p, beyond);
    }
    if ((p->total == 0 && !fin) || c->fin_got) {
        pkt_free(p);
        return;
    }
    see_size(c, s);
    if (seq != c->rcv_nxt) {
        put_out_of_order(c, p, seq, fin);
        tcp_want_ack(c, true);
        return;
    }
    bool hole = c->ooo != NULL;
    if (p->total > 0)
        put_in_order(c, p);
    else
        pkt_free(p);
    if (fin)
        fin_is_next(c);
    else if (hole)
        fill(c);
    received(c, hole || fin);
    if (c->rcv_nxt != before && (!c->recv_shut || c->fin_got != had_fin))
        tcp_event(c, TCP_EVENT_READ);
}

/* Users. */

size_t tcp_recv_len(const struct tcp_conn *c)
{
    return c->rcv_queued;
}

bool tcp_recv_stalled(const struct tcp_conn *c)
{
    return c->rcv_queued > 0 && (int32_t)(c->rcv_adv - c->rcv_nxt) <= (int32_t)c->rcv_mss;
}

bool tcp_recv_ended(const struct tcp_conn *c)
{
    return c->fin_got || c->recv_shut;
}

size_t tcp_recv_at(const struct tcp_conn *c, size_t off, const uint8_t **at)
{
    struct tcp_conn *w = (struct tcp_conn *)c; /* only the place is remembered */
    struct pkt *p = c->rcv_first, *piece = p;
    size_t start = 0;

    if (off >= c->rcv_queued)
        return 0;
    if (c->at_packet && c->at_off <= off) {
        p = c->at_packet;
        piece = c->at_piece;
        start = c->at_off;
    }
    while (off - start >= piece->len) {
        start += piece->len;
        piece = piece->more;
        if (!piece) {
            p = p->next;
            piece = p;
        }
    }
    w->at_packet = p;
    w->at_piece = piece;
    w->at_off = (uint32_t)start;
    *at = piece->data + (off - start);
    return piece->len - (off - start);
}

void tcp_recv_done(struct tcp_conn *c, size_t n)
{
    if (n == 0)
        return;
    forget_place(c);
    c->rcv_queued -= (uint32_t)n;
    while (n > 0) {
        struct pkt *p = c->rcv_first;
        if (n < p->total) {
            pkt_trim_front(p, n);
            break;
        }
        n -= p->total;
        take_first(c);
    }
    if (c->state < TCP_ESTABLISHED_STATE || c->fin_got || c->state >= TCP_CLOSE_WAIT_STATE)
        return;
    /* RFC 9293, 3.8.6.2.2: told once it has grown by half of the buffer or two segments. */
    uint32_t told = c->rcv_adv - c->rcv_nxt;
    uint32_t space = min_u32(free_space(c), 0xffffu << c->rcv_scale);
    if ((int32_t)told < 0)
        told = 0;
    if (space >= told + min_u32(c->rcv_limit / 2, 2 * c->rcv_mss) &&
        (told < c->rcv_limit / 2 || c->unacked_in >= 2 * c->rcv_mss))
        tcp_send_ack(c);
}

void tcp_shutdown_recv(struct tcp_conn *c)
{
    c->recv_shut = true;
}

ssize_t tcp_urgent_mark(const struct tcp_conn *c)
{
    int32_t off = (int32_t)(c->rcv_up - (c->rcv_nxt - c->fin_got - c->rcv_queued));

    return !c->urgent_got || off < 0 ? -1 : off;
}

int tcp_recv_urgent(struct tcp_conn *c, bool peek, uint8_t *byte)
{
    const uint8_t *at;
    ssize_t mark = tcp_urgent_mark(c);

    if (mark < 0 || c->urgent_read)
        return -EINVAL;
    if (tcp_recv_at(c, (size_t)mark, &at) == 0)
        return -EAGAIN;
    *byte = *at;
    if (!peek)
        c->urgent_read = true;
    return 0;
}
