/* SPDX-License-Identifier: MIT
 *
 * /proc/net in Linux's format, for netstat, ss and libraries that read it. Part of images that have
 * both /proc and internet sockets. Sockets of both versions stand in one table: which file one is
 * in is its socket's domain, or its address's version once the program has closed it. */
#include <net/route.h>
#include <netinet/tcp.h>

#include "inet/stream.h"
#include "link/neighbour.h"
#include "udp/udp.h"
#include "vfs/tree.h"

#define LINE_ROUTE 127u /* lines are filled up to so many characters */
#define LINE_TCP   149u
#define LINE_UDP   127u
#define TICK       10000u /* us in a tick of USER_HZ */

/* What a line is about, of either protocol. */
struct entry {
    const struct ip_ends *ends;
    uint64_t ino;
    uint8_t state;
    size_t to_send, to_read;
};

/* A table that is being written. */
struct table {
    struct text *t;
    bool six;
    unsigned lines;
};

static void hex(struct text *t, uint64_t n, unsigned width)
{
    while (width > 0)
        text_char(t, "0123456789ABCDEF"[n >> 4 * --width & 15]);
}

static void dec(struct text *t, uint64_t n, unsigned width)
{
    text_dec(t, n, width, ' ');
}

/* Makes what begins at (start) as wide as (width). */
static void widen(struct text *t, size_t start, unsigned width)
{
    while (!t->failed && t->len - start < width)
        text_char(t, ' ');
}

/* Ends a line that begins at (start). */
static void fill_up(struct text *t, size_t start, unsigned width)
{
    widen(t, start, width);
    text_char(t, '\n');
}

/* A name at the right of its column. */
static void put_name(struct text *t, const char *name, size_t width)
{
    for (size_t len = strlen(name); len < width; len++)
        text_char(t, ' ');
    text_str(t, name);
}

/* Words as the processor has them, as Linux prints them. */
static void put_end(struct table *to, const struct ip_addr *a, uint16_t port)
{
    for (unsigned i = to->six ? 0 : 3; i < 4; i++)
        hex(to->t, a->w[i], 8);
    text_char(to->t, ':');
    hex(to->t, port, 4);
    text_char(to->t, ' ');
}

static void put_entry(struct table *to, const struct entry *e)
{
    struct text *t = to->t;

    dec(t, to->lines++, 4);
    text_str(t, ": ");
    put_end(to, &e->ends->local, e->ends->local_port);
    put_end(to, &e->ends->remote, e->ends->remote_port);
    hex(t, e->state, 2);
    text_char(t, ' ');
    hex(t, e->to_send, 8);
    text_char(t, ':');
    hex(t, e->to_read, 8);
    text_str(t, " 00:00000000 00000000     0        0 "); /* timers are not told */
    text_dec(t, e->ino, 0, ' ');
}

static void tcp_line(void *arg, const struct tcp_conn *c)
{
    struct table *to = arg;
    struct text *t = to->t;
    const struct stream *s = tcp_conn_user(c); /* NULL: the program has closed it */
    struct tcp_info info = {.tcpi_state = TCP_CLOSE};
    size_t start = t->len;

    if (to->six != (s ? is_six(&s->in) : !ip_is_v4(&tcp_ends(c)->local)))
        return;
    tcp_get_info(c, &info);
    bool listens = info.tcpi_state == TCP_LISTEN;
    bool ended = info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_LAST_ACK ||
                 info.tcpi_state == TCP_CLOSING;
    struct entry e = {.ends = tcp_ends(c), .ino = s ? s->in.sock.inode.ino : 0};
    e.state = info.tcpi_state;
    e.to_send = listens ? 0 : tcp_unacked(c);
    e.to_read = listens ? info.tcpi_unacked : tcp_recv_len(c) + ended; /* FIN counts */
    put_entry(to, &e);
    text_str(t, " 1 0000000000000000 ");
    dec(t, info.tcpi_rto / TICK, 0);
    text_char(t, ' ');
    dec(t, info.tcpi_ato / TICK, 0);
    text_str(t, " 0 ");
    dec(t, listens ? 10 : info.tcpi_snd_cwnd, 0);
    text_char(t, ' ');
    if (listens)
        text_char(t, '0');
    else if (info.tcpi_snd_ssthresh >= 0x7fffffff)
        text_str(t, "-1");
    else
        dec(t, info.tcpi_snd_ssthresh, 0);
    fill_up(t, start, to->six ? 0 : LINE_TCP);
}

