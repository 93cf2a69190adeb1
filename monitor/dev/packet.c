/* SPDX-License-Identifier: MIT
 *
 * Looking at frames. IPv4 without options (IGMP's router alert aside), IPv6 without extension headers (MLD's aside),
 * no fragments; TCP, UDP, and of ICMP what operation needs. */
#include "monitor/dev/packet.h"

#include <string.h>

enum { ICMP = 1, IGMP = 2, TCP = 6, UDP = 17, ICMP6 = 58 };
enum { DNS_PORT = 53, DHCP_SERVER = 67, DHCP_CLIENT = 68 };

#define ETHERNET 14u
#define TCP_SYN  0x02
#define TCP_ACK  0x10

/* A packet of IP as it was found. (at): the transport's header, (len) bytes from there to the packet's end. */
struct packet {
    bool v6, alert; /* (alert): IPv4's only option, or IPv6's only extension header */
    uint8_t protocol, hops;
    uint8_t from[16], to[16];
    const uint8_t *at;
    size_t len;
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void map4(uint8_t to[16], const uint8_t *addr)
{
    memcpy(to, mapped, sizeof(mapped));
    memcpy(to + 12, addr, 4);
}

static const char *read_ip4(struct packet *p, const uint8_t *d, size_t len)
{
    if (len < 20 || d[0] >> 4 != 4)
        return "IPv4 packet that is not sound";
    size_t header = (d[0] & 15u) * 4u, total = get16(d + 2);
    if (header < 20 || total < header || total > len)
        return "IPv4 packet that is not sound";
    if (get16(d + 6) & 0x3fff)
        return "fragment";
    p->protocol = d[9];
    p->hops = d[8];
    map4(p->from, d + 12);
    map4(p->to, d + 16);
    p->at = d + header;
    p->len = total - header;
    p->alert = header == 24 && d[20] == 0x94 && d[21] == 4;
    return header == 20 || (p->alert && p->protocol == IGMP) ? NULL : "packet with options";
}

static const char *read_ip6(struct packet *p, const uint8_t *d, size_t len)
{
    if (len < 40 || d[0] >> 4 != 6 || get16(d + 4) > len - 40)
        return "IPv6 packet that is not sound";
    p->v6 = true;
    p->protocol = d[6];
    p->hops = d[7];
    memcpy(p->from, d + 8, 16);
    memcpy(p->to, d + 24, 16);
    if (memcmp(p->from, mapped, sizeof(mapped)) == 0 || memcmp(p->to, mapped, sizeof(mapped)) == 0)
        return "IPv6 packet with an address of IPv4"; /* rules of IPv4 are not about these */
    p->at = d + 40;
    p->len = get16(d + 4);
    /* Hop-by-hop options with a router alert, eight bytes, are MLD's (RFC 3810, 5). */
    if (p->protocol == 0 && p->len >= 8 && p->at[0] == ICMP6 && p->at[1] == 0 && p->at[2] == 5) {
        p->alert = true;
        p->protocol = ICMP6;
        p->at += 8;
        p->len -= 8;
    }
    return p->protocol == TCP || p->protocol == UDP || p->protocol == ICMP6
               ? NULL
               : "IPv6 packet with extension headers or of another protocol";
}

static const char *read_ip(struct packet *p, const uint8_t *frame, size_t len)
{
    memset(p, 0, sizeof(*p));
    if (len < ETHERNET)
        return "frame that is too short";
    if (get16(frame + 12) == 0x0800)
        return read_ip4(p, frame + ETHERNET, len - ETHERNET);
    if (get16(frame + 12) == 0x86dd)
        return read_ip6(p, frame + ETHERNET, len - ETHERNET);
    return "frame that is neither IP nor ARP";
}

/* Who speaks with whom, in the machine's view. */
struct flow {
    const uint8_t *own, *peer;
    unsigned own_port, peer_port;
};

static bool all_any(const struct packet_rules *r, unsigned kind)
{
    for (unsigned i = 0; i < r->policies; i++)
        if (!(r->policy[i]->any >> kind & 1))
            return false;
    return true;
}

static bool lookups(const struct packet_rules *r)
{
    for (unsigned i = 0; i < r->policies; i++)
        if (policy_none(r->policy[i], PITH_POLICY_LOOKUP))
            return false;
    return true;
}

static bool is_resolver(const struct packet_rules *r, const uint8_t *addr)
{
    for (unsigned i = 0; i < r->resolvers; i++)
        if (memcmp(r->resolver[i], addr, 16) == 0)
            return true;
    return false;
}

void packet_add_resolver(struct packet_rules *r, const uint8_t addr[16])
{
    if (!is_resolver(r, addr) && r->resolvers < PACKET_RESOLVERS)
        memcpy(r->resolver[r->resolvers++], addr, 16);
}

/* Whether each policy permits the flow, as one that the machine begins (connects) or one that it is asked for (listens). */
static bool permits(const struct packet_rules *r, unsigned protocol, const struct flow *f,
                    bool connects, bool listens)
{
    for (unsigned i = 0; i < r->policies; i++) {
        const struct pith_policy *p = r->policy[i];
        if (!(connects &&
              policy_permits_net(p, PITH_POLICY_CONNECT, protocol, f->peer, f->peer_port)) &&
            !(listens && policy_permits_net(p, PITH_POLICY_LISTEN, protocol, f->own, f->own_port)))
            return false;
    }
    return true;
}

static const char *check_tcp(const struct packet_rules *r, enum packet_way way,
                             const struct packet *p, const struct flow *f)
{
    size_t header = p->len >= 20 ? (p->at[12] >> 4) * 4u : 0;
    if (header < 20 || header > p->len)
        return "TCP segment that is not sound";
    unsigned flags = p->at[13] & (TCP_SYN | TCP_ACK);
    /* The first segment says who begins: the one that sends it; the second, who does not. */
    bool begins = flags == TCP_SYN ? way == PACKET_OUT : way == PACKET_IN;
    bool either = !(flags & TCP_SYN);
    if (permits(r, TCP, f, either || begins, either || !begins))
        return NULL;
    /* What a query over TCP asks for is not known before the connection is there. */
    if (f->peer_port == DNS_PORT && (either || begins) && is_resolver(r, f->peer) &&
        all_any(r, PITH_POLICY_LOOKUP))
        return NULL;
    return way == PACKET_OUT ? "tcp to" : "tcp from";
}

/* Between the machine and a server of names. Queries by name; answers to whatever was asked. */
static const char *check_dns(const struct packet_rules *r, enum packet_way way,
                             const struct packet *p, char *name)
{
    if (way == PACKET_IN)
        return lookups(r) ? NULL : "answer of a server of names from";
    int len = policy_query_name(p->at + 8, p->len - 8, name);
    name[len < 0 ? 0 : len] = '\0';
    for (unsigned i = 0; i < r->policies; i++)
        if (!(r->policy[i]->any >> PITH_POLICY_LOOKUP & 1) &&
            (len < 0 ||
             !policy_permits_text(r->policy[i], PITH_POLICY_LOOKUP, name, (size_t)len)))
            return "look-up by";
    return NULL;
}

/* Takes the servers of names out of a DHCP answer (RFC 2132, 3.8), and who sent it. */
static void learn_dhcp(struct packet_rules *r, const struct packet *p)
{
    static const uint8_t magic[] = {99, 130, 83, 99};
    const uint8_t *d = p->at + 8;
    size_t len = p->len - 8;

    if (len < 240 || d[0] != 2 || memcmp(d + 236, magic, sizeof(magic)) != 0)
        return;
    memcpy(r->dhcp_server, p->from, 16);
    for (size_t at = 240; at + 1 < len && d[at] != 255;) {
        if (d[at] == 0) {
            at++;
            continue;
        }
        size_t n = d[at + 1];
        if (n > len - at - 2)
            break;
        for (size_t i = 0; d[at] == 6 && i + 4 <= n; i += 4) {
            uint8_t addr[16];
            map4(addr, d + at + 2 + i);
            packet_add_resolver(r, addr);
        }
        at += 2 + n;
    }
}

static bool is_dhcp(struct packet_rules *r, enum packet_way way, const struct packet *p,
                    const struct flow *f)
{
    static const uint8_t everybody[4] = {255, 255, 255, 255};
    if (p->v6 || f->own_port != DHCP_CLIENT || f->peer_port != DHCP_SERVER)
        return false;
    if (way == PACKET_IN)
        learn_dhcp(r, p);
    return way == PACKET_IN || memcmp(p->to + 12, everybody, 4) == 0 ||
           (r->dhcp_server[10] && memcmp(p->to, r->dhcp_server, 16) == 0);
}

static const char *check_udp(struct packet_rules *r, enum packet_way way, const struct packet *p,
                             const struct flow *f, char *name)
{
    if (p->len < 8 || get16(p->at + 4) < 8 || get16(p->at + 4) > p->len)
        return "UDP datagram that is not sound";
    if (permits(r, UDP, f, true, true) || is_dhcp(r, way, p, f))
        return NULL;
    if (f->peer_port == DNS_PORT && is_resolver(r, f->peer))
        return check_dns(r, way, p, name);
    return way == PACKET_OUT ? "udp to" : "udp from";
}

/* Takes the servers of names out of a router's advertisement (RFC 8106, 5.1). */
static void learn_router(struct packet_rules *r, const struct packet *p)
{
    for (size_t at = 16, n; at + 8 <= p->len; at += n) {
        n = p->at[at + 1] * 8u;
        if (n == 0 || n > p->len - at)
            return;
        for (size_t i = 8; p->at[at] == 25 && i + 16 <= n; i += 16)
            packet_add_resolver(r, p->at + at + i);
    }
}

/* Echo requests and their answers are the rules' (protocol 1, of both versions). */
static bool echo_permitted(const struct packet_rules *r, enum packet_way way, const struct flow *f,
                           bool request)
{
    bool begins = (way == PACKET_OUT) == request;
    return permits(r, ICMP, f, begins, !begins);
}

static const char *check_icmp4(const struct packet_rules *r, enum packet_way way,
                               const struct packet *p, const struct flow *f)
{
    unsigned type = p->len >= 8 ? p->at[0] : 255;
    bool error = type == 3 || type == 11 || type == 12;
    if ((type == 0 || type == 8) && echo_permitted(r, way, f, type == 8))
        return NULL;
    if (error && way == PACKET_IN)
        return NULL;
    return way == PACKET_OUT ? "icmp to" : "icmp from";
}

/* Neighbour discovery is for the link: 255 hops (RFC 4861, 7.1). Behind what it must have there may be no more than a
 * link-layer address, which would be room for something else. */
static bool is_neighbour(struct packet_rules *r, enum packet_way way, const struct packet *p)
{
    unsigned type = p->len >= 8 ? p->at[0] : 255;
    if (type < 133 || type > 137 || p->hops != 255 || p->at[1] != 0)
        return false;
    if (way == PACKET_IN) {
        if (type == 134)
            learn_router(r, p);
        return true;
    }
    return (type == 133 && p->len <= 16) || ((type == 135 || type == 136) && p->len <= 32);
}

static const char *check_icmp6(struct packet_rules *r, enum packet_way way, const struct packet *p,
                               const struct flow *f)
{
    unsigned type = p->len >= 4 ? p->at[0] : 255;
    bool groups = (type >= 130 && type <= 132) || type == 143;
    if (p->alert || groups)
        return p->alert && groups && p->hops == 1 && p->to[0] == 0xff && p->to[1] == 2
                   ? NULL
                   : "icmp6 to";
    if ((type == 128 || type == 129) && echo_permitted(r, way, f, type == 128))
        return NULL;
    if ((type >= 1 && type <= 4 && way == PACKET_IN) || is_neighbour(r, way, p))
        return NULL;
    return way == PACKET_OUT ? "icmp6 to" : "icmp6 from";
}

static const char *check(struct packet_rules *r, enum packet_way way, const struct packet *p,
                         struct flow *f, char *name)
{
    bool ports = (p->protocol == TCP || p->protocol == UDP) && p->len >= 4;
    f->own = way == PACKET_OUT ? p->from : p->to;
    f->peer = way == PACKET_OUT ? p->to : p->from;
    f->own_port = ports ? get16(p->at + (way == PACKET_OUT ? 0 : 2)) : 0;
    f->peer_port = ports ? get16(p->at + (way == PACKET_OUT ? 2 : 0)) : 0;
    switch (p->protocol) {
    case TCP:
        return check_tcp(r, way, p, f);
    case UDP:
        return check_udp(r, way, p, f, name);
    case ICMP:
        return p->v6 ? "packet of another protocol" : check_icmp4(r, way, p, f);
    case ICMP6:
        return p->v6 ? check_icmp6(r, way, p, f) : "packet of another protocol";
    case IGMP: /* 224.0.0.0/4, for the link (RFC 3376, 4) */
        return !p->v6 && p->hops == 1 && p->to[12] >> 4 == 14 && p->len <= 64 ? NULL : "igmp to";
    default:
        return "packet of another protocol";
    }
}

bool packet_permitted(struct packet_rules *r, enum packet_way way, const uint8_t *frame, size_t len,
                      struct packet_refused *why)
{
    struct packet p;
    struct flow f = {0};

