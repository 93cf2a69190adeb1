/* SPDX-License-Identifier: MIT
 *
 * Pith's TCP for bench/segments.c, its pieces from lists as in libos/net/link/pool.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "segments.h"
#include "tcp/tcp.h"
#include "wire/tcp.h"

#define KINDS 3

static struct pkt *free_list[KINDS];
static size_t used;
static struct tcp *tcps[2];
static struct tcp_conn *conns[2], *listener;
static unsigned events[2];
static struct ip_ends ends[2]; /* of packets to that side, as IP hands them over */
static unsigned most = SEGMENT_MAX;

void assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static const uint16_t room_of[KINDS] = {PKT_HEADROOM, PKT_LARGE, PKT_HUGE};

struct pkt *pkt_pool_get(size_t room)
{
    int n = room > PKT_LARGE ? 2 : room > PKT_HEADROOM;
    struct pkt *p = free_list[n];

    if (p) {
        free_list[n] = p->next;
    } else {
        p = malloc(sizeof(*p) + room_of[n]);
        p->size = room_of[n];
    }
    used += sizeof(*p) + p->size;
    return p;
}

void pkt_pool_put(struct pkt *p)
{
    int n = p->size > PKT_LARGE ? 2 : p->size > PKT_HEADROOM;

    used -= sizeof(*p) + p->size;
    p->next = free_list[n];
    free_list[n] = p;
}

size_t pkt_memory(void)
{
    return used;
}

size_t pkt_memory_limit(void)
{
    return SIZE_MAX;
}

static void output(struct tcp *t, const struct ip_ends *to, struct net_path *path, struct pkt *p)
{
    (void)to;
    (void)path;
    segment_begin(t == tcps[1]);
    for (const struct pkt *q = p; q; q = q->more)
        segment_add(q->data, q->len);
    segment_end();
    pkt_free(p);
}

static int mtu(struct tcp *t, const struct ip_ends *to, struct net_path *path, unsigned *gso,
               unsigned *own)
{
    (void)t;
    (void)to;
    (void)path;
    *gso = most;
    *own = SEGMENT_MAX;
    return SEGMENT_MAX;
}

static void event(void *user, unsigned bits)
{
    *(unsigned *)user |= bits;
}

static void *alloc_zero(size_t size)
{
    return calloc(1, size);
}

static void free_size(void *p, size_t size)
{
    (void)size;
    free(p);
}

static void random_bytes(void *buf, size_t len)
{
    memset(buf, 7, len);
}

static struct ip_ends ends_of(int side)
{
    struct ip_ends e = {.local = ip_from_v4(ip_be32(0x0a000001 + (uint32_t)side)),
                        .remote = ip_from_v4(ip_be32(0x0a000002 - (uint32_t)side)),
                        .local_port = side ? 80 : 1000,
                        .remote_port = side ? 1000 : 80};

    return e;
}

void stack_start(int offloads)
{
    struct tcp_options o = {.no_delay = true};
    struct ip_ends local = {.local_port = 80};

    most = offloads ? PACKET_MAX : SEGMENT_MAX;
    ends[0] = ends_of(0);
    ends[1] = ends_of(1);
    if (tcp_listen(tcps[1], &local, false, false, 5, &o, &events[1], &listener) ||
        tcp_connect(tcps[0], &ends[0], &o, &events[0], &conns[0]))
        abort();
}

int stack_connected(void)
{
    conns[1] = tcp_accept(listener, &events[1]);
    return conns[1] && tcp_state(conns[0]) == TCP_ESTABLISHED_STATE;
}

void stack_time(int64_t ns)
{
    static const struct tcp_ops ops = {output, mtu, event, alloc_zero, free_size, random_bytes};

    for (int i = 0; i < 2; i++) {
        if (!tcps[i])
            tcps[i] = tcp_new(&ops, NULL);
        tcp_set_time(tcps[i], ns);
        if (tcp_next(tcps[i]) <= ns)
            tcp_run(tcps[i]);
    }
}

size_t stack_write(int side, const void *data, size_t n)
{
    size_t done = 0, room;
    uint8_t *at;

    n = min_size(n, tcp_send_room(conns[side]));
    while (done < n && (room = tcp_send_space(conns[side], n - done, &at)) > 0) {
        memcpy(at, (const char *)data + done, room);
        tcp_send_commit(conns[side], room);
        done += room;
    }
    tcp_push(conns[side], false, false);
    return done;
}

size_t stack_read(int side)
{
    size_t len = tcp_recv_len(conns[side]), off = 0, n;
    const uint8_t *at;

    while (off < len && (n = tcp_recv_at(conns[side], off, &at)) > 0)
        off += n;
    tcp_recv_done(conns[side], off);
    return off;
}

void *stack_packet(const void *segment, size_t len)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, len);

    memcpy(p->data, segment, len);
    p->len = p->total = (uint32_t)len;
    p->flags = PKT_CSUM_OK;
    if (len > SEGMENT_MAX) {
        p->gso = PKT_GSO_TCP4;
        p->gso_size = PAYLOAD;
    }
    return p;
}

void stack_input(int side, void *packet)
{
    tcp_input(tcps[side], &ends[side], packet);
}

void stack_input_done(int side)
{
    tcp_input_done(tcps[side]);
}
