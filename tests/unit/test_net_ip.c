/* SPDX-License-Identifier: MIT
 *
 * IP, ICMP and UDP: what is refused (RFC 1122, 8200), fragments both ways in any order (RFC 791,
 * 815, 5722, 6946), errors sent and received (RFC 792, 4443), path MTU (RFC 1191, 8201), delivery
 * to oneself, checksums.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link udp mm random */
#include "unit.h"
#include <errno.h>

#include "fake_pkt.h"
#include "fake_plat.h"
#include "iface/lend.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"
#include "udp/udp.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define OWN    IP4(10, 0, 0, 1)
#define PEER   IP4(10, 0, 0, 2)
#define FAR    IP4(8, 8, 8, 8)
#define NUMBER 200 /* of a transport of this test's */

static const uint8_t own6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t peer6[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};

static struct frame in, out;

/* What the transport was given last, and how often. */
static struct {
    unsigned count;
    size_t len;
    uint8_t data[1 << 17];
    struct ip_rx rx;
    struct ip_ends ends;
} got;

static void input(struct ip_ends *ends, struct pkt *p)
{
    got.count++;
    got.len = p->total;
    got.ends = *ends;
    memcpy(&got.rx, p->cb, sizeof(got.rx));
    pkt_copy(p, 0, got.data, p->total);
    pkt_free(p);
}

static struct ip_protocol transport = {.number = NUMBER, .min_len = 0, .input = input};

static void know_peers(void)
{
    ether(&in, fake_netdev[0].mac, 0x0806);
    add32(&in, 0x00010800);
    add32(&in, 0x06040001);
    add(&in, peer_mac, 6);
    add32(&in, PEER);
    add(&in, fake_netdev[0].mac, 6);
    add32(&in, OWN);
    fake_netdev_receive(0, in.b, in.len, 0);
    ether(&in, fake_netdev[0].mac, 0x86dd);
    ip6(&in, peer6, own6, 58, 255);
    add32(&in, 135u << 24);
    add32(&in, 0);
    add(&in, own6, 16);
    add16(&in, 0x0101);
    add(&in, peer_mac, 6);
    ip6_end(&in, 54, 2, 58);
    fake_netdev_receive(0, in.b, in.len, 0);
    fake_netdev_drop(0);
}

static int start(void **state)
{
    static const char *const settings[] = {"net0.ip=10.0.0.1/24,10.0.0.2",
                                           "net0.ip=2001:db8::1/64,2001:db8::2", NULL};

    (void)state;
    fake_reset();
    fake_netdevs = 1;
    fake_settings = settings;
    assert_int_equal(ip_start(), 0);
    ip_protocol_add(&transport);
    fake_netdev_pass(5 * NSEC_PER_SEC);
    know_peers();
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    fake_netdev_pass(100 * NSEC_PER_SEC);
    know_peers();
    got.count = 0;
    return 0;
}

/* No packet may be left once fragments have had their time. */
static int nothing_left(void **state)
{
    (void)state;
    fake_netdev_pass(100 * NSEC_PER_SEC);
    fake_netdev_drop(0);
    return fake_pkt_live ? -1 : 0;
}

static bool sent(void)
{
    out.len = fake_netdev_sent(0, out.b);
    return out.len > 0;
}

static void receive(void)
{
    fake_netdev_receive(0, in.b, in.len, 0);
}

static void checksums(void **state)
{
    static uint8_t data[4000];
    uint64_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random_next(&seed);
    for (int i = 0; i < 20000; i++) {
        size_t off = random_below(&seed, 64), len = random_below(&seed, i % 2 ? 3000 : 70);
        memset(data + off, i % 3 ? data[0] : 0xff, len / 2);
        uint32_t naive = naive_sum(0, data + off, len);
        uint16_t sum = checksum_fold(checksum_add(0, data + off, len));
        assert_int_equal(__builtin_bswap16(sum) % 0xffff, naive % 0xffff);
    }
    /* Over pieces of any length. */
    for (int i = 0; i < 2000; i++) {
        struct pkt *p = NULL;
        size_t len = 0, n = 1 + random_below(&seed, 6);
        for (size_t k = 0; k < n; k++) {
            size_t l = random_below(&seed, 40);
            struct pkt *q = pkt_alloc(0, l);
            memcpy(q->data, data + len, l);
            q->len = q->total = (uint32_t)l;
            len += l;
            if (p)
                pkt_append(p, q);
            else
                p = q;
        }
        size_t off = random_below(&seed, len + 1);
        size_t part = random_below(&seed, len - off + 1);
        uint16_t sum = checksum_fold(checksum_add_pkt(0, p, off, part));
        assert_int_equal(__builtin_bswap16(sum) % 0xffff, naive_sum(0, data + off, part) % 0xffff);
        pkt_free(p);
    }
}

