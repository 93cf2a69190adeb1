/* SPDX-License-Identifier: MIT */
#include "tcp_link.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "fake_pkt.h"

static struct tcp_world *current; /* for messages */

void world_fail(struct tcp_world *w, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fprintf(stderr, "seed %llu, at %.6f s: ", (unsigned long long)w->seed, (double)w->now / 1e9);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    abort();
}

void assert_failed(const char *what, const char *file, int line)
{
    world_fail(current, "%s:%d: %s", file, line, what);
}

size_t world_below(struct tcp_world *w, size_t n)
{
    uint64_t z = w->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (size_t)((z ^ z >> 31) % n);
}

bool world_chance(struct tcp_world *w, unsigned of_1000)
{
    return of_1000 > 0 && world_below(w, 1000) < of_1000;
}

struct ip_addr link_address(unsigned side)
{
    if (current->seed & 1) {
        static const uint8_t net[16] = {0x20, 1, 0xd, 0xb8};
        struct ip_addr a = ip_from_v6(net);
        a.b[15] = (uint8_t)(1 + side);
        return a;
    }
    return ip_from_v4(ip_be32(0x0a000001 + side));
}

struct ip_ends link_ends(unsigned side, uint16_t local, uint16_t remote)
{
    return (struct ip_ends){.local = link_address(side),
                            .remote = link_address(!side),
                            .local_port = local,
                            .remote_port = remote};
}

/* On its way. */

static void queue_packet(struct link_host *to, const struct link_packet *what)
{
    struct link_packet *n = malloc(sizeof(*n)), **at = &to->coming;

    if (!n)
        abort();
    *n = *what;
    while (*at && (*at)->at <= n->at)
        at = &(*at)->next;
    n->next = *at;
    *at = n;
}

/* The same bytes in memory as a device would have put them: NULL: no memory. */
static struct pkt *copy_packet(const struct pkt *p, bool split)
{
    struct pkt *whole = NULL;

    for (size_t off = 0, n; off < p->total; off += n) {
        struct pkt *piece = pkt_alloc(whole ? 0 : PKT_HEADROOM, PKT_LARGE - PKT_HEADROOM);
        if (!piece) {
            pkt_free(whole);
            return NULL;
        }
        n = min_size(p->total - off, split && off == 0 ? 11 : PKT_LARGE - PKT_HEADROOM);
        pkt_copy(p, off, piece->data, n);
        piece->len = piece->total = (uint32_t)n;
        if (whole)
            pkt_append(whole, piece);
        else
            whole = piece;
    }
    whole->gso = p->gso;
    whole->gso_size = p->gso_size;
    whole->hdr_len = p->hdr_len;
    return whole;
}

static void send_one(struct link_host *from, const struct ip_ends *ends, struct pkt *p)
{
    struct tcp_world *w = from->w;
    struct link_way *way = &w->way[from->side];
    struct link_host *to = &w->host[!from->side];
    const struct wire_tcp *h = (const void *)p->data;
    size_t header = (size_t)(h->offset >> 4) * 4, unit = p->gso ? header + p->gso_size : p->total;
    struct link_packet what = {.p = p, .at = w->now + way->delay};

    what.ends = (struct ip_ends){ends->remote, ends->local, ends->remote_port, ends->local_port, 0};
    if (way->down || (way->filter && way->filter(w, h, p->total - header)) ||
        world_chance(w, way->loss))
        goto lost;
    if (way->mtu && unit > way->mtu) {
        if (way->icmp) {
            struct link_packet icmp = {.at = w->now + way->delay, .ends = *ends, .mtu = way->mtu};
            icmp.seq = be32(h->seq);
            queue_packet(from, &icmp);
        }
        goto lost;
    }
    if (way->rate) {
        nsec_t time = (nsec_t)((p->total + 40) * (uint64_t)NSEC_PER_SEC / way->rate);
        if (from->line_free < w->now)
            from->line_free = w->now;
        if (way->queue && from->line_free - w->now > time * (nsec_t)way->queue)
            goto lost;
        from->line_free += time;
        what.at = from->line_free + way->delay;
    }
    if (way->jitter)
        what.at += (nsec_t)world_below(w, (size_t)way->jitter);
    if (world_chance(w, way->late))
        what.at += (nsec_t)world_below(w, (size_t)way->late_by + 1);
    if (world_chance(w, way->dup)) {
        struct link_packet twin = what;
        twin.p = copy_packet(p, way->split);
        twin.at += (nsec_t)world_below(w, (size_t)(way->jitter + way->late_by + 1));
        if (twin.p)
            queue_packet(to, &twin);
    }
    if (way->copy) {
        what.p = copy_packet(p, way->split);
        pkt_free(p);
        if (!what.p)
            return;
    }
    queue_packet(to, &what);
    return;
lost:
    pkt_free(p);
}

