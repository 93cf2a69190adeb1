/* SPDX-License-Identifier: MIT
 *
 * What holds for every segment of a TCP that obeys, whatever its state: seen from the wire alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tcp_link.h"

struct seen {
    uint32_t seq, ack, len;
    uint16_t mss;
    int scale; /* -1: none */
    bool has_ts, sack_ok;
    uint32_t ts_val, ts_ecr;
    unsigned sacks;
    uint32_t sack[4][2];
};

/* Takes the header apart; a sender has no excuse for one that is malformed. */
static void take_apart(struct tcp_world *w, const struct pkt *p, struct seen *s)
{
    const struct wire_tcp *h = (const void *)p->data;
    size_t header = (size_t)(h->offset >> 4) * 4;
    const uint8_t *o = p->data + TCP_HEADER;

    *s = (struct seen){.scale = -1};
    WORLD_CHECK(w, header >= TCP_HEADER && header <= p->total);
    s->seq = be32(h->seq);
    s->ack = be32(h->ack);
    s->len = p->total - (uint32_t)header;
    for (size_t left = header - TCP_HEADER, n; left > 0 && o[0] != 0; left -= n, o += n) {
        n = 1;
        if (o[0] == 1)
            continue;
        WORLD_CHECK(w, left >= 2 && o[1] >= 2 && o[1] <= left);
        n = o[1];
        if (o[0] == 2) {
            WORLD_CHECK(w, n == 4);
            s->mss = get_be16(o + 2);
        } else if (o[0] == 3) {
            WORLD_CHECK(w, n == 3 && o[2] <= 14);
            s->scale = o[2];
        } else if (o[0] == 4) {
            WORLD_CHECK(w, n == 2);
            s->sack_ok = true;
        } else if (o[0] == 5) {
            WORLD_CHECK(w, n > 2 && (n - 2) % 8 == 0 && n <= 34);
            s->sacks = (unsigned)(n - 2) / 8;
            for (unsigned i = 0; i < s->sacks; i++) {
                s->sack[i][0] = get_be32(o + 2 + i * 8);
                s->sack[i][1] = get_be32(o + 6 + i * 8);
            }
        } else {
            WORLD_CHECK(w, o[0] == 8 && n == 10);
            s->has_ts = true;
            s->ts_val = get_be32(o + 2);
            s->ts_ecr = get_be32(o + 6);
        }
    }
}

static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static struct watch_flow *find_flow(struct tcp_world *w, unsigned side, const struct ip_ends *ends)
{
    struct watch_flow *empty = NULL;

    for (unsigned i = 0; i < LINK_FLOWS; i++) {
        struct watch_flow *f = &w->flow[i];
        if (f->port[side] == ends->local_port && f->port[!side] == ends->remote_port)
            return f;
        if (!empty && f->port[0] == 0)
            empty = f;
    }
    if (!empty)
        world_fail(w, "too many flows for the test");
    memset(empty, 0, sizeof(*empty));
    empty->port[side] = ends->local_port;
    empty->port[!side] = ends->remote_port;
    return empty;
}

static void see_syn(struct tcp_world *w, struct watch_flow *f, unsigned side, const struct seen *s,
                    const struct wire_tcp *h)
{
    struct watch_way *way = &f->way[side], *back = &f->way[!side];

    if (way->syn && way->isn == s->seq)
        return;                            /* again */
    if (!(h->flags & TCP_ACK) && way->syn) /* a new connection of the same ports */
        memset(back, 0, sizeof(*back));
    uint16_t mss = way->mss;
    memset(way, 0, sizeof(*way));
    way->mss = mss;
    way->syn = true;
    way->isn = s->seq;
    way->top = s->seq + 1;
    way->arrived = s->seq;
    way->ts = s->has_ts;
    way->sack = s->sack_ok;
    way->scaled = s->scale >= 0;
    way->scale = way->scaled ? (uint8_t)s->scale : 0;
    back->mss = s->mss ? s->mss : 536;
    back->has_told = false; /* perhaps the answer of a listener to a SYN that came late */
    WORLD_CHECK(w, s->len == 0);
    WORLD_CHECK(w, s->mss != 0);
    WORLD_CHECK(w, s->mss + TCP_HEADER <= max_size(w->host[side].mtu, w->host[side].mtu_before));
    if (h->flags & TCP_ACK) { /* RFC 7323, 1.3 and 3.2; 2018, 2: only what was asked for */
        WORLD_CHECK(w, !way->scaled || back->scaled);
        WORLD_CHECK(w, !way->ts || back->ts);
        WORLD_CHECK(w, !way->sack || back->sack);
    }
}