/* A packet of the transport; to be changed before receive. */
static void packet4(uint32_t from, uint32_t to)
{
    ether(&in, fake_netdev[0].mac, 0x0800);
    ip4(&in, from, to, NUMBER, 1, 0);
    add(&in, "payload", 8);
    ip4_end(&in);
}

static void bad_headers_of_v4(void **state)
{
    (void)state;
    packet4(PEER, OWN);
    receive();
    assert_int_equal(got.count, 1);
    assert_int_equal(got.len, 8);
    assert_string_equal((char *)got.data, "payload");
    /* Padding of the link is taken away. */
    add(&in, "padding of Ethernet", 20);
    receive();
    assert_int_equal(got.count, 2);
    assert_int_equal(got.len, 8);
    got.count = 0;
    for (size_t len = 14; len < 42; len++)
        fake_netdev_receive(0, in.b, len, 0);
    for (size_t bit = 0; bit < 160; bit++) { /* any bit: the checksum */
        packet4(PEER, OWN);
        in.b[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        receive();
    }
    static const uint8_t heads[] = {0x55, 0x44, 0x4f, 0x05};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        packet4(PEER, OWN);
        in.b[14] = heads[i];
        put16(in.b + 24, 0);
        put16(in.b + 24, ~naive_sum(0, in.b + 14, 20) & 0xffff);
        receive();
    }
    packet4(PEER, OWN);
    put16(in.b + 16, 19);
    put16(in.b + 24, 0);
    put16(in.b + 24, ~naive_sum(0, in.b + 14, 20) & 0xffff);
    receive();
    assert_int_equal(got.count, 0);
    assert_false(sent());
}

static void martians(void **state)
{
    static const uint32_t from[] = {
        IP4(127, 0, 0, 1), IP4(224, 0, 0, 1), 0xffffffff, IP4(10, 0, 0, 255), OWN, 0,
        IP4(0, 1, 2, 3)};
    static const uint32_t to[] = {IP4(127, 0, 0, 1), IP4(10, 0, 0, 3), IP4(239, 1, 1, 1)};
    static const uint8_t loopback[16] = {[15] = 1}, nobody[16], group[16] = {0xff, 2, [15] = 1},
                         own_scope[16] = {0xff, 1, [15] = 1},
                         mapped[16] = {[10] = 0xff, 0xff, 10, 0, 0, 2};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        packet4(from[i], OWN);
        receive();
    }
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        packet4(PEER, to[i]);
        receive();
    }
    const uint8_t *from6[] = {loopback, nobody, group, mapped, own6};
    for (size_t i = 0; i < ARRAY_LEN(from6) + 3; i++) {
        ether(&in, fake_netdev[0].mac, 0x86dd);
        ip6(&in, i < 5 ? from6[i] : peer6,
            i < 5    ? own6
            : i == 5 ? own_scope
            : i == 6 ? loopback
                     : mapped,
            NUMBER, 64);
        add(&in, "payload", 8);
        put16(in.b + 18, 8);
        receive();
    }
    assert_int_equal(got.count, 0);
    ether(&in, fake_netdev[0].mac, 0x86dd);
    ip6(&in, peer6, group, NUMBER, 64);
    add(&in, "payload", 8);
    put16(in.b + 18, 8);
    receive();
    packet4(PEER, 0xffffffff);
    receive();
    packet4(PEER, IP4(10, 0, 0, 255));
    receive();
    assert_int_equal(got.count, 3);
    assert_false(sent());
}

