/* SPDX-License-Identifier: MIT
 *
 * Telling routers and switches of memberships: IGMPv3 (RFC 9776) and MLDv2 (RFC 9777), and their
 * former versions where a router speaks these (IGMPv2, RFC 2236; MLDv1, RFC 2710), which know
 * nothing of sources. Changes are told twice; queries are answered after a random time, those that come meanwhile by
 * the same answer. */
#include "ip/ip.h"
#include "link/neighbour.h"
#include "mm/heap.h"
#include "random/random.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define PENDING_MAX  16
#define RECORDS_MAX  24
#define REPORT_MAX   480u /* bytes of records, unless one takes more: fits into any MTU */
#define ROBUSTNESS   2
#define CHANGE_DELAY (1 * NSEC_PER_SEC)
#define LEAST_DELAY  (NSEC_PER_SEC / 10)
#define OLD_QUERIER  (260 * NSEC_PER_SEC) /* robustness * 125 s + 10 s (RFC 9776, 8.12) */

enum { IGMP_QUERY = 0x11, IGMP2_REPORT = 0x16, IGMP2_LEAVE = 0x17, IGMP3_REPORT = 0x22 };
enum { MLD_REPORT = 131, MLD_DONE = 132 };

struct pending {
    struct ip_addr group;
    struct ip_addr source; /* of IP_GROUP_ALLOW and IP_GROUP_BLOCK; else unset */
    uint8_t record;        /* IP_GROUP_*; IS_EXCLUDE: what there is then */
    uint8_t times;  /* to be sent; 0: free */
    nsec_t at;
};

struct listener {
    struct listener *next;
    struct ip_iface *iface;
    struct timer timer;
    struct pending pending[PENDING_MAX];
    nsec_t all_at[2];    /* all memberships are to be told, of IPv4 and IPv6; 0: no */
    nsec_t old_until[2]; /* a router of the former version is there */
};

static struct listener *listeners;

static struct listener *listener_of(struct ip_iface *i)
{
    struct listener *l = listeners;

    while (l && l->iface != i)
        l = l->next;
    if (!l && (l = heap_alloc(sizeof(*l)))) {
        l->iface = i;
        l->next = listeners;
        listeners = l;
    }
    return l;
}

/* A moment from now on until (most) has passed. */
static nsec_t random_moment(nsec_t most)
{
    uint32_t r;

    random_bytes(&r, sizeof(r));
    nsec_t delay = (nsec_t)(((unsigned __int128)most * r) >> 32);
    return clock_monotonic() + (delay > LEAST_DELAY ? delay : LEAST_DELAY);
}

static void run(struct timer *t);

static void wait_until(struct listener *l, nsec_t at)
{
    if (!l->timer.armed || at < l->timer.at)
        timer_set(&l->timer, at, run);
}

/* Groups that nobody is told of. */
static bool is_silent(const struct ip_addr *group)
{
    if (ip_is_v4(group))
        return group->w[3] == be32(0xe0000001u);
    static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
    return (group->b[1] & 15) < 2 || memcmp(group->b, all_nodes, 16) == 0;
}

/* Sends (len) bytes of IGMP at p->data to (to), with the router alert (RFC 2113). */
static void send4(struct ip_iface *i, uint32_t to, struct pkt *p)
{
    static const uint8_t alert[4] = {0x94, 4, 0, 0};
    struct ip_addr hop = ip_from_v4(to), from = ip_from_v4(0);
    uint16_t sum = checksum_finish(checksum_add(0, p->data, p->len));
    uint16_t len = (uint16_t)(p->len + IP4_HEADER + sizeof(alert));

    memcpy(p->data + 2, &sum, 2);
    (void)ip_source(i, &hop, &hop, &from);
    memcpy(pkt_push(p, sizeof(alert)), alert, sizeof(alert));
    struct wire_ip4 *h = pkt_push(p, sizeof(*h));
    *h = (struct wire_ip4){
        .version_ihl = 0x46,
        .tos = 0xc0,
        .len = be16(len),
        .ttl = 1,
        .protocol = PROTO_IGMP,
        .from = ip_to_v4(&from),
        .to = to,
    };
    h->checksum = checksum_finish(checksum_add(0, h, IP4_HEADER + sizeof(alert)));
    ip_counts[0].out++;
    i->output(i, &hop, p);
}