static void check_payload(struct tcp_world *w, const struct watch_flow *f, unsigned side,
                          const struct pkt *p, const struct seen *s)
{
    uint32_t off = s->seq - f->way[side].isn - 1;
    size_t header = p->total - s->len;
    const struct pkt *q = p;
    size_t skip = header;

    for (size_t i = 0; i < s->len; q = q->more, skip = 0) {
        for (size_t k = skip; k < q->len; k++, i++) {
            uint32_t where = off + (uint32_t)i;
            if (where == UINT32_MAX) /* a probe of keep-alive with a byte of garbage */
                continue;
            if (q->data[k] != link_byte(f->port[side], f->port[!side], where))
                world_fail(w, "side %u sends a wrong byte %u", side, where);
        }
    }
}

/* The window as the segment tells it: its right edge. */
static uint32_t edge_of(const struct watch_flow *f, unsigned side, const struct wire_tcp *h)
{
    bool scaled = f->way[0].scaled && f->way[1].scaled && !(h->flags & TCP_SYN);

    return be32(h->ack) + ((uint32_t)be16(h->window) << (scaled ? f->way[side].scale : 0));
}

static void check_ack(struct tcp_world *w, struct watch_flow *f, unsigned side,
                      const struct wire_tcp *h, const struct seen *s)
{
    struct watch_way *back = &f->way[!side];
    uint32_t edge = edge_of(f, side, h);

    WORLD_CHECK(w, !before(back->arrived, s->ack)); /* acknowledges what came, not more */
    if (back->has_told) {
        uint32_t slack = (1u << f->way[side].scale) - 1; /* RFC 7323, 2.4 */
        WORLD_CHECK(w, !before(s->ack, back->told_ack));
        if (before(edge + slack, back->told_edge))
            world_fail(w, "side %u shrinks the window by %u", side, back->told_edge - edge);
    }
    back->has_told = true;
    back->told_ack = s->ack;
    back->told_edge = edge;
    WORLD_CHECK(w, s->sacks == 0 || (f->way[0].sack && f->way[1].sack));
    for (unsigned i = 0; i < s->sacks; i++) {
        WORLD_CHECK(w, before(s->sack[i][0], s->sack[i][1]));
        WORLD_CHECK(w, !before(back->arrived, s->sack[i][1]));
        if (i > 0) /* only the first may tell of duplicates (RFC 2883) */
            WORLD_CHECK(w, before(s->ack, s->sack[i][0]));
    }
}

/* With TCP_TRACE in the environment everything is shown. */
static void trace(const struct tcp_world *w, const char *what, unsigned side,
                  const struct watch_flow *f, const struct pkt *p)
{
    struct wire_tcp h;
    const struct watch_way *way = &f->way[side], *back = &f->way[!side];

    if (!getenv("TCP_TRACE"))
        return;
    pkt_copy(p, 0, &h, sizeof(h));
    size_t payload = p->total - (size_t)(h.offset >> 4) * 4u;
    printf("%.6f %s %u>%u flags %02x seq %u(%zu) ack %u win %u%s\n", (double)w->now / 1e9, what,
           f->port[side], f->port[!side], h.flags, be32(h.seq) - way->isn, payload,
           be32(h.ack) - back->isn, be16(h.window) << (h.flags & TCP_SYN ? 0 : way->scale),
           p->gso ? " gso" : "");
}

