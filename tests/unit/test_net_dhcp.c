/* SPDX-License-Identifier: MIT
 *
 * The DHCP client (RFC 2131, 2132, 3396, 3397, 3442) against servers that are good, silent,
 * forgetful and hostile. Each test has a device of its own.
 *
 * sources: libos/net/wire/pkt.c libos/net/wire/checksum.c libos/net/wire/domains.c
 * sources: libos/net/link/ethernet.c libos/net/link/arp.c libos/net/link/ndp.c
 * sources: libos/net/link/neighbour.c libos/net/link/slaac.c libos/net/link/listener.c
 * sources: libos/net/ip/start.c libos/net/ip/iface.c libos/net/ip/group.c libos/net/ip/route.c
 * sources: libos/net/ip/input.c libos/net/ip/output.c libos/net/ip/gso.c libos/net/ip/local.c
 * sources: libos/net/ip/pmtu.c libos/net/ip/reassembly.c libos/net/ip/lifetime.c
 * sources: libos/net/ip/names.c libos/net/icmp/icmp.c libos/net/udp/udp.c libos/thread/timer.c
 * sources: libos/net/dhcp/dhcp.c libos/net/dhcp/options.c
 * sources: tests/unit/fake_pkt.c tests/unit/fake_mm.c tests/unit/fake_plat.c
 * sources: tests/unit/fake_netdev.c
 * uses: wire ip icmp link udp dhcp mm random */
#include "unit.h"
#include "dhcp/options.h"
#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"

#define SERVER  IP4(192, 168, 5, 1)
#define OFFERED IP4(192, 168, 5, 50)
#define NOBODY  0u
#define ALL     0xffffffffu

static struct frame out, in;
static unsigned device; /* of this test */

static int start(void **state)
{
    static const char *const settings[] = {"hostname=unit", NULL};

    (void)state;
    fake_reset();
    fake_netdevs = NETDEV_MAX;
    fake_settings = settings;
    assert_int_equal(ip_start(), 0);
    return 0;
}

static struct ip_iface *eth(void)
{
    return ip_iface_by_index(device + 2);
}

/* Takes up the next message that the client has sent; its options lie at out.b + 282. */
static bool sent(void)
{
    while ((out.len = fake_netdev_sent(device, out.b)))
        if (get16(out.b + 12) == 0x0800 && out.b[23] == 17 && get16(out.b + 36) == 67)
            return true;
    return false;
}

static const uint8_t *option(unsigned code)
{
    for (const uint8_t *o = out.b + 282; *o != 255; o += 2 + o[1])
        if (*o == code)
            return o + 2;
    return NULL;
}

static uint32_t option32(unsigned code)
{
    const uint8_t *o = option(code);

    return o ? get32(o) : 0;
}

static unsigned type(void)
{
    return *option(53);
}

/* Begins an answer to what was sent last. */
static void answer(unsigned kind, uint32_t address, uint32_t server, uint32_t lease)
{
    ether(&in, all_macs, 0x0800);
    ip4(&in, SERVER, ALL, 17, 1, 0);
    udp(&in, 67, 68, 0, 0);
    size_t at = in.len;
    memset(in.b + at, 0, 240);
    in.len += 240;
    in.b[at] = 2;
    in.b[at + 1] = 1;
    in.b[at + 2] = 6;
    memcpy(in.b + at + 4, out.b + 46, 4);
    memcpy(in.b + at + 28, fake_netdev[device].mac, 6);
    in.len = at + 16;
    add32(&in, address);
    in.len = at + 236;
    add32(&in, 0x63825363);
    add8(&in, 53);
    add8(&in, 1);
    add8(&in, kind);
    add16(&in, 54 << 8 | 4);
    add32(&in, server);
    if (lease) {
        add16(&in, 51 << 8 | 4);
        add32(&in, lease);
    }
}

static void add_option32(unsigned code, uint32_t value)
{
    add16(&in, code << 8 | 4);
    add32(&in, value);
}

static void receive(void)
{
    add8(&in, 255);
    put16(in.b + 38, (unsigned)(in.len - 34));
    ip4_end(&in);
    fake_netdev_receive(device, in.b, in.len, 0);
}

static struct ip_iface_addr *address(uint32_t a)
{
    struct ip_addr addr = ip_from_v4(__builtin_bswap32(a));
    struct ip_iface_addr *i = eth()->addrs;

