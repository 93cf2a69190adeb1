/* SPDX-License-Identifier: MIT
 *
 * The link layer: ARP with conflicts (RFC 826, 5227), neighbour discovery and its states (RFC
 * 4861), duplicate address detection (RFC 4862, 4429, 7527), memberships (RFC 9776, 9777), echo.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/thread/timer.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link mm random */
#include "unit.h"
#include <errno.h>
#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "link/neighbour.h"
#include "net_frames.h"
#include "wire/ip.h"

#define OWN  IP4(10, 0, 0, 1)
#define PEER IP4(10, 0, 0, 2)

static struct frame out, in;

/* fe80::ff:fe00:0, of device 0, the peer, and the groups. */
static const uint8_t own6[16] = {0xfe, 0x80, [11] = 0xff, 0xfe};
static uint8_t own_ll[16], solicited_own[16];
static const uint8_t peer_ll[16] = {0xfe, 0x80, [15] = 2};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t nobody[16];

static struct ip_iface *eth(void)
{
    return ip_iface_by_name("eth0");
}

static int start(void **state)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24,10.0.0.254", NULL};

    (void)state;
    (void)own6;
    fake_reset();
    fake_netdevs = 1;
    fake_settings = settings;
    assert_int_equal(ip_start(), 0);
    struct ip_addr ll = {.b = {0xfe, 0x80}};
    ip_eui64(&fake_netdev[0], &ll);
    memcpy(own_ll, ll.b, 16);
    struct ip_addr s = ip_solicited_node(&ll);
    memcpy(solicited_own, s.b, 16);
    return 0;
}

/* Whether the next frame sent is one. */
static bool sent(void)
{
    out.len = fake_netdev_sent(0, out.b);
    return out.len > 0;
}

static void receive(void)
{
    fake_netdev_receive(0, in.b, in.len, 0);
}

/* The next one sent that is ICMPv6 of (type), or none. */
static bool sent_icmp6(unsigned type)
{
    while (sent())
        if (get16(out.b + 12) == 0x86dd && out.b[20] == 58 && out.b[54] == type)
            return true;
    return false;
}

static void start_announces(void **state)
{
    (void)state;
    /* IPv4: an announcement of the static address; IPv6: a report of the group, a probe with a
     * nonce and from nobody, a router solicitation. */
    assert_true(sent());
    assert_int_equal(get16(out.b + 12), 0x0806);
    assert_int_equal(get32(out.b + 28), OWN);
    assert_int_equal(get32(out.b + 38), OWN);
    assert_true(sent());
    assert_int_equal(out.b[20], 0); /* hop-by-hop, MLDv2 below */
    assert_true(sent());
    assert_int_equal(out.b[54], 135);
    assert_memory_equal(out.b + 22, nobody, 16);
    assert_memory_equal(out.b + 38, solicited_own, 16);
    assert_memory_equal(out.b + 62, own_ll, 16);
    assert_int_equal(out.b[21], 255);
    assert_int_equal(out.b[78], 14);
    assert_true(sent());
    assert_int_equal(out.b[54], 133);
    assert_false(sent());
}

static void arp_frame(unsigned op, const uint8_t mac[6], uint32_t sender, uint32_t target)
{
    ether(&in, all_macs, 0x0806);
    add16(&in, 1);
    add16(&in, 0x0800);
    add8(&in, 6);
    add8(&in, 4);
    add16(&in, op);
    add(&in, mac, 6);
    add32(&in, sender);
    add(&in, nobody, 6);
    add32(&in, target);
}

static void arp_answers(void **state)
{
    (void)state;
    fake_netdev_drop(0);
    arp_frame(1, peer_mac, PEER, OWN);
    receive();
    assert_true(sent());
    assert_memory_equal(out.b, peer_mac, 6);
    assert_int_equal(get16(out.b + 20), 2);
    assert_int_equal(get32(out.b + 28), OWN);
    assert_memory_equal(out.b + 32, peer_mac, 6);
    assert_int_equal(get32(out.b + 38), PEER);
    /* Others' questions, and what is not sound, are not answered. */
    arp_frame(1, peer_mac, PEER, PEER + 1);
    receive();
    for (size_t len = 0; len < 42; len++) {
        arp_frame(1, peer_mac, PEER, OWN);
        in.len = len;
        receive();
    }
    arp_frame(1, peer_mac, PEER, OWN);
    in.b[18] = 5;
    receive();
    assert_false(sent());
    /* A probe is answered, too. */
    arp_frame(1, peer_mac, 0, OWN);
    receive();
    assert_true(sent());
}