    why->has_addr = false;
    why->name[0] = '\0';
    why->what = "ARP packet that is not sound";
    if (len >= ETHERNET && get16(frame + 12) == 0x0806)
        return len >= ETHERNET + 28 && len <= 64;
    why->what = read_ip(&p, frame, len);
    if (why->what)
        return false;
    why->what = check(r, way, &p, &f, why->name);
    if (!why->what)
        return true;
    why->has_addr = true;
    memcpy(why->addr, f.peer, 16);
    why->port = (uint16_t)(way == PACKET_OUT ? f.peer_port : f.own_port);
    return false;
}

#define FLAG_CSUM 1u

bool packet_header_sound(const uint8_t header[PACKET_HEADER], const uint8_t *frame, size_t len)
{
    unsigned flags = header[0], gso = header[1] & 0x7fu; /* bit 7: with ECN */
    uint16_t start, offset, size;
    struct packet p;

    memcpy(&size, header + 4, 2);
    memcpy(&start, header + 6, 2);
    memcpy(&offset, header + 8, 2);
    if (flags & ~FLAG_CSUM || (header[1] & 0x80 && gso == 0))
        return false;
    if (flags == 0 && gso == 0)
        return true;
    if (read_ip(&p, frame, len) != NULL || (p.protocol != TCP && p.protocol != UDP))
        return false;
    if (gso != 0 && (p.protocol != TCP || gso != (p.v6 ? 4u : 1u) || size == 0 || !(flags & 1)))
        return false;
    return start == p.at - frame && offset == (p.protocol == TCP ? 16 : 6);
}
