/* SPDX-License-Identifier: MIT
 *
 * Between the core of TCP, which knows nothing but segments and time, and IP, the clock and memory.
 * One timer drives it; time is told once for each batch of packets and each call. */
#include "inet/internal.h"

#include "mm/heap.h"
#include "random/random.h"
#include "wire/ip.h"

#define GSO_MAX     65483u
#define CHECKSUM_AT 16

struct tcp *inet_tcp;
struct ip_port_table inet_tcp_ports;

static struct timer timer;
static bool in_batch; /* the time of this batch of packets has been told */

static void output(struct tcp *t, const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    (void)t;
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_from = 0;
    p->csum_at = CHECKSUM_AT;
    (void)ip_output(ends, path, PROTO_TCP, p); /* what is lost is sent again */
}

static int mtu(struct tcp *t, const struct ip_ends *ends, struct net_path *path, unsigned *gso,
               unsigned *own)
{
    (void)t;
    if (path->generation != ip_generation || !path->header_len) {
        struct ip_ends e = *ends;
        int err = ip_route(&e, path);
        if (err)
            return err;
    }
    unsigned room = ip_path_room(ends, path);
    *gso = room > GSO_MAX ? room : GSO_MAX;
    *own = room + path->own_mtu - path->mtu;
    return (int)room;
}

static void event(void *user, unsigned events)
{
    if (user)
        inet_stream_event(user, events);
}

static const struct tcp_ops ops = {
    .output = output,
    .mtu = mtu,
    .event = event,
    .alloc = heap_alloc,
    .free = heap_free,
    .random = random_bytes,
};

void inet_tcp_now(void)
{
    tcp_set_time(inet_tcp, clock_monotonic());
}

void inet_tcp_recent(void)
{
    tcp_set_time(inet_tcp, clock_recent());
}

static void run(struct timer *t)
{
    (void)t;
    inet_tcp_now();
    tcp_run(inet_tcp);
    ip_run_local();
}

static void set_timer(void)
{
    nsec_t next = tcp_next(inet_tcp);

    if (next == DEADLINE_NEVER)
        timer_cancel(&timer);
    else if (!timer.armed || timer.at != next)
        timer_set(&timer, next, run);
}

/* What a batch holds came with a crossing, just now, or is from this machine. */
static void begin_batch(void)
{
    if (!in_batch)
        inet_tcp_recent();
    in_batch = true;
}

static void input(struct ip_ends *ends, struct pkt *p)
{
    begin_batch();
    ends->remote_port = get_be16(p->data);
    ends->local_port = get_be16(p->data + 2);
    tcp_input(inet_tcp, ends, p);
}

static void error(struct ip_ends *ends, int err, unsigned path_mtu, const struct ip_icmp *icmp,
                  const struct pkt *p)
{
    (void)icmp;
    begin_batch();
    ends->local_port = get_be16(p->data);
    ends->remote_port = get_be16(p->data + 2);
    if (err == -EMSGSIZE)
        ip_pmtu_set(&ends->remote, path_mtu);
    tcp_unreachable(inet_tcp, ends, get_be32(p->data + 4), err, path_mtu);
}

/* The end of each batch and of each call, since these end with ip_run_local. */
static void done(void)
{
    if (in_batch)
        tcp_input_done(inet_tcp);
    in_batch = false;
    set_timer();
}

struct ip_protocol inet_tcp_protocol = {
    .number = PROTO_TCP,
    .checked = true,
    .csum_at = CHECKSUM_AT,
    .min_len = 20,
    .input = input,
    .error = error,
    .done = done,
};

int inet_tcp_start(void)
{
    if (inet_tcp)
        return 0;
    inet_tcp = tcp_new(&ops, NULL);
    if (!inet_tcp)
        return -ENOMEM;
    tcp_set_memory(inet_tcp, pkt_memory_limit());
    inet_tcp_now();
    ip_protocol_add(&inet_tcp_protocol);
    inet_push_start();
    return 0;
}