static void arp_conflicts_are_defended(void **state)
{
    (void)state;
    fake_netdev_drop(0);
    fake_netdev_pass(20 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    arp_frame(2, peer_mac, OWN, OWN);
    receive();
    receive();
    assert_true(sent());
    assert_int_equal(get16(out.b + 20), 1);
    assert_int_equal(get32(out.b + 28), OWN);
    assert_false(sent());
    fake_netdev_pass(11 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    receive();
    assert_true(sent());
}

static int send_to(uint32_t to)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 100);
    struct ip_ends ends = {.local = ip_from_v4(be32(OWN)), .remote = ip_from_v4(be32(to))};
    struct net_path path = {.ttl = 0};

    memset(p->data, 'x', 100);
    p->len = p->total = 100;
    return ip_output(&ends, &path, 200, p);
}

static void arp_resolves(void **state)
{
    (void)state;
    fake_netdev_drop(0);
    uint32_t to = IP4(10, 0, 0, 77);
    for (int i = 0; i < 20; i++)
        assert_int_equal(send_to(to), 0);
    assert_true(sent());
    assert_int_equal(get16(out.b + 12), 0x0806);
    assert_int_equal(get32(out.b + 38), to);
    assert_false(sent());
    /* What it says of somebody else is of no interest. */
    arp_frame(2, peer_mac, to + 1, OWN);
    receive();
    assert_false(sent());
    arp_frame(2, peer_mac, to, OWN);
    receive();
    for (int i = 0; i < 8; i++) {
        assert_true(sent());
        assert_memory_equal(out.b, peer_mac, 6);
        assert_memory_equal(out.b + 6, fake_netdev[0].mac, 6);
        assert_int_equal(get16(out.b + 12), 0x0800);
        assert_int_equal(get32(out.b + 30), to);
    }
    assert_false(sent());
    assert_int_equal(send_to(to), 0);
    assert_true(sent());
    assert_memory_equal(out.b, peer_mac, 6);
}

static unsigned requests_for(uint32_t to, bool *unicast)
{
    unsigned n = 0;

    while (sent()) {
        if (get16(out.b + 12) != 0x0806 || get32(out.b + 38) != to)
            continue;
        n++;
        *unicast = !(out.b[0] & 1);
    }
    return n;
}

