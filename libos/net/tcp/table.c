/* SPDX-License-Identifier: MIT
 *
 * All connections: a table by both ends, whose hash is keyed, so that no peer can choose where its
 * connections go. It grows with them. Listeners are few: a list (listen.c). */
#include "tcp/internal.h"

#define BUCKETS_MIN 64u

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;

    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Both ports and the scope. */
static uint64_t ports_of(const struct ip_ends *ends)
{
    uint64_t x;

    _Static_assert(offsetof(struct ip_ends, scope) == offsetof(struct ip_ends, local_port) + 4,
                   "one word");
    memcpy(&x, &ends->local_port, sizeof(x));
    return x;
}

uint64_t tcp_hash(const struct tcp *t, const struct ip_ends *ends)
{
    uint64_t h = mix(ends->remote.d[1] ^ t->hash_key[0], ports_of(ends) ^ t->hash_key[1]);

    h ^= ends->remote.d[0] ^ ends->local.d[0];
    return mix(h ^ t->hash_key[1], ends->local.d[1] ^ t->hash_key[0]);
}

bool tcp_ends_equal(const struct ip_ends *a, const struct ip_ends *b)
{
    return ports_of(a) == ports_of(b) && ip_equal(&a->remote, &b->remote) &&
           ip_equal(&a->local, &b->local);
}

struct tcp_conn *tcp_find(const struct tcp *t, const struct ip_ends *ends)
{
    struct tcp_conn *c = t->conns[tcp_hash(t, ends) & t->conn_mask];

    while (c && !tcp_ends_equal(&c->ends, ends))
        c = c->hash_next;
    return c;
}

/* Without memory the chains get longer. */
static void grow(struct tcp *t)
{
    unsigned old = t->conn_mask + 1, size = old * 2;
    struct tcp_conn **table = t->ops.alloc(size * sizeof(struct tcp_conn *));

    if (!table)
        return;
    for (unsigned i = 0; i < old; i++) {
        for (struct tcp_conn *c = t->conns[i], *next; c; c = next) {
            struct tcp_conn **to = &table[tcp_hash(t, &c->ends) & (size - 1)];
            next = c->hash_next;
            c->hash_next = *to;
            *to = c;
        }
    }
    t->ops.free(t->conns, old * sizeof(struct tcp_conn *));
    t->conns = table;
    t->conn_mask = size - 1;
}

void tcp_conn_insert(struct tcp_conn *c)
{
    struct tcp *t = c->t;

    if (t->conn_count > t->conn_mask)
        grow(t);
    struct tcp_conn **to = &t->conns[tcp_hash(t, &c->ends) & t->conn_mask];
    c->hash_next = *to;
    *to = c;
    c->in_table = true;
    t->conn_count++;
}

void tcp_conn_remove(struct tcp_conn *c)
{
    struct tcp *t = c->t;
    struct tcp_conn **at;

    if (!c->in_table)
        return;
    at = &t->conns[tcp_hash(t, &c->ends) & t->conn_mask];
    while (*at != c)
        at = &(*at)->hash_next;
    *at = c->hash_next;
    c->in_table = false;
    t->conn_count--;
}

struct tcp_conn *tcp_conn_new(struct tcp *t, const struct ip_ends *ends,
                              const struct tcp_options *options)
{
    struct tcp_conn *c = t->ops.alloc(sizeof(*c));

    if (!c)
        return NULL;
    t->counts.memory += sizeof(*c);
    c->t = t;
    c->ends = *ends;
    c->options = *options;
    c->timer.fn = tcp_conn_timeout;
    c->rtx_at = c->ack_at = c->keep_at = DEADLINE_NEVER;
    c->rcv_last = &c->rcv_first;
    c->rto = RTO_INITIAL;
    c->quick = QUICK_ACKS;
    c->rcv_mss = MSS_DEFAULT;
    c->rcv_limit = options->recv_limit ? options->recv_limit : LIMIT_DEFAULT;
    c->last_heard = t->now;
    return c;
}

static void leave_ackers(struct tcp_conn *c)
{
    struct tcp_conn **at = &c->t->ackers;

    if (!c->ack_listed)
        return;
    while (*at != c)
        at = &(*at)->ack_next;
    *at = c->ack_next;
    c->ack_listed = false;
}