static void options_of_v4(void **state)
{
    static const struct {
        uint8_t bytes[8];
        bool fine;
    } options[] = {
        {{1, 1, 1, 0, 1, 131, 0, 0}, true},  {{7, 7, 4, 0, 0, 0, 0, 0}, true},
        {{148, 4, 0, 0, 1, 1, 1, 1}, true},  {{131, 7, 4, 8, 8, 8, 8, 0}, false},
        {{137, 7, 4, 8, 8, 8, 8, 0}, false}, {{7, 0, 0, 0, 0, 0, 0, 0}, false},
        {{7, 1, 0, 0, 0, 0, 0, 0}, false},   {{7, 9, 0, 0, 0, 0, 0, 0}, false},
        {{1, 1, 1, 1, 1, 1, 1, 7}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        got.count = 0;
        ether(&in, fake_netdev[0].mac, 0x0800);
        ip4(&in, PEER, OWN, NUMBER, 1, 0);
        in.b[14] = 0x47;
        add(&in, options[i].bytes, 8);
        add(&in, "payload", 8);
        ip4_end(&in);
        receive();
        if (got.count != options[i].fine)
            fail_msg("options %zu", i);
    }
}

/* An IPv6 packet of extension headers (ext), (next) the first of them, then "payload". */
static void packet6(const void *ext, size_t len, unsigned next)
{
    ether(&in, fake_netdev[0].mac, 0x86dd);
    ip6(&in, peer6, own6, next, 64);
    add(&in, ext, len);
    add(&in, "payload", 8);
    put16(in.b + 18, (unsigned)len + 8);
    receive();
}

static void extension_headers(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint8_t next, count, code; /* of the parameter problem; 255: silence */
        uint8_t pointer;
    } cases[] = {
        {"\310\0\1\4\0\0\0\0", 8, 0, 1, 255, 0},
        {"\310\0\1\4\0\0\0\0", 8, 60, 1, 255, 0},
        {"\310\0\0\0\0\0\0\0", 8, 43, 1, 255, 0},
        {"\74\0\1\4\0\0\0\0\310\0\5\2\0\0\0\0", 16, 0, 1, 255, 0},
        {"\310\0\36\4\0\0\0\0", 8, 0, 1, 255, 0},  /* unknown, to be passed over */
        {"\310\0\136\4\0\0\0\0", 8, 0, 0, 255, 0}, /* dropped */
        {"\310\0\236\4\0\0\0\0", 8, 0, 0, 2, 42},  /* told */
        {"\310\0\336\4\0\0\0\0", 8, 60, 0, 2, 42}, /* told, as this is no group */
        {"\310\0\0\1\0\0\0\0", 8, 43, 0, 0, 42},   /* segments left */
        {"\310\0\1\5\0\0\0\0", 8, 0, 0, 255, 0},   /* beyond its end */
        {"\310\5\1\4\0\0\0\0", 8, 0, 0, 255, 0},   /* beyond the packet's */
        {"\0\0\1\4\0\0\0\0", 8, 60, 0, 255, 0},    /* hop-by-hop is first */
        {"", 0, 59, 0, 255, 0},
        {"", 0, 201, 0, 1, 6},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_netdev_drop(0);
        got.count = 0;
        packet6(cases[i].bytes, cases[i].len, cases[i].next);
        bool told = sent();
        if (got.count != cases[i].count || told != (cases[i].code != 255) ||
            (told && (out.b[54] != 4 || out.b[55] != cases[i].code ||
                      get32(out.b + 58) != cases[i].pointer)))
            fail_msg("case %zu: %u delivered, told %d: %u %u %u", i, got.count, told, out.b[54],
                     out.b[55], get32(out.b + 58));
    }
    /* Endless headers end. */
    char many[80];
    for (int i = 0; i < 10; i++)
        memcpy(many + i * 8, "\74\0\1\4\0\0\0\0", 8);
    got.count = 0;
    packet6(many, 80, 60);
    assert_int_equal(got.count, 0);
}

/* A fragment (off, len) of a payload whose byte (i) is i * 13 + i / 251. */
static void fragment(bool v6, unsigned id, size_t off, size_t len, bool more)
{
    ether(&in, fake_netdev[0].mac, v6 ? 0x86dd : 0x0800);
    if (v6) {
        ip6(&in, peer6, own6, 44, 64);
        add8(&in, NUMBER);
        add8(&in, 0);
        add16(&in, (unsigned)off | more);
        add32(&in, id);
    } else {
        ip4(&in, PEER, OWN, NUMBER, id, (unsigned)off / 8 | (more ? 0x2000 : 0));
    }
    for (size_t i = off; i < off + len; i++)
        add8(&in, (unsigned)(i * 13 + i / 251));
    if (v6)
        put16(in.b + 18, (unsigned)(in.len - 54));
    else
        ip4_end(&in);
    receive();
}

static bool got_whole(size_t len)
{
    if (got.count != 1 || got.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (got.data[i] != (uint8_t)(i * 13 + i / 251))
            return false;
    return true;
}

static void fragments_in_all_orders(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        for (unsigned order = 0; order < 120; order++) {
            unsigned left[5] = {0, 1, 2, 3, 4}, n = 5, o = order;
            got.count = 0;
            while (n > 0) {
                unsigned pick = o % n, f = left[pick];
                o /= n;
                left[pick] = left[--n];
                fragment(v6, 1000 + order, f * 16, f == 4 ? 5 : 16, f != 4);
                if (n)
                    assert_int_equal(got.count, 0);
                /* An exact repetition changes nothing. */
                if (n)
                    fragment(v6, 1000 + order, f * 16, f == 4 ? 5 : 16, f != 4);
            }
            assert_true(got_whole(69));
            assert_int_equal(got.rx.frag_size, (v6 ? 48 : 20) + 16);
            assert_int_equal(got.rx.protocol, NUMBER);
        }
    }
}

