/* SPDX-License-Identifier: MIT
 *
 * Thousands of random scenarios: connections in both directions over ways of every kind, with
 * readers and writers of every kind. Each byte arrives, in bounded time, and nothing is left. The
 * users act only when they are told to, so an event that is missing shows as a transfer that hangs.
 *
 *   test_tcp_random [SEED]     all scenarios, or that of SEED alone
 *
 * sources: $(TCP_TEST) tests/unit/tcp_link.c tests/unit/tcp_watch.c tests/unit/fake_pkt.c
 * uses:    tcp wire */
#include "unit.h"
#include "fake_pkt.h"
#include "tcp_link.h"

#define CONNS 4

struct app {
    struct link_end end;
    uint32_t to_send, sent, to_read, got;
    unsigned write_chunk, read_chunk;
    nsec_t think; /* between two readings */
    nsec_t wake;
    bool used, shut, done, lingers;
};

static struct tcp_world w;
static struct app apps[2][CONNS];
static struct link_end listeners[2];
static struct link_end accepted[2][CONNS];
static unsigned accepted_count[2];
static unsigned conns;
static nsec_t dry_until; /* no memory for packets until then */
static bool dry;

static void wake_in(struct app *a, nsec_t time)
{
    if (a->wake > w.now + time)
        a->wake = w.now + time;
}

static void write_more(struct app *a)
{
    while (a->sent < a->to_send) {
        size_t want = 1 + world_below(&w, a->write_chunk);
        size_t n = link_put(&a->end, a->sent, min_size(want, a->to_send - a->sent));
        a->sent += (uint32_t)n;
        bool more = a->sent < a->to_send && world_chance(&w, 300);
        tcp_push(a->end.c, more, false);
        if (n == 0 && tcp_send_room(a->end.c) > 0)
            wake_in(a, MSEC); /* no memory */
        if (n == 0)
            return;
        if (world_chance(&w, 100)) {
            wake_in(a, (nsec_t)world_below(&w, 5 * MSEC));
            return;
        }
    }
    if (!a->shut) {
        tcp_shutdown_send(a->end.c);
        a->shut = true;
    }
}

static void read_more(struct app *a)
{
    size_t n = link_read(&a->end, a->got, 1 + world_below(&w, a->read_chunk));

    a->got += (uint32_t)n;
    WORLD_CHECK(&w, a->got <= a->to_read);
    if (tcp_recv_len(a->end.c) > 0)
        wake_in(a, a->think);
}

static void run_app(struct app *a)
{
    enum tcp_state state = tcp_state(a->end.c);
    int err = tcp_error(a->end.c);

    a->end.events = 0;
    a->wake = DEADLINE_NEVER;
    if (err)
        world_fail(&w, "port %u: error %d", tcp_ends(a->end.c)->local_port, err);
    if (state == TCP_SYN_SENT_STATE || state == TCP_SYN_RCVD_STATE)
        return;
    read_more(a);
    write_more(a);
    if (!a->shut || a->got < a->to_read || !tcp_recv_ended(a->end.c))
        return;
    WORLD_CHECK(&w, tcp_recv_len(a->end.c) == 0);
    if (a->lingers && !tcp_all_acked(a->end.c)) {
        wake_in(a, 10 * MSEC);
        return;
    }
    tcp_close(a->end.c);
    a->done = true;
}

static void accept_all(unsigned side)
{
    listeners[side].events = 0;
    while (tcp_can_accept(listeners[side].c)) {
        WORLD_CHECK(&w, accepted_count[side] < CONNS);
        struct link_end *end = &accepted[side][accepted_count[side]++];
        struct tcp_conn *c = tcp_accept(listeners[side].c, end);
        WORLD_CHECK(&w, c);
        struct app *a = &apps[side][tcp_ends(c)->remote_port - 1000];
        WORLD_CHECK(&w, a->used && !a->end.c);
        end->to = &a->end; /* whose it is could not be known before */
        a->end.c = c;
        a->wake = w.now;
    }
    WORLD_CHECK(&w, !tcp_accept(listeners[side].c, NULL));
}

static bool all_done(void)
{
    for (unsigned i = 0; i < conns; i++)
        if (!apps[0][i].done || !apps[1][i].done)
            return false;
    return true;
}

static void run_apps(void)
{
    w.wake = DEADLINE_NEVER;
    for (unsigned side = 0; side < 2; side++) {
        if (listeners[side].events & TCP_EVENT_READ)
            accept_all(side);
        for (unsigned i = 0; i < conns; i++) {
            struct app *a = &apps[side][i];
            if (a->end.c && !a->done && (a->end.events || a->wake <= w.now))
                run_app(a);
            if (a->end.c && !a->done && a->wake < w.wake)
                w.wake = a->wake;
        }
    }
}

