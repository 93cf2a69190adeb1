/* SPDX-License-Identifier: MIT
 *
 * Who may bind what: every pair of bindings is tried with Linux's own sockets, too, and has to end
 * alike. And ephemeral ports.
 *
 * sources: libos/net/ip/port.c
 * uses: ip wire random */
#include "unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ip/port.h"
#include "random/random.h"

void random_bytes(void *buf, size_t len)
{
    static uint64_t seed = 5;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)random_next(&seed);
}

/* One binding. */
struct kind {
    const char *address;
    bool v6_only;
};

static const struct kind kinds[] = {
    {"0.0.0.0", false}, {"127.0.0.1", false}, {"127.0.0.2", false},        {"::", false},
    {"::", true},       {"::1", false},       {"::ffff:127.0.0.1", false},
};

/* Binds one of Linux's sockets, and listens if (listens); with (*port) 0 to any, which is set. */
static int bind_real(const struct kind *k, int type, unsigned reuse, bool listens, uint16_t *port,
                     int *fd)
{
    bool v6 = strchr(k->address, ':');
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(*port)};
    int one = 1, only = k->v6_only;
    socklen_t len = v6 ? sizeof(a6) : sizeof(a4);
    struct sockaddr *a = v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4;

    *fd = socket(v6 ? AF_INET6 : AF_INET, type, 0);
    assert_true(*fd >= 0);
    inet_pton(v6 ? AF_INET6 : AF_INET, k->address,
              v6 ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr);
    if (v6)
        assert_int_equal(setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
    if (reuse & 1)
        assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
    if (reuse & 2)
        assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
    if (bind(*fd, a, len) || (listens && listen(*fd, 1)))
        return -errno;
    assert_int_equal(getsockname(*fd, a, &len), 0);
    *port = ntohs(v6 ? a6.sin6_port : a4.sin_port);
    return 0;
}

static int bind_ours(struct ip_port_table *t, struct ip_port *p, const struct kind *k,
                     unsigned reuse, bool listens, uint16_t port)
{
    uint32_t v4;

    *p = (struct ip_port){
        .port = port, .v6_only = k->v6_only, .reuse_addr = reuse & 1, .reuse_port = reuse & 2};
    if (inet_pton(AF_INET, k->address, &v4) == 1)
        p->local = ip_from_v4(v4);
    else
        inet_pton(AF_INET6, k->address, p->local.b);
    int err = ip_port_bind(t, p);
    if (err || !listens)
        return err;
    return ip_port_listen(t, p);
}

static bool has_v6(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

    close(fd);
    return has;
}

/* Whether a second socket gets the port of a first one; 0 or -errno, of the host's and of ours. */
static void bind_both(int type, unsigned listens, const struct kind *a, const struct kind *b,
                      unsigned reuse, int *real, int *ours)
{
    struct ip_port_table table = {.key = {1}};
    struct ip_port pa, pb;
    uint16_t port = 0;
    int fa, fb;

    assert_int_equal(bind_real(a, type, reuse & 3, listens & 1, &port, &fa), 0);
    *real = bind_real(b, type, reuse >> 2, listens & 2, &port, &fb);
    close(fa);
    close(fb);
    assert_int_equal(bind_ours(&table, &pa, a, reuse & 3, listens & 1, port), 0);
    *ours = bind_ours(&table, &pb, b, reuse >> 2, listens & 2, port);
}

static void compare(int type, unsigned listens)
{
    size_t n = has_v6() ? ARRAY_LEN(kinds) : 3;

    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            for (unsigned reuse = 0; reuse < 16; reuse++) {
                int real = 0, ours = 1;
                /* Again: another process of the host may have the port at another address. */
                for (int i = 0; i < 3 && real != ours; i++)
                    bind_both(type, listens, &kinds[a], &kinds[b], reuse, &real, &ours);
                if (real != ours)
                    fail_msg("%s%s, then %s%s, reuse %u, %u: %d, not %d", kinds[a].address,
                             kinds[a].v6_only ? " only" : "", kinds[b].address,
                             kinds[b].v6_only ? " only" : "", reuse & 3, reuse >> 2, ours, real);
            }
        }
    }
}

static void udp_as_linux(void **state)
{
    (void)state;
    compare(SOCK_DGRAM, 0);
}

static void tcp_as_linux(void **state)
{
    (void)state;
    for (unsigned listens = 0; listens < 4; listens++)
        compare(SOCK_STREAM, listens);
}

static void ephemeral_ports(void **state)
{
    static struct ip_port ports[28233];
    struct ip_port_table t = {.key = {0}};
    unsigned steps = 0;

    (void)state;
    unsigned range = ip_port_last - ip_port_first + 1u;
    assert_int_equal(range + 1, ARRAY_LEN(ports));
    for (unsigned i = 0; i < range; i++) {
        ports[i] = (struct ip_port){.local = ip_from_v4(0), .reuse_addr = true};
        assert_int_equal(ip_port_bind(&t, &ports[i]), 0);
        assert_in_range(ports[i].port, 32768, 60999);
        steps += i && ports[i].port == ports[i - 1].port + 1;
    }
    assert_true(steps < range / 4 + 2000 && steps < range);
    ports[range] = (struct ip_port){.local = ip_from_v4(0), .reuse_addr = true};
    assert_int_equal(ip_port_bind(&t, &ports[range]), -EADDRINUSE);
    ip_port_release(&t, &ports[77]);
    assert_int_equal(ip_port_bind(&t, &ports[range]), 0);
}

static bool is_taken(void *arg, const struct ip_ends *ends)
{
    return ends->local_port % 2 == *(const unsigned *)arg;
}

static void ports_of_connections(void **state)
{
    struct ip_port_table t = {.key = {0}};
    struct ip_port a = {.port = 0}, b = a, c = a, bound = {.port = 0};
    struct ip_ends ends = {.remote = ip_from_v4(htonl(0x0a000001)), .remote_port = 80};
    unsigned odd = 1;

    (void)state;
    assert_int_equal(ip_port_connect(&t, &a, &ends, is_taken, &odd), 0);
    assert_int_equal(a.port % 2, 0);
    assert_int_equal(ends.local_port, a.port);
    assert_int_equal(ip_port_connect(&t, &b, &ends, is_taken, &odd), 0);
    assert_true(b.port != a.port);
    /* One that is bound is not shared, one of another connection is. */
    uint16_t first = ip_port_first, last = ip_port_last;
    ip_port_first = ip_port_last = a.port;
    assert_int_equal(ip_port_connect(&t, &c, &ends, is_taken, &odd), 0);
    assert_int_equal(c.port, a.port);
    ip_port_release(&t, &a);
    ip_port_release(&t, &c);
    bound.port = ip_port_first;
    assert_int_equal(ip_port_bind(&t, &bound), 0);
    assert_int_equal(ip_port_connect(&t, &c, &ends, is_taken, &odd), -EADDRNOTAVAIL);
    assert_int_equal(ends.local_port, 0);
    ip_port_first = first;
    ip_port_last = last;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_as_linux),
        cmocka_unit_test(tcp_as_linux),
        cmocka_unit_test(ephemeral_ports),
        cmocka_unit_test(ports_of_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
