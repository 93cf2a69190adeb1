/* SPDX-License-Identifier: MIT
 *
 * Listeners (RFC 9293, 3.10.7.2): connections that are half open count against them, and wait as
 * whole connections; when they are too many, the peer's SYN is kept by the peer itself, in a
 * cookie. Established ones wait in a queue until they are accepted. */
#include "tcp/internal.h"

#define HALF_OPEN_MIN 16u
#define COOKIES_TIME  (128 * NSEC_PER_SEC)

/* What a cookie's timestamp holds in its lowest bits: the peer's options. */
#define COOKIE_BITS     31u
#define COOKIE_SACK     16u
#define COOKIE_NO_SCALE 15u

static bool matches(const struct tcp_conn *l, const struct ip_ends *ends, bool *exact)
{
    if (l->ends.local_port != ends->local_port)
        return false;
    *exact = ip_equal(&l->ends.local, &ends->local);
    if (*exact)
        return !l->ends.scope || l->ends.scope == ends->scope;
    if (ip_is_unset(&l->ends.local))
        return !(l->listen->v6_only && ip_is_v4(&ends->local));
    return ip_is_any(&l->ends.local) && ip_is_v4(&ends->local);
}

struct tcp_conn *tcp_find_listener(const struct tcp *t, const struct ip_ends *ends)
{
    struct tcp_conn *best = NULL;
    bool best_exact = false, exact;
    unsigned count = 0;

    for (struct tcp_conn *l = t->listeners; l; l = l->hash_next) {
        if (!matches(l, ends, &exact) || (best && best_exact && !exact))
            continue;
        if (!best || exact != best_exact) {
            best = l;
            best_exact = exact;
            count = 1;
        } else if (tcp_hash(t, ends) % ++count == 0) { /* each of those alike as often */
            best = l;
        }
    }
    return best;
}

int tcp_listen(struct tcp *t, const struct ip_ends *ends, bool v6_only, bool reuse,
               unsigned backlog, const struct tcp_options *options, void *user,
               struct tcp_conn **out)
{
    for (struct tcp_conn *l = t->listeners; l; l = l->hash_next)
        if (l->ends.local_port == ends->local_port && ip_equal(&l->ends.local, &ends->local) &&
            l->ends.scope == ends->scope && !(reuse && l->listen->reuse))
            return -EADDRINUSE;
    struct tcp_conn *c = tcp_conn_new(t, ends, options);
    if (!c)
        return -ENOMEM;
    c->listen = t->ops.alloc(sizeof(*c->listen));
    if (!c->listen) {
        tcp_conn_free(c);
        return -ENOMEM;
    }
    c->state = TCP_LISTEN_STATE;
    c->user = user;
    c->listen->last = &c->listen->first;
    c->listen->v6_only = v6_only;
    c->listen->reuse = reuse;
    c->listen->backlog = backlog;
    c->hash_next = t->listeners;
    t->listeners = c;
    *out = c;
    return 0;
}

void tcp_set_backlog(struct tcp_conn *listener, unsigned backlog)
{
    listener->listen->backlog = backlog;
}

static bool queue_full(const struct tcp_conn *l)
{
    return l->listen->waiting > l->listen->backlog;
}

/* A connection of a SYN's ends, half open; NULL: no memory, or no way. */
static struct tcp_conn *new_conn(struct tcp_conn *l, const struct ip_ends *ends)
{
    struct tcp *t = l->t;
    struct tcp_conn *c = tcp_memory_full(t) ? NULL : tcp_conn_new(t, ends, &l->options);

    if (!c)
        return NULL;
    c->was_passive = true;
    c->scale_on = true;
    c->rcv_scale = tcp_scale_for(&c->options);
    c->ts_offset = tcp_ts_offset(t, ends);
    c->listener = l;
    c->counted = true;
    l->listen->half_open++;
    c->state = TCP_SYN_RCVD_STATE;
    return c;
}

static void begin(struct tcp_conn *c, const struct tcp_segment *s, uint32_t iss)
{
    tcp_learn_syn(c, s);
    c->iss = iss;
    c->recover = c->snd_sml = c->snd_una = c->snd_wl2 = iss;
    c->snd_nxt = c->write_seq = iss + 1;
    c->snd_wnd = c->max_wnd = s->window;
}

static void send_cookie(struct tcp_conn *l, const struct ip_ends *ends, const struct tcp_segment *s)
{
    struct tcp *t = l->t;
    struct net_path path = l->options.path;
    struct tcp_conn like = {.t = t, .ends = *ends, .options = l->options};
    uint8_t options[TCP_HEADER_MAX - TCP_HEADER];
    uint16_t mss = s->mss ? s->mss : MSS_DEFAULT;
    struct raw_segment r = {.ack = s->seq + 1, .flags = TCP_SYN | TCP_ACK, .options = options};

    like.peer_mss = mss;
    if (tcp_update_mss(&like) < 0)
        return;
    like.ts_on = s->has_ts;
    like.sack_on = s->has_ts && s->sack_ok;
    like.scale_on = s->has_ts && s->scale >= 0;
    like.rcv_scale = tcp_scale_for(&l->options);
    like.ts_recent = s->ts_val;
    if (s->has_ts) {
        uint32_t bits = (like.sack_on ? COOKIE_SACK : 0) |
                        (like.scale_on ? (uint32_t)s->scale : COOKIE_NO_SCALE);
        /* Not later than what the connection will say of itself. */
        uint32_t ts = tcp_ts_now(t, tcp_ts_offset(t, ends)), to = (ts - COOKIE_BITS) & ~COOKIE_BITS;
        like.ts_offset = (to | bits) - tcp_ts_now(t, 0);
    }
    r.options_len = tcp_put_syn_options(&like, options, true);
    r.seq = tcp_cookie(t, ends, s->seq, mss);
    r.window = (uint16_t)min_u32(l->rcv_limit, 0xffff);
    l->listen->cookies_until = t->now + COOKIES_TIME;
    t->counts.cookies_sent++;
    tcp_send_raw(t, ends, &path, &r);
}

