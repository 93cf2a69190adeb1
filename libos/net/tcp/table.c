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

static bool ends_equal(const struct ip_ends *a, const struct ip_ends *b)
{
    return ports_of(a) == ports_of(b) && ip_equal(&a->remote, &b->remote) &&
           ip_equal(&a->local, &b->local);
}

struct tcp_entry *tcp_table_find(const struct tcp *t, const struct tcp_table *table,
                                 const struct ip_ends *ends)
{
    struct tcp_entry *e = table->chain[tcp_hash(t, ends) & table->mask];

    while (e && !ends_equal(&e->ends, ends))
        e = e->next;
    return e;
}

/* Without memory the chains get longer. */
static void grow(struct tcp *t, struct tcp_table *table)
{
    unsigned old = table->mask + 1, size = old * 2;
    struct tcp_entry **chain = t->ops.alloc(size * sizeof(struct tcp_entry *));

    if (!chain)
        return;
    for (unsigned i = 0; i < old; i++) {
        for (struct tcp_entry *e = table->chain[i], *next; e; e = next) {
            struct tcp_entry **to = &chain[tcp_hash(t, &e->ends) & (size - 1)];
            next = e->next;
            e->next = *to;
            *to = e;
        }
    }
    t->ops.free(table->chain, old * sizeof(struct tcp_entry *));
    table->chain = chain;
    table->mask = size - 1;
}

void tcp_table_insert(struct tcp *t, struct tcp_table *table, struct tcp_entry *e)
{
    if (table->count > table->mask)
        grow(t, table);
    struct tcp_entry **to = &table->chain[tcp_hash(t, &e->ends) & table->mask];
    e->next = *to;
    *to = e;
    table->count++;
}

void tcp_table_remove(struct tcp *t, struct tcp_table *table, struct tcp_entry *e)
{
    struct tcp_entry **at = &table->chain[tcp_hash(t, &e->ends) & table->mask];

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    table->count--;
}

static bool table_start(struct tcp_table *table, const struct tcp_ops *ops)
{
    table->chain = ops->alloc(BUCKETS_MIN * sizeof(struct tcp_entry *));
    table->mask = BUCKETS_MIN - 1;
    return table->chain;
}

static void table_end(struct tcp_table *table, const struct tcp_ops *ops)
{
    if (table->chain)
        ops->free(table->chain, (table->mask + 1) * sizeof(struct tcp_entry *));
}

struct tcp_conn *tcp_find(struct tcp *t, const struct ip_ends *ends)
{
    if (!t->recent || !ends_equal(&t->recent->ends, ends))
        t->recent = (struct tcp_conn *)tcp_table_find(t, &t->conns, ends);
    return t->recent;
}

void tcp_conn_insert(struct tcp_conn *c)
{
    tcp_table_insert(c->t, &c->t->conns, &c->entry);
    c->in_table = true;
}

void tcp_conn_remove(struct tcp_conn *c)
{
    if (c->in_table)
        tcp_table_remove(c->t, &c->t->conns, &c->entry);
    c->in_table = false;
    if (c->t->recent == c)
        c->t->recent = NULL;
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
    c->rcv_limit = LIMIT_DEFAULT;
    tcp_set_recv_limit(c);
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

    for (unsigned i = 0; i <= t->conns.mask; i++)
        for (struct tcp_conn *c = tcp_chain(t, i); c; c = c->hash_next)
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
    if (!table_start(&t->conns, ops) || !table_start(&t->waits, ops)) {
        table_end(&t->conns, ops);
        ops->free(t, sizeof(*t));
        return NULL;
    }
    ops->random(t->hash_key, sizeof(t->hash_key));
    ops->random(t->secret, sizeof(t->secret));
    return t;
}

void tcp_delete(struct tcp *t)
{
    for (unsigned i = 0; i <= t->conns.mask; i++)
        while (t->conns.chain[i])
            tcp_conn_free(tcp_chain(t, i));
    for (unsigned i = 0; i <= t->waits.mask; i++)
        while (t->waits.chain[i])
            tcp_wait_free(t, (struct tcp_time_wait *)t->waits.chain[i]);
    while (t->listeners)
        tcp_listen_close(t->listeners);
    table_end(&t->conns, &t->ops);
    table_end(&t->waits, &t->ops);
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

void *tcp_conn_user(const struct tcp_conn *c)
{
    return c->closed_by_user ? NULL : c->user;
}

void tcp_each(struct tcp *t, void (*fn)(void *arg, const struct tcp_conn *c), void *arg)
{
    for (struct tcp_conn *l = t->listeners; l; l = l->hash_next)
        fn(arg, l);
    for (unsigned i = 0; i <= t->conns.mask; i++)
        for (struct tcp_conn *c = tcp_chain(t, i); c; c = c->hash_next)
            fn(arg, c);
}

bool tcp_exists(const struct tcp *t, const struct ip_ends *ends)
{
    return tcp_table_find(t, &t->conns, ends) || tcp_find_wait(t, ends);
}

bool tcp_ends_taken(const struct tcp *t, const struct ip_ends *ends)
{
    const struct tcp_time_wait *w = tcp_find_wait(t, ends);

    return tcp_table_find(t, &t->conns, ends) || (w && !tcp_wait_reusable(t, w));
}