/* The segment of (n) bytes from (off) on of (p), as a packet. */
static struct pkt *cut(const struct pkt *p, size_t off, size_t n)
{
    const struct wire_tcp *h = (const void *)p->data;
    size_t header = p->hdr_len;
    struct pkt *s = pkt_alloc(PKT_HEADROOM - header, header);

    if (!s)
        return NULL;
    memcpy(s->data, p->data, header);
    s->len = s->total = (uint32_t)header;
    for (size_t done = 0, some; done < n; done += some) {
        struct pkt *piece = pkt_alloc(0, PKT_LARGE);
        if (!piece) {
            pkt_free(s);
            return NULL;
        }
        some = min_size(PKT_LARGE, n - done);
        pkt_copy(p, header + off + done, piece->data, some);
        piece->len = piece->total = (uint32_t)some;
        pkt_append(s, piece);
    }
    struct wire_tcp *sh = (void *)s->data;
    sh->seq = be32(be32(h->seq) + (uint32_t)off);
    if (header + off + n < p->total)
        sh->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    return s;
}

static void output(struct tcp *t, const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    struct link_host *host = tcp_user(t);
    struct tcp_world *w = host->w;

    (void)path;
    host->packets++;
    host->bytes += p->total;
    if (!w->no_watch)
        watch_sent(w, host->side, ends, p);
    if (w->capture && host->side == 0) {
        w->capture(w, p);
        return;
    }
    if (!p->gso || w->way[host->side].whole) {
        send_one(host, ends, p);
        return;
    }
    for (size_t off = 0, n; off < p->total - p->hdr_len; off += n) {
        n = min_size(p->gso_size, p->total - p->hdr_len - off);
        struct pkt *s = cut(p, off, n);
        if (s)
            send_one(host, ends, s);
    }
    pkt_free(p);
}

static int mtu(struct tcp *t, const struct ip_ends *ends, struct net_path *path, unsigned *gso,
               unsigned *own)
{
    struct link_host *host = tcp_user(t);

    (void)ends;
    (void)path;
    *gso = host->gso > host->mtu ? host->gso : host->mtu;
    *own = host->own_mtu ? host->own_mtu : host->mtu;
    return host->no_way ? host->no_way : (int)host->mtu;
}

static void event(void *user, unsigned events)
{
    struct link_end *end = user;

    if (end->to)
        end = end->to;
    end->events |= events;
}

static void *alloc_conn(size_t size)
{
    struct link_host *host = &current->host[0];

    if (host->alloc_left == 0)
        return NULL;
    if (host->alloc_left > 0)
        host->alloc_left--;
    void *p = calloc(1, size);
    if (p)
        host->allocated += size;
    return p;
}

static void free_conn(void *p, size_t size)
{
    WORLD_CHECK(current, current->host[0].allocated >= size);
    current->host[0].allocated -= size;
    memset(p, 0xa5, size);
    free(p);
}

static void random_bytes(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)world_below(current, 256);
}

void world_start(struct tcp_world *w, uint64_t seed)
{
    static const struct tcp_ops ops = {output, mtu, event, alloc_conn, free_conn, random_bytes};

    memset(w, 0, sizeof(*w));
    current = w;
    fake_pkt_left = UINT32_MAX;
    w->seed = w->state = seed;
    w->now = NSEC_PER_SEC + (nsec_t)world_below(w, 1u << 30);
    w->wake = DEADLINE_NEVER;
    w->host[0].alloc_left = w->host[1].alloc_left = -1;
    for (unsigned side = 0; side < 2; side++) {
        struct link_host *host = &w->host[side];
        host->w = w;
        host->side = side;
        host->mtu = LINK_MTU;
        w->way[side].delay = MSEC;
        host->tcp = tcp_new(&ops, host);
        WORLD_CHECK(w, host->tcp && tcp_user(host->tcp) == host);
        tcp_set_time(host->tcp, w->now);
    }
}

static void deliver(struct tcp_world *w, struct link_host *host)
{
    bool any = false;

    while (host->coming && host->coming->at <= w->now + w->batch) {
        struct link_packet *n = host->coming;
        host->coming = n->next;
        if (n->p) {
            n->p->flags = PKT_CSUM_OK;
            if (!w->no_watch)
                watch_arrives(w, host->side, &n->ends, n->p);
            tcp_input(host->tcp, &n->ends, n->p);
            any = true;
        } else {
            if (!host->mtu_before)
                host->mtu_before = host->mtu;
            if (host->mtu > n->mtu)
                host->mtu = n->mtu;
            tcp_unreachable(host->tcp, &n->ends, n->seq, -EMSGSIZE, n->mtu + 20);
        }
        free(n);
    }
    if (any)
        tcp_input_done(host->tcp);
}