static void fragments_at_random(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        bool v6 = round % 2;
        size_t cuts[40], n = 1 + random_below(&seed, 39), at = 0;
        for (size_t i = 0; i < n; i++) {
            cuts[i] = at;
            at += 8 * (1 + random_below(&seed, 180));
        }
        size_t len = at - random_below(&seed, 8), order[40];
        for (size_t i = 0; i < n; i++)
            order[i] = i;
        for (size_t i = n; i > 1; i--) {
            size_t k = random_below(&seed, i), t = order[i - 1];
            order[i - 1] = order[k];
            order[k] = t;
        }
        got.count = 0;
        for (size_t i = 0; i < n; i++) {
            size_t f = order[i], end = f + 1 < n ? cuts[f + 1] : len;
            if (n == 1 && !v6) /* it would be a whole packet */
                break;
            fragment(v6, 7000 + round, cuts[f], end - cuts[f], f + 1 < n);
        }
        if (n > 1 || v6)
            assert_true(got_whole(len));
    }
}

static void overlaps_are_worthless(void **state)
{
    static const struct {
        size_t off, len;
        bool more;
    } second[] = {{8, 16, true}, {0, 8, true},  {0, 24, true},  {16, 16, true},
                  {8, 8, true},  {0, 32, true}, {16, 8, false}, {24, 8, false}};

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        for (size_t i = 0; i < ARRAY_LEN(second); i++) {
            bool fits = second[i].off == 24;
            got.count = 0;
            unsigned id = 300 + (unsigned)i;
            fragment(v6, id, 0, 16, true);
            fragment(v6, id, 16, 8, true);
            fragment(v6, id, second[i].off, second[i].len, second[i].more);
            fragment(v6, id, 24, 8, false);
            assert_int_equal(got.count, fits);
            fake_netdev_pass(100 * NSEC_PER_SEC);
            know_peers();
        }
        /* Two ends, and what lies behind the end. */
        got.count = 0;
        fragment(v6, 400, 32, 8, false);
        fragment(v6, 400, 40, 8, false);
        fragment(v6, 400, 0, 32, true);
        fragment(v6, 401, 32, 8, false);
        fragment(v6, 401, 40, 8, true);
        fragment(v6, 401, 0, 32, true);
        /* Nothing in it, uneven, or longer than a packet can be. */
        fragment(v6, 402, 0, 0, true);
        fragment(v6, 402, 0, 12, true);
        fragment(v6, 402, 65528, 16, false);
        assert_int_equal(got.count, 0);
        fake_netdev_pass(100 * NSEC_PER_SEC);
        know_peers();
    }
}

/* Two fragments with these marks: what comes of them, 4: nothing. */
static unsigned marks_of(bool v6, unsigned a, unsigned b, unsigned id)
{
    got.count = 0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned mark = i ? b : a;
        struct frame f;
        ether(&f, fake_netdev[0].mac, v6 ? 0x86dd : 0x0800);
        if (v6) {
            ip6(&f, peer6, own6, 44, 64);
            f.b[15] |= (uint8_t)(mark << 4);
            add16(&f, NUMBER << 8);
            add16(&f, i * 8 | !i);
            add32(&f, id);
        } else {
            ip4(&f, PEER, OWN, NUMBER, id, i ? 1 : 0x2000);
            f.b[15] |= (uint8_t)mark;
        }
        add(&f, "payload", 8);
        if (v6)
            put16(f.b + 18, 16);
        else
            ip4_end(&f);
        fake_netdev_receive(0, f.b, f.len, 0);
    }
    return got.count ? got.rx.tos & 3u : 4;
}

static void marks_of_fragments(void **state)
{
    static const uint8_t cases[][3] = {{0, 0, 0}, {2, 2, 2}, {2, 3, 3}, {3, 2, 3},
                                       {3, 3, 3}, {0, 3, 4}, {3, 0, 4}, {1, 1, 1}};

    (void)state;
    for (int v6 = 0; v6 < 2; v6++)
        for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
            assert_int_equal(marks_of(v6, cases[i][0], cases[i][1], 900 + i), cases[i][2]);
}

