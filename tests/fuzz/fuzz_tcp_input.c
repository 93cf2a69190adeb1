/* SPDX-License-Identifier: MIT
 *
 * Segments of any kind, calls and time, as the input says, for a TCP with a listener and a few
 * connections. Numbers are near those in use, so that states are reached. It never ends, asserts or
 * turns in a circle, holds a bounded amount of memory, and all is free at the end.
 *
 * sources: $(TCP_TEST) tests/unit/fake_pkt.c
 * uses: tcp wire */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>

#include "base/assert.h"
#include "fake_pkt.h"
#include "input.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PEERS 4u
#define LIMIT (1u << 20)

static size_t allocated;
static nsec_t now;
static struct tcp *tcp;
static struct tcp_conn *listener, *conns[PEERS];
static unsigned sent_packets;

/* What was sent last to each peer: the peer's numbers are made of them. */
static struct peer {
    uint32_t seq, ack; /* the peer's next, and what it can acknowledge */
    uint32_t ts;
} peers[PEERS];

void assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static void output(struct tcp *t, const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    struct peer *peer = &peers[ends->remote_port % PEERS];
    const struct wire_tcp *h = (const void *)p->data;
    size_t header = (size_t)(h->offset >> 4) * 4, sum = 0;

    (void)t;
    (void)path;
    if (p->len < TCP_HEADER || header > p->len || h->checksum)
        abort();
    for (const struct pkt *q = p; q; q = q->more)
        sum += q->len;
    if (sum != p->total)
        abort();
    peer->ack = be32(h->seq) + (uint32_t)(p->total - header);
    if (h->flags & (TCP_SYN | TCP_FIN))
        peer->ack++;
    if (h->flags & TCP_ACK)
        peer->seq = be32(h->ack);
    if (++sent_packets > 100000)
        abort();
    pkt_free(p);
}

static unsigned path_mtu = 1480;

static int mtu(struct tcp *t, const struct ip_ends *ends, struct net_path *path, unsigned *gso,
               unsigned *own)
{
    (void)t;
    (void)ends;
    (void)path;
    *gso = 65483;
    *own = 1480;
    return (int)path_mtu;
}

static void event(void *user, unsigned events)
{
    (void)user;
    (void)events;
}

static void *alloc_zero(size_t size)
{
    allocated += size;
    return calloc(1, size);
}

static void free_size(void *p, size_t size)
{
    allocated -= size;
    free(p);
}

static void random_bytes(void *buf, size_t len)
{
    memset(buf, 0x5a, len);
}

static struct ip_ends ends_of(unsigned peer)
{
    return (struct ip_ends){.local = ip_from_v4(ip_be32(0x0a000001)),
                            .remote = ip_from_v4(ip_be32(0x0a000002)),
                            .local_port = 80,
                            .remote_port = (uint16_t)(2000 + peer)};
}

static size_t put_option(uint8_t *o, struct peer *peer, uint32_t ack)
{
    switch (next() % 8) {
    case 0:
        o[0] = 2, o[1] = 4;
        put_be16(o + 2, (uint16_t)next16());
        return 4;
    case 1:
        o[0] = 3, o[1] = 3, o[2] = (uint8_t)next(), o[3] = 1;
        return 4;
    case 2:
        o[0] = 4, o[1] = 2, o[2] = 1, o[3] = 1;
        return 4;
    case 3:
        o[0] = 8, o[1] = 10, o[10] = 1, o[11] = 1;
        put_be32(o + 2, peer->ts += (uint32_t)(int32_t)(int8_t)next());
        put_be32(o + 6, next16());
        return 12;
    case 4:
        o[0] = 5, o[1] = 10, o[10] = 1, o[11] = 1;
        put_be32(o + 2, ack + next16() - 1000);
        put_be32(o + 6, ack + next16());
        return 12;
    default:
        for (unsigned i = 0; i < 4; i++)
            o[i] = (uint8_t)next();
        return 4;
    }
}

static void segment(void)
{
    static const uint8_t usual[] = {TCP_ACK,           TCP_SYN,           TCP_ACK | TCP_PSH,
                                    TCP_FIN | TCP_ACK, TCP_SYN | TCP_ACK, TCP_RST,
                                    TCP_ACK | TCP_URG, TCP_RST | TCP_ACK};
    unsigned who = next() % PEERS, what = next(), how = next(), size = next();
    struct peer *peer = &peers[who];
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 800), *tail = NULL;
    struct ip_ends ends = ends_of(who);
    struct wire_tcp *h = (void *)p->data;
    size_t header = TCP_HEADER;

    memset(h, 0, sizeof(*h));
    h->from = be16(ends.remote_port);
    h->to = be16(ends.local_port);
    h->flags = what & 0x80 ? (uint8_t)next() : usual[what % ARRAY_LEN(usual)];
    uint32_t seq = peer->seq, ack = peer->ack;
    if (how & 1)
        seq += (uint32_t)(int32_t)(int16_t)next16();
    if (how & 2)
        ack -= next16();
    if (how & 4)
        seq += (uint32_t)next() << 24;
    h->seq = be32(seq);
    h->ack = be32(ack);
    h->window = be16(how & 8 ? (uint16_t)next16() : 8000);
    h->urgent = be16(how & 16 ? (uint16_t)next16() : 0);
    for (unsigned n = how >> 5 & 3; n > 0 && header < 44; n--)
        header += put_option(p->data + header, peer, ack);
    h->offset = (uint8_t)(header / 4 << 4);
    if (how & 128)
        h->offset = (uint8_t)next();
    size_t payload = size < 128 ? size : (size - 127) * 5u;
    memset(p->data + header, (int)size, payload);
    p->len = p->total = (uint32_t)(header + payload);
    if (what & 0x40) { /* cut short, or with its end elsewhere */
        size_t n = next16() % (p->total + 1);
        if (what & 0x20) {
            pkt_trim_back(p, p->total - n);
        } else if (n > 0 && (tail = pkt_share(p, n, p->total - n))) {
            /* Not the head's own memory any more, as of one that came from this machine. */
            pkt_trim_back(p, p->total - n);
            pkt_append(p, tail);
        }
    } else if ((what & 0x10) && payload > 100) { /* several in one */
        p->gso = PKT_GSO_TCP4;
        p->gso_size = (uint16_t)(50 + next());
        p->hdr_len = (uint16_t)header;
    }
    tcp_input(tcp, &ends, p);
    if (next() & 1)
        tcp_input_done(tcp);
}