/* The same for MLD: from a link-local address, or from nobody (RFC 3590). */
static void send6(struct ip_iface *i, const struct ip_addr *to, struct pkt *p)
{
    static const uint8_t alert[8] = {PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};
    struct ip_addr from = {.d = {0, 0}};

    for (const struct ip_iface_addr *a = i->addrs; a; a = a->next)
        if (ip_is_link_local(&a->addr) && a->state == IP_ADDR_PREFERRED && !a->detect_until)
            from = a->addr;
    uint64_t pseudo = checksum_pseudo(&from, to, PROTO_ICMP6, p->len);
    uint16_t sum = checksum_finish(checksum_add(pseudo, p->data, p->len));
    memcpy(p->data + 2, &sum, 2);
    memcpy(pkt_push(p, sizeof(alert)), alert, sizeof(alert));
    uint16_t len = (uint16_t)p->len;
    struct wire_ip6 *h = pkt_push(p, sizeof(*h));
    *h = (struct wire_ip6){.flow = be32(6u << 28), .len = be16(len), .hops = 1};
    memcpy(h->from, from.b, 16);
    memcpy(h->to, to->b, 16);
    ip_counts[1].out++;
    i->output(i, to, p);
}

static struct pkt *new_packet(size_t len)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, len);

    if (p) {
        memset(p->data, 0, len);
        p->len = p->total = (uint32_t)len;
    }
    return p;
}

/* The sources that a record of (r) lists. */
static struct ip_filter sources_of(const struct ip_iface *i, const struct pending *r)
{
    const struct ip_group *g = ip_group_of(i, &r->group);

    if (r->record >= IP_GROUP_ALLOW)
        return (struct ip_filter){.count = 1, .source = &r->source};
    return g ? g->wanted : (struct ip_filter){.include = true};
}

static size_t record_size(const struct ip_iface *i, const struct pending *r)
{
    size_t addr = ip_is_v4(&r->group) ? 4 : 16;

    return 4 + addr + sources_of(i, r).count * addr;
}

static uint8_t *put_addr(uint8_t *to, const struct ip_addr *a)
{
    size_t len = ip_is_v4(a) ? 4 : 16;

    memcpy(to, a->b + 16 - len, len);
    return to + len;
}

/* Tells of (n) groups of one version, each in its own kind of record; (len): of all records. */
static void report(struct ip_iface *i, const struct pending *records, unsigned n, size_t len)
{
    static const struct ip_addr routers = {.b = {0xff, 2, [15] = 0x16}};
    bool v6 = !ip_is_v4(&records[0].group);
    struct pkt *p = new_packet(8 + len);

    if (!p)
        return;
    p->data[0] = v6 ? ICMP6_MLD2_REPORT : IGMP3_REPORT;
    put_be16(p->data + 6, (uint16_t)n);
    uint8_t *at = p->data + 8;
    for (unsigned r = 0; r < n; r++) {
        struct ip_filter f = sources_of(i, &records[r]);
        at[0] = records[r].record != IP_GROUP_IS_EXCLUDE ? records[r].record
                : f.include                              ? IP_GROUP_IS_INCLUDE
                                                         : IP_GROUP_IS_EXCLUDE;
        put_be16(at + 2, (uint16_t)f.count);
        at = put_addr(at + 4, &records[r].group);
        for (unsigned k = 0; k < f.count; k++)
            at = put_addr(at, &f.source[k]);
    }
    if (v6)
        send6(i, &routers, p);
    else
        send4(i, be32(0xe0000016u), p);
}

/* The same of one group, in the former version. */
static void report_old(struct ip_iface *i, const struct pending *r)
{
    static const struct ip_addr routers6 = {.b = {0xff, 2, [15] = 2}};
    bool v6 = !ip_is_v4(&r->group), leave = !ip_group_of(i, &r->group);
    struct pkt *p = new_packet(v6 ? 24 : 8);

    if (!p)
        return;
    p->data[0] = v6 ? (leave ? MLD_DONE : MLD_REPORT) : leave ? IGMP2_LEAVE : IGMP2_REPORT;
    memcpy(p->data + (v6 ? 8 : 4), r->group.b + (v6 ? 0 : 12), v6 ? 16 : 4);
    if (v6)
        send6(i, leave ? &routers6 : &r->group, p);
    else
        send4(i, leave ? be32(0xe0000002u) : ip_to_v4(&r->group), p);
}

static bool is_old(const struct listener *l, bool v6)
{
    return l->old_until[v6] > clock_monotonic();
}

static void report_all(struct listener *l, bool v6)
{
    struct pending records[RECORDS_MAX];
    unsigned n = 0;
    size_t len = 0;

    for (const struct ip_group *g = l->iface->groups; g; g = g->next) {
        struct pending r = {.group = g->addr, .record = IP_GROUP_IS_EXCLUDE};
        if (ip_is_v4(&g->addr) == v6 || is_silent(&g->addr))
            continue;
        if (is_old(l, v6)) {
            report_old(l->iface, &r);
            continue;
        }
        size_t more = record_size(l->iface, &r);
        if (n == RECORDS_MAX || (n > 0 && len + more > REPORT_MAX)) {
            report(l->iface, records, n, len);
            n = 0;
            len = 0;
        }
        records[n++] = r;
        len += more;
    }
    if (n)
        report(l->iface, records, n, len);
}

