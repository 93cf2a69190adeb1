/* SPDX-License-Identifier: MIT
 *
 * What routers say: addresses (RFC 4862), default routers (RFC 4861, 6.3; 4191's preferences),
 * networks on the link, MTU, servers of names (RFC 8106). Routers are solicited until one answers
 * (RFC 7559). All that anybody on the link could make grow is limited. */
#include "ip/iface.h"
#include "ip/ip.h"
#include "link/neighbour.h"
#include "mm/heap.h"
#include "wire/domains.h"
#include "wire/ip.h"

#define ROUTES_MAX    24 /* of routers, for each interface */
#define ADDRS_MAX     16
#define SOLICIT_FIRST (4 * NSEC_PER_SEC)
#define SOLICIT_MAX   (3600 * NSEC_PER_SEC)
#define TWO_HOURS     (7200 * NSEC_PER_SEC)
#define HOPS_MIN      32 /* fewer would cut us off from the Internet (RFC 4861, 11.2) */
#define ORIGIN_RA     9

struct slaac {
    struct slaac *next;
    struct ip_iface *iface;
    struct timer solicit, names;
    nsec_t wait; /* until the next solicitation; 0: somebody has answered */
    struct ip_addr server[IP_DNS_MAX];
    nsec_t server_until[IP_DNS_MAX];
    char search[sizeof(ip_names.search)];
    nsec_t search_until;
};

static struct slaac *all;

/* The moment (seconds), as on the wire, from now. */
static nsec_t until(uint32_t seconds)
{
    uint32_t s = be32(seconds);

    return s == ~0u ? DEADLINE_NEVER : clock_monotonic() + s * NSEC_PER_SEC;
}

static void solicit(struct timer *t)
{
    struct slaac *s = container_of(t, struct slaac, solicit);
    static const struct ip_addr routers = {.b = {0xff, 2, [15] = 2}};
    struct ip_addr from = {.d = {0, 0}}; /* or nobody, if there is none */

    (void)ip_source(s->iface, &routers, &routers, &from);
    /* Without an option, as the address may turn out to be somebody else's (RFC 4429, 3.2). */
    struct pkt *p = pkt_alloc(PKT_HEADROOM, sizeof(struct wire_icmp));
    if (p) {
        *(struct wire_icmp *)p->data = (struct wire_icmp){.type = ICMP6_ROUTER_SOLICIT};
        p->len = p->total = sizeof(struct wire_icmp);
        ndp_send(s->iface, &from, &routers, p);
    }
    timer_set(t, clock_monotonic() + s->wait, solicit);
    s->wait = s->wait * 2 < SOLICIT_MAX ? s->wait * 2 : SOLICIT_MAX;
}

void slaac_start(struct ip_iface *i)
{
    struct slaac *s = heap_alloc(sizeof(*s));

    if (!s)
        return;
    s->iface = i;
    s->wait = SOLICIT_FIRST;
    s->next = all;
    all = s;
    solicit(&s->solicit);
}

static struct slaac *slaac_of(const struct ip_iface *i)
{
    struct slaac *s = all;

    while (s && s->iface != i)
        s = s->next;
    return s;
}

void slaac_again(struct ip_iface *i)
{
    struct slaac *s = slaac_of(i);

    if (!s)
        return;
    s->wait = SOLICIT_FIRST;
    solicit(&s->solicit);
}

/* Makes (r) a route until (deadline), or none if that is past. */
static void set_route(struct ip_route *r, nsec_t deadline)
{
    unsigned count = 0;

    r->origin = ORIGIN_RA;
    r->valid_until = deadline;
    for (struct ip_route *o = ip_routes; o; o = o->next) {
        if (o->iface != r->iface || o->origin != ORIGIN_RA)
            continue;
        count++;
        if (o->prefix != r->prefix || !ip_equal(&o->to, &r->to) ||
            !ip_equal(&o->gateway, &r->gateway))
            continue;
        if (deadline > clock_monotonic() && o->metric == r->metric) {
            o->valid_until = deadline;
            ip_deadline(deadline);
            return;
        }
        (void)ip_route_del(o);
        count--;
        break;
    }
    /* -EEXIST: somebody has set it by hand. */
    if (deadline > clock_monotonic() && count < ROUTES_MAX)
        if (ip_route_add(r))
            return;
}