static unsigned pick(const unsigned *of, size_t n)
{
    return of[world_below(&w, n)];
}
#define PICK(...)                                                                                  \
    pick((const unsigned[]){__VA_ARGS__}, ARRAY_LEN(((const unsigned[]){__VA_ARGS__})))

static void make_way(struct link_way *way, unsigned bad)
{
    way->delay = (nsec_t)PICK(0, 1000, 100000, 1000000, 20000000, 100000000);
    way->copy = world_chance(&w, 600);
    way->split = world_chance(&w, 200);
    way->whole = world_chance(&w, 500);
    if (world_chance(&w, 300))
        way->rate = PICK(5000, 50000, 1000000, 10000000);
    if (way->rate && world_chance(&w, 500))
        way->queue = PICK(4, 20, 100);
    if (world_chance(&w, bad))
        way->loss = PICK(1, 10, 50, 150);
    if (world_chance(&w, bad))
        way->dup = PICK(1, 10, 100);
    if (world_chance(&w, bad)) {
        way->late = PICK(5, 50, 300);
        way->late_by = (nsec_t)PICK(1000, 1000000, 50000000, 400000000);
    }
    if (world_chance(&w, bad))
        way->jitter = (nsec_t)PICK(1000, 100000, 5000000);
}

static void make_options(struct tcp_options *o)
{
    memset(o, 0, sizeof(*o));
    if (world_chance(&w, 300))
        o->send_limit = PICK(TCP_SEND_LIMIT_MIN, 10000, 65536, 1000000);
    if (world_chance(&w, 300))
        o->recv_limit = PICK(2304, 5000, 65536, 1000000);
    if (world_chance(&w, 100))
        o->mss = (uint16_t)PICK(88, 536, 1000);
    o->no_delay = world_chance(&w, 500);
    o->reno = world_chance(&w, 300);
    o->keep_alive = world_chance(&w, 300);
    o->keep_idle = 10;
    o->quick_ack = world_chance(&w, 100);
}

static void make_app(struct app *a, struct app *peer)
{
    a->used = true;
    a->to_send = PICK(0, 1, 100, 5000, 30000, 100000);
    a->to_send = (uint32_t)world_below(&w, a->to_send + 1);
    peer->to_read = a->to_send;
    a->write_chunk = PICK(1, 50, 2000, 1000000);
    a->write_chunk = (unsigned)max_size(a->write_chunk, a->to_send / 2000 + 1);
    a->read_chunk = PICK(1, 50, 2000, 1000000);
    a->read_chunk = (unsigned)max_size(a->read_chunk, a->to_send / 2000 + 1);
    a->think = (nsec_t)PICK(0, 0, 0, 100000, 5000000);
    a->lingers = world_chance(&w, 300);
    a->wake = DEADLINE_NEVER;
    a->end.w = &w;
}

static void start(uint64_t seed)
{
    struct tcp_options o;
    unsigned bad;

    world_start(&w, seed);
    memset(apps, 0, sizeof(apps));
    memset(listeners, 0, sizeof(listeners));
    memset(accepted, 0, sizeof(accepted));
    memset(accepted_count, 0, sizeof(accepted_count));
    bad = PICK(0, 200, 600);
    for (unsigned side = 0; side < 2; side++) {
        make_way(&w.way[side], bad);
        w.host[side].mtu = PICK(1480, 1480, 1480, 556, 256, 8980, 65483);
        w.host[side].gso = PICK(0, 0, 65483, 10000);
        make_options(&o);
        link_listen(&w, side, 80, &o, &listeners[side]);
    }
    if (world_chance(&w, 150)) {
        unsigned narrow = PICK(200, 576, 1280);
        w.way[0].mtu = w.way[1].mtu = narrow;
        /* What is below every black hole's remedy is told of. */
        w.way[0].icmp = w.way[1].icmp = narrow < 576 || world_chance(&w, 500);
    }
    w.batch = (nsec_t)PICK(0, 0, 10000, 300000);
    conns = 1 + (unsigned)world_below(&w, CONNS);
    for (unsigned i = 0; i < conns; i++) {
        unsigned side = (unsigned)world_below(&w, 2);
        struct app *a = &apps[side][i], *b = &apps[!side][i];
        make_app(a, b);
        make_app(b, a);
        make_options(&o);
        bool both = world_chance(&w, 50);
        uint16_t local = (uint16_t)(1000 + i), remote = both ? 2000 : 80;
        link_connect(&w, side, local, remote, &o, &a->end);
        if (both)
            link_connect(&w, !side, remote, local, &o, &b->end);
    }
}

static void count_conn(void *arg, const struct tcp_conn *c)
{
    (void)c;
    ++*(unsigned *)arg;
}