static void run(struct timer *t)
{
    struct listener *l = container_of(t, struct listener, timer);
    nsec_t now = clock_monotonic();

    for (int v6 = 0; v6 < 2; v6++) {
        if (l->all_at[v6] && l->all_at[v6] <= now) {
            l->all_at[v6] = 0;
            report_all(l, v6);
        }
        if (l->all_at[v6])
            wait_until(l, l->all_at[v6]);
    }
    for (unsigned n = 0; n < PENDING_MAX; n++) {
        struct pending *p = &l->pending[n];
        if (p->times && p->at <= now) {
            if (is_old(l, !ip_is_v4(&p->group)))
                report_old(l->iface, p);
            else
                report(l->iface, p, 1, record_size(l->iface, p));
            p->at = random_moment(CHANGE_DELAY);
            p->times--;
        }
        if (p->times)
            wait_until(l, p->at);
    }
}

/* All memberships of one version are to be told at (at), unless they are before. */
static void tell_all(struct listener *l, bool v6, nsec_t at)
{
    if (!l->all_at[v6] || at < l->all_at[v6])
        l->all_at[v6] = at;
    wait_until(l, l->all_at[v6]);
}

/* One group, or one source of it, is to be told of; what was to be told of it before does not count
 * any more. */
static void tell(struct listener *l, const struct pending *what)
{
    struct pending *p = NULL;

    for (unsigned n = 0; n < PENDING_MAX; n++) {
        if (l->pending[n].times && ip_equal(&l->pending[n].group, &what->group) &&
            ip_equal(&l->pending[n].source, &what->source)) {
            p = &l->pending[n];
            /* A change that is not told yet is an answer, too. */
            if (what->record == IP_GROUP_IS_EXCLUDE)
                return;
            break;
        }
        if (!l->pending[n].times && !p)
            p = &l->pending[n];
    }
    if (!p) {
        tell_all(l, !ip_is_v4(&what->group), what->at);
        return;
    }
    *p = *what;
    wait_until(l, p->at);
}

void ip_group_report(struct ip_iface *i, const struct ip_addr *group, enum ip_group_record record,
                     const struct ip_addr *source)
{
    struct listener *l = is_silent(group) ? NULL : listener_of(i);
    struct pending p = {.group = *group, .record = (uint8_t)record, .times = ROBUSTNESS};

    if (!l)
        return;
    if (source)
        p.source = *source;
    p.at = clock_monotonic();
    tell(l, &p);
    run(&l->timer); /* the first time at once: probes for an address follow */
}

/* A router asks for (group), or unset: for all, to be told within (most). */
static void query(struct ip_iface *i, bool v6, const struct ip_addr *group, nsec_t most, bool old)
{
    struct listener *l = listener_of(i);

    if (!l)
        return;
    if (old)
        l->old_until[v6] = clock_monotonic() + OLD_QUERIER;
    if (ip_is_any(group))
        tell_all(l, v6, random_moment(most));
    else if (ip_is_multicast(group) && ip_group_joined(i, group) && !is_silent(group))
        tell(l, &(struct pending){.group = *group,
                                  .record = IP_GROUP_IS_EXCLUDE,
                                  .times = 1,
                                  .at = random_moment(most)});
}

static void igmp_input(struct ip_ends *ends, struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    uint32_t code = p->data[1], to;

    (void)ends;
    if (p->data[0] == IGMP_QUERY && rx->ttl == 1 && rx->iface->dev &&
        checksum_fold(checksum_add_pkt(0, p, 0, p->total)) == 0xffff) {
        bool old = p->total < 12;
        memcpy(&to, p->data + 4, 4);
        struct ip_addr group = ip_from_v4(to);
        if (old && code == 0) /* of version 1 */
            code = 100;
        else if (!old && code >= 128)
            code = ((code & 15) | 16) << (((code >> 4) & 7) + 3);
        query(rx->iface, false, &group, code * (NSEC_PER_SEC / 10), old);
    }
    pkt_free(p);
}

void mld_input(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    uint8_t q[24];

    if (p->total < sizeof(q) || rx->ttl != 1 || !ip_is_link_local(&ends->remote))
        return;
    pkt_copy(p, 0, q, sizeof(q));
    bool old = p->total < 28;
    struct ip_addr group = ip_from_v6(q + 8);
    uint32_t code = get_be16(q + 4);
    if (!old && code >= 32768)
        code = ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
    query(i, true, &group, code * (NSEC_PER_SEC / 1000), old);
}

void igmp_start(void)
{
    static struct ip_protocol igmp = {.number = PROTO_IGMP, .min_len = 8, .input = igmp_input};
    static bool known;

    if (!known)
        ip_protocol_add(&igmp);
    known = true;
}