    while (i && !ip_equal(&i->addr, &addr))
        i = i->next;
    return i;
}

static const struct ip_route *route(uint32_t to, unsigned bits)
{
    const struct ip_route *r = ip_routes;

    while (r && (r->iface != eth() || r->origin != 16 || r->prefix != bits + 96 ||
                 ip_to_v4(&r->to) != __builtin_bswap32(to)))
        r = r->next;
    return r;
}

/* Up to a lease of an hour. */
static void get_lease(void)
{
    fake_netdev_drop(device);
    fake_netdev_pass(130 * NSEC_PER_SEC);
    while (sent())
        ;
    fake_netdev_pass(130 * NSEC_PER_SEC);
    assert_true(sent());
    assert_int_equal(type(), 1);
    answer(2, OFFERED, SERVER, 3600);
    receive();
    while (sent() && type() != 3)
        ;
    assert_int_equal(type(), 3);
    answer(5, OFFERED, SERVER, 3600);
    add_option32(1, 0xffffff00);
    add_option32(3, SERVER);
    receive();
    assert_non_null(address(OFFERED));
    fake_netdev_drop(device);
}

static void good_server(void **state)
{
    (void)state;
    device = 0;
    assert_true(sent());
    assert_memory_equal(out.b, all_macs, 6);
    assert_int_equal(get32(out.b + 26), NOBODY);
    assert_int_equal(get32(out.b + 30), ALL);
    assert_true(out.len >= 42 + 300);
    assert_int_equal(naive_sum(0, out.b + 14, 20), 0xffff);
    assert_int_equal(
        naive_sum(naive_sum(17 + (uint32_t)out.len - 34, out.b + 26, 8), out.b + 34, out.len - 34),
        0xffff);
    assert_int_equal(type(), 1);
    assert_int_equal(get16(out.b + 52), 0x8000);
    assert_memory_equal(option(12) - 1, "\4unit", 5);
    assert_memory_equal(option(61), ((uint8_t[]){1, 2, 0, 0, 0, 0, 0}), 7);
    answer(2, OFFERED, SERVER, 3600);
    receive();
    assert_true(sent());
    assert_int_equal(type(), 3);
    assert_int_equal(option32(50), OFFERED);
    assert_int_equal(option32(54), SERVER);
    answer(5, OFFERED, SERVER, 3600);
    add_option32(1, 0xffffff00);
    add_option32(3, SERVER);
    add_option32(6, IP4(9, 9, 9, 9));
    add16(&in, 15 << 8 | 11);
    add(&in, "example.org", 11);
    add16(&in, 26 << 8 | 2);
    add16(&in, 1400);
    receive();
    struct ip_iface_addr *a = address(OFFERED);
    assert_non_null(a);
    assert_int_equal(a->prefix, 24);
    assert_true(a->dynamic && a->valid_until == fake.now + 3600 * NSEC_PER_SEC);
    assert_int_equal(ip_to_v4(&route(0, 0)->gateway), __builtin_bswap32(SERVER));
    assert_int_equal(ip_names.count, 1);
    assert_int_equal(ip_to_v4(&ip_names.server[0]), __builtin_bswap32(IP4(9, 9, 9, 9)));
    assert_string_equal(ip_names.search, "example.org");
    assert_string_equal(ip_names.hostname, "unit");
    assert_int_equal(eth()->mtu, 1400);
    /* A probe for the address, and a second later its announcement. */
    out.len = fake_netdev_sent(device, out.b);
    assert_int_equal(get16(out.b + 12), 0x0806);
    assert_int_equal(get32(out.b + 28), 0);
    assert_int_equal(get32(out.b + 38), OFFERED);
    fake_netdev_pass(NSEC_PER_SEC);
    while ((out.len = fake_netdev_sent(device, out.b)) && get16(out.b + 12) != 0x0806)
        ;
    assert_int_equal(get32(out.b + 28), OFFERED);
}

static void arp_reply(uint32_t sender)
{
    ether(&in, fake_netdev[device].mac, 0x0806);
    add32(&in, 0x00010800);
    add32(&in, 0x06040002);
    add(&in, peer_mac, 6);
    add32(&in, sender);
    add(&in, fake_netdev[device].mac, 6);
    add32(&in, OFFERED);
    fake_netdev_receive(device, in.b, in.len, 0);
}