static void atomic_and_nested_fragments(void **state)
{
    (void)state;
    /* A fragment that is the whole packet does not meet others of its id. */
    fragment(true, 5, 8, 8, true);
    fragment(true, 5, 0, 24, false);
    assert_true(got_whole(24));
    /* What comes together is no fragment again. */
    got.count = 0;
    ether(&in, fake_netdev[0].mac, 0x86dd);
    ip6(&in, peer6, own6, 44, 64);
    add32(&in, 44u << 24);
    add32(&in, 1);
    add32(&in, (uint32_t)NUMBER << 24);
    add32(&in, 2);
    add(&in, "payload", 8);
    put16(in.b + 18, 24);
    receive();
    assert_int_equal(got.count, 0);
}

static void fragments_have_limits(void **state)
{
    (void)state;
    size_t before = pkt_memory();
    uint64_t failed = ip_counts[0].reassembly_failed;
    for (unsigned id = 0; id < 1000; id++)
        fragment(false, id, 0, 1400, true);
    assert_true(pkt_memory() - before <= 64 * (1u << 12));
    assert_int_equal(ip_counts[0].reassembly_failed - failed, 936);
    for (unsigned n = 0; n < 400; n++)
        fragment(false, 5000, n * 16, 8, true);
    assert_true(pkt_memory() - before <= (64 + 256) * (1u << 12));
    /* Time: ICMP tells of those whose first fragment had come, but not more than the rate. */
    fake_netdev_drop(0);
    fake_netdev_pass(31 * NSEC_PER_SEC);
    unsigned told = 0;
    while (sent())
        told += out.b[23] == 1 && out.b[34] == 11 && out.b[35] == 1;
    assert_in_range(told, 40, 64);
    assert_int_equal(pkt_memory(), before);
    fragment(true, 1, 0, 8, true);
    fake_netdev_pass(59 * NSEC_PER_SEC);
    know_peers();
    assert_true(pkt_memory() > before);
    fake_netdev_pass(2 * NSEC_PER_SEC);
    while (sent() && out.b[54] != 3) /* but for solicitations */
        assert_int_equal(out.b[54], 135);
    assert_int_equal(out.b[54], 3);
    assert_int_equal(out.b[55], 1);
}

static struct pkt *counted(size_t len)
{
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 0), *q;

    for (size_t at = 0; at < len;) {
        size_t n = min_size(len - at, 1200);
        q = pkt_alloc(0, n);
        for (size_t i = 0; i < n; i++)
            q->data[i] = (uint8_t)((at + i) * 13 + (at + i) / 251);
        q->len = q->total = (uint32_t)n;
        pkt_append(p, q);
        at += n;
    }
    return p;
}

/* What is sent comes back, with its addresses exchanged. Returns how many frames that were. */
static unsigned reflect(void)
{
    unsigned n = 0;
    static struct frame frames[64];

    while (n < 64 && (frames[n].len = fake_netdev_sent(0, frames[n].b)))
        n++;
    for (unsigned i = 0; i < n; i++) {
        uint8_t *b = frames[i].b, t[16];
        bool v6 = get16(b + 12) == 0x86dd;
        uint8_t *from = b + (v6 ? 22 : 26), *to = b + (v6 ? 38 : 30);
        size_t len = v6 ? 16 : 4;
        assert_true(frames[i].len <= 1514);
        memcpy(t, from, len);
        memcpy(from, to, len);
        memcpy(to, t, len);
        memcpy(b, fake_netdev[0].mac, 6);
        fake_netdev_receive(0, b, frames[i].len, 0);
    }
    return n;
}

static struct ip_ends to_peer(bool v6)
{
    struct ip_ends ends = {.local = ip_from_v4(__builtin_bswap32(OWN)),
                           .remote = ip_from_v4(__builtin_bswap32(PEER))};

    if (v6) {
        ends.local = ip_from_v6(own6);
        ends.remote = ip_from_v6(peer6);
    }
    return ends;
}

static void large_packets_are_cut(void **state)
{
    static const size_t lens[] = {1, 1452, 1453, 1480, 1481, 2960, 5000, 65515};

    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct ip_ends ends = to_peer(v6);
        for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
            struct net_path path = {.ttl = 0};
            got.count = 0;
            assert_int_equal(ip_output(&ends, &path, NUMBER, counted(lens[i])), 0);
            unsigned n = reflect();
            size_t room = v6 ? 1460 : 1480, part = v6 ? 1448 : 1480;
            assert_int_equal(n, lens[i] <= room ? 1 : (lens[i] + part - 1) / part);
            assert_true(got_whole(lens[i]));
        }
        struct net_path path = {.no_frag = 1};
        assert_int_equal(ip_output(&ends, &path, NUMBER, counted(1481)), -EMSGSIZE);
        struct net_path large = {.ttl = 0};
        assert_int_equal(ip_output(&ends, &large, NUMBER, counted(65536)), -EMSGSIZE);
        assert_false(sent());
    }
}

