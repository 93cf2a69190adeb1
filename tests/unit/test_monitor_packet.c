/* SPDX-License-Identifier: MIT
 *
 * The gate's judgement of packets, case by case. Frames come from a few bytes of description; whole programs are in
 * tests/system/test_policy.py.
 *
 * sources: monitor/dev/packet.c cli/policy.c cli/policy_parse.c cli/fault.c
 * uses:    monitor cli abi */
#include <arpa/inet.h>

#include "unit.h"
#include "cli/policy.h"
#include "monitor/dev/packet.h"

static struct policy policy[2];
static struct packet_rules rules;
static uint8_t frame[2000];
static size_t frame_len;
static struct packet_refused why;

static void use(const char *text, const char *second)
{
    struct fault f;
    rules = (struct packet_rules){.policies = 1, .policy = {&policy[0].head, &policy[1].head}};
    assert_int_equal(policy_parse("test", text, strlen(text), &policy[0], &f), 0);
    if (second) {
        assert_int_equal(policy_parse("test", second, strlen(second), &policy[1], &f), 0);
        rules.policies = 2;
    }
}

static void put16(size_t at, unsigned value)
{
    frame[at] = (uint8_t)(value >> 8);
    frame[at + 1] = (uint8_t)value;
}

/* An IP packet of (len) bytes of (protocol) behind its header, zero but for ports. Returns where these bytes are. */
static uint8_t *make(const char *from, const char *to, unsigned protocol, size_t len)
{
    bool six = strchr(from, ':') != NULL;
    size_t header = 14 + (six ? 40 : 20);
    memset(frame, 0, sizeof(frame));
    frame_len = header + len;
    put16(12, six ? 0x86dd : 0x0800);
    frame[14] = six ? 0x60 : 0x45;
    put16(six ? 18 : 16, (unsigned)(six ? len : len + 20));
    frame[six ? 20 : 23] = (uint8_t)protocol;
    frame[six ? 21 : 22] = 64;
    assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, from, frame + (six ? 22 : 26)), 1);
    assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, to, frame + (six ? 38 : 30)), 1);
    return frame + header;
}

static void ports(uint8_t *at, unsigned from, unsigned to)
{
    put16((size_t)(at - frame), from);
    put16((size_t)(at - frame) + 2, to);
}

static void tcp(const char *from, unsigned port, const char *to, unsigned to_port, unsigned flags)
{
    uint8_t *at = make(from, to, 6, 20);
    ports(at, port, to_port);
    at[12] = 0x50;
    at[13] = (uint8_t)flags;
}

static uint8_t *udp(const char *from, unsigned port, const char *to, unsigned to_port, size_t len)
{
    uint8_t *at = make(from, to, 17, 8 + len);
    ports(at, port, to_port);
    put16((size_t)(at - frame) + 4, (unsigned)(8 + len));
    return at + 8;
}

/* Asks about a copy of exactly the frame, so that the sanitizer sees every byte too many. */
static bool permitted(enum packet_way way)
{
    uint8_t *copy = malloc(frame_len);
    memcpy(copy, frame, frame_len);
    bool is = packet_permitted(&rules, way, copy, frame_len, &why);
    free(copy);
    return is;
}

static bool out(void)
{
    return permitted(PACKET_OUT);
}

static bool in(void)
{
    return permitted(PACKET_IN);
}

#define SYN 2u
#define ACK 16u

static const char own[] = "10.0.0.2", peer[] = "10.0.0.9", other[] = "11.0.0.9";

static void who_begins(void **state)
{
    (void)state;
    use("listen tcp any 80\nconnect tcp 10.0.0.0/8 443\n", NULL);
    tcp(own, 5000, peer, 443, SYN);
    assert_true(out());
    tcp(own, 5000, other, 443, SYN);
    assert_false(out());
    assert_true(why.has_addr && why.port == 443);
    tcp(own, 80, peer, 5000, SYN);
    assert_false(out());
    tcp(own, 80, other, 5000, SYN | ACK);
    assert_true(out());
    tcp(own, 5000, peer, 443, SYN | ACK);
    assert_false(out());
    tcp(peer, 443, own, 5000, SYN | ACK);
    assert_true(in());
    tcp(peer, 443, own, 5000, SYN);
    assert_false(in());
    tcp(other, 5000, own, 80, SYN);
    assert_true(in());
    tcp(other, 5000, own, 81, SYN);
    assert_false(in());
    assert_int_equal(why.port, 81);
    tcp(own, 5000, peer, 443, ACK);
    assert_true(out());
    tcp(own, 5000, peer, 444, ACK);
    assert_false(out());
    tcp(own, 5000, peer, 444, 4); /* RST */
    assert_false(out());
}

