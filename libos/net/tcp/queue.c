/* SPDX-License-Identifier: MIT
 *
 * The send queue: a list of pieces. Those that are made here are at most a segment; where packets
 * of many segments can be sent, as large as there are. What is sent shares their memory, and they
 * stay until they are acknowledged. */
#include "tcp/internal.h"

/* Bytes that are worth a huge piece, which counts with its memory. */
#define HUGE_FROM (PKT_HUGE / 2)

uint32_t tcp_send_limit(const struct tcp_conn *c)
{
    uint32_t limit = c->options.send_limit;

    if (limit)
        return min_u32(max_u32(limit, TCP_SEND_LIMIT_MIN), TCP_LIMIT_MAX);
    /* Twice what is in flight, so that there is always something to send. */
    return min_u32(max_u32(2 * c->cwnd, LIMIT_DEFAULT), LIMIT_AUTO);
}

#define STATES_SENDING                                                                             \
    (1u << TCP_ESTABLISHED_STATE | 1u << TCP_CLOSE_WAIT_STATE | 1u << TCP_SYN_SENT_STATE |         \
     1u << TCP_SYN_RCVD_STATE)

/* The same as tcp_send_room, for a connection whose tcp_send_limit is (limit). */
static inline size_t room_within(const struct tcp_conn *c, uint32_t limit)
{
    uint32_t queued = c->write_seq - c->snd_una;

    if (c->fin_queued || !(STATES_SENDING >> c->state & 1))
        return 0;
    if (c->state < TCP_ESTABLISHED_STATE)
        queued = c->write_seq - (c->iss + 1);
    /* Small pieces take much memory. */
    if (queued >= limit || c->snd_memory / 4 >= limit)
        return 0;
    uint32_t low = c->options.not_sent_low;
    if (low && tcp_left(c) >= low && c->state >= TCP_ESTABLISHED_STATE)
        return 0;
    return limit - queued;
}

size_t tcp_send_room(const struct tcp_conn *c)
{
    size_t room = room_within(c, tcp_send_limit(c));
    uint32_t low = c->options.not_sent_low, unsent = tcp_left(c);

    if (low && unsent < low) /* it may be passed by less than a segment */
        room = min_size(room, low - unsent - 1 + max_u32(c->mss, 1));
    return room;
}

bool tcp_can_send(struct tcp_conn *c)
{
    uint32_t limit = tcp_send_limit(c);
    bool room = room_within(c, limit) >= limit / 3;

    if (!room)
        c->wants_room = true;
    return room;
}

void tcp_tell_room(struct tcp_conn *c)
{
    if (c->wants_room && tcp_can_send(c)) {
        c->wants_room = false;
        tcp_event(c, TCP_EVENT_WRITE);
    }
}

static void enqueue(struct tcp_conn *c, struct pkt *p)
{
    struct tcp_sent *s = sent_of(p);

    *s = (struct tcp_sent){.seq = c->write_seq};
    p->next = NULL;
    if (c->snd_last)
        c->snd_last->next = p;
    else
        c->snd_first = p;
    c->snd_last = p;
    if (!c->unsent)
        c->unsent = p;
    c->snd_memory += piece_memory(p);
    c->t->counts.memory += piece_memory(p);
}

/* The most bytes of a piece. */
static size_t piece_most(const struct tcp_conn *c)
{
    return c->mss == 0 ? MSS_DEFAULT : max_u32(c->mss, c->gso_max);
}

/* For (want) bytes, of at most (most). */
static struct pkt *new_piece(size_t want, size_t most)
{
    struct pkt *p = NULL;

    if (want >= HUGE_FROM && most > PKT_LARGE)
        p = pkt_alloc(0, PKT_HUGE);
    /* With room for the headers, which need no packet of their own then. */
    return p ? p : pkt_alloc(PKT_HEADROOM, min_size(most, PKT_LARGE - PKT_HEADROOM));
}

