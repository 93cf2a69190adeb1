/* SPDX-License-Identifier: MIT
 *
 * Filters of internet sockets (SO_ATTACH_FILTER): part of images that have packet sockets, whose
 * filters these are. Programs see a datagram from its UDP header on, a segment from its TCP header
 * on, a raw packet as it is received. */
#include <net/if_arp.h>
#include <netpacket/packet.h>

#include "inet/filter.h"
#include "inet/stream.h"
#include "wire/bytes.h"
#include "wire/ether.h"
#include "wire/tcp.h"

/* TCP's own input, once a stream has a filter. */
static void (*tcp_input_all)(struct ip_ends *ends, struct pkt *p);

bool inet_filter_lets(const struct isock *i, struct pkt *p, uint32_t before, uint32_t least)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct pkt whole = *p;
    struct filter_frame frame = {.p = &whole,
                                 .start = rx->header_len - before,
                                 .type = rx->v6 ? ETHER_IP6 : ETHER_IP4,
                                 .kind = PACKET_HOST,
                                 .index = rx->iface->index,
                                 .hardware = rx->iface->dev ? ARPHRD_ETHER : ARPHRD_LOOPBACK};

    whole.data -= rx->header_len;
    whole.len += rx->header_len;
    whole.total += rx->header_len;
    uint32_t n = filter_run(i->filter, &frame);
    if (n == 0)
        return false;
    n = n > before + least ? n - before : least;
    if (n < p->total)
        pkt_trim_back(p, p->total - n);
    return true;
}

/* The stream that a segment to (ends) is for, if it has a filter. */
struct search {
    const struct ip_ends *ends;
    const struct stream *found;
};

static void look_at(void *arg, const struct tcp_conn *c)
{
    struct search *s = arg;
    const struct stream *t = tcp_conn_user(c);
    const struct ip_ends *e = tcp_ends(c);

    if (!t || !t->in.filter || e->local_port != s->ends->local_port)
        return;
    if (t->state == STREAM_LISTENING
            ? ip_is_any(&e->local) || ip_equal(&e->local, &s->ends->local)
            : e->remote_port == s->ends->remote_port && ip_equal(&e->remote, &s->ends->remote) &&
                  ip_equal(&e->local, &s->ends->local))
        s->found = t->state != STREAM_LISTENING || !s->found ? t : s->found;
}

static void tcp_input_filtered(struct ip_ends *ends, struct pkt *p)
{
    struct ip_ends e = *ends;
    struct search s = {.ends = &e};
    struct wire_tcp h;

    if (p->total < sizeof(h)) { /* which TCP refuses */
        tcp_input_all(ends, p);
        return;
    }
    pkt_copy(p, 0, &h, sizeof(h)); /* a sender may have cut it up */
    e.remote_port = be16(h.from);
    e.local_port = be16(h.to);
    tcp_each(inet_tcp, look_at, &s);
    if (s.found && !inet_filter_lets(&s.found->in, p, 0, (h.offset >> 4) * 4u)) {
        pkt_free(p);
        return;
    }
    tcp_input_all(ends, p);
}

int inet_filter_option(struct isock *i, int name, const void *value, socklen_t len)
{
    int err = filter_option(&i->filter, &i->filter_locked, name, value, len);

    if (!err && i->filter && i->sock.type == SOCK_STREAM && !tcp_input_all) {
        tcp_input_all = inet_tcp_protocol.input;
        inet_tcp_protocol.input = tcp_input_filtered;
    }
    return err;
}

void inet_filter_end(struct isock *i)
{
    filter_free(i->filter);
    i->filter = NULL;
}