static void renews_rebinds_and_expires(void **state)
{
    (void)state;
    device = 1;
    get_lease();
    nsec_t began = fake.now;
    fake_netdev_pass(1799 * NSEC_PER_SEC);
    assert_false(sent());
    /* To the server, whose address is asked for first. */
    fake_netdev_drop(device);
    fake_netdev_pass(1 * NSEC_PER_SEC);
    arp_reply(SERVER);
    assert_true(sent());
    assert_memory_equal(out.b, peer_mac, 6);
    assert_int_equal(type(), 3);
    assert_int_equal(get32(out.b + 26), OFFERED);
    assert_int_equal(get32(out.b + 30), SERVER);
    assert_int_equal(get32(out.b + 54), OFFERED);
    assert_null(option(50));
    assert_null(option(54));
    answer(5, OFFERED, SERVER, 3600);
    add_option32(1, 0xffffff00);
    add_option32(3, SERVER + 1);
    receive();
    assert_true(address(OFFERED)->valid_until == fake.now + 3600 * NSEC_PER_SEC);
    assert_int_equal(ip_to_v4(&route(0, 0)->gateway), __builtin_bswap32(SERVER + 1));
    began = fake.now;
    /* Unanswered: after seven eighths everybody is asked, then it ends. */
    for (int t = 0; t < 3149; t++) {
        fake_netdev_pass(1 * NSEC_PER_SEC);
        arp_reply(SERVER);
    }
    unsigned renewals = 0;
    while (sent()) {
        renewals++;
        assert_int_equal(get32(out.b + 30), SERVER);
    }
    assert_in_range(renewals, 1, 12);
    fake_netdev_pass(1 * NSEC_PER_SEC);
    assert_true(sent());
    assert_int_equal(get32(out.b + 30), ALL);
    assert_int_equal(get32(out.b + 26), OFFERED);
    fake_netdev_pass(449 * NSEC_PER_SEC);
    assert_non_null(address(OFFERED));
    fake_netdev_drop(device);
    fake_netdev_pass(1 * NSEC_PER_SEC);
    assert_int_equal(fake.now - began, 3600 * NSEC_PER_SEC);
    assert_null(address(OFFERED));
    assert_null(route(0, 0));
    assert_true(sent());
    assert_int_equal(type(), 1);
    assert_int_equal(get32(out.b + 26), 0);
}

static void silent_server(void **state)
{
    nsec_t before = 0;
    unsigned count = 0;

    (void)state;
    device = 2;
    fake_netdev_drop(device);
    fake_netdev_pass(130 * NSEC_PER_SEC);
    fake_netdev_drop(device);
    /* No more than one a minute, for ever. */
    for (nsec_t t = 0; t < 1000; t++) {
        fake_netdev_pass(NSEC_PER_SEC);
        if (!sent())
            continue;
        assert_true(before == 0 || t - before >= 62);
        before = t;
        count++;
    }
    assert_in_range(count, 14, 17);
    /* An offer and then nothing: a few requests, then all over. */
    while (!sent())
        fake_netdev_pass(NSEC_PER_SEC);
    answer(2, OFFERED, SERVER, 3600);
    receive();
    count = 0;
    for (nsec_t t = 0; t < 600; t++) {
        while (sent() && type() == 3)
            count++;
        if (count && out.len && type() == 1)
            break;
        fake_netdev_pass(NSEC_PER_SEC);
    }
    assert_int_equal(count, 4);
    assert_int_equal(type(), 1);
}

static void conflict_is_declined(void **state)
{
    (void)state;
    device = 3;
    get_lease();
    arp_reply(OFFERED);
    assert_null(address(OFFERED));
    assert_null(route(0, 0));
    assert_true(sent());
    assert_int_equal(type(), 4);
    assert_int_equal(option32(50), OFFERED);
    assert_int_equal(option32(54), SERVER);
    assert_int_equal(get32(out.b + 26), 0);
    fake_netdev_pass(9 * NSEC_PER_SEC);
    assert_false(sent());
    fake_netdev_pass(1 * NSEC_PER_SEC);
    assert_true(sent());
    assert_int_equal(type(), 1);
    /* Later, ours is defended and kept. */
    answer(2, OFFERED, SERVER, 3600);
    receive();
    assert_true(sent());
    answer(5, OFFERED, SERVER, 3600);
    receive();
    assert_int_equal(address(OFFERED)->prefix, 24); /* by its class */
    fake_netdev_pass(2 * NSEC_PER_SEC);
    arp_reply(OFFERED);
    assert_non_null(address(OFFERED));
}

