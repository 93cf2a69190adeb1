/* SPDX-License-Identifier: MIT
 *
 * The client of DHCP for IPv4 (RFC 2131): one for each interface, beside the program. States and
 * times are those of RFC 2131, 4.4, but that the first message leaves at once. The address is in
 * use while ip/lifetime.c still finds out whether somebody else has it; then it is declined. */
#include "base/log.h"
#include "dhcp/options.h"
#include "ip/ip.h"
#include "mm/heap.h"
#include "random/random.h"
#include "udp/udp.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define ORIGIN_DHCP   16
#define METRIC        1024
#define FIRST_WAIT    (4 * NSEC_PER_SEC)
#define LONGEST_WAIT  (64 * NSEC_PER_SEC)
#define RENEW_WAIT    (60 * NSEC_PER_SEC) /* least time between renewals */
#define REFUSED_WAIT  (10 * NSEC_PER_SEC) /* before a new try after NAK or DECLINE */
#define REQUESTS_MAX  4
#define MESSAGE_LEAST 300 /* older servers and relays drop what is shorter (RFC 1542, 2.1) */

enum state { INIT, SELECTING, REQUESTING, BOUND, RENEWING, REBINDING };

struct dhcp {
    struct dhcp *next;
    struct ip_iface *iface;
    struct timer timer;
    enum state state;
    uint32_t xid;
    nsec_t began; /* the present search for a lease */
    unsigned tries;
    bool had_lease;
    uint32_t server, address; /* offered, later leased */
    uint8_t prefix;
    nsec_t t1, t2, expires;
};

static struct dhcp *clients;

static void run(struct timer *t);

static struct dhcp *client_of(const struct ip_iface *i)
{
    struct dhcp *d = clients;

    while (d && d->iface != i)
        d = d->next;
    return d;
}

/* (delay), more or less by up to a second. */
static nsec_t about(nsec_t delay)
{
    uint32_t r;

    random_bytes(&r, sizeof(r));
    return clock_monotonic() + delay - NSEC_PER_SEC + (nsec_t)(r % 2000u) * (NSEC_PER_SEC / 1000);
}

static uint8_t *put(uint8_t *at, uint8_t code, const void *data, size_t len)
{
    at[0] = code;
    at[1] = (uint8_t)len;
    memcpy(at + 2, data, len);
    return at + 2 + len;
}

/* Puts IP and UDP before (p), for everybody on the link: who has no address yet has no route. */
static void broadcast(struct ip_iface *i, uint32_t from, struct pkt *p)
{
    struct ip_addr all = ip_from_v4(~0u), own = ip_from_v4(from);
    size_t len = p->len + sizeof(struct wire_udp);
    struct wire_udp *u = pkt_push(p, sizeof(*u));

    *u = (struct wire_udp){
        .from = be16(DHCP_CLIENT_PORT), .to = be16(DHCP_SERVER_PORT), .len = be16((uint16_t)len)};
    uint16_t sum =
        checksum_finish(checksum_add(checksum_pseudo(&own, &all, PROTO_UDP, len), p->data, len));
    u->checksum = sum ? sum : 0xffff;
    struct wire_ip4 *h = pkt_push(p, sizeof(*h));
    *h = (struct wire_ip4){
        .version_ihl = 0x45,
        .len = be16((uint16_t)(len + IP4_HEADER)),
        .ttl = 64,
        .protocol = PROTO_UDP,
        .from = from,
        .to = ~0u,
    };
    h->checksum = checksum_finish(checksum_add(0, h, sizeof(*h)));
    ip_counts[0].out++;
    i->output(i, &all, p);
}

static uint8_t *put_options(const struct dhcp *d, uint8_t type, uint8_t *at)
{
    static const uint8_t wanted[] = {
        DHCP_OPT_MASK,     DHCP_OPT_ROUTES, DHCP_OPT_ROUTER, DHCP_OPT_DNS,
        DHCP_OPT_HOSTNAME, DHCP_OPT_DOMAIN, DHCP_OPT_MTU,    DHCP_OPT_LEASE,
        DHCP_OPT_SERVER,   DHCP_OPT_T1,     DHCP_OPT_T2,     DHCP_OPT_SEARCH,
    };
    uint8_t client[7] = {1}, size[2];

    memcpy(client + 1, d->iface->dev->mac, 6);
    put_be16(size, DHCP_MESSAGE_MAX);
    at = put(at, DHCP_OPT_TYPE, &type, 1);
    at = put(at, DHCP_OPT_CLIENT, client, sizeof(client));
    if (type == DHCP_DECLINE || d->state == REQUESTING) {
        at = put(at, DHCP_OPT_ADDRESS, &d->address, 4);
        at = put(at, DHCP_OPT_SERVER, &d->server, 4);
    }
    if (type != DHCP_DECLINE) {
        at = put(at, DHCP_OPT_MAX_SIZE, size, 2);
        at = put(at, DHCP_OPT_VENDOR, "pith", 4);
        at = put(at, DHCP_OPT_WANTED, wanted, sizeof(wanted));
        if (ip_names.hostname[0])
            at = put(at, DHCP_OPT_HOSTNAME, ip_names.hostname, strlen(ip_names.hostname));
    }
    *at = DHCP_OPT_END;
    return at + 1;
}