static void finish(void)
{
    for (unsigned side = 0; side < 2; side++)
        tcp_close(listeners[side].c);
    for (unsigned side = 0; side < 2; side++)
        for (unsigned i = 0; i < conns; i++)
            if (apps[side][i].end.c && !apps[side][i].done)
                tcp_abort(apps[side][i].end.c);
    w.wake = DEADLINE_NEVER;
    world_run(&w, 2000 * NSEC_PER_SEC);
    for (unsigned side = 0; side < 2; side++) {
        unsigned n = 0;
        tcp_each(w.host[side].tcp, count_conn, &n);
        if (n > 0)
            world_fail(&w, "side %u still has %u connections", side, n);
        WORLD_CHECK(&w, tcp_next(w.host[side].tcp) == DEADLINE_NEVER);
    }
    WORLD_CHECK(&w, fake_pkt_live == 0);
    world_end(&w);
}

static void toggle_memory(void)
{
    if (w.now < dry_until)
        return;
    dry = !dry && world_chance(&w, 100);
    fake_pkt_left = dry ? (unsigned)world_below(&w, 20) : UINT32_MAX;
    dry_until = w.now + (nsec_t)world_below(&w, dry ? 300 * MSEC : 50 * MSEC);
}

static void transfer(uint64_t seed, bool short_of_memory)
{
    start(seed);
    nsec_t limit = w.now + 1800 * NSEC_PER_SEC;
    dry_until = 0;
    dry = false;
    for (run_apps(); !all_done(); run_apps()) {
        if (!world_step(&w, limit)) {
            for (unsigned i = 0; i < conns; i++)
                for (unsigned side = 0; side < 2; side++)
                    fprintf(stderr, "conn %u side %u: sent %u of %u, got %u of %u%s\n", i, side,
                            apps[side][i].sent, apps[side][i].to_send, apps[side][i].got,
                            apps[side][i].to_read, apps[side][i].done ? ", done" : "");
            world_fail(&w, "hangs");
        }
        if (short_of_memory)
            toggle_memory();
    }
    fake_pkt_left = UINT32_MAX;
    finish();
}

static void every_byte_arrives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++)
        transfer(seed, false);
}

static void short_of_memory(void **state)
{
    (void)state;
    for (uint64_t seed = 100001; seed <= 100500; seed++)
        transfer(seed, true);
}

/* Ends of every kind at any time: close, abort, shutdown, a way that goes down, a failing alloc.
 * Nothing is promised but that all ends in bounded time, and that what arrives is right. */
static void ends_of_every_kind(uint64_t seed)
{
    start(seed);
    if (world_chance(&w, 200))
        w.host[0].alloc_left = (int)world_below(&w, 6);
    for (unsigned left = 1 + (unsigned)world_below(&w, 400); left > 0; left--) {
        struct app *a = &apps[world_below(&w, 2)][world_below(&w, conns)];
        unsigned what = (unsigned)world_below(&w, 60);
        if (what == 0)
            w.way[world_below(&w, 2)].down ^= true;
        if (a->end.c && !a->done && what >= 1 && what <= 4) {
            if (what == 1)
                tcp_close(a->end.c);
            else if (what == 2)
                tcp_abort(a->end.c);
            else if (what == 3)
                tcp_shutdown_recv(a->end.c);
            else
                tcp_shutdown_send(a->end.c);
            a->done = a->done || what <= 2;
            a->shut = true;
            if (what >= 3) { /* it only holds on */
                a->to_send = a->sent;
                a->wake = DEADLINE_NEVER;
            }
        }
        for (unsigned side = 0; side < 2; side++) {
            if (listeners[side].events & TCP_EVENT_READ)
                accept_all(side);
            for (unsigned i = 0; i < conns; i++) {
                struct app *b = &apps[side][i];
                if (!b->end.c || b->done || b->shut)
                    continue;
                if (tcp_state(b->end.c) >= TCP_ESTABLISHED_STATE) {
                    read_more(b);
                    write_more(b);
                }
            }
        }
        if (!world_step(&w, w.now + 60 * NSEC_PER_SEC) && world_chance(&w, 100))
            break;
    }
    w.host[0].alloc_left = -1;
    w.way[0].down = w.way[1].down = world_chance(&w, 100);
    finish();
}

static void ends(void **state)
{
    (void)state;
    for (uint64_t seed = 200001; seed <= 201500; seed++)
        ends_of_every_kind(seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_arrives),
        cmocka_unit_test(short_of_memory),
        cmocka_unit_test(ends),
    };

    if (argc > 1) {
        uint64_t seed = strtoull(argv[1], NULL, 10);
        if (seed > 200000)
            ends_of_every_kind(seed);
        else
            transfer(seed, seed > 100000);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
