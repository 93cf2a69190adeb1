/* SPDX-License-Identifier: MIT
 *
 * Echo, errors of ours and errors of others. */
#include "icmp/icmp.h"

#include <errno.h>

#include "wire/checksum.h"
#include "wire/ip.h"

#define QUOTE4 576u  /* the longest error (RFC 1812, 4.3.2.3) */
#define QUOTE6 1280u /* RFC 4443, 2.4 (c) */

/* Errors a second, and how many at once (RFC 4443, 2.4 (f)); echo replies are not more than what
 * was asked. */
#define ERROR_RATE  100
#define ERROR_BURST 50

struct icmp_counts icmp_counts[2];
void (*icmp6_link)(struct ip_iface *i, const struct ip_ends *ends, const struct pkt *p);

static bool error_allowed(void)
{
    static nsec_t last;
    static int64_t tokens = (int64_t)ERROR_BURST * NSEC_PER_SEC;
    nsec_t now = clock_monotonic();

    if (last)
        tokens += (now - last) * ERROR_RATE;
    last = now;
    if (tokens > (int64_t)ERROR_BURST * NSEC_PER_SEC)
        tokens = (int64_t)ERROR_BURST * NSEC_PER_SEC;
    if (tokens < NSEC_PER_SEC)
        return false;
    tokens -= NSEC_PER_SEC;
    return true;
}

static void send4(const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    uint16_t sum = checksum_finish(checksum_add_pkt(0, p, 0, p->total));

    memcpy(p->data + 2, &sum, 2);
    icmp_counts[0].out++;
    (void)ip_output(ends, path, PROTO_ICMP, p);
}

void icmp6_send(const struct ip_ends *ends, struct net_path *path, struct pkt *p)
{
    uint64_t pseudo = checksum_pseudo(&ends->local, &ends->remote, PROTO_ICMP6, p->total);
    uint16_t sum = checksum_finish(checksum_add_pkt(pseudo, p, 0, p->total));

    memcpy(p->data + 2, &sum, 2);
    icmp_counts[1].out++;
    (void)ip_output(ends, path, PROTO_ICMP6, p);
}

/* Whether an error about (p), which came for (ends->local), may be sent (RFC 1122, 3.2.2; RFC 4443,
 * 2.4 (e)). */
static bool may_answer(const struct ip_addr *from, const struct ip_addr *to, const struct pkt *p)
{
    return !(p->flags & (PKT_BROADCAST | PKT_MULTICAST)) && !ip_is_multicast(to) &&
           !ip_addr_is_broadcast(to) && !ip_is_any(from) && !ip_is_multicast(from);
}

/* Whether (p) is an ICMP error itself: its header still lies before (data). */
static bool is_error(const struct pkt *p, const struct ip_rx *rx)
{
    uint8_t type;

    if (p->total < 1)
        return true;
    pkt_copy(p, 0, &type, 1);
    if (rx->v6)
        return rx->protocol == PROTO_ICMP6 && type < ICMP6_ECHO;
    return rx->protocol == PROTO_ICMP && type != ICMP_ECHO && type != ICMP_ECHO_REPLY;
}

void ip_failed(const struct pkt *p, enum ip_failure failure, unsigned offset)
{
    static const uint8_t four[][2] = {
        [IP_NO_PROTOCOL] = {ICMP_UNREACHABLE, UNREACH_PROTOCOL},
        [IP_NO_PORT] = {ICMP_UNREACHABLE, UNREACH_PORT},
        [IP_REASSEMBLY_TIME] = {ICMP_TIME_EXCEEDED, 1},
        [IP_BAD_HEADER] = {ICMP_PARAMETER, 0},
        [IP_BAD_OPTION] = {ICMP_PARAMETER, 0},
    };
    static const uint8_t six[][2] = {
        [IP_NO_PROTOCOL] = {ICMP6_PARAMETER, 1},         [IP_NO_PORT] = {ICMP6_UNREACHABLE, 4},
        [IP_REASSEMBLY_TIME] = {ICMP6_TIME_EXCEEDED, 1}, [IP_BAD_HEADER] = {ICMP6_PARAMETER, 0},
        [IP_BAD_OPTION] = {ICMP6_PARAMETER, 2},
    };
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    const uint8_t *header = p->data - rx->header_len;
    struct ip_ends ends;

    if (rx->v6) {
        const struct wire_ip6 *h = (const struct wire_ip6 *)header;
        ends = (struct ip_ends){.local = ip_from_v6(h->to), .remote = ip_from_v6(h->from)};
        if (ip_is_link_local(&ends.remote))
            ends.scope = rx->iface->index;
    } else {
        const struct wire_ip4 *h = (const struct wire_ip4 *)header;
        ends = (struct ip_ends){.local = ip_from_v4(h->to), .remote = ip_from_v4(h->from)};
    }
    if (!may_answer(&ends.remote, &ends.local, p) || is_error(p, rx))
        return;
    /* As on Linux, what this machine tells itself is not limited: a connected socket learns each
     * time that nobody listens. */
    if (!(p->flags & PKT_LOOPBACK) && !error_allowed()) {
        icmp_counts[rx->v6].out_limited++;
        return;
    }
    size_t ip = rx->v6 ? IP6_HEADER : IP4_HEADER;
    size_t most = (rx->v6 ? QUOTE6 : QUOTE4) - ip - sizeof(struct wire_icmp);
    size_t quote = min_size(rx->header_len + p->total, most);
    struct pkt *e = pkt_alloc(PKT_HEADROOM, sizeof(struct wire_icmp) + quote);
    if (!e)
        return;
    struct wire_icmp *icmp = (struct wire_icmp *)e->data;
    const uint8_t *kind = rx->v6 ? six[failure] : four[failure];
    *icmp = (struct wire_icmp){.type = kind[0], .code = kind[1]};
    if (failure == IP_NO_PROTOCOL && rx->v6)
        offset = 6; /* the next header field */
    icmp->info = be32(rx->v6 ? offset : offset << 24);
    size_t from_header = min_size(quote, rx->header_len);
    memcpy(e->data + sizeof(*icmp), header, from_header);
    pkt_copy(p, 0, e->data + sizeof(*icmp) + from_header, quote - from_header);
    e->len = e->total = (uint32_t)(sizeof(*icmp) + quote);
    struct net_path path = {.ttl = 0};
    if (rx->v6)
        icmp6_send(&ends, &path, e);
    else
        send4(&ends, &path, e);
}