static void link_comes_back(void **state)
{
    (void)state;
    device = 7;
    get_lease();
    fake_netdev[device].link_changed(&fake_netdev[device]);
    assert_true(sent());
    assert_int_equal(type(), 3);
    assert_int_equal(get32(out.b + 30), ALL);
    assert_int_equal(get32(out.b + 54), OFFERED);
    /* It is another network, whose server does not know us. */
    answer(6, 0, SERVER + 77, 0);
    receive();
    assert_null(address(OFFERED));
}

static void refusals(void **state)
{
    (void)state;
    device = 4;
    get_lease();
    /* Not asked for: nothing. */
    answer(6, 0, SERVER, 0);
    receive();
    assert_non_null(address(OFFERED));
    fake_netdev_pass(1800 * NSEC_PER_SEC);
    arp_reply(SERVER);
    assert_true(sent());
    /* Of another server: nothing. */
    answer(6, 0, SERVER + 9, 0);
    receive();
    assert_non_null(address(OFFERED));
    answer(6, 0, SERVER, 0);
    receive();
    assert_null(address(OFFERED));
    fake_netdev_drop(device);
    fake_netdev_pass(9 * NSEC_PER_SEC);
    assert_false(sent());
    fake_netdev_pass(2 * NSEC_PER_SEC);
    assert_true(sent());
    /* A server that always refuses does not keep us busy. */
    unsigned count = 0;
    for (nsec_t t = 0; t < 100; t++) {
        if (out.len && type() == 1) {
            answer(2, OFFERED, SERVER, 3600);
            receive();
            if (!sent())
                continue;
            answer(6, 0, SERVER, 0);
            receive();
            count++;
        }
        fake_netdev_pass(NSEC_PER_SEC);
        sent();
    }
    assert_in_range(count, 5, 12);
}

#define expect_ignored()                                                                           \
    do {                                                                                           \
        receive();                                                                                 \
        assert_false(sent());                                                                      \
    } while (0)

static void hostile_offers(void **state)
{
    (void)state;
    device = 5;
    fake_netdev_drop(device);
    fake_netdev_pass(130 * NSEC_PER_SEC);
    fake_netdev_drop(device);
    while (!sent())
        fake_netdev_pass(NSEC_PER_SEC);
    struct frame discover = out;
    static const uint32_t nobody[] = {
        0, ALL, IP4(127, 0, 0, 1), IP4(224, 0, 0, 1), IP4(240, 0, 0, 1), IP4(0, 1, 2, 3)};
    for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
        out = discover;
        answer(2, nobody[i], SERVER, 3600);
        expect_ignored();
        out = discover;
        answer(2, OFFERED, nobody[i], 3600);
        expect_ignored();
    }
    out = discover;
    answer(2, OFFERED, SERVER, 1);
    expect_ignored();
    out = discover;
    answer(2, OFFERED, SERVER, 0);
    expect_ignored();
    out = discover;
    answer(5, OFFERED, SERVER, 3600); /* nothing was requested */
    expect_ignored();
    out = discover;
    answer(2, OFFERED, SERVER, 3600);
    in.b[46] ^= 1; /* another's transaction */
    expect_ignored();
    out = discover;
    answer(2, OFFERED, SERVER, 3600);
    in.b[35]++; /* from another port */
    expect_ignored();
    out = discover;
    answer(2, OFFERED, SERVER, 3600);
    in.b[42 + 28] ^= 1; /* for another machine */
    expect_ignored();
    out = discover;
    answer(2, OFFERED, SERVER, 3600);
    add16(&in, 6 << 8 | 200); /* an option that goes beyond the end */
    expect_ignored();
    /* What another server acknowledges, or another address, was not asked for. */
    out = discover;
    answer(2, OFFERED, SERVER, 3600);
    receive();
    assert_true(sent());
    struct frame request = out;
    answer(5, OFFERED, SERVER + 1, 3600);
    expect_ignored();
    out = request;
    answer(5, OFFERED + 1, SERVER, 3600);
    expect_ignored();
    assert_null(address(OFFERED));
    assert_null(address(OFFERED + 1));
}