void watch_sent(struct tcp_world *w, unsigned side, const struct ip_ends *ends, struct pkt *p)
{
    const struct wire_tcp *h = (const void *)p->data;
    struct watch_flow *f = find_flow(w, side, ends);
    struct watch_way *way = &f->way[side];
    struct seen s;

    WORLD_CHECK(w, p->len >= TCP_HEADER && p->len >= (size_t)(h->offset >> 4) * 4u);
    WORLD_CHECK(w, be16(h->from) == ends->local_port && be16(h->to) == ends->remote_port);
    take_apart(w, p, &s);
    trace(w, "sends  ", side, f, p);
    WORLD_CHECK(w, h->checksum == 0 && h->flags != 0 && !p->next);
    WORLD_CHECK(w, pkt_headroom(p) >= PKT_HEADROOM - (p->total - s.len));
    /* Its own, or lent by a piece of the queue and by nobody else. */
    WORLD_CHECK(w, pkt_is_own(p) || (p->mem != &p->own && p->mem->refs == 2));
    size_t sum = 0;
    for (const struct pkt *q = p; q; q = q->more)
        sum += q->len;
    WORLD_CHECK(w, sum == p->total);
    if (p->gso) {
        WORLD_CHECK(w, p->gso == (ip_is_v4(&ends->local) ? PKT_GSO_TCP4 : PKT_GSO_TCP6));
        WORLD_CHECK(w, p->hdr_len == p->total - s.len && p->gso_size > 0 && s.len > p->gso_size);
        WORLD_CHECK(w, p->total <= w->host[side].gso && !(h->flags & (TCP_SYN | TCP_RST)));
    }
    size_t segment = (p->gso ? p->gso_size : s.len) + (p->total - s.len);
    WORLD_CHECK(w, segment <= w->host[side].mtu || segment <= w->host[side].mtu_before);
    if (h->flags & TCP_RST) {
        WORLD_CHECK(w, !(h->flags & (TCP_SYN | TCP_FIN)) && s.len == 0);
        return;
    }
    if (h->flags & TCP_SYN)
        see_syn(w, f, side, &s, h);
    if (!way->syn)
        world_fail(w, "side %u sends, but never a SYN", side);
    if (h->flags & TCP_ACK)
        check_ack(w, f, side, h, &s);
    else
        WORLD_CHECK(w, h->flags & TCP_SYN);
    if (h->flags & TCP_SYN)
        return;
    WORLD_CHECK(w, segment - TCP_HEADER <= way->mss || !way->mss); /* RFC 6691 */
    WORLD_CHECK(w, s.has_ts == (f->way[0].ts && f->way[1].ts));    /* RFC 7323, 3.2 */
    if (s.has_ts && way->ts_val)
        WORLD_CHECK(w, !before(s.ts_val, way->ts_val));
    way->ts_val = s.ts_val;
    check_payload(w, f, side, p, &s);
    uint32_t end = s.seq + s.len + (h->flags & TCP_FIN ? 1 : 0);
    if (before(way->top, s.seq))
        world_fail(w, "side %u leaves out %u bytes", side, s.seq - way->top);
    if (before(way->top, end)) {
        WORLD_CHECK(w, !way->fin);
        way->top = end;
    }
    if (h->flags & TCP_FIN) {
        WORLD_CHECK(w, !way->fin || way->fin_at == end);
        way->fin = true;
        way->fin_at = end;
    }
    if (way->has_edge && before(way->edge + 1, end)) /* a probe may be one byte beyond */
        world_fail(w, "side %u sends %u bytes beyond the window", side, end - way->edge);
}

void watch_arrives(struct tcp_world *w, unsigned side, const struct ip_ends *ends, struct pkt *p)
{
    struct wire_tcp copy, *h = &copy;
    struct watch_flow *f = find_flow(w, side, ends);
    struct watch_way *way = &f->way[side], *from = &f->way[!side];

    pkt_copy(p, 0, &copy, sizeof(copy));
    trace(w, "arrives", !side, f, p);
    size_t payload = p->total - (size_t)(h->offset >> 4) * 4u;
    if (h->flags & TCP_RST)
        return;
    uint32_t end = be32(h->seq) + (uint32_t)payload + (h->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    /* Late segments of an earlier connection of the same ports say nothing about this one. */
    if (!from->syn || end - from->isn > from->top - from->isn)
        return;
    if (before(from->arrived, end))
        from->arrived = end;
    if (!(h->flags & TCP_ACK) || !way->syn || be32(h->ack) - way->isn > way->top - way->isn)
        return;
    uint32_t edge = edge_of(f, !side, h);
    if (!way->has_edge || before(way->edge, edge))
        way->edge = edge;
    way->has_edge = true;
}