/* Answers an echo request: the packet goes back as it came. */
static void echo(struct ip_ends *ends, struct pkt *p, uint8_t reply)
{
    const struct ip_rx rx = *(const struct ip_rx *)p->cb;
    struct net_path path = {.tos = rx.tos};
    struct pkt *answer = pkt_clone(p, PKT_HEADROOM);

    pkt_free(p);
    if (!answer)
        return;
    answer->flags = answer->gso = 0; /* what the device said of the question */
    if (ip_is_multicast(&ends->local) || ip_addr_is_broadcast(&ends->local)) {
        ends->local = (struct ip_addr){.d = {0, 0}};
        if (ip_route(ends, &path)) {
            pkt_free(answer);
            return;
        }
    }
    struct wire_icmp *icmp = (struct wire_icmp *)answer->data;
    icmp->type = reply;
    icmp->checksum = 0;
    if (rx.v6)
        icmp6_send(ends, &path, answer);
    else
        send4(ends, &path, answer);
}

static int errno_of4(uint8_t type, uint8_t code)
{
    static const uint8_t unreachable[] = {
        ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED, EMSGSIZE,     EOPNOTSUPP,
        ENETUNREACH,  EHOSTDOWN,    ENONET,       ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
        EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH,
    };

    if (type == ICMP_UNREACHABLE)
        return code < sizeof(unreachable) ? -unreachable[code] : -EHOSTUNREACH;
    return type == ICMP_TIME_EXCEEDED ? -EHOSTUNREACH : -EPROTO;
}

/* Tells the transport of what (what) says of our packet, whose IP header (p) quotes from (at) on;
 * (mtu): of UNREACH_FRAG. */
static void quoted4(struct pkt *p, size_t at, unsigned mtu, const struct ip_icmp *what)
{
    struct wire_ip4 h;

    if (p->total < at + sizeof(h))
        return;
    pkt_copy(p, at, &h, sizeof(h));
    size_t header = (size_t)(h.version_ihl & 15) * 4;
    if (h.version_ihl >> 4 != 4 || header < sizeof(h) || p->total < at + header + 8 ||
        h.frag & be16(IP4_OFFSET))
        return;
    struct ip_ends quoted = {.local = ip_from_v4(h.from), .remote = ip_from_v4(h.to)};
    if (!ip_addr_owner(&quoted.local, false))
        return;
    int err = errno_of4(what->type, what->code);
    /* Routers that do not say (RFC 1191, 5). */
    if (err == -EMSGSIZE && (mtu < 68 || mtu >= be16(h.len)))
        mtu = be16(h.len) > 1492 ? 1492 : be16(h.len) > 1006 ? 1006 : 552;
    pkt_trim_front(p, at + header);
    ip_report(h.protocol, &quoted, err, err == -EMSGSIZE ? mtu : 0, what, p);
}