static void both_must_permit(void **state)
{
    (void)state;
    use("connect tcp any 443\n", "connect tcp 10.0.0.0/8 any\n");
    tcp(own, 5000, peer, 443, SYN);
    assert_true(out());
    tcp(own, 5000, peer, 444, SYN);
    assert_false(out());
    tcp(own, 5000, other, 443, SYN);
    assert_false(out());
}

static void not_understood(void **state)
{
    (void)state;
    use("listen any\nconnect any\n", NULL); /* lookup none: the rules are asked */
    tcp(own, 5000, peer, 443, SYN);
    for (size_t n = 0; n < frame_len; n++)
        assert_false(packet_permitted(&rules, PACKET_OUT, frame, n, &why));
    assert_true(out());
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{12, 0x81}, {14, 0x44}, {14, 0x46}, {14, 0x65}, {17, 41}, {20, 0x20}, {21, 1},
               {23, 47},   {23, 17},   {23, 58},   {46, 0x40}, {46, 0x60}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t before = frame[bad[i].at];
        frame[bad[i].at] = bad[i].value;
        assert_false(out());
        frame[bad[i].at] = before;
    }
    /* Extension headers, and IPv4 in IPv6. */
    tcp("fd00::2", 5000, "fd00::9", 443, SYN);
    assert_true(out());
    for (unsigned next = 0; next < 256; next++) {
        frame[20] = (uint8_t)next;
        assert_int_equal(out(), next == 6);
    }
    tcp("::ffff:10.0.0.2", 5000, "fd00::9", 443, SYN);
    assert_false(out());
    memset(frame, 0, 64);
    put16(12, 0x0806);
    frame_len = 42;
    assert_true(out());
    frame_len = 200; /* room for something else than an address */
    assert_false(out());
}

/* A query for (name), "1a2bc": labels behind their lengths. */
static void query(const char *to, const char *labels)
{
    size_t n = strlen(labels);
    uint8_t *q = udp(own, 5000, to, 53, 12 + n + 5);
    q[5] = 1;
    memcpy(q + 12, labels, n);
}

static void look_ups(void **state)
{
    (void)state;
    use("lookup *.example.org\n", NULL);
    query(peer, "\1a\7example\3org");
    assert_false(out());
    uint8_t resolver[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 9};
    packet_add_resolver(&rules, resolver);
    assert_true(out());
    query(peer, "\1a\7example\3net");
    assert_false(out());
    assert_string_equal(why.name, "a.example.net");
    query(other, "\1a\7example\3org");
    assert_false(out());
    udp(peer, 53, own, 5000, 30);
    assert_true(in());
    udp(other, 53, own, 5000, 30);
    assert_false(in());
    tcp(own, 5000, peer, 53, SYN); /* what will be asked is not known */
    assert_false(out());
    use("lookup any\n", NULL);
    packet_add_resolver(&rules, resolver);
    tcp(own, 5000, peer, 53, SYN);
    assert_true(out());
    tcp(peer, 53, own, 5000, SYN | ACK);
    assert_true(in());
    tcp(peer, 53, own, 5000, SYN);
    assert_false(in());
    use("lookup none\n", NULL);
    packet_add_resolver(&rules, resolver);
    query(peer, "\1a\7example\3org");
    assert_false(out());
    udp(peer, 53, own, 5000, 30);
    assert_false(in());
}

static void dhcp(void **state)
{
    (void)state;
    static const uint8_t options[] = {99, 130, 83, 99, 0, 53, 1, 5, 6, 4, 10, 0, 0, 9, 255};
    use("lookup a\n", NULL);
    udp("0.0.0.0", 68, "255.255.255.255", 67, 240);
    assert_true(out());
    udp(own, 68, peer, 67, 240);
    assert_false(out());
    uint8_t *d = udp(peer, 67, own, 68, 236 + sizeof(options));
    d[0] = 2;
    memcpy(d + 236, options, sizeof(options));
    for (size_t cut = 1; cut < sizeof(options); cut++) { /* cut short: still no crash */
        struct packet_rules before = rules;
        put16(38, (unsigned)(8 + 236 + sizeof(options) - cut));
        put16(16, (unsigned)(28 + 236 + sizeof(options) - cut));
        assert_true(in());
        rules = before;
    }
    put16(38, 8 + 236 + sizeof(options));
    put16(16, 28 + 236 + sizeof(options));
    assert_true(in());
    udp(own, 68, peer, 67, 240); /* it has answered, and may be asked */
    assert_true(out());
    udp(own, 68, other, 67, 240);
    assert_false(out());
    query(peer, "\1a");
    assert_true(out());
}