static void send(struct dhcp *d, uint8_t type)
{
    bool has_address = d->state == RENEWING || d->state == REBINDING;
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 600);

    if (!p)
        return;
    struct wire_dhcp *h = (struct wire_dhcp *)p->data;
    memset(h, 0, 600);
    *h = (struct wire_dhcp){
        .op = 1,
        .htype = 1,
        .hlen = 6,
        .xid = d->xid,
        .secs = be16(
            (uint16_t)min_size((size_t)((clock_monotonic() - d->began) / NSEC_PER_SEC), 0xffff)),
        .flags = has_address ? 0 : be16(DHCP_BROADCAST),
        .ciaddr = has_address ? d->address : 0,
        .magic = be32(DHCP_MAGIC),
    };
    memcpy(h->chaddr, d->iface->dev->mac, 6);
    size_t len = (size_t)(put_options(d, type, (uint8_t *)(h + 1)) - p->data);
    p->len = p->total = (uint32_t)max_size(len, MESSAGE_LEAST);
    if (d->state != RENEWING) {
        broadcast(d->iface, has_address ? d->address : 0, p);
        return;
    }
    struct ip_ends ends = {.local = ip_from_v4(d->address),
                           .remote = ip_from_v4(d->server),
                           .local_port = DHCP_CLIENT_PORT,
                           .remote_port = DHCP_SERVER_PORT};
    struct net_path path = {.use_iface = (uint8_t)d->iface->index};
    /* What cannot be sent now is sent again. */
    int err = udp_send(&ends, &path, p);
    (void)err;
}

static void del_routes(const struct ip_iface *i)
{
    for (struct ip_route *r = ip_routes, *next; r; r = next) {
        next = r->next;
        if (r->iface == i && r->origin == ORIGIN_DHCP)
            (void)ip_route_del(r);
    }
}

/* The lease is over. */
static void unconfigure(struct dhcp *d)
{
    struct ip_addr addr = ip_from_v4(d->address);

    if (d->state < BOUND)
        return;
    del_routes(d->iface);
    (void)ip_iface_del_addr(d->iface, &addr, d->prefix);
    ip_names_set(IP_NAMES_DHCP, NULL, 0, "");
}

/* Starts all over, (delay) from now. */
static void restart(struct dhcp *d, nsec_t delay)
{
    unconfigure(d);
    d->state = INIT;
    d->tries = 0;
    timer_set(&d->timer, clock_monotonic() + delay, run);
}

static void discover(struct dhcp *d)
{
    if (d->state == INIT) {
        random_bytes(&d->xid, sizeof(d->xid));
        d->began = clock_monotonic();
        d->tries = 0;
        d->state = SELECTING;
    }
    send(d, DHCP_DISCOVER);
    nsec_t wait = FIRST_WAIT << (d->tries < 4 ? d->tries : 4);
    d->tries++;
    timer_set(&d->timer, about(wait < LONGEST_WAIT ? wait : LONGEST_WAIT), run);
}

static void request(struct dhcp *d)
{
    if (d->tries >= REQUESTS_MAX) {
        restart(d, NSEC_PER_SEC);
        return;
    }
    send(d, DHCP_REQUEST);
    timer_set(&d->timer, about(FIRST_WAIT << d->tries), run);
    d->tries++;
}

/* Asks for more time, again after half of the rest of (end). */
static void renew(struct dhcp *d, nsec_t end)
{
    nsec_t now = clock_monotonic(), half = (end - now) / 2;

    send(d, DHCP_REQUEST);
    nsec_t next = now + (half > RENEW_WAIT ? half : RENEW_WAIT);
    timer_set(&d->timer, next < end ? next : end, run);
}

static void run(struct timer *t)
{
    struct dhcp *d = container_of(t, struct dhcp, timer);
    nsec_t now = clock_monotonic();

    if (d->state >= BOUND && now >= d->expires) {
        log_line("%s: the lease of the address has expired", d->iface->name);
        restart(d, 0);
    } else if (d->state <= SELECTING) {
        discover(d);
    } else if (d->state == REQUESTING) {
        request(d);
    } else if (now >= d->t2) {
        d->state = REBINDING;
        renew(d, d->expires);
    } else {
        if (d->state == BOUND) {
            random_bytes(&d->xid, sizeof(d->xid));
            d->began = now;
        }
        d->state = RENEWING;
        renew(d, d->t2);
    }
    ip_run_local();
}

static nsec_t after(uint32_t seconds)
{
    return seconds == ~0u ? DEADLINE_NEVER : clock_monotonic() + seconds * NSEC_PER_SEC;
}

static void add_routes(const struct dhcp *d, const struct dhcp_offer *o)
{
    for (unsigned n = 0; n < o->routes; n++) {
        struct ip_route r = {
            .to = ip_from_v4(o->route[n].to),
            .prefix = (uint8_t)(o->route[n].bits + 96),
            .origin = ORIGIN_DHCP,
            .metric = METRIC,
            .iface = d->iface,
            .valid_until = DEADLINE_NEVER,
        };
        if (o->route[n].gateway)
            r.gateway = ip_from_v4(o->route[n].gateway);
        /* One that is there already, or for which there is no memory, is no reason to give up. */
        if (ip_route_add(&r))
            continue;
    }
}