static void default_router(struct ip_iface *i, const struct ip_addr *router,
                           const struct wire_ra *ra)
{
    static const uint16_t metric[4] = {1024, 1023, 1024, 1025}; /* 2 is reserved: as 0 */
    struct ip_route r = {
        .gateway = *router,
        .iface = i,
        .metric = metric[(ra->flags & RA_PREFERENCE) >> 3],
    };

    set_route(&r, until(be32(be16(ra->lifetime))));
}

/* The address of the network and the modified EUI-64 of the device, for (p), of 64 bits. */
static void autonomous(struct ip_iface *i, const struct wire_ra_prefix *p)
{
    struct ip_addr addr = ip_from_v6(p->prefix);
    nsec_t now = clock_monotonic(), valid = until(p->valid), preferred = until(p->preferred);
    unsigned count = 0;

    ip_eui64(i->dev, &addr);
    for (struct ip_iface_addr *a = i->addrs; a; a = a->next) {
        count += a->dynamic && !ip_is_v4(&a->addr);
        if (!ip_equal(&a->addr, &addr))
            continue;
        if (!a->dynamic)
            return;
        /* A message that anybody could have forged shortens to two hours at most (RFC 4862, 5.5.3
         * (e)). */
        if (valid <= now + TWO_HOURS && valid <= a->valid_until)
            valid = a->valid_until <= now + TWO_HOURS ? a->valid_until : now + TWO_HOURS;
        ip_addr_set_lifetimes(a, preferred, valid);
        return;
    }
    if (p->valid == 0 || count >= ADDRS_MAX ||
        ip_iface_add_addr(i, &addr, 128, true, preferred, valid))
        return;
    /* Which addresses are on the link is another question; but this is what its network is. */
    for (struct ip_iface_addr *a = i->addrs; a; a = a->next)
        if (ip_equal(&a->addr, &addr))
            a->prefix = 64;
}

static void prefix(struct ip_iface *i, const struct wire_ra_prefix *p)
{
    struct ip_route r = {.to = ip_from_v6(p->prefix), .prefix = p->bits, .iface = i};

    if (p->bits > 128 || ip_is_link_local(&r.to) || ip_is_multicast(&r.to) ||
        be32(p->preferred) > be32(p->valid))
        return;
    if (p->flags & PREFIX_ON_LINK && p->bits > 0) {
        r.to = ip_network(&r.to, p->bits);
        set_route(&r, until(p->valid));
    }
    if (p->flags & PREFIX_AUTONOMOUS && p->bits == 64)
        autonomous(i, p);
}

static void mtu(struct ip_iface *i, uint32_t value)
{
    if (value < IP6_MIN_MTU || value > i->mtu || value == i->mtu6)
        return;
    i->mtu6 = (uint16_t)value;
    ip_tables_changed();
}

static void names_expire(struct timer *t);

/* Tells of what has not expired. */
static void names_update(struct slaac *s)
{
    nsec_t now = clock_monotonic(), next = DEADLINE_NEVER;
    struct ip_addr server[IP_DNS_MAX];
    unsigned count = 0;

    for (unsigned n = 0; n < IP_DNS_MAX; n++) {
        if (s->server_until[n] <= now)
            continue;
        server[count++] = s->server[n];
        next = s->server_until[n] < next ? s->server_until[n] : next;
    }
    if (s->search_until <= now)
        s->search[0] = '\0';
    else
        next = s->search_until < next ? s->search_until : next;
    ip_names_set(IP_NAMES_ROUTER, server, count, s->search);
    if (next != DEADLINE_NEVER)
        timer_set(&s->names, next, names_expire);
}

static void names_expire(struct timer *t)
{
    names_update(container_of(t, struct slaac, names));
}