static void icmp(void **state)
{
    (void)state;
    use("connect icmp 10.0.0.0/8\nlisten tcp any 1\n", NULL);
    uint8_t *at = make(own, peer, 1, 8);
    at[0] = 8;
    assert_true(out());
    assert_false(in()); /* of (own), which is no peer */
    at[0] = 0;
    assert_false(out());
    at = make(peer, own, 1, 8);
    assert_true(in());
    at[0] = 8;
    assert_false(in());
    at[0] = 3;
    assert_true(in());
    at = make(own, peer, 1, 8);
    at[0] = 3;
    assert_false(out());
    at[0] = 5; /* redirects */
    assert_false(in());
}

static void neighbours(void **state)
{
    (void)state;
    use("listen tcp any 1\nlookup a\n", NULL);
    uint8_t *at = make("fe80::2", "ff02::1:ff00:9", 58, 32);
    at[0] = 135;
    assert_false(out()); /* through a router */
    frame[21] = 255;
    assert_true(out());
    at = make("fe80::2", "fe80::9", 58, 40); /* more than an address behind it */
    at[0] = 135;
    frame[21] = 255;
    assert_false(out());
    at = make("fe80::9", "ff02::1", 58, 16 + 24);
    frame[21] = 255;
    at[0] = 134;
    assert_false(out());
    at[16] = 25;
    at[17] = 3;
    assert_int_equal(inet_pton(AF_INET6, "fe80::9", at + 24), 1);
    assert_true(in());
    uint8_t *q = udp("fe80::2", 5000, "fe80::9", 53, 12 + 2 + 5);
    q[5] = 1;
    memcpy(q + 12, "\1a", 2);
    assert_true(out());
    for (size_t len = 0; len < 16; len++) { /* less than they must have */
        at = make("fe80::2", "ff02::1", 58, len);
        frame[21] = 255;
        if (len > 0)
            at[0] = 135;
        assert_int_equal(out(), len >= 8);
        assert_int_equal(in(), len >= 8);
    }
    /* Groups: with a router alert, to the link. */
    at = make("fe80::2", "ff02::16", 0, 8 + 8);
    memcpy(at, "\x3a\0\5\2\0\0\1\0\x8f", 9);
    frame[21] = 1;
    assert_true(out());
    at[8] = 128;
    assert_false(out());
    at[8] = 143;
    frame[38] = 0x20;
    assert_false(out());
}

static bool header(unsigned flags, unsigned gso, unsigned size, unsigned start, unsigned offset)
{
    uint16_t h[6] = {(uint16_t)(flags | gso << 8), 0, (uint16_t)size, (uint16_t)start,
                     (uint16_t)offset, 0};
    uint8_t bytes[PACKET_HEADER];
    memcpy(bytes, h, sizeof(bytes));
    return packet_header_sound(bytes, frame, frame_len);
}

static void headers(void **state)
{
    (void)state;
    tcp(own, 5000, peer, 443, ACK);
    assert_true(header(0, 0, 0, 0, 0));
    assert_true(header(1, 0, 0, 34, 16));
    assert_false(header(1, 0, 0, 34, 2)); /* the sum would become the port */
    assert_false(header(1, 0, 0, 14, 16));
    assert_false(header(2, 0, 0, 34, 16));
    assert_true(header(1, 1, 1448, 34, 16));
    assert_true(header(1, 0x81, 1448, 34, 16));
    assert_false(header(1, 4, 1448, 34, 16)); /* IPv6's */
    assert_false(header(0, 1, 1448, 34, 16));
    assert_false(header(1, 1, 0, 34, 16));
    assert_false(header(1, 3, 1448, 34, 16));
    assert_false(header(1, 5, 1448, 34, 16));
    assert_false(header(1, 0x80, 0, 34, 16));
    udp(own, 5000, peer, 443, 100);
    assert_true(header(1, 0, 0, 34, 6));
    assert_false(header(1, 1, 100, 34, 6));
    tcp("fd00::2", 5000, "fd00::9", 443, ACK);
    assert_true(header(1, 4, 1428, 54, 16));
    make(own, peer, 1, 8);
    assert_false(header(1, 0, 0, 34, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_begins),     cmocka_unit_test(both_must_permit),
        cmocka_unit_test(not_understood), cmocka_unit_test(look_ups),
        cmocka_unit_test(dhcp),           cmocka_unit_test(icmp),
        cmocka_unit_test(neighbours),     cmocka_unit_test(headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
