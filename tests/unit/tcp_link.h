/* SPDX-License-Identifier: MIT
 *
 * Two TCPs, the way between them, and time: all simulated, all of a seed. Packets are lost,
 * doubled, delayed, cut up and merged as the parameters of each way say; every segment that a TCP
 * sends is held against what RFC 9293, 7323 and 2018 demand of any sender (tcp_watch.c). What
 * breaks a rule ends the program with the seed. */
#ifndef PITH_TESTS_TCP_LINK_H
#define PITH_TESTS_TCP_LINK_H

#include "tcp/tcp.h"
#include "wire/tcp.h"

#define MSEC         (NSEC_PER_SEC / 1000)
#define LINK_FLOWS   64u
#define LINK_MTU     1480u /* Ethernet's, less IPv4's header */
#define LINK_GSO_MAX 65483u

struct tcp_world;

/* One direction. */
struct link_way {
    nsec_t delay, jitter;     /* jitter puts packets out of order */
    unsigned loss, dup, late; /* of 1000 packets: lost, sent twice, late by up to (late_by) */
    nsec_t late_by;
    uint64_t rate;  /* bytes a second, 0: any */
    unsigned queue; /* packets that may wait for that, 0: any */
    unsigned mtu;   /* the most header and payload, 0: any; larger ones are lost ... */
    bool icmp;      /* ... and the sender is told */
    bool whole;     /* what the sender leaves to be cut arrives in one */
    bool copy;      /* arrives in memory of its own, else in the sender's */
    bool split;     /* and with its header in two pieces */
    bool down;      /* all is lost */
    /* Not NULL: a packet (one segment) for which it says true is lost. */
    bool (*filter)(struct tcp_world *w, const struct wire_tcp *h, size_t payload);
};

/* What a test has for a user of TCP: an end of a connection, or a listener. */
struct link_end {
    struct tcp_world *w;
    struct tcp_conn *c;
    unsigned events;     /* that came and were not looked at: the test clears them */
    struct link_end *to; /* not NULL: events are for that one */
};

struct link_packet {
    struct link_packet *next;
    nsec_t at;
    struct ip_ends ends; /* as seen by who receives it */
    struct pkt *p;       /* NULL: an ICMP error about ... */
    uint32_t seq;
    unsigned mtu;
};

struct link_host {
    struct tcp_world *w;
    struct tcp *tcp;
    unsigned side;
    unsigned mtu, gso;   /* what is said of the path */
    unsigned own_mtu;    /* what our side takes; 0: (mtu) */
    unsigned mtu_before; /* the MTU before an ICMP error: not all connections know of it yet */
    int no_way;          /* mtu's error, 0: none */
    size_t allocated;
    int alloc_left; /* allocations until they fail; negative: never */
    struct link_packet *coming;
    nsec_t line_free; /* when the line from here has sent what waits */
    uint64_t packets, bytes;
};

/* What is known of one direction of a connection, from what was on the wire. */
struct watch_way {
    bool syn, fin, scaled, ts, sack;
    uint8_t scale;
    uint16_t mss;                 /* told by the receiver of this direction */
    uint32_t isn, top, fin_at;    /* (top): behind the highest byte sent */
    uint32_t arrived;             /* behind the highest byte that reached the other side */
    uint32_t edge;                /* right edge of the window that the sender has heard of */
    uint32_t told_ack, told_edge; /* what the receiver has said last */
    bool has_edge, has_told;
    uint32_t ts_val;
};

struct watch_flow {
    uint16_t port[2];        /* by side; 0, 0: free */
    struct watch_way way[2]; /* by the sender's side */
};

struct tcp_world {
    nsec_t now, wake; /* (wake): when the test wants to be called at the latest */
    uint64_t seed, state;
    struct link_host host[2];
    struct link_way way[2]; /* from that side */
    struct watch_flow flow[LINK_FLOWS];
    bool no_watch;
    /* Not NULL: takes what side 0 sends. */
    void (*capture)(struct tcp_world *w, struct pkt *p);
    nsec_t batch; /* what arrives within that is one batch */
    nsec_t at_last;
    unsigned at_once;
};

/* Both hosts' addresses are 10.0.0.1 and 10.0.0.2, or of IPv6, by the seed. */
void world_start(struct tcp_world *w, uint64_t seed);
/* The next thing happens, at (limit) at the latest: false: nothing did, it is (limit) now. */
bool world_step(struct tcp_world *w, nsec_t limit);
/* So much time passes. */
void world_run(struct tcp_world *w, nsec_t time);
/* Time goes forward at once, as after a machine was asleep. */
void world_jump(struct tcp_world *w, nsec_t time);
/* Deletes both TCPs: nothing may be left of them. */
void world_end(struct tcp_world *w);

_Noreturn void world_fail(struct tcp_world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define WORLD_CHECK(w, cond)                                                                       \
    do {                                                                                           \
        if (!(cond))                                                                               \
            world_fail(w, "%s:%d: %s", __FILE__, __LINE__, #cond);                                 \
    } while (0)

size_t world_below(struct tcp_world *w, size_t n);
bool world_chance(struct tcp_world *w, unsigned of_1000);

struct ip_addr link_address(unsigned side);
struct ip_ends link_ends(unsigned side, uint16_t local, uint16_t remote);

/* Byte (off) of what the end with port (from) sends to (to). */
static inline uint8_t link_byte(uint16_t from, uint16_t to, uint32_t off)
{
    uint32_t x = (off + from * 77u + to * 12345u) * 0x9e3779b1u;

    return (uint8_t)(x >> 24 ^ x >> 13);
}

/* Opens and uses connections, in the bytes above. */
void link_listen(struct tcp_world *w, unsigned side, uint16_t port, const struct tcp_options *o,
                 struct link_end *end);
void link_connect(struct tcp_world *w, unsigned side, uint16_t local, uint16_t remote,
                  const struct tcp_options *o, struct link_end *end);
/* Queues up to (n) bytes, those from (off) on, without tcp_push; how many. */
size_t link_put(struct link_end *end, uint32_t off, size_t n);
/* Reads up to (n) bytes, and holds them against those from (off) on; how many. */
size_t link_read(struct link_end *end, uint32_t off, size_t n);

/* tcp_watch.c */
void watch_sent(struct tcp_world *w, unsigned side, const struct ip_ends *ends, struct pkt *p);
void watch_arrives(struct tcp_world *w, unsigned side, const struct ip_ends *ends, struct pkt *p);

#endif
