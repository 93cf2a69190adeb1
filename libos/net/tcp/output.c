/* SPDX-License-Identifier: MIT
 *
 * Segments that are sent: what windows, Nagle and the user's wishes allow of the queue, what is
 * lost again, and segments without bytes. */
#include "tcp/internal.h"

static void put_header(uint8_t *at, const struct ip_ends *ends, const struct raw_segment *r)
{
    struct wire_tcp *h = (void *)at;

    h->from = be16(ends->local_port);
    h->to = be16(ends->remote_port);
    h->seq = be32(r->seq);
    h->ack = be32(r->ack);
    h->offset = (uint8_t)((TCP_HEADER + r->options_len) / 4 << 4);
    h->flags = r->flags;
    h->window = be16(r->window);
    h->checksum = 0;
    h->urgent = 0;
}

void tcp_send_raw(struct tcp *t, const struct ip_ends *ends, struct net_path *path,
                  const struct raw_segment *r)
{
    size_t n = TCP_HEADER + r->options_len;
    struct pkt *p = pkt_alloc(PKT_HEADROOM - n, n);

    if (!p)
        return;
    put_header(p->data, ends, r);
    if (r->options_len)
        memcpy(p->data + TCP_HEADER, r->options, r->options_len);
    p->len = p->total = (uint32_t)n;
    t->counts.out_segments++;
    t->ops.output(t, ends, path, p);
}

void tcp_reset_for(struct tcp *t, const struct ip_ends *ends, const struct tcp_segment *s,
                   struct net_path *path)
{
    struct raw_segment r = {.flags = TCP_RST, .seq = s->ack};
    struct net_path none = {0};

    if (s->flags & TCP_RST)
        return;
    if (!(s->flags & TCP_ACK)) {
        r.flags = TCP_RST | TCP_ACK;
        r.seq = 0;
        r.ack = s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
    }
    t->counts.out_resets++;
    tcp_send_raw(t, ends, path ? path : &none, &r);
}

/* The path and its segments. */

uint16_t tcp_own_mss(const struct tcp_conn *c)
{
    uint32_t mss = c->own_max - TCP_HEADER;

    if (c->options.mss)
        mss = min_u32(mss, c->options.mss);
    return (uint16_t)max_u32(mss, MSS_MIN);
}

int tcp_update_mss(struct tcp_conn *c)
{
    unsigned gso = 0, own = 0;
    int most = c->t->ops.mtu(c->t, &c->ends, &c->options.path, &gso, &own);

    if (most < 0)
        return most;
    c->path_max = (uint16_t)min_u32((uint32_t)most, UINT16_MAX);
    c->own_max = (uint16_t)min_u32(own, UINT16_MAX);
    uint32_t mss = min_u32(tcp_own_mss(c), c->peer_mss ? c->peer_mss : MSS_DEFAULT);
    mss = min_u32(mss, c->path_max - TCP_HEADER);
    /* Two of them in what may be queued: the peer delays its ACK of a single one. */
    if (c->options.send_limit)
        mss = min_u32(mss, tcp_send_limit(c) / 2);
    if (c->mss_black)
        mss = min_u32(mss, c->mss_black);
    mss = max_u32(mss, MSS_MIN) - tcp_usual_options(c);
    c->mss = mss;
    uint32_t header = TCP_HEADER + tcp_usual_options(c);
    c->gso_max = gso > (unsigned)most ? gso - header : mss;
    c->gso_max -= c->gso_max % mss;
    return 0;
}

uint8_t tcp_scale_for(const struct tcp_options *o)
{
    uint32_t limit = o->recv_limit ? tcp_recv_limit(o) : LIMIT_AUTO;
    uint8_t scale = 0;

    while (limit >> scale > 0xffff)
        scale++;
    return scale;
}

/* Without bytes. */

/* The peer is told of everything: nothing more of it is owed. */
static void acked_all(struct tcp_conn *c)
{
    c->last_ack_sent = c->rcv_nxt;
    c->unacked_in = 0;
    c->ack_now = false;
    c->ack_at = DEADLINE_NEVER;
    if (c->quick)
        c->quick--;
}

static bool send_empty(struct tcp_conn *c, uint32_t seq, uint8_t flags)
{
    uint8_t options[TCP_HEADER_MAX - TCP_HEADER];
    struct tcp *t = c->t;
    struct raw_segment r = {.seq = seq, .ack = c->rcv_nxt, .flags = flags, .options = options};

    r.options_len = tcp_put_options(c, options, true);
    size_t n = TCP_HEADER + r.options_len;
    struct pkt *p = pkt_alloc(PKT_HEADROOM - n, n);
    if (!p)
        return false;
    r.window = (uint16_t)tcp_take_window(c);
    put_header(p->data, &c->ends, &r);
    memcpy(p->data + TCP_HEADER, options, r.options_len);
    p->len = p->total = (uint32_t)n;
    acked_all(c);
    t->counts.out_segments++;
    t->ops.output(t, &c->ends, &c->options.path, p);
    return true;
}