size_t tcp_send_space(struct tcp_conn *c, size_t want, uint8_t **at)
{
    size_t most = piece_most(c);
    struct pkt *p = c->snd_last;

    /* One that got no bytes is left from the last time: it is in no segment yet. */
    if (!c->unsent || p->len >= most || !pkt_is_own(p) || pkt_tailroom(p) == 0) {
        p = new_piece(want, most);
        if (!p) {
            c->wants_room = true;
            return 0;
        }
        enqueue(c, p);
    }
    *at = p->data + p->len;
    return min_size(want, min_size(pkt_tailroom(p), most - p->len));
}

void tcp_send_commit(struct tcp_conn *c, size_t n)
{
    struct pkt *p = c->snd_last;

    if (n == 0)
        return;
    p->len += (uint32_t)n;
    p->total = p->len;
    c->write_seq += (uint32_t)n;
}

void tcp_send_pieces(struct tcp_conn *c, struct pkt *p)
{
    for (struct pkt *more; p; p = more) {
        more = p->more;
        p->more = NULL;
        p->total = p->len;
        if (p->len == 0 || !(STATES_SENDING >> c->state & 1)) {
            pkt_free(p);
            continue;
        }
        enqueue(c, p);
        c->write_seq += p->len;
    }
}

static bool settle(struct tcp_conn *c, bool (*goes)(const struct pkt_mem *mem))
{
    for (struct pkt *p = c->snd_first; p; p = p->next) {
        if (!goes(p->mem))
            continue;
        struct pkt *copy = new_piece(p->len, piece_most(c));
        if (!copy)
            return false;
        size_t most = pkt_tailroom(copy);
        if (p->len > most && !tcp_split(c, p, (uint32_t)most)) {
            pkt_free(copy);
            return false;
        }
        memcpy(copy->data, p->data, p->len);
        pkt_move(p, copy);
    }
    return true;
}

void tcp_settle(struct tcp *t, bool (*goes)(const struct pkt_mem *mem))
{
    for (unsigned i = 0; i <= t->conns.mask; i++) {
        for (struct tcp_conn *c = tcp_chain(t, i), *next; c; c = next) {
            next = c->hash_next;
            if (settle(c, goes))
                continue;
            tcp_send_rst(c);
            tcp_end(c, -ENOBUFS, TCP_CLOSED_STATE);
        }
    }
}

bool tcp_split(struct tcp_conn *c, struct pkt *p, uint32_t len)
{
    struct pkt *q = pkt_share(p, len, p->len - len);

    if (!q)
        return false;
    *sent_of(q) = *sent_of(p);
    sent_of(q)->seq += len;
    p->len = p->total = len;
    q->next = p->next;
    p->next = q;
    if (c->snd_last == p)
        c->snd_last = q;
    c->snd_memory += piece_memory(q);
    c->t->counts.memory += piece_memory(q);
    return true;
}

void tcp_uncount(struct tcp_conn *c, struct pkt *p, uint32_t n)
{
    unsigned flags = sent_of(p)->flags;

    if (flags & SENT_SACKED)
        c->sacked -= n;
    if (flags & SENT_LOST)
        c->lost -= n;
    if (flags & SENT_AGAIN)
        c->again -= n;
}

void tcp_free_first(struct tcp_conn *c)
{
    struct pkt *p = c->snd_first;

    c->snd_first = p->next;
    if (!c->snd_first)
        c->snd_last = NULL;
    if (unlikely(p == c->seen_at))
        c->seen_at = NULL;
    c->snd_memory -= piece_memory(p);
    c->t->counts.memory -= piece_memory(p);
    pkt_free(p);
}

void tcp_trim_first(struct tcp_conn *c, uint32_t ack)
{
    struct pkt *p = c->snd_first;
    uint32_t n = ack - sent_of(p)->seq;

    if ((int32_t)n <= 0)
        return;
    tcp_uncount(c, p, n);
    p->data += n;
    p->len -= n;
    p->total = p->len;
    sent_of(p)->seq = ack;
}

void tcp_free_send_queue(struct tcp_conn *c)
{
    while (c->snd_first)
        tcp_free_first(c);
    c->unsent = NULL;
    c->sacked = c->lost = c->again = 0;
}