static void all_know_the_time(struct tcp_world *w)
{
    tcp_set_time(w->host[0].tcp, w->now);
    tcp_set_time(w->host[1].tcp, w->now);
}

bool world_step(struct tcp_world *w, nsec_t limit)
{
    nsec_t at = w->wake;

    for (unsigned i = 0; i < 2; i++) {
        struct link_host *host = &w->host[i];
        nsec_t next = tcp_next(host->tcp);
        if (host->coming && host->coming->at < next)
            next = host->coming->at;
        if (next < at)
            at = next;
    }
    if (at > limit) {
        w->now = limit;
        all_know_the_time(w);
        return false;
    }
    if (at > w->now)
        w->now = at;
    if (w->now != w->at_last)
        w->at_once = 0;
    w->at_last = w->now;
    if (++w->at_once > 100000)
        world_fail(w, "time stands still");
    all_know_the_time(w);
    for (unsigned i = 0; i < 2; i++)
        deliver(w, &w->host[i]);
    for (unsigned i = 0; i < 2; i++)
        if (tcp_next(w->host[i].tcp) <= w->now)
            tcp_run(w->host[i].tcp);
    return true;
}

void world_run(struct tcp_world *w, nsec_t time)
{
    nsec_t limit = w->now + time;

    while (world_step(w, limit))
        ;
}

void world_jump(struct tcp_world *w, nsec_t time)
{
    w->now += time;
    all_know_the_time(w);
}

void world_end(struct tcp_world *w)
{
    for (unsigned i = 0; i < 2; i++) {
        struct link_host *host = &w->host[i];
        tcp_delete(host->tcp);
        while (host->coming) {
            struct link_packet *n = host->coming;
            host->coming = n->next;
            pkt_free(n->p);
            free(n);
        }
    }
    if (w->host[0].allocated || fake_pkt_live)
        world_fail(w, "left: %zu bytes of connections, %u pieces", w->host[0].allocated,
                   fake_pkt_live);
}

/* Connections in the known bytes. */

void link_listen(struct tcp_world *w, unsigned side, uint16_t port, const struct tcp_options *o,
                 struct link_end *end)
{
    struct tcp_options none = {0};
    struct ip_ends ends = link_ends(side, port, 0);

    memset(&ends.remote, 0, sizeof(ends.remote));
    *end = (struct link_end){.w = w};
    int err = tcp_listen(w->host[side].tcp, &ends, false, false, 16, o ? o : &none, end, &end->c);
    if (err)
        world_fail(w, "listen: %d", err);
}

void link_connect(struct tcp_world *w, unsigned side, uint16_t local, uint16_t remote,
                  const struct tcp_options *o, struct link_end *end)
{
    struct tcp_options none = {0};
    struct ip_ends ends = link_ends(side, local, remote);

    *end = (struct link_end){.w = w};
    int err = tcp_connect(w->host[side].tcp, &ends, o ? o : &none, end, &end->c);
    if (err)
        world_fail(w, "connect: %d", err);
}

size_t link_put(struct link_end *end, uint32_t off, size_t n)
{
    const struct ip_ends *ends = tcp_ends(end->c);
    size_t done = 0, left, room;
    uint8_t *at;

    while (done < n) {
        if (!(left = min_size(n - done, tcp_send_room(end->c)))) {
            (void)tcp_can_send(end->c);
            break;
        }
        if (!(room = tcp_send_space(end->c, left, &at)))
            break;
        WORLD_CHECK(end->w, room <= left);
        for (size_t i = 0; i < room; i++)
            at[i] = link_byte(ends->local_port, ends->remote_port, off + (uint32_t)(done + i));
        tcp_send_commit(end->c, room);
        done += room;
    }
    return done;
}

size_t link_read(struct link_end *end, uint32_t off, size_t n)
{
    const struct ip_ends *ends = tcp_ends(end->c);
    size_t done = 0, len = tcp_recv_len(end->c);
    const uint8_t *at;

    n = min_size(n, len);
    while (done < n) {
        size_t run = tcp_recv_at(end->c, done, &at);
        WORLD_CHECK(end->w, run > 0);
        for (size_t i = 0; i < run && done < n; i++, done++) {
            uint32_t where = off + (uint32_t)done;
            if (at[i] != link_byte(ends->remote_port, ends->local_port, where))
                world_fail(end->w, "byte %u of port %u is wrong", where, ends->remote_port);
        }
    }
    tcp_recv_done(end->c, n);
    return n;
}