static void wait_line(void *arg, const struct ip_ends *ends)
{
    struct table *to = arg;
    struct entry e = {.ends = ends, .state = TCP_TIME_WAIT};
    size_t start = to->t->len;

    if (to->six == ip_is_v4(&ends->local))
        return;
    put_entry(to, &e);
    text_str(to->t, " 3 0000000000000000");
    fill_up(to->t, start, to->six ? 0 : LINE_TCP);
}

#define COLUMNS "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define ENDS4   "local_address rem_address   "
#define ENDS6   "local_address                         remote_address                        "

/* The first line; (more): columns behind those of both protocols. */
static void put_header(const struct table *to, const char *start, const char *more, unsigned width)
{
    struct text *t = to->t;
    size_t from = t->len;

    text_str(t, start);
    text_str(t, to->six ? ENDS6 COLUMNS : ENDS4 COLUMNS);
    text_str(t, more);
    fill_up(t, from, to->six ? 0 : width);
}

static void tcp_table(struct text *t, bool six)
{
    struct table to = {.t = t, .six = six};

    put_header(&to, "  sl  ", "", LINE_TCP);
    if (!inet_tcp)
        return;
    inet_tcp_now();
    tcp_each(inet_tcp, tcp_line, &to);
    tcp_each_wait(inet_tcp, wait_line, &to);
}

static void net_tcp(struct text *t)
{
    tcp_table(t, false);
}

static void net_tcp6(struct text *t)
{
    tcp_table(t, true);
}

static void udp_line(void *arg, const struct udp_end *end)
{
    struct table *to = arg;
    const struct isock *i = inet_of_udp(end);
    size_t start = to->t->len;

    if (to->six != is_six(i))
        return;
    struct entry e = {.ends = &end->ends, .ino = i->sock.inode.ino};
    e.state = end->ends.remote_port ? TCP_ESTABLISHED : TCP_CLOSE;
    text_char(to->t, ' ');
    put_entry(to, &e);
    text_str(to->t, " 2 0000000000000000 0");
    fill_up(to->t, start, to->six ? 0 : LINE_UDP);
}

static void udp_table(struct text *t, bool six)
{
    struct table to = {.t = t, .six = six};

    put_header(&to, six ? "  sl  " : "   sl  ", " ref pointer drops", LINE_UDP);
    udp_each(udp_line, &to);
}

static void net_udp(struct text *t)
{
    udp_table(t, false);
}

static void net_udp6(struct text *t)
{
    udp_table(t, true);
}

static void net_dev(struct text *t)
{
    static const struct netdev_counts none;
    static const uint8_t widths[8] = {7, 7, 4, 4, 8, 7, 4, 4};

    text_str(t, "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets errs drop fifo colls carrier compressed\n");
    (void)!ip_start();
    for (const struct ip_iface *i = ip_ifaces; i; i = i->next) {
        const struct netdev_counts *n = i->dev ? &i->dev->counts : &none;
        put_name(t, i->name, 6);
        text_str(t, ": ");
        const uint64_t counts[2][4] = {
            {n->rx_bytes, n->rx_packets, n->rx_errors, n->rx_dropped},
            {n->tx_bytes, n->tx_packets, n->tx_errors, n->tx_dropped},
        };
        for (unsigned k = 0; k < 8; k++) {
            dec(t, counts[k / 4][k % 4], widths[k]);
            text_str(t, k == 3 ? "    0     0          0         0 " : " ");
        }
        text_str(t, "   0     0       0          0\n");
    }
}