/* Reads the message in the frame (in), without the client. */
static bool read_message(struct dhcp_offer *o)
{
    uint32_t xid;
    uint8_t *exact = malloc(in.len - 42);

    memcpy(&xid, in.b + 46, 4);
    memcpy(exact, in.b + 42, in.len - 42);
    bool fine = dhcp_read(exact, in.len - 42, xid, fake_netdev[device].mac, o);
    free(exact);
    return fine;
}

static void options_in_parts(void **state)
{
    struct dhcp_offer o;

    (void)state;
    device = 6;
    fake_netdev_drop(device);
    fake_netdev_pass(130 * NSEC_PER_SEC);
    assert_true(sent());
    answer(2, OFFERED, SERVER, 3600);
    add8(&in, 0);
    /* RFC 3442 in two parts: 10/8 by .1, 10.17/16 on the link, 0/0 by .2; the router is ignored. */
    add_option32(3, SERVER + 7);
    add16(&in, 121 << 8 | 5);
    add(&in, "\10\12\300\250\5", 5);
    add16(&in, 121 << 8 | 13);
    add(&in, "\1\20\12\21\0\0\0\0\0\300\250\5\2", 13);
    /* RFC 3397: with a pointer back to "org". */
    add16(&in, 119 << 8 | 20);
    add(&in, "\1a\7example\3org\0\1b\300\12\0", 20);
    in.len--;
    in.b[in.len - 20]--; /* 19 bytes */
    add_option32(58, 100);
    add_option32(59, 50);
    add_option32(1, 0xffff00ff); /* no mask */
    add8(&in, 255);
    assert_true(read_message(&o));
    assert_int_equal(o.routes, 3);
    assert_int_equal(o.route[0].to, __builtin_bswap32(IP4(10, 0, 0, 0)));
    assert_int_equal(o.route[0].bits, 8);
    assert_int_equal(o.route[0].gateway, __builtin_bswap32(SERVER));
    assert_int_equal(o.route[1].to, __builtin_bswap32(IP4(10, 17, 0, 0)));
    assert_int_equal(o.route[1].gateway, 0);
    assert_int_equal(o.route[2].bits, 0);
    assert_string_equal(o.search, "a.example.org b.org");
    assert_int_equal(o.prefix, 24);
    assert_true(o.t1 <= o.t2 && o.t2 <= o.lease && o.t1 >= 15);
    /* Options in the fields of names. */
    answer(2, OFFERED, SERVER, 3600);
    add8(&in, 52);
    add16(&in, 1 << 8 | 3);
    add8(&in, 255);
    memcpy(in.b + 42 + 108, "\6\4\11\11\11\11\377", 7);
    memcpy(in.b + 42 + 44, "\6\4\10\10\10\10\14\3abc\377", 12);
    assert_true(read_message(&o));
    assert_int_equal(o.dns_count, 2);
    assert_int_equal(ip_to_v4(&o.dns[0]), __builtin_bswap32(IP4(9, 9, 9, 9)));
    answer(2, OFFERED, SERVER, 3600);
    add8(&in, 52);
    add16(&in, 1 << 8 | 3);
    add8(&in, 255);
    in.b[42 + 108] = 255;
    memcpy(in.b + 42 + 44, "\6\4\10\10\10\10\14\3abc\377", 12);
    assert_true(read_message(&o));
    assert_int_equal(o.dns_count, 1);
    assert_string_equal(o.hostname, "abc");
    /* Names that are none, and pointers that lead nowhere. */
    answer(2, OFFERED, SERVER, 3600);
    add16(&in, 15 << 8 | 5);
    add(&in, "a b;c", 5);
    add16(&in, 12 << 8 | 3);
    add(&in, "a\nb", 3);
    add16(&in, 119 << 8 | 4);
    add(&in, "\1a\300\0", 4);
    add8(&in, 255);
    assert_true(read_message(&o));
    assert_string_equal(o.search, "");
    assert_string_equal(o.hostname, "");
    for (size_t len = in.len; len > 42; len--) {
        in.len = len;
        (void)!read_message(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_server),      cmocka_unit_test(renews_rebinds_and_expires),
        cmocka_unit_test(silent_server),    cmocka_unit_test(conflict_is_declined),
        cmocka_unit_test(refusals),         cmocka_unit_test(hostile_offers),
        cmocka_unit_test(options_in_parts), cmocka_unit_test(link_comes_back),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
