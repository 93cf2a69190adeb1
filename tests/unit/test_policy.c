/* SPDX-License-Identifier: MIT
 *
 * Policies: what texts compile to, what compiled ones permit, and what two permit together.
 *
 * sources: cli/policy.c cli/policy_parse.c cli/fault.c
 * uses:    cli abi */
#include <arpa/inet.h>

#include "unit.h"
#include "cli/policy.h"

enum { TCP = 6, UDP = 17, ICMP = 1 };

static struct policy parse(const char *text)
{
    struct policy p;
    struct fault f;
    if (policy_parse("test", text, strlen(text), &p, &f) != 0)
        fail_msg("%s", f.text);
    assert_true(policy_sound(&p.head, sizeof(p)));
    return p;
}

static void refused(const char *text, const char *message)
{
    struct policy p;
    struct fault f = {.text = ""};
    assert_int_equal(policy_parse("test", text, strlen(text), &p, &f), -1);
    if (strncmp(f.text, message, strlen(message)) != 0)
        fail_msg("%s: %s", text, f.text);
}

static bool reaches(const struct policy *p, unsigned kind, unsigned protocol, const char *addr,
                    unsigned port)
{
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
    if (inet_pton(AF_INET, addr, bytes + 12) != 1)
        assert_int_equal(inet_pton(AF_INET6, addr, bytes), 1);
    return policy_permits_net(&p->head, kind, protocol, bytes, port);
}

static bool names(const struct policy *p, unsigned kind, const char *text)
{
    return policy_permits_text(&p->head, kind, text, strlen(text));
}

static void prints(const struct policy *p, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    policy_print(out, p);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void addresses_and_ports(void **state)
{
    (void)state;
    struct policy p = parse("connect tcp 10.1.2.0/23 80\nconnect udp 2001:db8::/33 10-20\n"
                            "connect tcp any 443\nconnect icmp 10.0.0.1\n");
    assert_true(reaches(&p, PITH_POLICY_CONNECT, TCP, "10.1.3.255", 80));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, TCP, "10.1.4.0", 80));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, TCP, "10.1.3.255", 81));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, UDP, "10.1.3.255", 80));
    assert_false(reaches(&p, PITH_POLICY_LISTEN, TCP, "10.1.3.255", 80));
    assert_true(reaches(&p, PITH_POLICY_CONNECT, UDP, "2001:db8:7fff::1", 10));
    assert_true(reaches(&p, PITH_POLICY_CONNECT, UDP, "2001:db8:7fff::1", 20));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, UDP, "2001:db8:8000::1", 20));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, UDP, "2001:db8::1", 21));
    assert_true(reaches(&p, PITH_POLICY_CONNECT, TCP, "1.2.3.4", 443));
    assert_true(reaches(&p, PITH_POLICY_CONNECT, TCP, "fe80::1", 443));
    assert_true(reaches(&p, PITH_POLICY_CONNECT, ICMP, "10.0.0.1", 0));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, ICMP, "10.0.0.2", 0));
    /* All of IPv4 is not all of IPv6. */
    p = parse("connect tcp 0.0.0.0/0 any\n");
    assert_true(reaches(&p, PITH_POLICY_CONNECT, TCP, "255.1.1.1", 65535));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, TCP, "fe80::1", 65535));
    assert_false(reaches(&p, PITH_POLICY_CONNECT, TCP, "1.1.1.1", 0));
}

static void names_and_paths(void **state)
{
    (void)state;
    struct policy p = parse("lookup a.example.org *.Example.net\nwrite /tmp /var/log\n");
    assert_true(names(&p, PITH_POLICY_LOOKUP, "A.example.ORG"));
    assert_false(names(&p, PITH_POLICY_LOOKUP, "b.a.example.org"));
    assert_false(names(&p, PITH_POLICY_LOOKUP, "a.example.orgs"));
    assert_true(names(&p, PITH_POLICY_LOOKUP, "x.y.example.net"));
    assert_false(names(&p, PITH_POLICY_LOOKUP, "example.net"));
    assert_false(names(&p, PITH_POLICY_LOOKUP, ".example.net" + 1));
    assert_false(names(&p, PITH_POLICY_LOOKUP, "notexample.net"));
    assert_true(names(&p, PITH_POLICY_WRITE, "/tmp"));
    assert_true(names(&p, PITH_POLICY_WRITE, "/tmp/a"));
    assert_false(names(&p, PITH_POLICY_WRITE, "/tmpa"));
    assert_false(names(&p, PITH_POLICY_WRITE, "/var"));
    assert_false(names(&p, PITH_POLICY_WRITE, "/"));
    p = parse("write /\n");
    assert_true(names(&p, PITH_POLICY_WRITE, "/"));
    assert_true(names(&p, PITH_POLICY_WRITE, "/x"));
    p = parse("write any\n");
    assert_true(names(&p, PITH_POLICY_WRITE, "/x"));
    assert_false(names(&p, PITH_POLICY_LOOKUP, "x"));
}

static void what_is_not_said(void **state)
{
    (void)state;
    struct policy p = parse("# nothing\n\n  \t\r\n");
    prints(&p, "listen none\nconnect none\nlookup none\nwrite none\ndevices disk console\n");
    p = parse("listen tcp any 1 # comment\n");
    assert_int_equal(p.head.devices, PITH_POLICY_DEVICES);
    p = parse("listen any\ndevices none\nmemory 65537");
    prints(&p, "listen any\nconnect none\nlookup none\nwrite none\nmemory 65537\ndevices none\n");
    assert_int_equal(policy_device_line(&p.head, PITH_POLICY_NET), 2);
    p = parse("\nconnect none");
    assert_int_equal(policy_device_line(&p.head, PITH_POLICY_NET), 2);
    assert_int_equal(policy_device_line(&p.head, PITH_POLICY_DISK), 0);
}