static void neighbours_are_probed(void **state)
{
    bool unicast = false;

    (void)state;
    uint32_t to = IP4(10, 0, 0, 78);
    assert_int_equal(send_to(to), 0);
    arp_frame(2, peer_mac, to, OWN);
    receive();
    fake_netdev_drop(0);
    /* Reachable, then stale; used then: asked for after five seconds, three times, directly. */
    fake_netdev_pass(40 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    assert_int_equal(send_to(to), 0);
    fake_netdev_pass(4 * NSEC_PER_SEC);
    assert_int_equal(requests_for(to, &unicast), 0);
    fake_netdev_pass(1 * NSEC_PER_SEC);
    assert_int_equal(requests_for(to, &unicast), 1);
    assert_true(unicast);
    fake_netdev_pass(20 * NSEC_PER_SEC);
    assert_int_equal(requests_for(to, &unicast), 2);
    /* It is unknown now. */
    assert_int_equal(send_to(to), 0);
    assert_int_equal(requests_for(to, &unicast), 1);
    assert_false(unicast);
    /* Unanswered, packets go. */
    unsigned live = fake_pkt_live;
    fake_netdev_pass(20 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    assert_int_equal(fake_pkt_live, live - 1);
}

static void counting(void *arg, const struct neighbour *n)
{
    (void)n;
    ++*(unsigned *)arg;
}

static void neighbours_are_limited(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        arp_frame(1, peer_mac, IP4(10, 0, 1 + i / 250, 1 + i % 250), OWN);
        receive();
    }
    neighbour_each(counting, &count);
    assert_int_equal(count, 512);
    fake_netdev_drop(0);
    fake_netdev_pass(2000 * NSEC_PER_SEC);
    count = 0;
    neighbour_each(counting, &count);
    assert_int_equal(count, 0);
    fake_netdev_drop(0);
}

/* A neighbour solicitation or advertisement with the address of the peer as option (option). */
static void nd(unsigned type, const uint8_t from[16], const uint8_t to[16], uint32_t flags,
               const uint8_t target[16], unsigned option)
{
    ether(&in, all_macs, 0x86dd);
    ip6(&in, from, to, 58, 255);
    add8(&in, type);
    add8(&in, 0);
    add16(&in, 0);
    add32(&in, flags);
    add(&in, target, 16);
    if (option) {
        add8(&in, option);
        add8(&in, 1);
        add(&in, peer_mac, 6);
    }
    ip6_end(&in, 54, 2, 58);
}

static void ndp_answers(void **state)
{
    (void)state;
    fake_netdev_pass(5 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    nd(135, peer_ll, solicited_own, 0, own_ll, 1);
    receive();
    assert_true(sent_icmp6(136));
    assert_memory_equal(out.b, peer_mac, 6);
    assert_memory_equal(out.b + 38, peer_ll, 16);
    assert_int_equal(get32(out.b + 58), ND_SOLICITED | ND_OVERRIDE);
    assert_memory_equal(out.b + 62, own_ll, 16);
    assert_int_equal(out.b[78], 2);
    assert_memory_equal(out.b + 80, fake_netdev[0].mac, 6);
    /* From further away, with a wrong checksum, cut off, with options of no length: nothing. */
    nd(135, peer_ll, solicited_own, 0, own_ll, 1);
    in.b[21] = 254;
    receive();
    nd(135, peer_ll, solicited_own, 0, own_ll, 1);
    in.b[57] ^= 1;
    receive();
    nd(135, peer_ll, solicited_own, 0, own_ll, 1);
    in.b[79] = 0;
    ip6_end(&in, 54, 2, 58);
    receive();
    nd(135, peer_ll, solicited_own, 0, own_ll, 0);
    in.len -= 4;
    ip6_end(&in, 54, 2, 58);
    receive();
    assert_false(sent());
    /* Who checks whether the address is free learns that it is not. */
    nd(135, nobody, solicited_own, 0, own_ll, 0);
    receive();
    assert_true(sent_icmp6(136));
    assert_memory_equal(out.b + 38, all_nodes, 16);
    assert_int_equal(get32(out.b + 58), ND_OVERRIDE);
}

static void add_address(const uint8_t a[16])
{
    struct ip_addr addr = ip_from_v6(a);

    fake_netdev_drop(0);
    assert_int_equal(ip_iface_add_addr(eth(), &addr, 64, false, DEADLINE_NEVER, DEADLINE_NEVER), 0);
}

static bool is_ours(const uint8_t a[16])
{
    struct ip_addr addr = ip_from_v6(a);

    return ip_addr_owner(&addr, false) == eth();
}

static void duplicates_are_given_up(void **state)
{
    uint8_t a[16] = {0x20, 1, 0xd, 0xb8, [15] = 9}, group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 9};
    struct frame probe;

    (void)state;
    /* Somebody has it. */
    add_address(a);
    assert_true(is_ours(a));
    nd(136, peer_ll, all_nodes, ND_OVERRIDE, a, 2);
    receive();
    assert_false(is_ours(a));
    fake_netdev_drop(0);
    nd(135, peer_ll, group, 0, a, 1);
    receive();
    assert_false(sent_icmp6(136));
    /* Somebody wants it at the same time. */
    a[15] = group[15] = 10;
    add_address(a);
    nd(135, nobody, group, 0, a, 0);
    receive();
    assert_false(is_ours(a));
    /* What comes back is our own question. */
    a[15] = group[15] = 11;
    add_address(a);
    assert_true(sent_icmp6(135));
    probe = out;
    fake_netdev_receive(0, probe.b, probe.len, 0);
    assert_true(is_ours(a));
    /* While it goes on we do not override others, nor tell our address unasked. */
    fake_netdev_drop(0);
    nd(135, peer_ll, group, 0, a, 1);
    receive();
    assert_true(sent_icmp6(136));
    assert_int_equal(get32(out.b + 58), ND_SOLICITED);
    /* After a second it is over, and announced. */
    fake_netdev_drop(0);
    fake_netdev_pass(NSEC_PER_SEC);
    assert_true(sent_icmp6(136));
    assert_memory_equal(out.b + 38, all_nodes, 16);
    nd(136, peer_ll, all_nodes, ND_OVERRIDE, a, 2);
    receive();
    assert_true(is_ours(a));
}

static void echo_is_answered(void **state)
{
    (void)state;
    arp_frame(1, peer_mac, PEER, OWN);
    receive();
    for (size_t piece = 0; piece < 60; piece += 20) {
        fake_netdev_drop(0);
        ether(&in, fake_netdev[0].mac, 0x0800);
        ip4(&in, PEER, OWN, 1, 5, 0);
        add8(&in, 8);
        add8(&in, 0);
        add16(&in, 0);
        add32(&in, 0x12345678);
        for (int i = 0; i < 300; i++)
            add8(&in, (unsigned)i);
        sum_at(in.b + 34, in.len - 34);
        ip4_end(&in);
        fake_netdev_receive(0, in.b, in.len, piece);
        assert_true(sent());
        assert_int_equal(out.len, in.len);
        assert_int_equal(out.b[34], 0);
        assert_memory_equal(out.b + 38, in.b + 38, 304);
        assert_int_equal(naive_sum(0, out.b + 34, out.len - 34), 0xffff);
        assert_int_equal(naive_sum(0, out.b + 14, 20), 0xffff);
    }
    /* Not what was sent to everybody. */
    ether(&in, all_macs, 0x0800);
    ip4(&in, PEER, IP4(10, 0, 0, 255), 1, 5, 0);
    add32(&in, 0x08000000);
    add32(&in, 0);
    sum_at(in.b + 34, 8);
    ip4_end(&in);
    receive();
    assert_false(sent());
}

static void vlans_are_dropped(void **state)
{
    uint64_t before = fake_netdev[0].counts.rx_dropped;

    (void)state;
    ether(&in, fake_netdev[0].mac, 0x8100);
    add32(&in, 0x00010800);
    receive();
    assert_int_equal(fake_netdev[0].counts.rx_dropped, before + 1);
}

static bool sent_igmp(unsigned type)
{
    while (sent())
        if (get16(out.b + 12) == 0x0800 && out.b[23] == 2 && out.b[38] == type)
            return true;
    return false;
}

static bool sent_mld(unsigned type)
{
    while (sent())
        if (get16(out.b + 12) == 0x86dd && out.b[20] == 0 && out.b[62] == type)
            return true;
    return false;
}

/* A query; (len) 8: of the former version. */
static void igmp_query(uint32_t group, unsigned code, size_t len)
{
    ether(&in, all_macs, 0x0800);
    ip4(&in, PEER, IP4(224, 0, 0, 1), 2, 0, 0);
    in.b[22] = 1;
    add8(&in, 0x11);
    add8(&in, code);
    add16(&in, 0);
    add32(&in, group);
    if (len > 8)
        add32(&in, 0x027d0000);
    sum_at(in.b + 34, in.len - 34);
    ip4_end(&in);
    receive();
}

static void igmp_reports(void **state)
{
    struct ip_addr group = ip_from_v4(be32(IP4(239, 1, 2, 3)));

    (void)state;
    fake_netdev_pass(10 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    assert_int_equal(ip_group_join(eth(), &group), 0);
    assert_int_equal(ip_group_join(eth(), &group), 0);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    for (int i = 0; i < 2; i++) {
        assert_true(sent_igmp(0x22));
        assert_int_equal(get32(out.b + 30), IP4(224, 0, 0, 22));
        assert_int_equal(out.b[0], 1); /* 01:00:5e:00:00:16 */
        assert_int_equal(out.b[5], 22);
        assert_int_equal(out.b[22], 1);
        assert_int_equal(get32(out.b + 34), 0x94040000);
        assert_int_equal(naive_sum(0, out.b + 14, 24), 0xffff);
        assert_int_equal(naive_sum(0, out.b + 38, 16), 0xffff);
        assert_int_equal(get16(out.b + 44), 1);
        assert_int_equal(out.b[46], 4);
        assert_int_equal(get32(out.b + 50), IP4(239, 1, 2, 3));
    }
    assert_false(sent_igmp(0x22));
    /* General queries, a few at once: one answer, in time. */
    igmp_query(0, 20, 12);
    igmp_query(0, 20, 12);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x22));
    assert_int_equal(out.b[46], 2);
    assert_false(sent_igmp(0x22));
    igmp_query(IP4(239, 1, 2, 3), 20, 12);
    igmp_query(IP4(239, 1, 2, 4), 20, 12);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x22));
    assert_false(sent_igmp(0x22));
    /* Leaving, with the last of both. */
    assert_int_equal(ip_group_leave(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_false(sent_igmp(0x22));
    assert_int_equal(ip_group_leave(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    for (int i = 0; i < 2; i++) {
        assert_true(sent_igmp(0x22));
        assert_int_equal(out.b[46], 3);
    }
    assert_int_equal(ip_group_leave(eth(), &group), -EADDRNOTAVAIL);
    /* A router of version 2. */
    igmp_query(0, 20, 8);
    assert_int_equal(ip_group_join(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x16));
    assert_int_equal(get32(out.b + 30), IP4(239, 1, 2, 3));
    fake_netdev_drop(0);
    assert_int_equal(ip_group_leave(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x17));
    assert_int_equal(get32(out.b + 30), IP4(224, 0, 0, 2));
    /* Version 3 again, after a while. */
    fake_netdev_pass(300 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    assert_int_equal(ip_group_join(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x22));
    assert_int_equal(ip_group_leave(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    fake_netdev_drop(0);
}

/* The next report is one of a record of (type) with these IPv4 sources, told twice. */
static void expect_record(unsigned type, unsigned count, const uint32_t *source)
{
    fake_netdev_pass(5 * NSEC_PER_SEC);
    for (int i = 0; i < 2; i++) {
        assert_true(sent_igmp(0x22));
        assert_int_equal(get16(out.b + 44), 1);
        assert_int_equal(out.b[46], type);
        assert_int_equal(get16(out.b + 48), count);
        assert_int_equal(get32(out.b + 50), IP4(232, 1, 2, 3));
        for (unsigned n = 0; n < count; n++)
            assert_int_equal(get32(out.b + 54 + n * 4), source[n]);
        assert_int_equal(naive_sum(0, out.b + 38, 16 + count * 4), 0xffff);
    }
    assert_false(sent_igmp(0x22));
}

/* Groups of some sources (RFC 9776, 4.2.13, 5.1). */
static void igmp_sources(void **state)
{
    struct ip_addr group = ip_from_v4(be32(IP4(232, 1, 2, 3)));
    const struct ip_addr a[2] = {ip_from_v4(be32(IP4(10, 0, 0, 7))), ip_from_v4(be32(IP4(10, 0, 0, 8)))};
    const uint32_t seven = IP4(10, 0, 0, 7), eight = IP4(10, 0, 0, 8), both[2] = {seven, eight};
    struct ip_filter f = {.include = true, .count = 1, .source = a};

    (void)state;
    fake_netdev_pass(300 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), -EADDRNOTAVAIL);
    /* A membership without sources is nothing to tell. */
    assert_int_equal(ip_group_set(eth(), &group, 1, &(struct ip_filter){.include = true}), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_false(sent_igmp(0x22));
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(5, 1, &seven);
    f.count = 2;
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(5, 1, &eight);
    igmp_query(0, 20, 12);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent_igmp(0x22));
    assert_int_equal(out.b[46], 1);
    assert_int_equal(get16(out.b + 48), 2);
    assert_int_equal(get32(out.b + 54), seven);
    assert_int_equal(get32(out.b + 58), eight);
    f.count = 1;
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(6, 1, &eight);
    /* All but some, all, and some again. */
    f = (struct ip_filter){.count = 2, .source = a};
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(4, 2, both);
    f.count = 1;
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(5, 1, &eight);
    f = (struct ip_filter){.include = true, .count = 2, .source = a};
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    expect_record(3, 2, both);
    /* The network's own membership is of all. */
    assert_int_equal(ip_group_join(eth(), &group), 0);
    expect_record(4, 0, NULL);
    assert_int_equal(ip_group_set(eth(), &group, 0, &f), 0);
    assert_int_equal(ip_group_leave(eth(), &group), 0);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    assert_false(sent_igmp(0x22));
    assert_int_equal(ip_group_set(eth(), &group, -1, &(struct ip_filter){.include = true}), 0);
    expect_record(3, 0, NULL);
}

static void mld_query(const uint8_t group[16], unsigned ms, size_t len, unsigned hops)
{
    ether(&in, all_macs, 0x86dd);
    ip6(&in, peer_ll, all_nodes, 58, hops);
    add32(&in, 130u << 24);
    add16(&in, ms);
    add16(&in, 0);
    add(&in, group, 16);
    if (len > 24)
        add32(&in, 0x027d0000);
    ip6_end(&in, 54, 2, 58);
    receive();
}

static void mld_reports(void **state)
{
    (void)state;
    fake_netdev_pass(10 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    mld_query(nobody, 1000, 28, 1);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent_mld(143));
    static const uint8_t routers[16] = {0xff, 2, [15] = 0x16};
    assert_memory_equal(out.b + 22, own_ll, 16);
    assert_memory_equal(out.b + 38, routers, 16);
    assert_int_equal(get32(out.b + 54), 58u << 24 | 0x000502u);
    unsigned n = get16(out.b + 68);
    assert_true(n >= 1);
    bool found = false;
    for (unsigned i = 0; i < n; i++)
        found |= memcmp(out.b + 70 + i * 20 + 4, solicited_own, 16) == 0;
    assert_true(found);
    uint32_t sum = naive_sum((uint32_t)out.len - 62 + 58, out.b + 22, 32);
    assert_int_equal(naive_sum(sum, out.b + 62, out.len - 62), 0xffff);
    assert_false(sent_mld(143));
    /* Not from further away. */
    mld_query(nobody, 1000, 28, 2);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_false(sent_mld(143));
    mld_query(nobody, 1000, 24, 1);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent_mld(131));
    fake_netdev_pass(300 * NSEC_PER_SEC);
    fake_netdev_drop(0);
}

/* A message of a router: head with lifetime (seconds), options to be added; ra_end sends it. */
static void ra(unsigned lifetime, unsigned flags)
{
    ether(&in, all_macs, 0x86dd);
    ip6(&in, peer_ll, all_nodes, 58, 255);
    add32(&in, 134u << 24);
    add8(&in, 0);
    add8(&in, flags);
    add16(&in, lifetime);
    add32(&in, 0);
    add32(&in, 0);
}

static void ra_prefix(const uint8_t prefix[16], unsigned flags, uint32_t valid, uint32_t preferred)
{
    add8(&in, 3);
    add8(&in, 4);
    add8(&in, 64);
    add8(&in, flags);
    add32(&in, valid);
    add32(&in, preferred);
    add32(&in, 0);
    add(&in, prefix, 16);
}

static void ra_end(void)
{
    ip6_end(&in, 54, 2, 58);
    receive();
}

static const struct ip_route *route_by(const uint8_t gateway[16], unsigned prefix)
{
    const struct ip_route *r = ip_routes;

    while (r && (memcmp(r->gateway.b, gateway, 16) != 0 || r->prefix != prefix || r->origin != 9))
        r = r->next;
    return r;
}

static struct ip_iface_addr *address(const uint8_t prefix[16])
{
    struct ip_addr addr = ip_from_v6(prefix);

    ip_eui64(&fake_netdev[0], &addr);
    struct ip_iface_addr *a = eth()->addrs;
    while (a && !ip_equal(&a->addr, &addr))
        a = a->next;
    return a;
}

static void routers_come_and_go(void **state)
{
    (void)state;
    ra(1800, 0x08);
    ra_end();
    const struct ip_route *r = route_by(peer_ll, 0);
    assert_non_null(r);
    assert_int_equal(r->metric, 1023);
    ra(1800, 0x18);
    ra_end();
    assert_int_equal(route_by(peer_ll, 0)->metric, 1025);
    ra(1800, 0x10);
    ra_end();
    assert_int_equal(route_by(peer_ll, 0)->metric, 1024);
    fake_netdev_pass(1799 * NSEC_PER_SEC);
    assert_non_null(route_by(peer_ll, 0));
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_null(route_by(peer_ll, 0));
    ra(1800, 0);
    ra_end();
    ra(0, 0);
    ra_end();
    assert_null(route_by(peer_ll, 0));
    /* Not from further away, nor from a global address, nor with a bad option. */
    ra(1800, 0);
    in.b[21] = 64;
    ra_end();
    ra(1800, 0);
    in.b[22] = 0x20;
    ra_end();
    ra(1800, 0);
    add32(&in, 0x05000000);
    add32(&in, 1400);
    ra_end();
    assert_null(route_by(peer_ll, 0));
}

static void addresses_of_routers(void **state)
{
    uint8_t p[16] = {0x20, 1, 0xd, 0xb8, 0, 1};

    (void)state;
    ra(1800, 0);
    ra_prefix(p, 0xc0, 86400, 14400);
    ra_end();
    struct ip_iface_addr *a = address(p);
    assert_non_null(a);
    assert_int_equal(a->state, IP_ADDR_PREFERRED);
    assert_non_null(route_by(nobody, 64));
    /* Lifetimes are not cut below two hours. */
    ra(1800, 0);
    ra_prefix(p, 0xc0, 60, 0);
    ra_end();
    assert_int_equal(a->state, IP_ADDR_DEPRECATED);
    assert_true(a->valid_until == fake.now + 7200 * NSEC_PER_SEC);
    fake_netdev_pass(3600 * NSEC_PER_SEC);
    ra(1800, 0);
    ra_prefix(p, 0xc0, 60, 30);
    ra_end();
    assert_int_equal(a->state, IP_ADDR_PREFERRED);
    assert_true(a->valid_until == fake.now + 3600 * NSEC_PER_SEC);
    /* The network itself ends at once. */
    ra(1800, 0);
    ra_prefix(p, 0xc0, 0, 0);
    ra_end();
    assert_null(route_by(nobody, 64));
    ra(1800, 0);
    ra_prefix(p, 0xc0, 10000, 100);
    ra_end();
    assert_true(a->valid_until == fake.now + 10000 * NSEC_PER_SEC);
    fake_netdev_pass(101 * NSEC_PER_SEC);
    assert_int_equal(a->state, IP_ADDR_DEPRECATED);
    fake_netdev_pass(9900 * NSEC_PER_SEC);
    assert_null(address(p));
    /* An address ends, its network does not. */
    ra(1800, 0);
    ra_prefix(p, 0xc0, 8000, 8000);
    ra_end();
    ra(1800, 0);
    ra_prefix(p, 0x80, 80000, 8000);
    ra_end();
    fake_netdev_pass(8001 * NSEC_PER_SEC);
    assert_null(address(p));
    assert_non_null(route_by(nobody, 64));
    fake_netdev_pass(72000 * NSEC_PER_SEC);
    assert_null(route_by(nobody, 64));
    /* None that ends before it begins, of link-local ones, or of other lengths. */
    ra(1800, 0);
    ra_prefix(p, 0xc0, 100, 200);
    uint8_t ll[16] = {0xfe, 0x80};
    ra_prefix(ll, 0xc0, 1000, 1000);
    ra_end();
    assert_null(address(p));
    /* No more than sixteen, however many are told. */
    for (unsigned i = 0; i < 100; i++) {
        p[5] = (uint8_t)(2 + i);
        ra(1800, 0);
        ra_prefix(p, 0xc0, 1000, 1000);
        ra_end();
    }
    unsigned count = 0, routes = 0;
    for (a = eth()->addrs; a; a = a->next)
        count += a->dynamic;
    for (const struct ip_route *r = ip_routes; r; r = r->next)
        routes += r->origin == 9;
    assert_int_equal(count, 16);
    assert_int_equal(routes, 24);
    fake_netdev_pass(2000 * NSEC_PER_SEC);
    count = 0;
    for (a = eth()->addrs; a; a = a->next)
        count += a->dynamic;
    assert_int_equal(count, 0);
    fake_netdev_drop(0);
}

/* To whom the next packet for far away goes. */
static const struct ip_addr *gateway(void)
{
    static struct ip_addr to;
    struct ip_ends ends = {.remote = {.b = {0x20, 2, [15] = 1}}};
    struct net_path path = {.ttl = 0};
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 8);

    memset(p->data, 0, 8);
    p->len = p->total = 8;
    fake_netdev_drop(0);
    assert_int_equal(ip_route(&ends, &path), 0);
    assert_int_equal(ip_output(&ends, &path, 200, p), 0);
    assert_true(sent());
    if (out.b[20] == 58) /* it is asked for */
        memcpy(to.b, out.b + 62, 16);
    else
        memcpy(to.b, peer_ll, 16);
    return &to;
}

static void routers_that_do_not_answer(void **state)
{
    static const uint8_t second[16] = {0xfe, 0x80, [15] = 3};
    uint8_t p[16] = {0x20, 1, 0xd, 0xb8, 0, 9};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        ra(9000, i ? 0x18 : 0);
        if (i)
            memcpy(in.b + 22, second, 16);
        ra_prefix(p, 0xc0, 9000, 9000);
        ra_end();
    }
    assert_memory_equal(gateway()->b, peer_ll, 16);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    assert_memory_equal(gateway()->b, second, 16);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    assert_memory_equal(gateway()->b, peer_ll, 16); /* neither does */
    fake_netdev_pass(10 * NSEC_PER_SEC);
    /* The first one again. */
    ra(9000, 0);
    add16(&in, 0x0101);
    add(&in, peer_mac, 6);
    ra_end();
    assert_memory_equal(gateway()->b, peer_ll, 16);
    assert_memory_equal(out.b, peer_mac, 6);
    fake_netdev_pass(10000 * NSEC_PER_SEC);
    fake_netdev_drop(0);
}

static void carrier_comes_back(void **state)
{
    bool arp = false, solicited = false;

    (void)state;
    fake_netdev_drop(0);
    fake_netdev[0].link = false;
    fake_netdev[0].link_changed(&fake_netdev[0]);
    assert_false(sent());
    fake_netdev[0].link = true;
    fake_netdev[0].link_changed(&fake_netdev[0]);
    while (sent()) {
        arp |= get16(out.b + 12) == 0x0806 && get32(out.b + 28) == OWN;
        solicited |= get16(out.b + 12) == 0x86dd && out.b[54] == 133;
    }
    assert_true(arp && solicited);
}

static void names_of_routers(void **state)
{
    uint8_t server[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x53};

    (void)state;
    ra(1800, 0);
    add32(&in, 0x19030000);
    add32(&in, 600);
    add(&in, server, 16);
    add32(&in, 0x1f030000);
    add32(&in, 300);
    add(&in, "\7example\3org\0\0\0\0", 16);
    add32(&in, 0x05010000);
    add32(&in, 1400);
    ra_end();
    assert_int_equal(ip_names.count, 1);
    assert_memory_equal(ip_names.server[0].b, server, 16);
    assert_string_equal(ip_names.search, "example.org");
    assert_int_equal(eth()->mtu6, 1400);
    fake_netdev_pass(400 * NSEC_PER_SEC);
    assert_string_equal(ip_names.search, "");
    assert_int_equal(ip_names.count, 1);
    fake_netdev_pass(400 * NSEC_PER_SEC);
    assert_int_equal(ip_names.count, 0);
    /* An MTU that no link of IPv6 has, or that is not ours. */
    ra(1800, 0);
    add32(&in, 0x05010000);
    add32(&in, 1000);
    add32(&in, 0x05010000);
    add32(&in, 9000);
    ra_end();
    assert_int_equal(eth()->mtu6, 1400);
    fake_netdev_drop(0);
}

static int all_is_freed(void **state)
{
    (void)state;
    fake_netdev_pass(4000 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    return fake_pkt_live ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_announces),
        cmocka_unit_test(arp_answers),
        cmocka_unit_test(arp_conflicts_are_defended),
        cmocka_unit_test(arp_resolves),
        cmocka_unit_test(neighbours_are_probed),
        cmocka_unit_test(neighbours_are_limited),
        cmocka_unit_test(ndp_answers),
        cmocka_unit_test(duplicates_are_given_up),
        cmocka_unit_test(echo_is_answered),
        cmocka_unit_test(vlans_are_dropped),
        cmocka_unit_test(igmp_reports),
        cmocka_unit_test(igmp_sources),
        cmocka_unit_test(mld_reports),
        cmocka_unit_test(routers_come_and_go),
        cmocka_unit_test(addresses_of_routers),
        cmocka_unit_test(routers_that_do_not_answer),
        cmocka_unit_test(carrier_comes_back),
        cmocka_unit_test(names_of_routers),
    };
    return cmocka_run_group_tests(tests, start, all_is_freed);
}