void tcp_send_ack(struct tcp_conn *c)
{
    if (send_empty(c, c->snd_nxt, TCP_ACK))
        return;
    c->ack_now = false;
    c->ack_at = c->t->now + DELACK_TIME; /* no memory: later */
    tcp_arm(c);
}

void tcp_send_rst(struct tcp_conn *c)
{
    c->t->counts.out_resets++;
    (void)!send_empty(c, c->snd_nxt, TCP_RST | TCP_ACK);
}

void tcp_send_probe(struct tcp_conn *c)
{
    (void)!send_empty(c, c->snd_una - 1, TCP_ACK);
}

static void count_again(struct tcp_conn *c)
{
    c->retransmitted++;
    c->t->counts.retransmitted++;
}

bool tcp_send_fin(struct tcp_conn *c)
{
    if (!send_empty(c, c->write_seq, TCP_FIN | TCP_ACK))
        return false;
    if (!c->fin_sent) {
        c->fin_sent = true;
        if (c->snd_una == c->snd_nxt)
            c->rtx_base = c->t->now;
        c->snd_nxt = c->write_seq + 1;
    } else {
        count_again(c);
    }
    c->last_sent = c->t->now;
    return true;
}

void tcp_send_syn(struct tcp_conn *c)
{
    uint8_t options[TCP_HEADER_MAX - TCP_HEADER];
    bool ack = c->state == TCP_SYN_RCVD_STATE;
    uint32_t window = min_u32(c->rcv_limit, 0xffff);
    struct raw_segment r = {.seq = c->iss, .flags = TCP_SYN, .options = options};

    if (c->options.window_clamp)
        window = min_u32(window, c->options.window_clamp);
    if (ack) {
        r.flags |= TCP_ACK;
        r.ack = c->rcv_nxt;
        c->last_ack_sent = c->rcv_nxt;
    }
    c->rcv_adv = c->rcv_nxt + window;
    r.window = (uint16_t)window;
    r.options_len = tcp_put_syn_options(c, options, ack);
    c->last_sent = c->t->now;
    if (c->retries > 0)
        count_again(c);
    tcp_send_raw(c->t, &c->ends, &c->options.path, &r);
}

void tcp_want_ack(struct tcp_conn *c, bool now)
{
    struct tcp *t = c->t;

    if (now || c->options.quick_ack || (c->quick && !c->pingpong)) {
        c->ack_now = true;
        if (!c->ack_listed) {
            c->ack_listed = true;
            c->ack_next = t->ackers;
            t->ackers = c;
        }
    } else if (c->ack_at == DEADLINE_NEVER) {
        c->ack_at = t->now + DELACK_TIME;
        tcp_arm(c);
    }
}

void tcp_input_done(struct tcp *t)
{
    for (struct tcp_conn *c; (c = t->ackers);) {
        t->ackers = c->ack_next;
        c->ack_listed = false;
        if (c->ack_now)
            tcp_send_ack(c);
    }
}

/* With bytes. */

/* Whether headers can be put before the bytes of this piece. */
static bool is_lendable(const struct pkt *piece)
{
    return pkt_is_own(piece) && pkt_headroom(piece) >= PKT_HEADROOM;
}

/* A packet of (n) bytes, whole pieces from (first) on, with (header) bytes before them, not filled
 * in. NULL: no memory. */
static struct pkt *packet_of(struct pkt *first, uint32_t n, size_t header)
{
    struct pkt *p, *tail;

    if (first->len == n && is_lendable(first))
        return pkt_lend(first, header);
    p = tail = pkt_alloc(PKT_HEADROOM - header, header);
    if (!p)
        return NULL;
    p->len = (uint32_t)header;
    p->total = (uint32_t)header + n;
    for (uint32_t left = n; left > 0; left -= tail->len, first = first->next) {
        struct pkt *share = pkt_share(first, 0, first->len);
        if (!share) {
            pkt_free(p);
            return NULL;
        }
        tail->more = share;
        tail = share;
    }
    return p;
}

/* What segments of bytes that are sent one after the other have in common: their header, which is
 * made once, but for number and flags. */
struct common {
    uint8_t header[TCP_HEADER + USUAL_OPTIONS_LEN];
    size_t len;
};