static void pass_time(void)
{
    unsigned n = next();
    nsec_t until = now + (n & 0x80 ? (nsec_t)(n & 0x7f) * NSEC_PER_SEC : (nsec_t)n * 1000000);
    unsigned turns = 0;

    for (nsec_t at; (at = tcp_next(tcp)) <= until; tcp_run(tcp)) {
        if (at > now)
            now = at;
        tcp_set_time(tcp, now);
        if (++turns > 100000)
            abort();
    }
    now = until;
    tcp_set_time(tcp, now);
}

static void use(struct tcp_conn *c)
{
    uint8_t *at, byte;
    const uint8_t *from;
    size_t n;

    switch (next() % 10) {
    case 0:
    case 1:
        n = min_size(1 + next() * 10u, tcp_send_room(c));
        n = n ? tcp_send_space(c, n, &at) : 0;
        if (n)
            memset(at, 1, n);
        tcp_send_commit(c, n);
        tcp_push(c, next() & 1, next() & 1);
        break;
    case 2:
        tcp_push(c, false, false);
        break;
    case 3:
    case 4:
        n = tcp_recv_at(c, 0, &from);
        if (n > tcp_recv_len(c))
            abort();
        tcp_recv_done(c, n);
        break;
    case 5:
        n = min_size(tcp_recv_len(c), next());
        tcp_recv_done(c, n);
        break;
    case 6:
        tcp_shutdown_send(c);
        break;
    case 7:
        tcp_shutdown_recv(c);
        break;
    case 8:
        tcp_recv_urgent(c, next() & 1, &byte);
        if (tcp_urgent_mark(c) < -1)
            abort();
        break;
    default: {
        struct tcp_options *o = tcp_options(c);
        struct tcp_info info;
        o->no_delay = next() & 1;
        o->cork = next() & 1;
        o->keep_alive = next() & 1;
        o->keep_idle = next();
        tcp_options_changed(c);
        tcp_get_info(c, &info);
        tcp_error(c);
    }
    }
}

static void call(void)
{
    unsigned who = next() % PEERS, what = next() % 8;
    struct ip_ends ends = ends_of(who);
    struct tcp_options o = {.recv_limit = 4096, .send_limit = 8192};

    if (conns[who] && what < 5) {
        use(conns[who]);
    } else if (conns[who] && what == 5) {
        if (next() & 1)
            tcp_close(conns[who]);
        else
            tcp_abort(conns[who]);
        conns[who] = NULL;
    } else if (!conns[who] && what == 6) {
        if (!tcp_ends_taken(tcp, &ends) &&
            tcp_connect(tcp, &ends, &o, &peers[who], &conns[who]) != 0)
            conns[who] = NULL;
    } else if (what == 7) {
        tcp_unreachable(tcp, &ends, peers[who].ack - next(), next() & 1 ? -EMSGSIZE : -ECONNREFUSED,
                        next16());
    } else {
        struct tcp_conn *c = tcp_accept(listener, NULL);
        if (!c)
            return;
        who = tcp_ends(c)->remote_port % PEERS;
        if (conns[who])
            tcp_abort(c);
        else
            conns[who] = c;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct tcp_ops ops = {output, mtu, event, alloc_zero, free_size, random_bytes};
    struct ip_ends local = {.local_port = 80};
    struct tcp_options o = {.recv_limit = 4096, .send_limit = 8192};

    input = bytes;
    left = len;
    now = NSEC_PER_SEC;
    memset(conns, 0, sizeof(conns));
    memset(peers, 0, sizeof(peers));
    sent_packets = 0;
    tcp = tcp_new(&ops, NULL);
    tcp_set_time(tcp, now);
    if (tcp_listen(tcp, &local, false, false, 3, &o, NULL, &listener) != 0)
        abort();
    while (left > 0) {
        unsigned what = next() % 8;
        if (what < 5)
            segment();
        else if (what < 7)
            call();
        else
            pass_time();
        if (allocated > LIMIT || pkt_memory() > LIMIT)
            abort();
    }
    tcp_input_done(tcp);
    for (unsigned i = 0; i < PEERS; i++)
        if (conns[i] &&
            (tcp_state(conns[i]) == TCP_CLOSED_STATE || tcp_state(conns[i]) == TCP_TIME_WAIT_STATE))
            tcp_close(conns[i]); /* only its user knows it */
    tcp_delete(tcp);
    if (allocated || fake_pkt_live)
        abort();
    return 0;
}