static void input4(struct ip_ends *ends, struct pkt *p)
{
    const struct wire_icmp *icmp = (const struct wire_icmp *)p->data;

    icmp_counts[0].in++;
    if (checksum_fold(checksum_add_pkt(0, p, 0, p->total)) != 0xffff) {
        icmp_counts[0].in_errors++;
    } else if (icmp->type == ICMP_ECHO) {
        /* Broadcast echo is not answered (RFC 1122, 3.2.2.6 allows that). */
        if (!(p->flags & (PKT_BROADCAST | PKT_MULTICAST))) {
            echo(ends, p, ICMP_ECHO_REPLY);
            return;
        }
    } else if (icmp->type == ICMP_UNREACHABLE || icmp->type == ICMP_TIME_EXCEEDED ||
               icmp->type == ICMP_PARAMETER) {
        struct ip_icmp what = {.type = icmp->type, .code = icmp->code, .from = ends->remote};
        quoted4(p, sizeof(*icmp), be16(icmp->mtu), &what);
    }
    pkt_free(p);
}

static int errno_of6(uint8_t type, uint8_t code)
{
    static const uint8_t unreachable[] = {ENETUNREACH,  EACCES, EHOSTUNREACH, EHOSTUNREACH,
                                          ECONNREFUSED, EACCES, EACCES};

    if (type == ICMP6_UNREACHABLE)
        return code < sizeof(unreachable) ? -unreachable[code] : -EPROTO;
    if (type == ICMP6_TOO_BIG)
        return -EMSGSIZE;
    return type == ICMP6_TIME_EXCEEDED ? -EHOSTUNREACH : -EPROTO;
}

/* The same of IPv6; (i): where it came from. */
static void quoted6(struct ip_iface *i, struct pkt *p, size_t at, unsigned mtu,
                    const struct ip_icmp *what)
{
    struct wire_ip6 h;

    if (p->total < at + sizeof(h) + 8)
        return;
    pkt_copy(p, at, &h, sizeof(h));
    struct ip_ends quoted = {.local = ip_from_v6(h.from), .remote = ip_from_v6(h.to)};
    if (!ip_addr_owner(&quoted.local, false))
        return;
    if (ip_is_link_local(&quoted.remote))
        quoted.scope = i->index;
    uint8_t next = h.next;
    size_t header = at + sizeof(h);
    if (next == PROTO_FRAGMENT) { /* ours have no other extension headers */
        struct wire_ip6_frag f;
        if (p->total < header + sizeof(f) + 8)
            return;
        pkt_copy(p, header, &f, sizeof(f));
        if (be16(f.offset) & 0xfff8)
            return;
        next = f.next;
        header += sizeof(f);
    }
    pkt_trim_front(p, header);
    ip_report(next, &quoted, errno_of6(what->type, what->code), mtu, what, p);
}

void ip_undeliverable(struct ip_iface *i, struct pkt *p)
{
    struct ip_icmp what = {.type = ICMP_UNREACHABLE, .code = UNREACH_HOST};

    if (p->data[0] >> 4 == 4) {
        what.from = ip_from_v4(((const struct wire_ip4 *)p->data)->from);
        quoted4(p, 0, 0, &what);
    } else {
        what.v6 = 1;
        what.type = ICMP6_UNREACHABLE;
        what.code = 3; /* the address */
        what.from = ip_from_v6(((const struct wire_ip6 *)p->data)->from);
        quoted6(i, p, 0, 0, &what);
    }
    pkt_free(p);
}

static void input6(struct ip_ends *ends, struct pkt *p)
{
    const struct ip_rx *rx = (const struct ip_rx *)p->cb;
    const struct wire_icmp *icmp = (const struct wire_icmp *)p->data;
    struct ip_iface *i = rx->iface;

    icmp_counts[1].in++;
    if (icmp->type < ICMP6_ECHO) {
        struct ip_icmp what = {
            .v6 = 1, .type = icmp->type, .code = icmp->code, .from = ends->remote};
        quoted6(i, p, sizeof(*icmp), icmp->type == ICMP6_TOO_BIG ? be32(icmp->info) : 0, &what);
    } else if (icmp->type == ICMP6_ECHO) {
        echo(ends, p, ICMP6_ECHO_REPLY);
        return;
    } else if (icmp->type >= ICMP6_ROUTER_SOLICIT && icmp->type <= ICMP6_REDIRECT) {
        /* From this very link, as nobody forwards 255 (RFC 4861, 3.1). */
        if (rx->ttl != 255 || icmp->code != 0 || !i->dev)
            icmp_counts[1].in_errors++;
        else if (icmp6_link)
            icmp6_link(i, ends, p);
    } else if (icmp->type == ICMP6_MLD_QUERY && i->dev && icmp6_link) {
        icmp6_link(i, ends, p);
    }
    pkt_free(p);
}

static struct ip_protocol four = {
    .number = PROTO_ICMP, .min_len = sizeof(struct wire_icmp), .input = input4};
static struct ip_protocol six = {.number = PROTO_ICMP6,
                                 .checked = true,
                                 .csum_at = 2,
                                 .min_len = sizeof(struct wire_icmp),
                                 .input = input6};

void icmp_start(void)
{
    ip_protocol_add(&four);
    ip_protocol_add(&six);
}