static void wrong_texts(void **state)
{
    (void)state;
    refused("listen tcp any 80\nx", "test:2:1: expected listen,");
    refused("write any\nwrite /a", "test:2:7: none and any are");
    refused("write /a\nwrite none", "test:2:7: none and any are");
    refused("write none\nwrite none", "test:2:7: none and any are");
    refused("write any /a", "test:1:11: expected the end of the line");
    refused("lookup a any", "test:1:10: expected a name");
    refused("lookup a ANY", "test:1:10: expected a name");
    refused("lookup *", "test:1:8: expected a name");
    refused("lookup a.*", "test:1:8: expected a name");
    refused("lookup", "test:1:7: expected a name");
    refused("write /a/", "test:1:7: expected a path");
    refused("write /a//b", "test:1:7: expected a path");
    refused("memory 1", "test:1:8: expected a size");
    refused("memory 99999999999999999999", "test:1:8: expected a size");
    refused("memory 2000G", "test:1:8: expected a size");
    refused("connect tcp 1.2.3.4/ 1", "test:1:21: expected a length");
    refused("connect tcp 1.2.3.4 0", "test:1:21: expected a port");
    refused("connect tcp 1.2.3.4 65536", "test:1:21: expected a port");
    refused("connect tcp 1.2.3.4 1-", "test:1:21: expected a port");
    refused("connect icmp 1.2.3.4 1", "test:1:22: expected the end of the line");
    refused("connect tcp\t1.2.3.4\x01 1", "test:1:20: expected a text, without control");
    refused("devices none net", "test:1:14: expected the end of the line");
}

static void together(void **state)
{
    (void)state;
    struct policy a = parse("listen tcp 10.0.0.0/8 80-90\nlisten udp any 5\nlookup *.org\n"
                            "write /tmp\nconnect any\nmemory 1M\n");
    struct policy b = parse("listen tcp 10.1.0.0/16 85-95\nlisten tcp 11.0.0.0/8 any\n"
                            "lookup a.org b.com *.b.org\nwrite /\nconnect icmp any\ndevices net\n");
    struct policy both;
    assert_true(policy_narrow(&both, &a, &b));
    prints(&both, "listen tcp 10.1.0.0/16 85-90\nconnect icmp any\nlookup a.org\nlookup *.b.org\n"
                  "write /tmp\nmemory 1024K\ndevices net\n");
    FILE *out = tmpfile();
    assert_int_equal(policy_tell_wider(out, "b", &a, &b), 4);
    char text[2000] = "";
    rewind(out);
    assert_true(fread(text, 1, sizeof(text) - 1, out) > 0);
    fclose(out);
    assert_non_null(strstr(text, "b:1: listen tcp 10.1.0.0/16 85-95: "));
    assert_non_null(strstr(text, "b:2: listen tcp 11.0.0.0/8 any: "));
    assert_non_null(strstr(text, "b:3: lookup b.com: "));
    assert_non_null(strstr(text, "b:4: write /: "));
}

/* Whatever is damaged is either found or harmless to read. */
static void damage(void **state)
{
    (void)state;
    struct policy p = parse("listen tcp 10.0.0.0/8 80-90\nlookup *.org\nwrite /tmp\nmemory 1M\n"), q;
    uint64_t seed = 31;
    assert_false(policy_sound(&p.head, p.head.size - 1u));
    assert_true(policy_sound(&p.head, p.head.size));
    for (int i = 0; i < 100000; i++) {
        q = p;
        q.bytes[random_below(&seed, p.head.size)] = (uint8_t)random_next(&seed);
        uint8_t *exact = malloc(p.head.size);
        memcpy(exact, q.bytes, p.head.size);
        const struct pith_policy *head = (const struct pith_policy *)exact;
        if (policy_sound(head, p.head.size)) {
            (void)policy_permits_text(head, PITH_POLICY_WRITE, "/x", 2);
            (void)policy_permits_text(head, PITH_POLICY_LOOKUP, "x.org", 5);
            (void)policy_none(head, PITH_POLICY_CONNECT);
        }
        free(exact);
    }
}

static void query_names(void **state)
{
    (void)state;
    static const uint8_t query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\1a\7example\3org\0\0\1\0\1";
    uint8_t q[sizeof(query)];
    char name[POLICY_NAME_MAX];
    size_t len = sizeof(query) - 1;
    assert_int_equal(policy_query_name(query, len, name), 13);
    assert_memory_equal(name, "a.example.org", 13);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(policy_query_name(query, n, name), -1);
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{2, 0x81}, {5, 2}, {7, 1}, {9, 1}, {12, 0xc0}, {13, ' '}, {13, '.'}, {14, 63}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        memcpy(q, query, sizeof(q));
        q[bad[i].at] = bad[i].value;
        assert_int_equal(policy_query_name(q, len, name), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_ports), cmocka_unit_test(names_and_paths),
        cmocka_unit_test(what_is_not_said),    cmocka_unit_test(wrong_texts),
        cmocka_unit_test(together),            cmocka_unit_test(damage),
        cmocka_unit_test(query_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