static void large_packets_without_memory(void **state)
{
    (void)state;
    struct ip_ends ends = to_peer(false);
    for (unsigned left = 0; left < 20; left++) {
        struct net_path path = {.ttl = 0};
        struct pkt *p = counted(5000);
        fake_pkt_left = left;
        int err = ip_output(&ends, &path, NUMBER, p);
        fake_pkt_left = ~0u;
        assert_true(err == 0 || err == -ENOBUFS);
        fake_netdev_drop(0);
    }
}

/* An end of UDP that remembers what it was told. */
static struct {
    struct udp_end end;
    unsigned received, errors;
    int err;
    unsigned mtu;
    size_t len;
} sock;

static void sock_receive(struct udp_end *e, struct pkt *p)
{
    (void)e;
    sock.received++;
    sock.len = p->total;
    pkt_free(p);
}

static void sock_error(struct udp_end *e, const struct ip_ends *ends, int err, unsigned mtu,
                       const struct ip_icmp *icmp, const struct pkt *p)
{
    (void)e, (void)ends, (void)icmp, (void)p;
    sock.errors++;
    sock.err = err;
    sock.mtu = mtu;
}

static void open_sock(bool v6)
{
    memset(&sock, 0, sizeof(sock));
    sock.end.ends.local = v6 ? (struct ip_addr){.d = {0}} : ip_from_v4(0);
    sock.end.ends.local_port = 53;
    sock.end.receive = sock_receive;
    sock.end.error = sock_error;
    udp_add(&sock.end);
}

/* Quotes the frame (out), which was sent, in an ICMP error. */
static void quote(unsigned type, unsigned code, uint32_t info)
{
    bool v6 = get16(out.b + 12) == 0x86dd;

    ether(&in, fake_netdev[0].mac, v6 ? 0x86dd : 0x0800);
    if (v6)
        ip6(&in, peer6, own6, 58, 64);
    else
        ip4(&in, FAR, OWN, 1, 1, 0);
    size_t at = in.len;
    add8(&in, type);
    add8(&in, code);
    add16(&in, 0);
    add32(&in, info);
    add(&in, out.b + 14, min_size(out.len - 14, 200));
    if (v6) {
        ip6_end(&in, at, 2, 58);
    } else {
        sum_at(in.b + at, in.len - at);
        ip4_end(&in);
    }
    receive();
}

static void send_udp(bool v6, uint32_t to, size_t len)
{
    struct ip_ends ends = to_peer(v6);
    struct net_path path = {.ttl = 0};

    if (!v6)
        ends.remote = ip_from_v4(__builtin_bswap32(to));
    ends.local_port = 53;
    ends.remote_port = 1053;
    fake_netdev_drop(0);
    assert_int_equal(udp_send(&ends, &path, counted(len)), 0);
    assert_true(sent());
}

static void path_mtu(void **state)
{
    (void)state;
    open_sock(false);
    send_udp(false, FAR, 1000);
    assert_int_equal(out.len, 1042);
    quote(3, 4, 700);
    assert_int_equal(sock.errors, 1);
    assert_int_equal(sock.err, -EMSGSIZE);
    assert_int_equal(sock.mtu, 700);
    send_udp(false, FAR, 1000);
    assert_in_range(out.len, 600, 714);
    /* Not below the least, not larger again, not for others, not forged by who saw no packet. */
    send_udp(false, FAR, 100);
    quote(3, 4, 68);
    send_udp(false, FAR, 1000);
    assert_in_range(out.len, 480, 566);
    send_udp(false, FAR, 400);
    put16(out.b + 16, 1500); /* quoted as a longer one */
    quote(3, 4, 1400);
    send_udp(false, FAR, 1000);
    assert_in_range(out.len, 480, 566);
    send_udp(false, FAR + 1, 1000);
    assert_int_equal(out.len, 1042);
    unsigned errors = sock.errors;
    put16(out.b + 34, 54); /* from a port of nobody */
    quote(3, 4, 600);
    put16(out.b + 34, 53);
    out.b[26] ^= 1; /* from an address of nobody */
    quote(3, 4, 600);
    out.b[26] ^= 1;
    put16(out.b + 20, 5); /* of a later fragment */
    quote(3, 4, 600);
    assert_int_equal(sock.errors, errors);
    send_udp(false, FAR + 1, 1000);
    assert_int_equal(out.len, 1042);
    /* It is forgotten after ten minutes. */
    fake_netdev_pass(601 * NSEC_PER_SEC);
    know_peers();
    send_udp(false, FAR, 1000);
    assert_int_equal(out.len, 1042);
    udp_remove(&sock.end);
    open_sock(true);
    send_udp(true, 0, 1400);
    assert_int_equal(out.len, 1462);
    quote(2, 0, 100);
    assert_int_equal(sock.err, -EMSGSIZE);
    send_udp(true, 0, 1400);
    assert_in_range(out.len, 1200, 1294);
    udp_remove(&sock.end);
    fake_netdev_drop(0);
}