/* Whether the ACK is of a cookie: then it is taken like that of a SYN that was kept. */
static bool take_cookie(struct tcp_conn *l, const struct ip_ends *ends, struct tcp_segment *s,
                        struct pkt *p)
{
    struct tcp *t = l->t;
    struct tcp_segment syn = {.seq = s->seq - 1, .window = s->window, .scale = -1};

    if (l->listen->cookies_until <= t->now)
        return false;
    syn.mss = tcp_cookie_check(t, ends, s->ack - 1, syn.seq);
    if (!syn.mss) {
        t->counts.cookies_failed++;
        return false;
    }
    t->counts.cookies_good++;
    struct tcp_conn *c = queue_full(l) ? NULL : new_conn(l, ends);
    if (!c) {
        t->counts.listen_overflows++;
        pkt_free(p);
        return true;
    }
    if (s->has_ts) {
        uint32_t bits = s->ts_ecr & COOKIE_BITS;
        syn.has_ts = true;
        syn.ts_val = s->ts_val;
        syn.sack_ok = bits & COOKIE_SACK;
        if ((bits & 15) != COOKIE_NO_SCALE)
            syn.scale = (int8_t)(bits & 15);
    }
    begin(c, &syn, s->ack - 1);
    c->rcv_adv = c->rcv_nxt + min_u32(c->rcv_limit, 0xffff);
    c->last_ack_sent = c->rcv_nxt;
    if (tcp_update_mss(c) < 0) {
        tcp_conn_free(c);
        pkt_free(p);
        return true;
    }
    tcp_conn_insert(c);
    tcp_process(c, s, p);
    return true;
}

void tcp_listen_input(struct tcp_conn *l, const struct ip_ends *ends, struct tcp_segment *s,
                      struct pkt *p)
{
    struct tcp *t = l->t;

    if (s->flags & TCP_RST)
        goto drop;
    if (s->flags & TCP_ACK) {
        if (!(s->flags & TCP_SYN) && take_cookie(l, ends, s, p))
            return;
        tcp_reset_for(t, ends, s, NULL);
        goto drop;
    }
    if (!(s->flags & TCP_SYN))
        goto drop;
    if (queue_full(l)) {
        t->counts.listen_overflows++;
        t->counts.listen_drops++;
        goto drop;
    }
    if (l->listen->half_open >= max_u32(l->listen->backlog, HALF_OPEN_MIN)) {
        send_cookie(l, ends, s);
        goto drop;
    }
    struct tcp_conn *c = new_conn(l, ends);
    if (!c) {
        t->counts.listen_drops++;
        goto drop;
    }
    begin(c, s, s->iss ? s->iss : tcp_isn(t, ends));
    if (tcp_update_mss(c) < 0) {
        tcp_conn_free(c);
        goto drop;
    }
    tcp_conn_insert(c);
    tcp_send_syn(c);
    c->rtx_kind = RTX_RTO;
    c->rtx_at = t->now + RTO_INITIAL;
    tcp_arm(c);
drop:
    pkt_free(p);
}

bool tcp_listen_ready(struct tcp_conn *c)
{
    struct tcp_conn *l = c->listener;

    if (queue_full(l)) {
        c->t->counts.listen_overflows++;
        return false;
    }
    l->listen->half_open--;
    c->counted = false;
    c->accept_next = NULL;
    *l->listen->last = c;
    l->listen->last = &c->accept_next;
    l->listen->waiting++;
    tcp_event(l, TCP_EVENT_READ);
    return true;
}

void tcp_listen_gone(struct tcp_conn *c)
{
    struct tcp_listen *listen = c->listener->listen;
    struct tcp_conn **at = &listen->first;

    c->listener = NULL;
    if (c->counted) {
        listen->half_open--;
        c->counted = false;
        return;
    }
    while (*at != c)
        at = &(*at)->accept_next;
    *at = c->accept_next;
    if (!*at)
        listen->last = at;
    listen->waiting--;
}

bool tcp_can_accept(const struct tcp_conn *listener)
{
    return listener->listen->first != NULL;
}

bool tcp_backlog_presses(const struct tcp_conn *listener)
{
    return listener->listen->waiting > listener->listen->backlog / 2;
}

struct tcp_conn *tcp_accept(struct tcp_conn *listener, void *user)
{
    struct tcp_conn *c = listener->listen->first;

    if (!c)
        return NULL;
    tcp_listen_gone(c);
    c->user = user;
    return c;
}

/* Those that nobody has accepted are reset; half-open ones are forgotten. */
static void drop_conns(struct tcp_conn *l)
{
    struct tcp *t = l->t;

    while (l->listen->first) {
        tcp_send_rst(l->listen->first);
        tcp_set_state(l->listen->first, TCP_CLOSED_STATE);
        tcp_conn_free(l->listen->first);
    }
    for (unsigned i = 0; i <= t->conns.mask && l->listen->half_open > 0; i++) {
        for (struct tcp_conn *c = tcp_chain(t, i), *next; c; c = next) {
            next = c->hash_next;
            if (c->listener == l) {
                tcp_set_state(c, TCP_CLOSED_STATE);
                tcp_conn_free(c);
            }
        }
    }
}

void tcp_listen_close(struct tcp_conn *l)
{
    struct tcp_conn **at = &l->t->listeners;

    drop_conns(l);
    while (*at != l)
        at = &(*at)->hash_next;
    *at = l->hash_next;
    tcp_conn_free(l);
}
