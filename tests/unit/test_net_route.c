/* SPDX-License-Identifier: MIT
 *
 * Settings of addresses (docs/network.md), routes over two devices, the choice of source addresses
 * (RFC 6724), lifetimes, and groups as they are sent to and come back.
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
#include <arpa/inet.h>
#include <errno.h>

#include "fake_pkt.h"
#include "fake_plat.h"
#include "ip/iface.h"
#include "ip/ip.h"
#include "net_frames.h"

static struct ip_addr addr(const char *text)
{
    struct ip_addr a;
    uint32_t v4;

    if (inet_pton(AF_INET, text, &v4) == 1)
        return ip_from_v4(v4);
    assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
    return a;
}

static int start(void **state)
{
    static const char *const settings[] = {
        "net0.ip=10.0.0.1/24,10.0.0.254,9.9.9.9",
        "net0.ip=10.0.0.129/25,,1.1.1.1",
        "net0.ip=2001:db8::1/64,2001:db8::fe,2620:fe::fe",
        "net1.ip=192.168.7.1/16",
        "net1.ip=none",
        "net2.ip=10.9.9.9",
        "net2.ip=10.9.9.9/33",
        "net2.ip=10.9.9.9/4294967320",
        "net2.ip=10.9.9.9/",
        "net2.ip=300.9.9.9/8",
        "net2.ip=10.9.9.9/8,fe80::1",
        "net2.ip=10.9.9.10/8,10.0.0.1,1.1.1.1,2.2.2.2",
        "net2.ip=224.0.0.1/8",
        "net2.ip=",
        NULL,
    };

    (void)state;
    fake_reset();
    fake_netdevs = 3;
    fake_settings = settings;
    assert_int_equal(ip_start(), 0);
    assert_int_equal(ip_start(), 0);
    return 0;
}

static unsigned addresses(const char *name)
{
    unsigned n = 0;

    for (const struct ip_iface_addr *a = ip_iface_by_name(name)->addrs; a; a = a->next)
        n++;
    return n;
}

static void settings(void **state)
{
    struct ip_addr a;

    (void)state;
    assert_int_equal(addresses("lo"), 2);
    assert_int_equal(addresses("eth0"), 4); /* one is link-local */
    assert_int_equal(addresses("eth1"), 1);
    assert_int_equal(ip_iface_by_index(3)->mtu, 1500);
    assert_null(ip_iface_by_name("eth3"));
    assert_int_equal(ip_names.count, 3);
    a = addr("9.9.9.9");
    assert_true(ip_equal(&ip_names.server[0], &a));
    a = addr("2620:fe::fe");
    assert_true(ip_equal(&ip_names.server[2], &a));
    unsigned complaints = 0;
    for (const char *c = fake.log; (c = strstr(c, "eth2: the setting net2.ip=")); c++)
        complaints++;
    assert_int_equal(complaints, 9);
}

/* The way to (to): interface and source. */
static int way(const char *to, unsigned use_iface, const char **iface, struct ip_addr *from)
{
    struct ip_ends ends = {.remote = addr(to)};
    struct net_path path = {.use_iface = (uint8_t)use_iface};
    int err = ip_route(&ends, &path);

    if (err)
        return err;
    *iface = ((struct ip_iface *)path.iface)->name;
    *from = ends.local;
    return 0;
}

static void ways(void **state)
{
    static const struct {
        const char *to, *iface, *from;
        unsigned use_iface;
        int err;
    } cases[] = {
        {"10.0.0.5", "eth0", "10.0.0.1", 0, 0},
        {"10.0.0.200", "eth0", "10.0.0.129", 0, 0},
        {"8.8.8.8", "eth0", "10.0.0.129", 0, 0}, /* as the gateway is nearest to it */
        {"192.168.1.1", "eth1", "192.168.7.1", 0, 0},
        {"192.168.1.1", "eth0", "10.0.0.129", 2, 0},
        {"8.8.8.8", NULL, NULL, 3, -ENETUNREACH},
        {"10.0.0.1", "lo", "10.0.0.1", 0, 0},
        {"127.9.9.9", "lo", "127.9.9.9", 0, 0},
        {"10.0.0.255", "eth0", "10.0.0.129", 0, 0},
        {"255.255.255.255", "eth1", "192.168.7.1", 3, 0},
        {"239.1.1.1", "eth1", "192.168.7.1", 3, 0},
        {"2001:db8::5", "eth0", "2001:db8::1", 0, 0},
        {"2002::1", "eth0", "2001:db8::1", 0, 0},
        {"fe80::5", "eth0", "fe80::ff:fe00:0", 2, 0}, /* of 02:00:00:00:00:00 */
        {"ff02::1", "eth0", "fe80::ff:fe00:0", 2, 0},
        {"ff0e::1", "eth0", "2001:db8::1", 2, 0},
        {"2002::1", NULL, NULL, 3, -ENETUNREACH},
        {"::1", "lo", "::1", 0, 0},
        {"0.0.0.0", NULL, NULL, 0, -ENETUNREACH},
        {"::", NULL, NULL, 0, -ENETUNREACH},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *iface = "none";
        char text[INET6_ADDRSTRLEN];
        struct ip_addr from = {.d = {0}}, wanted = from;
        int err = way(cases[i].to, cases[i].use_iface, &iface, &from);
        if (cases[i].from)
            wanted = addr(cases[i].from);
        if (err != cases[i].err ||
            (!err && (strcmp(iface, cases[i].iface) != 0 || !ip_equal(&from, &wanted))))
            fail_msg("to %s: %d, by %s from %s", cases[i].to, err, iface,
                     inet_ntop(AF_INET6, from.b, text, sizeof(text)));
    }
}