void tcp_conn_free(struct tcp_conn *c)
{
    struct tcp *t = c->t;

    if (c->listener)
        tcp_listen_gone(c);
    tcp_conn_remove(c);
    leave_ackers(c);
    tcp_timer_cancel(t, &c->timer);
    tcp_free_send_queue(c);
    tcp_drop_received(c);
    tcp_drop_ooo(c);
    if (c->listen)
        t->ops.free(c->listen, sizeof(*c->listen));
    t->counts.memory -= sizeof(*c);
    t->ops.free(c, sizeof(*c));
}

bool tcp_memory_full(const struct tcp *t)
{
    return t->counts.memory > t->memory_limit;
}

void tcp_shed_memory(struct tcp *t)
{
    struct tcp_conn *most = NULL;

    for (unsigned i = 0; i <= t->conn_mask; i++)
        for (struct tcp_conn *c = t->conns[i]; c; c = c->hash_next)
            if (c->ooo_memory && (!most || c->ooo_memory > most->ooo_memory))
                most = c;
    if (most) {
        tcp_drop_ooo(most);
        most->sack_count = 0;
        t->counts.memory_drops++;
    }
}

/* Of the whole TCP. */

struct tcp *tcp_new(const struct tcp_ops *ops, void *user)
{
    struct tcp *t = ops->alloc(sizeof(*t));

    if (!t)
        return NULL;
    t->ops = *ops;
    t->user = user;
    t->memory_limit = SIZE_MAX;
    t->conns = ops->alloc(BUCKETS_MIN * sizeof(struct tcp_conn *));
    t->waits = ops->alloc(BUCKETS_MIN * sizeof(struct tcp_time_wait *));
    if (!t->conns || !t->waits) {
        if (t->conns)
            ops->free(t->conns, BUCKETS_MIN * sizeof(struct tcp_conn *));
        ops->free(t, sizeof(*t));
        return NULL;
    }
    t->conn_mask = t->wait_mask = BUCKETS_MIN - 1;
    ops->random(t->hash_key, sizeof(t->hash_key));
    ops->random(t->secret, sizeof(t->secret));
    return t;
}

void tcp_delete(struct tcp *t)
{
    for (unsigned i = 0; i <= t->conn_mask; i++)
        while (t->conns[i])
            tcp_conn_free(t->conns[i]);
    for (unsigned i = 0; i <= t->wait_mask; i++)
        while (t->waits[i])
            tcp_wait_free(t, t->waits[i]);
    while (t->listeners)
        tcp_listen_close(t->listeners);
    t->ops.free(t->conns, (t->conn_mask + 1) * sizeof(struct tcp_conn *));
    t->ops.free(t->waits, (t->wait_mask + 1) * sizeof(struct tcp_time_wait *));
    t->ops.free(t, sizeof(*t));
}

void *tcp_user(const struct tcp *t)
{
    return t->user;
}

void tcp_set_time(struct tcp *t, nsec_t now)
{
    t->now = now;
}

nsec_t tcp_next(const struct tcp *t)
{
    return tcp_wheel_next(t);
}

void tcp_run(struct tcp *t)
{
    tcp_wheel_run(t);
    tcp_input_done(t);
}

void tcp_set_memory(struct tcp *t, size_t limit)
{
    t->memory_limit = limit;
}

const struct tcp_counts *tcp_counts(const struct tcp *t)
{
    return &t->counts;
}

void tcp_each(struct tcp *t, void (*fn)(void *arg, const struct tcp_conn *c), void *arg)
{
    for (struct tcp_conn *l = t->listeners; l; l = l->hash_next)
        fn(arg, l);
    for (unsigned i = 0; i <= t->conn_mask; i++)
        for (struct tcp_conn *c = t->conns[i]; c; c = c->hash_next)
            fn(arg, c);
}

bool tcp_exists(const struct tcp *t, const struct ip_ends *ends)
{
    return tcp_find(t, ends) || tcp_find_wait(t, ends);
}

bool tcp_ends_taken(const struct tcp *t, const struct ip_ends *ends)
{
    const struct tcp_time_wait *w = tcp_find_wait(t, ends);

    return tcp_find(t, ends) || (w && !tcp_wait_reusable(t, w));
}
