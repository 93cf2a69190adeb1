/* SPDX-License-Identifier: MIT
 *
 * The calls of users (RFC 9293, 3.10.1 to 3.10.6), and what ICMP tells (3.9.2.2, RFC 5461). */
#include "tcp/internal.h"

int tcp_connect(struct tcp *t, const struct ip_ends *ends, const struct tcp_options *options,
                void *user, struct tcp_conn **out)
{
    struct tcp_conn *c = tcp_conn_new(t, ends, options);
    struct tcp_time_wait *w;

    if (!c)
        return -ENOMEM;
    c->user = user;
    c->scale_on = true;
    c->rcv_scale = tcp_scale_for(&c->options);
    c->ts_offset = tcp_ts_offset(t, ends);
    int err = tcp_update_mss(c);
    if (err < 0) {
        tcp_conn_free(c);
        return err;
    }
    c->iss = tcp_isn(t, ends);
    if ((w = tcp_find_wait(t, ends))) {
        if (seq_lt(c->iss, w->snd_nxt + 0x10001))
            c->iss = w->snd_nxt + 0x10001;
        tcp_wait_free(t, w);
    }
    c->recover = c->snd_sml = c->snd_una = c->iss;
    c->snd_nxt = c->write_seq = c->iss + 1;
    tcp_set_state(c, TCP_SYN_SENT_STATE);
    tcp_conn_insert(c);
    t->counts.active_opens++;
    tcp_send_syn(c);
    c->rtx_kind = RTX_RTO;
    c->rtx_at = t->now + RTO_INITIAL;
    c->rtx_base = t->now;
    tcp_arm(c);
    *out = c;
    return 0;
}

enum tcp_state tcp_state(const struct tcp_conn *c)
{
    return (enum tcp_state)c->state;
}

const struct ip_ends *tcp_ends(const struct tcp_conn *c)
{
    return &c->ends;
}

struct net_path *tcp_path(struct tcp_conn *c)
{
    return &c->options.path;
}

struct tcp_options *tcp_options(struct tcp_conn *c)
{
    return &c->options;
}

void tcp_options_changed(struct tcp_conn *c)
{
    const struct tcp_options *o = &c->options;

    tcp_set_recv_limit(c);
    if (c->state < TCP_ESTABLISHED_STATE || c->state == TCP_TIME_WAIT_STATE)
        return;
    (void)!tcp_update_mss(c);
    if (o->quick_ack && c->unacked_in > 0)
        tcp_send_ack(c);
    tcp_arm_keep(c);
    c->more = c->more && !o->no_delay;
    tcp_output(c);
    tcp_tell_room(c);
}

void tcp_flush(struct tcp_conn *c)
{
    bool cork = c->options.cork;

    c->options.cork = false;
    tcp_output(c);
    c->options.cork = cork;
}

int tcp_error(struct tcp_conn *c)
{
    int err = c->error;

    c->error = 0;
    return err;
}

void tcp_push(struct tcp_conn *c, bool more, bool is_urgent)
{
    c->more = more;
    if (is_urgent && c->write_seq != c->snd_una) {
        c->urgent_out = true;
        c->snd_up = c->write_seq;
    }
    tcp_output(c);
}

bool tcp_has_sent(const struct tcp_conn *c)
{
    return c->snd_nxt - c->iss > 1;
}

size_t tcp_unsent(const struct tcp_conn *c)
{
    return tcp_left(c);
}

size_t tcp_unacked(const struct tcp_conn *c)
{
    if (c->state < TCP_ESTABLISHED_STATE)
        return c->write_seq - (c->iss + 1);
    return c->fin_acked ? 0 : c->write_seq - c->snd_una;
}

bool tcp_all_acked(const struct tcp_conn *c)
{
    return c->state == TCP_CLOSED_STATE || c->state == TCP_TIME_WAIT_STATE || c->fin_acked ||
           (!c->fin_queued && c->state >= TCP_ESTABLISHED_STATE && c->write_seq == c->snd_una);
}