static void net_route(struct text *t)
{
    size_t start = t->len;

    text_str(t,
             "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    fill_up(t, start, LINE_ROUTE);
    (void)!ip_start();
    for (const struct ip_route *r = ip_routes; r; r = r->next) {
        bool has_gateway = !ip_is_unset(&r->gateway);
        unsigned bits = r->prefix - 96u;
        if (!r->iface->dev || r->prefix < 96 || !ip_is_v4(&r->to))
            continue;
        start = t->len;
        text_str(t, r->iface->name);
        text_char(t, '\t');
        hex(t, r->to.w[3], 8);
        text_char(t, '\t');
        hex(t, has_gateway ? r->gateway.w[3] : 0, 8);
        text_char(t, '\t');
        hex(t, RTF_UP | (has_gateway ? RTF_GATEWAY : 0) | (bits == 32 ? RTF_HOST : 0), 4);
        text_str(t, "\t0\t0\t");
        dec(t, r->metric, 0);
        text_char(t, '\t');
        hex(t, inet_mask(bits), 8);
        text_char(t, '\t');
        dec(t, r->mtu, 0);
        text_str(t, "\t0\t0");
        fill_up(t, start, LINE_ROUTE);
    }
}

/* IPV6_ADDR_* of Linux: how far an address reaches. */
static unsigned scope_of(const struct ip_addr *a)
{
    if (ip_is_loopback(a))
        return 0x10;
    if (ip_is_link_local(a))
        return 0x20;
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0 ? 0x40 : 0;
}

static unsigned addr_flags(const struct ip_iface_addr *a)
{
    return inet_address_flags(a) | (a->detect_until ? IFA_F_OPTIMISTIC | IFA_F_TENTATIVE : 0);
}

static void net_if_inet6(struct text *t)
{
    (void)!ip_start();
    for (const struct ip_iface *i = ip_ifaces; i; i = i->next) {
        for (const struct ip_iface_addr *a = i->addrs; a; a = a->next) {
            if (ip_is_v4(&a->addr))
                continue;
            for (unsigned k = 0; k < 16; k++)
                text_hex(t, a->addr.b[k], 2, '0');
            const unsigned columns[] = {i->index, a->prefix, scope_of(&a->addr), addr_flags(a)};
            for (unsigned k = 0; k < ARRAY_LEN(columns); k++) {
                text_char(t, ' ');
                text_hex(t, columns[k], 2, '0');
            }
            text_char(t, ' ');
            put_name(t, i->name, 8);
            text_char(t, '\n');
        }
    }
}

static void arp_line(void *arg, const struct neighbour *n)
{
    struct text *t = arg;
    bool known = n->state != NEIGHBOUR_INCOMPLETE;
    size_t start = t->len;

    if (!ip_is_v4(&n->addr))
        return;
    for (unsigned i = 12; i < 16; i++) {
        if (i > 12)
            text_char(t, '.');
        dec(t, n->addr.b[i], 0);
    }
    widen(t, start, 17);
    text_str(t, known ? "0x1         0x2         " : "0x1         0x0         ");
    for (unsigned i = 0; i < 6; i++) {
        if (i > 0)
            text_char(t, ':');
        text_hex(t, known ? n->mac[i] : 0, 2, '0');
    }
    text_str(t, "     *        ");
    text_str(t, n->iface->name);
    text_char(t, '\n');
}

static void net_arp(struct text *t)
{
    text_str(t, "IP address       HW type     Flags       HW address            Mask     Device\n");
    neighbour_each(arp_line, t);
}

#define FILE(file, makes)                                                                          \
    {                                                                                              \
        .name = file, .mode = S_IFREG | 0444, .text = makes                                        \
    }

const struct tree_node proc_net[PROC_NET_COUNT] = {
    FILE("arp", net_arp),     FILE("dev", net_dev),   FILE("if_inet6", net_if_inet6),
    FILE("route", net_route), FILE("tcp", net_tcp),   FILE("tcp6", net_tcp6),
    FILE("udp", net_udp),     FILE("udp6", net_udp6), FILE("unix", unix_proc),
};