static void routes(void **state)
{
    struct ip_route r = {.to = addr("8.8.8.0"),
                         .prefix = 96 + 24,
                         .metric = 10,
                         .iface = ip_iface_by_name("eth1"),
                         .gateway = addr("192.168.0.1"),
                         .valid_until = DEADLINE_NEVER};
    struct ip_route better = r, expiring = r;
    struct ip_addr from;
    const char *iface;

    (void)state;
    assert_int_equal(ip_route_add(&r), 0);
    assert_int_equal(ip_route_add(&r), -EEXIST);
    assert_int_equal(way("8.8.8.8", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth1");
    better.iface = ip_iface_by_name("eth0");
    better.gateway = addr("10.0.0.254");
    better.metric = 5;
    assert_int_equal(ip_route_add(&better), 0);
    assert_int_equal(way("8.8.8.8", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth0");
    /* The longest prefix, for a minute. */
    expiring.to = addr("8.8.8.8");
    expiring.prefix = 128;
    expiring.metric = 100;
    expiring.valid_until = fake.now + 60 * NSEC_PER_SEC;
    assert_int_equal(ip_route_add(&expiring), 0);
    assert_int_equal(way("8.8.8.8", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth1");
    fake_netdev_pass(60 * NSEC_PER_SEC);
    assert_int_equal(way("8.8.8.8", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth0");
    assert_int_equal(ip_route_del(&better), 0);
    assert_int_equal(ip_route_del(&better), -ESRCH);
    ip_iface_by_name("eth1")->up = false;
    ip_generation++;
    assert_int_equal(way("8.8.8.8", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth0"); /* by the default route */
    ip_iface_by_name("eth1")->up = true;
    assert_int_equal(ip_route_del(&r), 0);
    /* With an MTU of its own, if that is one. */
    static const uint16_t mtus[][2] = {{1000, 1000}, {10, 1500}, {9000, 1500}};
    for (size_t m = 0; m < ARRAY_LEN(mtus); m++) {
        struct ip_ends ends = {.remote = addr("8.8.8.8")};
        struct net_path path = {.ttl = 0};
        r.mtu = mtus[m][0];
        assert_int_equal(ip_route_add(&r), 0);
        assert_int_equal(ip_route(&ends, &path), 0);
        assert_int_equal(path.mtu, mtus[m][1]);
        assert_int_equal(ip_path_room(&ends, &path), mtus[m][1] - 20);
        assert_int_equal(ip_route_del(&r), 0);
    }
    /* Limited. */
    int err = 0;
    unsigned n = 0;
    for (; n < 2000 && !err; n++) {
        r.to.w[3] = htonl(0x0b000000 + n * 256);
        err = ip_route_add(&r);
    }
    assert_int_equal(err, -ENOMEM);
    assert_in_range(n, 1000, 1024);
    for (unsigned i = 0; i + 1 < n; i++) {
        r.to.w[3] = htonl(0x0b000000 + i * 256);
        assert_int_equal(ip_route_del(&r), 0);
    }
}

static void addresses_come_and_go(void **state)
{
    struct ip_iface *i = ip_iface_by_name("eth1");
    struct ip_addr a = addr("172.16.0.1"), b = addr("172.16.0.2"), bad = addr("239.0.0.1"), from;
    nsec_t now = fake.now;
    const char *iface;

    (void)state;
    assert_int_equal(ip_iface_add_addr(i, &bad, 8, false, DEADLINE_NEVER, DEADLINE_NEVER), -EINVAL);
    assert_int_equal(ip_iface_add_addr(i, &a, 33, false, DEADLINE_NEVER, DEADLINE_NEVER), -EINVAL);
    assert_int_equal(
        ip_iface_add_addr(i, &a, 12, false, now + 10 * NSEC_PER_SEC, now + 20 * NSEC_PER_SEC), 0);
    assert_int_equal(ip_iface_add_addr(i, &a, 12, false, DEADLINE_NEVER, DEADLINE_NEVER), -EEXIST);
    assert_int_equal(ip_iface_add_addr(i, &b, 12, false, DEADLINE_NEVER, DEADLINE_NEVER), 0);
    assert_int_equal(way("172.16.0.9", 0, &iface, &from), 0);
    assert_true(ip_equal(&from, &a));
    fake_netdev_pass(10 * NSEC_PER_SEC); /* deprecated: for new flows the other one is better */
    assert_int_equal(way("172.16.0.9", 0, &iface, &from), 0);
    assert_true(ip_equal(&from, &b));
    assert_ptr_equal(ip_addr_owner(&a, false), i);
    fake_netdev_pass(10 * NSEC_PER_SEC);
    assert_null(ip_addr_owner(&a, true));
    /* The network stays as long as an address is of it. */
    assert_int_equal(way("172.16.0.9", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth1");
    assert_int_equal(ip_iface_del_addr(i, &b, 13), -EADDRNOTAVAIL);
    assert_int_equal(ip_iface_del_addr(i, &b, 12), 0);
    assert_int_equal(way("172.16.0.9", 0, &iface, &from), 0);
    assert_string_equal(iface, "eth0");
}

static unsigned delivered;

static void input(struct ip_ends *ends, struct pkt *p)
{
    (void)ends;
    delivered++;
    pkt_free(p);
}

static unsigned to_group(const struct ip_addr *group, bool no_loop, unsigned *frames)
{
    struct ip_ends ends = {.remote = *group};
    struct net_path path = {.use_iface = 2, .no_loop = no_loop};
    struct pkt *p = pkt_alloc(PKT_HEADROOM, 8);
    uint8_t frame[FAKE_FRAME];
    size_t len;

    memset(p->data, 0, 8);
    p->len = p->total = 8;
    delivered = *frames = 0;
    fake_netdev_drop(0);
    assert_int_equal(ip_route(&ends, &path), 0);
    assert_int_equal(ip_output(&ends, &path, 200, p), 0);
    ip_run_local();
    while ((len = fake_netdev_sent(0, frame)))
        if (frame[ip_is_v4(group) ? 23 : 20] == 200) {
            assert_true(frame[0] & 1);
            assert_int_equal(frame[ip_is_v4(group) ? 22 : 21],
                             ip_is_broadcast(group) ? 64 : 1); /* hops */
            ++*frames;
        }
    return delivered;
}

static void groups(void **state)
{
    static struct ip_protocol transport = {.number = 200, .input = input};
    static const char *const names[] = {"239.1.2.3", "ff05::1234"};
    struct ip_iface *i = ip_iface_by_name("eth0");
    unsigned frames;

    (void)state;
    ip_protocol_add(&transport);
    for (int k = 0; k < 2; k++) {
        struct ip_addr group = addr(names[k]);
        assert_int_equal(to_group(&group, false, &frames), 0);
        assert_int_equal(frames, 1);
        assert_int_equal(ip_group_join(i, &group), 0);
        assert_int_equal(to_group(&group, false, &frames), 1);
        assert_int_equal(frames, 1);
        assert_int_equal(to_group(&group, true, &frames), 0);
        assert_int_equal(frames, 1);
        assert_int_equal(ip_group_leave(i, &group), 0);
    }
    struct ip_addr all = addr("255.255.255.255"), one = addr("10.0.0.1");
    assert_int_equal(to_group(&all, false, &frames), 1);
    assert_int_equal(frames, 1);
    assert_int_equal(ip_group_join(i, &one), -EINVAL);
    unsigned n = 0;
    struct ip_addr many = addr("239.9.0.0");
    while (n < 1000 && ip_group_join(i, &many) == 0)
        many.w[3] = htonl(ntohl(many.w[3]) + 1), n++;
    assert_in_range(n, 200, 256);
    while (n--) {
        many.w[3] = htonl(ntohl(many.w[3]) - 1);
        assert_int_equal(ip_group_leave(i, &many), 0);
    }
    fake_netdev_pass(10 * NSEC_PER_SEC);
    for (unsigned d = 0; d < 3; d++)
        fake_netdev_drop(d);
    assert_int_equal(fake_pkt_live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings), cmocka_unit_test(ways),
        cmocka_unit_test(routes),   cmocka_unit_test(addresses_come_and_go),
        cmocka_unit_test(groups),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