static void errors_reach_sockets(void **state)
{
    static const struct {
        bool v6;
        uint8_t type, code;
        int err;
    } cases[] = {{false, 3, 3, -ECONNREFUSED},  {false, 3, 1, -EHOSTUNREACH},
                 {false, 11, 0, -EHOSTUNREACH}, {true, 1, 4, -ECONNREFUSED},
                 {true, 1, 0, -ENETUNREACH},    {true, 3, 0, -EHOSTUNREACH}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        open_sock(cases[i].v6);
        send_udp(cases[i].v6, PEER, 100);
        quote(cases[i].type, cases[i].code, 0);
        assert_int_equal(sock.errors, 1);
        assert_int_equal(sock.err, cases[i].err);
        for (size_t len = 0; len < in.len; len++)
            fake_netdev_receive(0, in.b, len, 0);
        assert_int_equal(sock.errors, 1);
        udp_remove(&sock.end);
    }
    /* A neighbour that does not answer. */
    open_sock(false);
    send_udp(false, IP4(10, 0, 0, 99), 10);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    assert_int_equal(sock.errors, 1);
    assert_int_equal(sock.err, -EHOSTUNREACH);
    udp_remove(&sock.end);
    open_sock(true);
    struct ip_ends ends = to_peer(true);
    struct net_path path = {.ttl = 0};
    ends.remote.b[15] = 99;
    ends.local_port = 53;
    ends.remote_port = 1;
    assert_int_equal(udp_send(&ends, &path, counted(3000)), 0);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    assert_int_equal(sock.err, -EHOSTUNREACH);
    udp_remove(&sock.end);
    fake_netdev_drop(0);
}

static void datagram(uint32_t from, uint32_t to, unsigned port)
{
    ether(&in, fake_netdev[0].mac, 0x0800);
    ip4(&in, from, to, 17, 9, 0);
    udp(&in, 1000, port, 600, 1);
    ip4_end(&in);
    receive();
}

static void errors_are_limited(void **state)
{
    (void)state;
    open_sock(false);
    fake_netdev_drop(0);
    datagram(PEER, OWN, 54);
    assert_true(sent());
    assert_int_equal(out.b[34], 3);
    assert_int_equal(out.b[35], 3);
    assert_in_range(out.len, 14 + 20 + 8 + 28, 14 + 576);
    assert_memory_equal(out.b + 42, in.b + 14, out.len - 42);
    assert_int_equal(naive_sum(0, out.b + 34, out.len - 34), 0xffff);
    /* Nothing for groups, for everybody, from nobody, for errors; and never more than was sent. */
    datagram(PEER, IP4(10, 0, 0, 255), 54);
    datagram(PEER, 0xffffffff, 54);
    datagram(PEER, IP4(224, 0, 0, 1), 54);
    datagram(0, 0xffffffff, 54);
    assert_false(sent());
    for (int i = 0; i < 1000; i++)
        datagram(PEER, OWN, 54);
    assert_in_range(fake_netdev_drop(0), 40, 50);
    fake_netdev_pass(NSEC_PER_SEC / 10);
    for (int i = 0; i < 1000; i++)
        datagram(PEER, OWN, 54);
    assert_in_range(fake_netdev_drop(0), 9, 11);
    datagram(PEER, OWN, 53);
    assert_int_equal(sock.received, 1);
    assert_int_equal(sock.len, 600);
    udp_remove(&sock.end);
}

