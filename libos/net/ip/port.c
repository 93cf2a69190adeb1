/* SPDX-License-Identifier: MIT */
#include "ip/port.h"

#include <errno.h>

#include "random/random.h"

uint16_t ip_port_first = 32768, ip_port_last = 60999;

static struct ip_port **chain_of(struct ip_port_table *t, uint16_t port)
{
    return &t->chain[port % PORT_CHAINS];
}

/* Whether a binding to (a) takes what one to (b) takes. */
static bool covers(const struct ip_port *a, const struct ip_port *b)
{
    if (ip_is_unset(&a->local))
        return !a->v6_only || !ip_is_v4(&b->local);
    if (ip_is_any(&a->local)) /* 0.0.0.0 */
        return ip_is_v4(&b->local);
    return ip_equal(&a->local, &b->local) && (!a->scope || !b->scope || a->scope == b->scope);
}

/* Whether (p) cannot be bound, or begin to listen, because (o) is. */
static bool conflict(const struct ip_port *p, const struct ip_port *o)
{
    if (!covers(p, o) && !covers(o, p))
        return false;
    if (p->reuse_port && o->reuse_port)
        return false;
    return !(p->reuse_addr && o->reuse_addr && !o->listening);
}

/* Whether (p) may have (port). (connecting): next to what connect chose for others. */
static bool is_free(struct ip_port_table *t, const struct ip_port *p, uint16_t port,
                    bool connecting)
{
    for (const struct ip_port *o = *chain_of(t, port); o; o = o->next)
        if (o != p && o->port == port && !(connecting && o->by_connect) && conflict(p, o))
            return false;
    return true;
}

static void insert(struct ip_port_table *t, struct ip_port *p, uint16_t port)
{
    struct ip_port **chain = chain_of(t, port);

    p->port = port;
    p->next = *chain;
    *chain = p;
}

/* A number that others cannot foresee, the same for the same peer. */
static uint32_t offset_of(struct ip_port_table *t, const struct ip_addr *remote, uint16_t port)
{
    static const uint8_t none[16];
    uint64_t k[2], h;

    if (memcmp(t->key, none, sizeof(none)) == 0)
        random_bytes(t->key, sizeof(t->key));
    memcpy(k, t->key, sizeof(k));
    h = (remote->d[0] ^ k[0]) * 0x9e3779b97f4a7c15ull;
    h = (h ^ h >> 29 ^ remote->d[1] ^ k[1]) * 0xbf58476d1ce4e5b9ull;
    h = (h ^ h >> 32 ^ port ^ k[0]) * 0x94d049bb133111ebull;
    return (uint32_t)(h >> 32);
}

int ip_port_bind(struct ip_port_table *t, struct ip_port *p)
{
    if (p->port) {
        if (!is_free(t, p, p->port, false))
            return -EADDRINUSE;
        insert(t, p, p->port);
        return 0;
    }
    unsigned range = ip_port_last - ip_port_first + 1u;
    uint32_t start;
    random_bytes(&start, sizeof(start));
    for (unsigned n = 0; n < range; n++) {
        uint16_t port = (uint16_t)(ip_port_first + (start + n) % range);
        struct ip_port strict = *p;
        strict.reuse_addr = strict.reuse_port = false; /* an ephemeral port is nobody else's */
        if (!is_free(t, &strict, port, false))
            continue;
        insert(t, p, port);
        return 0;
    }
    return -EADDRINUSE;
}

int ip_port_connect(struct ip_port_table *t, struct ip_port *p, struct ip_ends *ends,
                    bool (*taken)(void *arg, const struct ip_ends *ends), void *arg)
{
    static uint32_t counter;
    unsigned range = ip_port_last - ip_port_first + 1u;
    uint32_t start = offset_of(t, &ends->remote, ends->remote_port) + counter;

    for (unsigned n = 0; n < range; n++) {
        uint16_t port = (uint16_t)(ip_port_first + (start + n) % range);
        ends->local_port = port;
        if (!is_free(t, p, port, true) || taken(arg, ends))
            continue;
        counter += n + 1;
        p->by_connect = true;
        insert(t, p, port);
        return 0;
    }
    ends->local_port = 0;
    return -EADDRNOTAVAIL;
}

int ip_port_listen(struct ip_port_table *t, struct ip_port *p)
{
    p->listening = true;
    if (is_free(t, p, p->port, false))
        return 0;
    p->listening = false;
    return -EADDRINUSE;
}

void ip_port_release(struct ip_port_table *t, struct ip_port *p)
{
    struct ip_port **at = chain_of(t, p->port);

    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    p->port = 0;
    p->by_connect = p->listening = false;
}