static void prepare(struct tcp_conn *c, struct common *common)
{
    struct raw_segment r = {.ack = c->rcv_nxt};

    r.options_len = tcp_put_options(c, common->header + TCP_HEADER, false);
    /* Where nothing came since, what was told holds: reading tells of room by itself. */
    r.window = c->unacked_in ? (uint16_t)tcp_take_window(c)
                             : (uint16_t)((c->rcv_adv - c->rcv_nxt) >> c->rcv_scale);
    put_header(common->header, &c->ends, &r);
    common->len = TCP_HEADER + r.options_len;
    if (c->unacked_in > 0) { /* an answer: such a dialogue needs no ACKs of its own */
        c->pingpong = true;
        c->quick = 0;
    }
    if (c->sack_count == 0 && !c->dsack_out)
        acked_all(c);
    c->last_sent = c->t->now;
}

/* Fills the header of (p) in and gives it to IP. */
static void send_packet(struct tcp_conn *c, struct pkt *p, const struct common *common,
                        uint32_t seq, uint8_t flags)
{
    struct wire_tcp *h = (void *)p->data;

    memcpy(h, common->header, TCP_HEADER);
    if (common->len > TCP_HEADER)
        memcpy(h + 1, common->header + TCP_HEADER, USUAL_OPTIONS_LEN);
    h->seq = be32(seq);
    h->flags = flags;
    if (unlikely(c->urgent_out) && seq_lt(seq, c->snd_up) && c->snd_up - seq <= 0xffff) {
        h->flags |= TCP_URG;
        h->urgent = be16((uint16_t)(c->snd_up - seq));
    }
    c->t->counts.out_segments++;
    c->t->ops.output(c->t, &c->ends, &c->options.path, p);
}

/* A segment, or several that are to be cut, of (n) bytes: whole pieces from (first) on. */
static bool transmit(struct tcp_conn *c, struct pkt *first, uint32_t n, uint8_t flags)
{
    struct common common;
    struct pkt *p = packet_of(first, n, TCP_HEADER + tcp_usual_options(c));

    if (!p)
        return false;
    prepare(c, &common);
    if (n > c->mss) {
        p->gso = ip_is_v4(&c->ends.local) ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
        p->gso_size = (uint16_t)c->mss;
        p->hdr_len = (uint16_t)common.len;
    }
    send_packet(c, p, &common, sent_of(first)->seq, flags);
    return true;
}

/* Whether the end of the queue may go although it is no full segment. */
static bool may_send_part(const struct tcp_conn *c)
{
    if (c->fin_queued || c->urgent_out)
        return true;
    if (c->options.cork || c->more)
        return false;
    /* Nagle's, as Minshall has it: one segment that is not full may be in flight. */
    return c->options.no_delay || seq_le(c->snd_sml, c->snd_una);
}

/* What is left of the peer's window, and of ours. */
static uint32_t left_of_window(const struct tcp_conn *c)
{
    uint32_t left = c->snd_una + c->snd_wnd - c->snd_nxt;

    return (int32_t)left > 0 ? left : 0;
}

static uint32_t left_of_cwnd(const struct tcp_conn *c)
{
    uint32_t flight = tcp_flight(c);

    return c->cwnd > flight ? c->cwnd - flight : 0;
}

/* How many bytes may be sent now in one packet; 0: none. */
static uint32_t allowed(const struct tcp_conn *c, bool force)
{
    uint32_t unsent = tcp_left(c), n = min_u32(unsent, left_of_window(c)), space;

    if (n == 0)
        return 0;
    space = left_of_cwnd(c);
    if (force)
        space = max_u32(space, c->mss);
    if (n < c->mss) {
        if (space < n)
            return 0;
        if (force)
            return n;
        if (n < unsent) /* RFC 9293, 3.8.6.2.1: a small window */
            return n >= c->max_wnd / 2 ? n : 0;
        return may_send_part(c) ? n : 0;
    }
    if (space < c->mss)
        return 0;
    n = min_u32(n, min_u32(space, force ? c->mss : c->gso_max));
    if (n % c->mss && (n < unsent || !may_send_part(c)))
        n -= n % c->mss;
    return n;
}

/* Makes the pieces from (first) on end at (n) bytes; returns the first behind, or (first) if there
 * was no memory for that. */
static struct pkt *cut_pieces(struct tcp_conn *c, struct pkt *first, uint32_t n)
{
    struct pkt *p = first;

    for (; p->len < n; p = p->next)
        n -= p->len;
    if (p->len > n && !tcp_split(c, p, n))
        return first;
    return p->next;
}