/* The address is ours, as (o) says. False: there is no memory for it. */
static bool configure(struct dhcp *d, const struct dhcp_offer *o)
{
    struct ip_addr addr = ip_from_v4(o->address);
    struct ip_iface_addr *a;

    if (d->state > BOUND && (o->address != d->address || o->prefix != d->prefix))
        unconfigure(d);
    d->address = o->address;
    d->prefix = o->prefix;
    d->server = o->server;
    d->expires = after(o->lease);
    d->t1 = o->lease == ~0u ? DEADLINE_NEVER : after(o->t1);
    d->t2 = o->lease == ~0u ? DEADLINE_NEVER : after(o->t2);
    for (a = d->iface->addrs; a && !ip_equal(&a->addr, &addr); a = a->next)
        ;
    if (a)
        ip_addr_set_lifetimes(a, d->expires, d->expires);
    else if (ip_iface_add_addr(d->iface, &addr, o->prefix, true, d->expires, d->expires))
        return false;
    if (o->mtu && o->mtu <= d->iface->dev->mtu && o->mtu != d->iface->mtu) {
        d->iface->mtu = o->mtu;
        ip_tables_changed();
    }
    del_routes(d->iface);
    add_routes(d, o);
    if (o->hostname[0] && !ip_names.hostname[0])
        memcpy(ip_names.hostname, o->hostname, sizeof(ip_names.hostname));
    ip_names_set(IP_NAMES_DHCP, o->dns, o->dns_count, o->search);
    return true;
}

const char *dhcp_pending(const struct ip_iface *i)
{
    const struct dhcp *d = client_of(i);

    if (!d || d->had_lease)
        return NULL;
    if (!i->dev->link)
        return "the link is down";
    return d->state == REQUESTING ? "the DHCP server that offered one has not confirmed it"
                                  : "no DHCP server has answered";
}

static void offered(struct dhcp *d, const struct dhcp_offer *o)
{
    if (d->state != SELECTING)
        return;
    d->server = o->server;
    d->address = o->address;
    d->state = REQUESTING;
    d->tries = 0;
    request(d);
}

static void acknowledged(struct dhcp *d, const struct dhcp_offer *o)
{
    /* In REQUESTING it is what was asked for, from whom it was asked. */
    if (d->state < REQUESTING || d->state == BOUND ||
        (d->state == REQUESTING && (o->server != d->server || o->address != d->address)))
        return;
    if (!configure(d, o)) {
        restart(d, REFUSED_WAIT);
        return;
    }
    d->state = BOUND;
    d->had_lease = true;
    timer_cancel(&d->timer);
    if (d->t1 != DEADLINE_NEVER)
        timer_set(&d->timer, d->t1, run);
}

static void receive(struct udp_end *e, struct pkt *p)
{
    static uint8_t message[DHCP_MESSAGE_MAX];
    static struct dhcp_offer o;
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    struct dhcp *d = client_of(rx->iface);
    size_t len = p->total;

    (void)e;
    if (d && rx->from_port == DHCP_SERVER_PORT && len <= sizeof(message)) {
        pkt_copy(p, 0, message, len);
        if (dhcp_read(message, len, d->xid, d->iface->dev->mac, &o)) {
            if (o.type == DHCP_OFFER)
                offered(d, &o);
            else if (o.type == DHCP_ACK)
                acknowledged(d, &o);
            else if (d->state >= REQUESTING && d->state != BOUND &&
                     (o.server == d->server || d->state == REBINDING))
                restart(d, REFUSED_WAIT);
        }
    }
    pkt_free(p);
}

void dhcp_again(struct ip_iface *i)
{
    struct dhcp *d = client_of(i);

    if (!d)
        return;
    if (d->state < BOUND) {
        restart(d, 0);
    } else if (d->state == BOUND) { /* whoever serves now says whether the lease is good */
        random_bytes(&d->xid, sizeof(d->xid));
        d->began = clock_monotonic();
        d->state = REBINDING;
        renew(d, d->expires);
    }
}

void dhcp_conflict(struct ip_iface *i, const struct ip_addr *addr)
{
    struct dhcp *d = client_of(i);

    if (!d || d->state < BOUND || d->address != ip_to_v4(addr))
        return;
    unconfigure(d);
    d->state = INIT; /* a DECLINE comes from nobody's address */
    send(d, DHCP_DECLINE);
    restart(d, REFUSED_WAIT);
}

void dhcp_start(struct ip_iface *i)
{
    static struct udp_end end = {.receive = receive};
    struct dhcp *d = heap_alloc(sizeof(*d));

    if (!d)
        return;
    if (!clients) {
        end.ends.local = ip_from_v4(0);
        end.ends.local_port = DHCP_CLIENT_PORT;
        udp_add(&end);
    }
    d->iface = i;
    d->next = clients;
    clients = d;
    discover(d);
}
