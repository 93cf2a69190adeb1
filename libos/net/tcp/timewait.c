/* SPDX-License-Identifier: MIT
 *
 * TIME-WAIT (RFC 9293, 3.6.1, 6191, 1337): what is kept of a connection that is over, so that
 * segments that are late do not reach a new one, and the peer's last FIN is acknowledged. */
#include "tcp/internal.h"

struct tcp_time_wait *tcp_find_wait(const struct tcp *t, const struct ip_ends *ends)
{
    return t->waits.count ? (struct tcp_time_wait *)tcp_table_find(t, &t->waits, ends) : NULL;
}

void tcp_each_wait(const struct tcp *t, void (*fn)(void *arg, const struct ip_ends *ends),
                   void *arg)
{
    for (unsigned i = 0; t->waits.count && i <= t->waits.mask; i++)
        for (const struct tcp_entry *e = t->waits.chain[i]; e; e = e->next)
            fn(arg, &e->ends);
}

void tcp_wait_free(struct tcp *t, struct tcp_time_wait *w)
{
    tcp_table_remove(t, &t->waits, &w->entry);
    tcp_timer_cancel(t, &w->timer);
    t->counts.memory -= sizeof(*w);
    t->ops.free(w, sizeof(*w));
}

static void is_over(struct tcp *t, struct tcp_timer *timer)
{
    tcp_wait_free(t, container_of(timer, struct tcp_time_wait, timer));
}

/* Without memory there is none: as if the time were over. */
static void keep(struct tcp_conn *c)
{
    struct tcp *t = c->t;
    struct tcp_time_wait *w = tcp_memory_full(t) ? NULL : t->ops.alloc(sizeof(*w));

    if (!w)
        return;
    t->counts.memory += sizeof(*w);
    w->entry.ends = c->ends;
    w->rcv_nxt = c->rcv_nxt;
    w->snd_nxt = c->snd_nxt;
    w->ts_on = c->ts_on;
    w->ts_recent = c->ts_recent;
    w->ts_offset = c->ts_offset;
    w->window = (uint16_t)min_u32((c->rcv_adv - c->rcv_nxt) >> c->rcv_scale, 0xffff);
    w->path = c->options.path;
    w->timer.fn = is_over;
    tcp_table_insert(t, &t->waits, &w->entry);
    t->counts.time_waits++;
    tcp_timer_set(t, &w->timer, t->now + TIME_WAIT);
}

void tcp_enter_time_wait(struct tcp_conn *c)
{
    if (c->ack_now || c->unacked_in > 0)
        tcp_send_ack(c);
    keep(c);
    tcp_end(c, 0, TCP_TIME_WAIT_STATE);
}

bool tcp_wait_reusable(const struct tcp *t, const struct tcp_time_wait *w)
{
    /* The timestamps of a new connection, whose clock goes on, are greater from a second on; inside
     * the machine, where nothing is late, and ports are used up within less, as soon as they are. */
    nsec_t least = w->path.local ? 10 * (NSEC_PER_SEC / 1000) : NSEC_PER_SEC;

    return w->ts_on && t->now - (w->timer.at - TIME_WAIT) >= least;
}

static void answer(struct tcp *t, struct tcp_time_wait *w)
{
    uint8_t options[12];
    struct raw_segment r = {
        .seq = w->snd_nxt, .ack = w->rcv_nxt, .flags = TCP_ACK, .window = w->window};

    if (w->ts_on) {
        put_be32(options, 0x0101080au);
        put_be32(options + 4, tcp_ts_now(t, w->ts_offset));
        put_be32(options + 8, w->ts_recent);
        r.options = options;
        r.options_len = sizeof(options);
    }
    tcp_send_raw(t, &w->entry.ends, &w->path, &r);
}

bool tcp_wait_input(struct tcp *t, struct tcp_time_wait *w, const struct tcp_segment *s)
{
    bool old = w->ts_on && s->has_ts && seq_lt(s->ts_val, w->ts_recent);

    if (s->flags & TCP_RST) /* ends nothing (RFC 1337) */
        return true;
    if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
        bool newer = w->ts_on && s->has_ts && seq_lt(w->ts_recent, s->ts_val);
        if (newer || (!old && seq_lt(w->rcv_nxt, s->seq)))
            return false;
    }
    if ((s->flags & TCP_FIN) && !old && s->seq + s->len + 1 == w->rcv_nxt) {
        if (s->has_ts)
            w->ts_recent = s->ts_val;
        tcp_timer_set(t, &w->timer, t->now + TIME_WAIT);
        answer(t, w);
        return true;
    }
    /* The ACK of our FIN again, or what is no news, needs no answer. */
    bool plain = s->len == 0 && !(s->flags & (TCP_SYN | TCP_FIN)) && s->seq == w->rcv_nxt && !old;
    if (!plain && tcp_may_challenge(t, &w->last_challenge))
        answer(t, w);
    return true;
}