static void udp_finds_the_best_end(void **state)
{
    static struct udp_end ends[4];
    static unsigned counts[4];

    (void)state;
    memset(counts, 0, sizeof(counts));
    ends[0].ends.local = ip_from_v4(0);
    ends[1].ends.local = ip_from_v4(__builtin_bswap32(OWN));
    ends[2].ends = to_peer(false);
    ends[2].ends.remote_port = 1000;
    ends[3].v6_only = true; /* :: */
    for (int i = 0; i < 4; i++) {
        ends[i].ends.local_port = 53;
        ends[i].receive = sock_receive;
    }
    for (int i = 0; i < 4; i++) {
        udp_add(&ends[i]);
        memset(&sock, 0, sizeof(sock));
        datagram(PEER, OWN, 53);
        assert_int_equal(sock.received, 1);
    }
    /* Shorter than its packet: the checksum covers what it says. */
    memset(&sock, 0, sizeof(sock));
    ether(&in, fake_netdev[0].mac, 0x0800);
    ip4(&in, PEER, OWN, 17, 9, 0);
    udp(&in, 1000, 53, 20, 1);
    uint32_t sum = naive_sum(17 + 28, in.b + 26, 8);
    put16(in.b + 40, ~naive_sum(sum, in.b + 34, 28) & 0xffff);
    add(&in, "surplus", 7);
    ip4_end(&in);
    receive();
    assert_int_equal(sock.received, 1);
    assert_int_equal(sock.len, 20);
    in.b[45] ^= 1;
    receive();
    assert_int_equal(sock.received, 1);
    /* Everybody who fits has a copy of what is for all. */
    memset(&sock, 0, sizeof(sock));
    datagram(PEER, IP4(10, 0, 0, 255), 53);
    assert_int_equal(sock.received, 1); /* the others name addresses that this is not */
    for (int i = 0; i < 4; i++)
        udp_remove(&ends[i]);
    fake_netdev_drop(0);
}

static unsigned settled;

struct pkt *lend_settle(struct pkt *p)
{
    struct pkt *copy = pkt_clone(p, PKT_HEADROOM);

    settled++;
    pkt_free(p);
    return copy;
}

/* What waits here for a receiver, or for a neighbour, is none of the program's memory. */
static void lent_memory_does_not_wait(void **state)
{
    struct ip_ends ends = to_peer(false);
    struct net_path path = {.ttl = 0}, way = {.ttl = 0};

    (void)state;
    settled = 0;
    assert_int_equal(ip_output(&ends, &path, NUMBER, counted(1000)), 0);
    assert_int_equal(settled, 0); /* the peer is known */
    assert_true(sent());
    ends.remote = ends.local;
    got.count = 0;
    path.generation = 0;
    assert_int_equal(ip_output(&ends, &path, NUMBER, counted(1000)), 0);
    assert_int_equal(settled, 1);
    ip_run_local();
    assert_true(got_whole(1000));
    ends.remote = ip_from_v4(__builtin_bswap32(IP4(10, 0, 0, 77)));
    assert_int_equal(ip_output(&ends, &way, NUMBER, counted(1000)), 0);
    assert_int_equal(settled, 2);
    while (sent()) /* who has it */
        ;
    fake_netdev_pass(10 * NSEC_PER_SEC);
    fake_netdev_drop(0);
}

static void to_ourselves(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct ip_ends ends = to_peer(v6);
        struct net_path path = {.ttl = 0};
        got.count = 0;
        ends.remote = ends.local;
        assert_int_equal(ip_output(&ends, &path, NUMBER, counted(20000)), 0);
        assert_int_equal(got.count, 0);
        ip_run_local();
        assert_true(got_whole(20000));
        ends.local = ends.remote = v6 ? (struct ip_addr){.b = {[15] = 1}}
                                      : ip_from_v4(__builtin_bswap32(IP4(127, 5, 6, 7)));
        struct net_path loop = {.ttl = 0};
        got.count = 0;
        assert_int_equal(ip_output(&ends, &loop, NUMBER, counted(100)), 0);
        ip_run_local();
        assert_true(got_whole(100));
        assert_false(sent());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums),
        cmocka_unit_test_setup(bad_headers_of_v4, fresh),
        cmocka_unit_test_setup(martians, fresh),
        cmocka_unit_test_setup(options_of_v4, fresh),
        cmocka_unit_test_setup(extension_headers, fresh),
        cmocka_unit_test_setup_teardown(fragments_in_all_orders, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(fragments_at_random, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(overlaps_are_worthless, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(marks_of_fragments, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(atomic_and_nested_fragments, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(fragments_have_limits, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(large_packets_are_cut, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(large_packets_without_memory, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(path_mtu, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(errors_reach_sockets, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(errors_are_limited, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(udp_finds_the_best_end, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(to_ourselves, fresh, nothing_left),
        cmocka_unit_test_setup_teardown(lent_memory_does_not_wait, fresh, nothing_left),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