bool tcp_send_new(struct tcp_conn *c, bool force)
{
    uint32_t n = allowed(c, force), seq = c->snd_nxt;
    struct pkt *first = c->unsent, *behind, *p;
    uint8_t flags = TCP_ACK;

    if (n == 0)
        return false;
    behind = cut_pieces(c, first, n);
    if (behind == first)
        return false;
    bool fin = c->fin_queued && seq + n == c->write_seq && n < c->snd_una + c->snd_wnd - seq;
    if (seq + n == c->write_seq)
        flags |= TCP_PSH;
    if (fin)
        flags |= TCP_FIN;
    if (!transmit(c, first, n, flags))
        return false;
    for (p = first; p != behind; p = p->next)
        sent_of(p)->at = c->t->now;
    c->unsent = behind;
    if (c->snd_una == seq)
        c->rtx_base = c->t->now;
    c->snd_nxt = seq + n + fin;
    c->fin_sent = fin;
    if (n % c->mss)
        c->snd_sml = c->snd_nxt;
    return true;
}

/* Sends what begins the queue and is full segments, each of one piece, as most of a transfer is
 * where the device cuts nothing, but the end of the queue: as tcp_send_new, many at once. */
static void send_full(struct tcp_conn *c)
{
    uint32_t mss = c->mss, space = min_u32(left_of_cwnd(c), left_of_window(c));
    struct pkt *p = c->unsent, *lent;
    struct common common;

    if (space < 2 * mss || c->gso_max > mss || p->len != mss || !p->next)
        return;
    prepare(c, &common);
    if (c->snd_una == c->snd_nxt)
        c->rtx_base = c->t->now;
    for (; space >= mss && p->next && p->len == mss && is_lendable(p); p = p->next, space -= mss) {
        if (!(lent = pkt_lend(p, common.len)))
            break;
        sent_of(p)->at = c->t->now;
        send_packet(c, lent, &common, c->snd_nxt, TCP_ACK);
        c->snd_nxt += mss;
    }
    c->unsent = p;
}

bool tcp_send_again(struct tcp_conn *c, struct pkt *piece)
{
    uint32_t n = 0, seq = sent_of(piece)->seq;
    uint8_t flags = TCP_ACK, kind = sent_of(piece)->flags & (SENT_LOST | SENT_AGAIN);
    struct pkt *p = piece, *behind;

    for (; p && p != c->unsent && n < c->mss; p = p->next) {
        if ((sent_of(p)->flags & SENT_SACKED) ||
            (sent_of(p)->flags & (SENT_LOST | SENT_AGAIN)) != kind)
            break;
        n += p->len;
    }
    n = min_u32(n, c->mss);
    behind = cut_pieces(c, piece, n);
    if (behind == piece)
        return false;
    if (seq + n == c->write_seq) {
        flags |= TCP_PSH;
        if (c->fin_sent)
            flags |= TCP_FIN;
    }
    if (!transmit(c, piece, n, flags))
        return false;
    for (p = piece; p != behind; p = p->next) {
        struct tcp_sent *s = sent_of(p);
        s->at = c->t->now;
        if (kind == SENT_LOST) {
            s->flags |= SENT_AGAIN;
            c->again += p->len;
        }
        s->flags |= SENT_RETRANS;
    }
    count_again(c);
    return true;
}

static bool send_lost(struct tcp_conn *c)
{
    for (struct pkt *p = c->snd_first, *next; p && p != c->unsent && c->lost > c->again; p = next) {
        next = p->next;
        if ((sent_of(p)->flags & (SENT_LOST | SENT_AGAIN)) != SENT_LOST)
            continue;
        if (p != c->snd_first && !seq_lt(sent_of(p)->seq, c->snd_una + c->snd_wnd))
            return false; /* the peer has taken its window back */
        uint32_t flight = tcp_flight(c), n = min_u32(p->len, c->mss);
        if (flight + n > c->cwnd && flight > 0)
            return false;
        if (!tcp_send_again(c, p))
            return false;
        if (c->recovery == RECOVERY_FAST)
            c->prr_out += n;
        if (sent_of(p)->flags & SENT_AGAIN)
            next = p->next;
    }
    return true;
}

void tcp_output(struct tcp_conn *c)
{
    if (c->state < TCP_ESTABLISHED_STATE || c->state == TCP_TIME_WAIT_STATE)
        return;
    if (c->snd_una == c->snd_nxt && tcp_left(c) && c->t->now - c->last_sent > c->rto)
        tcp_cc_idle(c);
    if (c->lost == c->again || c->frto == FRTO_SECOND || send_lost(c)) {
        uint32_t before = c->snd_nxt;
        if (c->unsent)
            send_full(c);
        while (c->unsent && tcp_send_new(c, false))
            ;
        if (c->recovery == RECOVERY_FAST)
            c->prr_out += c->snd_nxt - before;
        if (c->fin_queued && !c->fin_sent && c->snd_nxt == c->write_seq &&
            seq_lt(c->snd_nxt, c->snd_una + c->snd_wnd))
            (void)!tcp_send_fin(c);
    }
    tcp_arm_rtx(c);
}
