/* SPDX-License-Identifier: MIT
 *
 * TCP's header and its options (RFC 9293, 3.1 and 3.2, 7323, 2018), taken apart and put together.
 */
#include "tcp/internal.h"

#define OPT_END       0
#define OPT_NOP       1
#define OPT_MSS       2
#define OPT_SCALE     3
#define OPT_SACK_OK   4
#define OPT_SACK      5
#define OPT_TS        8
#define SCALE_MAX     14
#define USUAL_OPTIONS 0x0101080au /* as most stacks lay out timestamps alone */

static void parse_one(struct tcp_segment *s, const uint8_t *o)
{
    switch (o[0]) {
    case OPT_MSS:
        if (o[1] == 4 && (s->flags & TCP_SYN))
            s->mss = get_be16(o + 2);
        break;
    case OPT_SCALE:
        if (o[1] == 3 && (s->flags & TCP_SYN))
            s->scale = o[2] > SCALE_MAX ? SCALE_MAX : (int8_t)o[2];
        break;
    case OPT_SACK_OK:
        if (o[1] == 2 && (s->flags & TCP_SYN))
            s->sack_ok = true;
        break;
    case OPT_SACK:
        if (o[1] < 10 || (o[1] - 2) % 8 != 0)
            break;
        s->sack_count = 0;
        for (unsigned i = 0; i < (o[1] - 2u) / 8 && i < SACKS_MAX; i++) {
            s->sack[i] = (struct tcp_block){get_be32(o + 2 + i * 8), get_be32(o + 6 + i * 8)};
            s->sack_count++;
        }
        break;
    case OPT_TS:
        if (o[1] == 10) {
            s->has_ts = true;
            s->ts_val = get_be32(o + 2);
            s->ts_ecr = get_be32(o + 6);
        }
    }
}

/* What is malformed ends the list: what stood before holds (RFC 9293, MUST-6 and -7). */
static void parse_options(struct tcp_segment *s, const uint8_t *o, size_t left)
{
    while (left > 0 && o[0] != OPT_END) {
        size_t n = 1;
        if (o[0] != OPT_NOP) {
            if (left < 2 || o[1] < 2 || o[1] > left)
                return;
            n = o[1];
            parse_one(s, o);
        }
        o += n;
        left -= n;
    }
}

bool tcp_parse(struct pkt *p, struct tcp_segment *s)
{
    uint8_t copy[TCP_HEADER_MAX];
    const uint8_t *at = p->data;
    size_t header, have = p->len;

    if (unlikely(have < TCP_HEADER_MAX && p->more)) {
        have = min_size(p->total, sizeof(copy));
        pkt_copy(p, 0, copy, have);
        at = copy;
    }
    const struct wire_tcp *h = (const void *)at;
    if (have < TCP_HEADER)
        return false;
    header = (size_t)(h->offset >> 4) * 4;
    if (header < TCP_HEADER || header > have)
        return false;
    s->seq = be32(h->seq);
    s->ack = be32(h->ack);
    s->len = p->total - (uint32_t)header;
    s->size = p->gso && p->gso_size ? min_u32(p->gso_size, s->len) : s->len;
    s->window = be16(h->window);
    s->urgent = be16(h->urgent);
    s->flags = h->flags;
    s->has_ts = s->sack_ok = false;
    s->sack_count = 0;
    s->mss = 0;
    s->scale = -1;
    s->iss = 0;
    if (header == TCP_HEADER + 12 && get_be32(at + TCP_HEADER) == USUAL_OPTIONS) {
        s->has_ts = true;
        s->ts_val = get_be32(at + TCP_HEADER + 4);
        s->ts_ecr = get_be32(at + TCP_HEADER + 8);
    } else if (header > TCP_HEADER) {
        parse_options(s, at + TCP_HEADER, header - TCP_HEADER);
    }
    if (likely(p->len >= header))
        pkt_skip(p, header);
    else
        pkt_trim_front(p, header);
    return true;
}

/* Milliseconds. */
uint32_t tcp_ts_now(const struct tcp *t, uint32_t offset)
{
    return (uint32_t)((uint64_t)t->now / MSEC) + offset;
}

static size_t put_ts(const struct tcp_conn *c, uint8_t *at)
{
    put_be32(at, USUAL_OPTIONS);
    put_be32(at + 4, tcp_ts_now(c->t, c->ts_offset));
    put_be32(at + 8, c->ts_recent);
    return 12;
}

size_t tcp_put_syn_options(struct tcp_conn *c, uint8_t *at, bool ack)
{
    size_t n = 4;

    at[0] = OPT_MSS;
    at[1] = 4;
    put_be16(at + 2, tcp_own_mss(c));
    if (c->sack_on || !ack) {
        put_be32(at + n, c->ts_on || !ack ? 0x0402u << 16 | OPT_TS << 8 | 10 : 0x04020101u);
        n += 4;
    } else if (c->ts_on) {
        put_be32(at + n, USUAL_OPTIONS);
        n += 4;
    }
    if (c->ts_on || !ack) {
        put_be32(at + n, tcp_ts_now(c->t, c->ts_offset));
        put_be32(at + n + 4, ack ? c->ts_recent : 0);
        n += 8;
    }
    if (c->scale_on) {
        put_be32(at + n, 0x01030300u | c->rcv_scale);
        n += 4;
    }
    return n;
}

size_t tcp_put_options(struct tcp_conn *c, uint8_t *at, bool blocks)
{
    size_t n = c->ts_on ? put_ts(c, at) : 0;
    unsigned most = c->ts_on ? 3 : 4, count = min_u32(c->sack_count + c->dsack_out, most);

    if (!blocks || count == 0)
        return n;
    put_be32(at + n, 0x01010500u | (2 + 8 * count));
    n += 4;
    for (unsigned i = 0; i < count; i++, n += 8) {
        const struct tcp_block *b = !c->dsack_out ? &c->sacks[i] : i ? &c->sacks[i - 1] : &c->dsack;
        put_be32(at + n, b->start);
        put_be32(at + n + 4, b->end);
    }
    c->dsack_out = false;
    return n;
}