/* Servers, each of 16 bytes, in an option of (len) bytes. */
static void rdnss(struct slaac *s, const uint8_t *o, size_t len)
{
    uint32_t seconds;

    memcpy(&seconds, o + 4, 4);
    for (size_t at = 8; at + 16 <= len; at += 16) {
        struct ip_addr addr = ip_from_v6(o + at);
        unsigned n = 0, soonest = 0;
        /* Link-local ones would need the interface beside them in /etc/resolv.conf. */
        if (ip_is_multicast(&addr) || ip_is_link_local(&addr) || ip_is_any(&addr))
            continue;
        for (; n < IP_DNS_MAX && !ip_equal(&s->server[n], &addr); n++)
            if (s->server_until[n] < s->server_until[soonest])
                soonest = n;
        if (n == IP_DNS_MAX) {
            /* Those that we have stay as long as they are good (RFC 8106, 5.3.1). */
            if (seconds == 0 || s->server_until[soonest] > clock_monotonic())
                continue;
            n = soonest;
        }
        s->server[n] = addr;
        s->server_until[n] = seconds ? until(seconds) : 0;
    }
}

static void dnssl(struct slaac *s, const uint8_t *o, size_t len)
{
    char search[sizeof(s->search)];
    uint32_t seconds;

    memcpy(&seconds, o + 4, 4);
    if (!wire_domains(o + 8, len - 8, search, sizeof(search)))
        return;
    memcpy(s->search, search, sizeof(search));
    s->search_until = seconds ? until(seconds) : 0;
}

static void option(struct slaac *s, const struct ip_addr *router, const uint8_t *o, size_t len)
{
    if (o[0] == ND_OPTION_SOURCE && len == 8 && !ip_addr_owner(router, true))
        neighbour_learn(s->iface, router, o + 2,
                        NEIGHBOUR_OVERRIDE | NEIGHBOUR_CREATE | NEIGHBOUR_ROUTER);
    else if (o[0] == ND_OPTION_PREFIX && len == sizeof(struct wire_ra_prefix))
        prefix(s->iface, (const struct wire_ra_prefix *)o);
    else if (o[0] == ND_OPTION_MTU && len == 8)
        mtu(s->iface, get_be32(o + 4));
    else if (o[0] == ND_OPTION_RDNSS && len >= 24)
        rdnss(s, o, len);
    else if (o[0] == ND_OPTION_DNSSL && len >= 16)
        dnssl(s, o, len);
}

/* Options of router advertisements, up to the largest packet that comes without fragments. */
#define OPTIONS_MAX 1500

void slaac_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p)
{
    static uint8_t options[OPTIONS_MAX];
    struct slaac *s = slaac_of(i);
    struct wire_ra ra;

    if (!s || p->total < sizeof(ra) || p->total - sizeof(ra) > sizeof(options) ||
        !ip_is_link_local(&ends->remote))
        return;
    pkt_copy(p, 0, &ra, sizeof(ra));
    size_t len = p->total - sizeof(ra);
    pkt_copy(p, sizeof(ra), options, len);
    for (size_t at = 0; at < len; at += options[at + 1] * 8u)
        if (len - at < 8 || options[at + 1] == 0 || options[at + 1] * 8u > len - at)
            return;
    if (ra.lifetime) {
        timer_cancel(&s->solicit);
        s->wait = 0;
    }
    if (ra.hops >= HOPS_MIN && ra.hops != i->hop_limit) {
        i->hop_limit = ra.hops;
        ip_tables_changed();
    }
    uint32_t reachable = be32(ra.reachable), retrans = be32(ra.retrans);
    if (reachable >= 1000 && reachable <= 3600000)
        i->reachable_time = reachable * 1000000ll;
    if (retrans >= 100 && retrans <= 60000)
        i->retrans_timer = retrans * 1000000ll;
    default_router(i, &ends->remote, &ra);
    for (size_t at = 0; at < len; at += options[at + 1] * 8u)
        option(s, &ends->remote, options + at, options[at + 1] * 8u);
    names_update(s);
}