void tcp_shutdown_send(struct tcp_conn *c)
{
    if (c->fin_queued)
        return;
    switch (c->state) {
    case TCP_SYN_SENT_STATE:
    case TCP_SYN_RCVD_STATE: /* once it is established */
        c->fin_queued = true;
        return;
    case TCP_ESTABLISHED_STATE:
        c->fin_queued = true;
        tcp_set_state(c, TCP_FIN_WAIT1_STATE);
        break;
    case TCP_CLOSE_WAIT_STATE:
        c->fin_queued = true;
        tcp_set_state(c, TCP_LAST_ACK_STATE);
        break;
    default:
        return;
    }
    tcp_output(c);
}

static void free_now(struct tcp_conn *c)
{
    tcp_set_state(c, TCP_CLOSED_STATE);
    tcp_conn_free(c);
}

void tcp_abort(struct tcp_conn *c)
{
    if (c->state >= TCP_SYN_RCVD_STATE && c->state != TCP_TIME_WAIT_STATE && !c->listen)
        tcp_send_rst(c);
    if (c->listen)
        tcp_listen_close(c);
    else
        free_now(c);
}

void tcp_close(struct tcp_conn *c)
{
    if (c->listen) {
        tcp_listen_close(c);
        return;
    }
    if (c->state == TCP_CLOSED_STATE || c->state == TCP_TIME_WAIT_STATE ||
        c->state == TCP_SYN_SENT_STATE) {
        free_now(c);
        return;
    }
    if (c->rcv_queued > 0) {
        tcp_abort(c);
        return;
    }
    c->t->counts.orphans++;
    c->closed_by_user = true;
    c->recv_shut = true;
    tcp_drop_ooo(c);
    c->sack_count = 0;
    if (c->state == TCP_FIN_WAIT2_STATE) {
        nsec_t linger = c->options.linger2;
        c->keep_at = c->t->now + (linger > 0 ? linger : linger < 0 ? 0 : 60) * NSEC_PER_SEC;
        tcp_arm(c);
    }
    tcp_shutdown_send(c);
}

bool tcp_close_all(struct tcp *t)
{
    bool left = false;

    for (unsigned i = 0; i <= t->conns.mask; i++) {
        for (struct tcp_conn *c = tcp_chain(t, i), *next; c; c = next) {
            next = c->hash_next;
            if (!c->closed_by_user && !c->listener)
                tcp_close(c);
        }
        for (struct tcp_conn *c = tcp_chain(t, i); c; c = c->hash_next)
            left |= c->closed_by_user && !tcp_all_acked(c);
    }
    return left;
}

static void packet_too_big(struct tcp_conn *c, uint32_t seq, unsigned mtu)
{
    uint32_t header = ip_is_v4(&c->ends.local) ? 20 : 40, old = c->mss;
    uint32_t was = c->path_max;

    if (mtu && mtu >= was + header) /* what is sent fits already */
        return;
    if (tcp_update_mss(c) < 0 || c->mss >= old)
        return;
    /* What was too large was lost, but not for congestion: it goes at once (RFC 1191, 6.1). */
    for (struct pkt *p = c->snd_first; p && p != c->unsent; p = p->next)
        if (!seq_lt(sent_of(p)->seq + p->len, seq) && !(sent_of(p)->flags & SENT_SACKED) &&
            p->len > c->mss) {
            if (sent_of(p)->flags & SENT_AGAIN) {
                sent_of(p)->flags &= (uint8_t)~SENT_AGAIN;
                c->again -= p->len;
            } else if (!(sent_of(p)->flags & SENT_LOST)) {
                sent_of(p)->flags |= SENT_LOST;
                c->lost += p->len;
            }
        }
    tcp_output(c);
}

void tcp_unreachable(struct tcp *t, const struct ip_ends *ends, uint32_t seq, int err, unsigned mtu)
{
    struct tcp_conn *c = tcp_find(t, ends);

    if (!c || c->snd_una == c->snd_nxt || seq_lt(seq, c->snd_una) || !seq_lt(seq, c->snd_nxt))
        return;
    if (err == -EMSGSIZE) {
        if (c->state >= TCP_ESTABLISHED_STATE)
            packet_too_big(c, seq, mtu);
        return;
    }
    /* RFC 5461: it may end what is not open yet; else it may pass. */
    if (c->state == TCP_SYN_SENT_STATE || c->state == TCP_SYN_RCVD_STATE) {
        tcp_end(c, err, TCP_CLOSED_STATE);
        return;
    }
    c->soft_error = err;
    c->soft_una = c->snd_una;
}
