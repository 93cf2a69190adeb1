/* SPDX-License-Identifier: MIT
 *
 * The resolver of musl/src/network against name servers of the test: one thread that serves UDP and
 * TCP at three addresses of the loopback interface and answers each query as the test's script
 * says. No test may leave a descriptor open.
 *
 * sources: musl/src/network/res_mkquery.c musl/src/network/res_send.c
 * sources: musl/src/network/res_msend.c musl/src/network/dns_parse.c
 * sources: musl/src/network/lookup_name.c
 * cflags:  -Itests/unit/libc
 * ldflags: -pthread -Wl,--wrap=connect -Wl,--wrap=getrandom */
#include "unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "libc/lookup.h"
#include "libc/stdio_impl.h"

enum {
    SERVERS = 3,
    A = 1,
    CNAME = 5,
    TXT = 16,
    AAAA = 28,
    SERVFAIL = 2,
    NXDOMAIN = 3,
    REFUSED = 5
};

/* A query that has come, and its answer while it is made. */
struct request {
    int server, tcp, fd;
    struct sockaddr_in from;
    unsigned char query[600];
    size_t query_len;
    char name[256];
    int type;
    unsigned char out[5000];
    size_t n;
};

static struct {
    int udp[SERVERS], tcp[SERVERS], stop[2];
    in_port_t port[SERVERS];
    pthread_t thread;
    void (*script)(struct request *);
    /* What came, in this order; read when nothing is on its way. */
    atomic_int queries;
    struct {
        char name[256];
        int server, tcp, type, id, port;
    } seen[200];
} net;

static struct resolvconf conf;
static const char *search, *hosts;

/* What the resolver calls. */

int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
    struct sockaddr_in in;

    if (to->sa_family != AF_INET)
        return __real_connect(fd, to, len);
    memcpy(&in, to, sizeof in);
    if (in.sin_port == htons(53))
        in.sin_port = net.port[(ntohl(in.sin_addr.s_addr) & 0xff) - 1];
    return __real_connect(fd, (struct sockaddr *)&in, sizeof in);
}

ssize_t __real_getrandom(void *buf, size_t len, unsigned how);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned how);
static int not_random;

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned how)
{
    if (!not_random)
        return __real_getrandom(buf, len, how);
    memset(buf, 1, len);
    return (ssize_t)len;
}

int __get_resolv_conf(struct resolvconf *to, char *list, size_t size)
{
    *to = conf;
    if (list)
        snprintf(list, size, "%s", search);
    return 0;
}

int __lookup_ipliteral(struct address buf[static 1], const char *name, int family)
{
    int found = inet_pton(AF_INET, name, buf->addr) == 1    ? AF_INET
                : inet_pton(AF_INET6, name, buf->addr) == 1 ? AF_INET6
                                                            : 0;

    if (!found)
        return 0;
    buf->family = found;
    buf->scopeid = 0;
    return family == AF_UNSPEC || family == found ? 1 : EAI_NONAME;
}

FILE *__fopen_rb_ca(const char *path, FILE *f, unsigned char *buf, size_t size)
{
    (void)f;
    (void)buf;
    (void)size;
    assert_string_equal(path, "/etc/hosts");
    if (!hosts) {
        errno = ENOENT;
        return NULL;
    }
    return fmemopen((void *)(uintptr_t)hosts, strlen(hosts), "r");
}

/* The servers. */

static void put16(unsigned char *p, int v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

static size_t put_name(unsigned char *to, const char *name)
{
    size_t n = 0;

    while (*name) {
        size_t len = strcspn(name, ".");

        to[n++] = (unsigned char)len;
        memcpy(to + n, name, len);
        n += len;
        name += len + (name[len] == '.');
    }
    to[n++] = 0;
    return n;
}

/* Begins an answer with the header and question of the query. */
static void begin(struct request *r, int code)
{
    memcpy(r->out, r->query, r->query_len);
    r->n = r->query_len;
    r->out[2] |= 0x80;
    r->out[3] = (unsigned char)(0x80 | code);
}

static void add(struct request *r, const char *owner, int type, const void *data, size_t len)
{
    if (owner)
        r->n += put_name(r->out + r->n, owner);
    else
        put16(r->out + (r->n += 2) - 2, 0xc00c);
    put16(r->out + r->n, type);
    put16(r->out + r->n + 2, 1);
    memset(r->out + r->n + 4, 0, 4);
    put16(r->out + r->n + 8, (int)len);
    memcpy(r->out + r->n + 10, data, len);
    r->n += 10 + len;
    put16(r->out + 6, (r->out[6] << 8 | r->out[7]) + 1);
}

static void add_cname(struct request *r, const char *owner, const char *target)
{
    unsigned char name[256];

    add(r, owner, CNAME, name, put_name(name, target));
}

/* An address of the type that was asked for, with (last) as its last byte. */
static void add_addr(struct request *r, const char *owner, int last)
{
    unsigned char a[16] = {0x20, 1, 0x0d, 0xb8};

    if (r->type == A)
        memcpy(a, (unsigned char[]){192, 0, 2, (unsigned char)last}, 4);
    else
        a[15] = (unsigned char)last;
    add(r, owner, r->type, a, r->type == A ? 4 : 16);
}

static void reply(struct request *r)
{
    unsigned char prefix[2];

    put16(prefix, (int)r->n);
    if (!r->tcp)
        sendto(r->fd, r->out, r->n, 0, (struct sockaddr *)&r->from, sizeof r->from);
    else if (send(r->fd, prefix, 2, MSG_NOSIGNAL) == 2)
        send(r->fd, r->out, r->n, MSG_NOSIGNAL);
}

static void handle(struct request *r)
{
    size_t at = 12;
    int i = atomic_load(&net.queries);

    r->name[0] = 0;
    while (r->query[at]) {
        snprintf(r->name + strlen(r->name), 64, "%s%.*s", at > 12 ? "." : "", r->query[at],
                 (char *)r->query + at + 1);
        at += 1u + r->query[at];
    }
    r->type = r->query[at + 1] << 8 | r->query[at + 2];
    if (i < 200) {
        snprintf(net.seen[i].name, 256, "%s", r->name);
        net.seen[i].server = r->server;
        net.seen[i].tcp = r->tcp;
        net.seen[i].type = r->type;
        net.seen[i].id = r->query[0] << 8 | r->query[1];
        net.seen[i].port = ntohs(r->from.sin_port);
    }
    atomic_fetch_add(&net.queries, 1);
    net.script(r);
}

static void handle_tcp(int server)
{
    static struct request r;
    unsigned char prefix[2];
    socklen_t len = sizeof r.from;

    r.server = server;
    r.tcp = 1;
    r.fd = accept(net.tcp[server], (struct sockaddr *)&r.from, &len);
    if (recv(r.fd, prefix, 2, MSG_WAITALL) == 2) {
        r.query_len = (size_t)(prefix[0] << 8 | prefix[1]);
        if (r.query_len <= sizeof r.query &&
            recv(r.fd, r.query, r.query_len, MSG_WAITALL) == (ssize_t)r.query_len)
            handle(&r);
    }
    close(r.fd);
}

static void handle_udp(int server)
{
    static struct request r;
    socklen_t len = sizeof r.from;

    r.server = server;
    r.tcp = 0;
    r.fd = net.udp[server];
    ssize_t n = recvfrom(r.fd, r.query, sizeof r.query, 0, (struct sockaddr *)&r.from, &len);
    if (n > 16) {
        r.query_len = (size_t)n;
        handle(&r);
    }
}

static void *serve(void *arg)
{
    struct pollfd p[2 * SERVERS + 1];

    for (int i = 0; i < SERVERS; i++) {
        p[i] = (struct pollfd){net.udp[i], POLLIN, 0};
        p[SERVERS + i] = (struct pollfd){net.tcp[i], POLLIN, 0};
    }
    p[2 * SERVERS] = (struct pollfd){net.stop[0], POLLIN, 0};
    while (poll(p, 2 * SERVERS + 1, -1) >= 0 && !p[2 * SERVERS].revents) {
        for (int i = 0; i < SERVERS; i++) {
            if (p[i].revents)
                handle_udp(i);
            if (p[SERVERS + i].revents)
                handle_tcp(i);
        }
    }
    return arg;
}

static int open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int fds_before;

static int set_up(void **state)
{
    fds_before = open_fds();
    for (int i = 0; i < SERVERS; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(0x7f000001u + (unsigned)i)};
        socklen_t len = sizeof a;

        net.udp[i] = socket(AF_INET, SOCK_DGRAM, 0);
        net.tcp[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(net.udp[i], (struct sockaddr *)&a, len), 0);
        assert_int_equal(getsockname(net.udp[i], (struct sockaddr *)&a, &len), 0);
        assert_int_equal(bind(net.tcp[i], (struct sockaddr *)&a, len), 0);
        assert_int_equal(listen(net.tcp[i], 16), 0);
        net.port[i] = a.sin_port;
        conf.ns[i] = (struct address){.family = AF_INET, .addr = {127, 0, 0, (uint8_t)(i + 1)}};
    }
    assert_int_equal(pipe(net.stop), 0);
    net.queries = 0;
    conf.nns = SERVERS;
    conf.attempts = 2;
    conf.ndots = 1;
    conf.timeout = 5;
    search = "";
    hosts = NULL;
    *state = NULL;
    return pthread_create(&net.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(write(net.stop[1], "", 1), 1);
    pthread_join(net.thread, NULL);
    for (int i = 0; i < SERVERS; i++) {
        close(net.udp[i]);
        close(net.tcp[i]);
    }
    close(net.stop[0]);
    close(net.stop[1]);
    assert_int_equal(open_fds(), fds_before);
    return 0;
}

static struct address addrs[MAXADDRS];
static char canon[256];

static int lookup(void (*script)(struct request *), const char *name, int family)
{
    net.script = script;
    return test_lookup_name(addrs, canon, name, family, 0);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Scripts that several tests use. */

static void silent(struct request *r)
{
    (void)r;
}

static void good(struct request *r)
{
    begin(r, 0);
    add_addr(r, NULL, 7);
    reply(r);
}

static void no_such_name(struct request *r)
{
    begin(r, NXDOMAIN);
    reply(r);
}

/* Queries */

static void queries_are_built_with_every_length_checked(void **state)
{
    unsigned char q[300];
    char name[300];

    (void)state;
    assert_int_equal(test_res_mkquery(0, "ab.c", 1, 257, NULL, 0, NULL, q, sizeof q), 22);
    assert_memory_equal(q + 2, "\1\x20\0\1\0\0\0\0\0\0\2ab\1c\0\1\1\0\1", 20);
    assert_int_equal(test_res_mkquery(0, "ab.c.", 1, 1, NULL, 0, NULL, q, 22), 22);
    assert_int_equal(test_res_mkquery(0, "ab.c", 1, 1, NULL, 0, NULL, q, 21), -1);
    assert_int_equal(test_res_mkquery(0, "ab.c", 1, 1, NULL, 0, NULL, q, -1), -1);
    assert_int_equal(test_res_mkquery(0, ".", 1, 2, NULL, 0, NULL, q, sizeof q), 17);
    assert_int_equal(test_res_mkquery(0, "", 1, 2, NULL, 0, NULL, q, sizeof q), 17);
    assert_int_equal(test_res_mkquery(4, "a", 1, 6, NULL, 0, NULL, q, sizeof q), 19);
    assert_int_equal(q[2], 0x21);
    assert_int_equal(test_res_mkquery(16, "a", 1, 1, NULL, 0, NULL, q, sizeof q), -1);
    assert_int_equal(test_res_mkquery(0, "a", 65536, 1, NULL, 0, NULL, q, sizeof q), -1);
    for (const char **bad = (const char *[]){"a..b", ".a", "a..", "..", NULL}; *bad; bad++)
        assert_int_equal(test_res_mkquery(0, *bad, 1, 1, NULL, 0, NULL, q, sizeof q), -1);
    memset(name, 'x', sizeof name);
    name[63] = 0;
    assert_int_equal(test_res_mkquery(0, name, 1, 1, NULL, 0, NULL, q, sizeof q), 12 + 65 + 4);
    name[63] = 'x';
    name[64] = 0;
    assert_int_equal(test_res_mkquery(0, name, 1, 1, NULL, 0, NULL, q, sizeof q), -1);
    for (int i = 0; i < 299; i++)
        name[i] = i % 2 ? '.' : 'x';
    name[253] = 0;
    assert_int_equal(test_res_mkquery(0, name, 1, 1, NULL, 0, NULL, q, sizeof q), 12 + 255 + 4);
    name[253] = '.';
    name[255] = 0;
    assert_int_equal(test_res_mkquery(0, name, 1, 1, NULL, 0, NULL, q, sizeof q), -1);
}

static void ids_and_ports_are_not_to_be_guessed(void **state)
{
    int same_id = 0, same_port = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(lookup(good, "name.test", AF_UNSPEC), 2);
        assert_int_equal(net.queries, 2 * i + 2);
        assert_int_not_equal(net.seen[2 * i].id, net.seen[2 * i + 1].id);
        assert_int_not_equal(net.seen[2 * i].port, net.seen[2 * i + 1].port);
        assert_int_not_equal(net.seen[2 * i].type, net.seen[2 * i + 1].type);
    }
    for (int i = 1; i < 100; i++) {
        same_id += net.seen[i].id == net.seen[0].id;
        same_port += net.seen[i].port == net.seen[0].port;
    }
    assert_true(same_id < 3 && same_port < 5);
    /* However the numbers fall. */
    net.queries = 0;
    not_random = 1;
    assert_int_equal(lookup(good, "name.test", AF_UNSPEC), 2);
    not_random = 0;
    assert_int_not_equal(net.seen[0].id, net.seen[1].id);
}

/* Which answers count */

static void forged_then_good(struct request *r)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    int other = socket(AF_INET, SOCK_DGRAM, 0);

    begin(r, 0);
    add_addr(r, NULL, 66);
    /* From another port of the server's address, and from another server. */
    if (bind(other, (struct sockaddr *)&from, sizeof from) == 0)
        sendto(other, r->out, r->n, 0, (struct sockaddr *)&r->from, sizeof r->from);
    sendto(net.udp[1], r->out, r->n, 0, (struct sockaddr *)&r->from, sizeof r->from);
    close(other);
    /* Another id, no answer, another opcode, other questions, none, too short. */
    static const struct {
        size_t at;
        unsigned char change;
    } forged[] = {{0, 1}, {1, 1}, {2, 0x80}, {2, 0x08}, {13, 1}, {14, 0x80}, {5, 3}, {5, 1}};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        r->out[forged[i].at] ^= forged[i].change;
        reply(r);
        r->out[forged[i].at] ^= forged[i].change;
    }
    r->out[r->query_len - 3] ^= 3; /* type */
    reply(r);
    r->out[r->query_len - 3] ^= 3;
    for (r->n = 0; r->n < r->query_len; r->n++)
        reply(r);
    good(r);
}

static void only_the_servers_answer_to_the_question_counts(void **state)
{
    (void)state;
    assert_int_equal(lookup(forged_then_good, "name.test", AF_INET), 1);
    assert_memory_equal(addrs[0].addr, "\xc0\0\2\7", 4);
    assert_int_equal(lookup(forged_then_good, "name.test", AF_INET6), 1);
    assert_int_equal(addrs[0].addr[15], 7);
    assert_int_equal(net.queries, 2);
}

static void other_case(struct request *r)
{
    begin(r, 0);
    for (size_t i = 12; i < r->query_len - 4; i++)
        if (r->out[i] >= 'a')
            r->out[i] ^= 0x20;
    add_addr(r, "nAmE.tEsT", 7);
    reply(r);
}

static void case_does_not_matter(void **state)
{
    (void)state;
    assert_int_equal(lookup(other_case, "name.test", AF_UNSPEC), 2);
    assert_string_equal(canon, "name.test");
}

/* TCP */

static void truncated(struct request *r)
{
    begin(r, 0);
    if (r->tcp) {
        for (int i = 1; i <= 40; i++)
            add_addr(r, NULL, i);
    } else {
        add_addr(r, NULL, 66);
        r->out[2] |= 2;
    }
    reply(r);
}

static void a_truncated_answer_is_asked_for_over_tcp(void **state)
{
    (void)state;
    assert_int_equal(lookup(truncated, "name.test", AF_INET), 40);
    for (int i = 0; i < 40; i++)
        assert_int_equal(addrs[i].addr[3], i + 1);
    assert_int_equal(net.queries, 2);
    assert_true(net.seen[1].tcp);
    assert_int_equal(lookup(truncated, "name.test", AF_UNSPEC), MAXADDRS);
}

static void in_pieces(struct request *r)
{
    unsigned char whole[600];

    if (!r->tcp) {
        truncated(r);
        return;
    }
    begin(r, 0);
    add_addr(r, NULL, 7);
    put16(whole, (int)r->n);
    memcpy(whole + 2, r->out, r->n);
    for (size_t i = 0; i < r->n + 2; i++) {
        send(r->fd, whole + i, 1, MSG_NOSIGNAL);
        usleep(1000);
    }
}

static void tcp_answers_come_in_pieces(void **state)
{
    (void)state;
    assert_int_equal(lookup(in_pieces, "name.test", AF_INET), 1);
    assert_int_equal(addrs[0].addr[3], 7);
}

/* Over TCP, the first server ends within an answer, the second one's is too short to be one. */
static void bad_tcp(struct request *r)
{
    if (!r->tcp) {
        truncated(r);
    } else if (r->server == 2) {
        good(r);
    } else if (r->server == 1) {
        send(r->fd, "\0\4abcd", 6, MSG_NOSIGNAL);
    } else {
        begin(r, 0);
        send(r->fd, "\1\0", 2, MSG_NOSIGNAL);
        send(r->fd, r->out, r->n, MSG_NOSIGNAL);
    }
}

static void after_bad_tcp_the_next_server_is_asked(void **state)
{
    (void)state;
    assert_int_equal(lookup(bad_tcp, "name.test", AF_INET), 1);
    assert_int_equal(addrs[0].addr[3], 7);
    assert_int_equal(net.queries, 6);
}

static void wrong_id_in_tcp(struct request *r)
{
    begin(r, 0);
    add_addr(r, NULL, 66);
    r->out[2] |= r->tcp ? 0 : 2;
    r->out[0] ^= r->tcp ? 1 : 0;
    reply(r);
}

static void tcp_answers_are_checked_too(void **state)
{
    (void)state;
    assert_int_equal(lookup(wrong_id_in_tcp, "name.test", AF_INET), EAI_AGAIN);
    assert_int_equal(net.queries, 12);
}

/* Servers that fail */

static void first_two_fail(struct request *r)
{
    if (r->server == 2) {
        good(r);
        return;
    }
    begin(r, r->server ? REFUSED : SERVFAIL);
    if (r->server) {
        r->out[5] = 0; /* the header alone */
        r->n = 12;
    }
    reply(r);
}

static void after_a_failure_the_next_server_is_asked(void **state)
{
    int64_t begun = now_ms();

    (void)state;
    assert_int_equal(lookup(first_two_fail, "name.test", AF_UNSPEC), 2);
    assert_int_equal(net.queries, 6);
    assert_true(now_ms() - begun < 2000);
}

static void server_failure(struct request *r)
{
    begin(r, SERVFAIL);
    reply(r);
}

static void all_servers_fail_in_bounded_time(void **state)
{
    int64_t begun = now_ms();

    (void)state;
    conf.attempts = 0; /* means 1 */
    assert_int_equal(lookup(server_failure, "name.test", AF_INET), EAI_AGAIN);
    assert_int_equal(net.queries, 3);
    conf.attempts = 3;
    assert_int_equal(lookup(server_failure, "name.test", AF_INET), EAI_AGAIN);
    assert_int_equal(net.queries, 12);
    assert_true(now_ms() - begun < 2000);
}

static void a_server_that_is_not_there_costs_no_time(void **state)
{
    int64_t begun = now_ms();

    (void)state;
    net.port[0] = htons(1); /* nobody's */
    assert_int_equal(lookup(good, "name.test", AF_UNSPEC), 2);
    assert_true(now_ms() - begun < 2000);
}

static void silence_takes_the_time_that_is_configured(void **state)
{
    int64_t begun = now_ms();

    (void)state;
    conf.nns = 1;
    conf.timeout = 1;
    assert_int_equal(lookup(silent, "name.test", AF_UNSPEC), EAI_AGAIN);
    assert_int_equal(net.queries, 4);
    assert_true(now_ms() - begun >= 2000 && now_ms() - begun < 3500);
}

static void second_answers(struct request *r)
{
    if (r->server == 1)
        good(r);
}

static void after_a_time_out_the_next_server_is_asked(void **state)
{
    (void)state;
    conf.timeout = 0; /* means 1 */
    assert_int_equal(lookup(second_answers, "name.test", AF_UNSPEC), 2);
    assert_int_equal(net.queries, 4);
}

static void only_a(struct request *r)
{
    if (r->type == A)
        good(r);
}

static void one_family_is_better_than_none(void **state)
{
    (void)state;
    conf.nns = 1;
    conf.timeout = conf.attempts = 1;
    assert_int_equal(lookup(only_a, "name.test", AF_UNSPEC), 1);
    assert_int_equal(addrs[0].family, AF_INET);
}

/* Names */

static void only_in_two(struct request *r)
{
    if (!strcmp(r->name, "host.two.test"))
        good(r);
    else
        no_such_name(r);
}

static void the_search_list_is_tried_in_order(void **state)
{
    (void)state;
    search = " one.test\t two.test. three.test\n";
    assert_int_equal(lookup(only_in_two, "host", AF_INET), 1);
    assert_string_equal(canon, "host.two.test");
    assert_int_equal(net.queries, 2);
    assert_string_equal(net.seen[0].name, "host.one.test");
    net.queries = 0;
    assert_int_equal(lookup(no_such_name, "host", AF_INET), EAI_NONAME);
    assert_int_equal(net.queries, 4);
    assert_string_equal(net.seen[3].name, "host");
    /* Enough dots, or a final one. */
    net.queries = 0;
    assert_int_equal(lookup(no_such_name, "ho.st", AF_INET), EAI_NONAME);
    assert_int_equal(lookup(no_such_name, "host.", AF_INET), EAI_NONAME);
    assert_int_equal(net.queries, 2);
    conf.ndots = 2;
    net.queries = 0;
    assert_int_equal(lookup(no_such_name, "ho.st", AF_INET), EAI_NONAME);
    assert_int_equal(net.queries, 4);
}

static void names_that_cannot_be(void **state)
{
    char name[300];

    (void)state;
    search = "one.test .";
    memset(name, 'x', sizeof name);
    name[64] = 0;
    assert_int_equal(lookup(good, name, AF_INET), EAI_NONAME);
    name[64] = 'x';
    name[299] = 0;
    assert_int_equal(lookup(good, name, AF_INET), EAI_NONAME);
    name[255] = 0;
    assert_int_equal(lookup(good, name, AF_INET), EAI_NONAME);
    for (const char **bad = (const char *[]){"", ".", "..", "a..", "a..b", ".a", NULL}; *bad; bad++)
        assert_int_equal(lookup(good, *bad, AF_INET), EAI_NONAME);
    assert_int_equal(net.queries, 0);
    /* With the domain it would be too long: asked for as it is. */
    for (int i = 0; i < 253; i++)
        name[i] = i % 60 == 59 ? '.' : 'x';
    name[250] = 0;
    conf.ndots = 15;
    assert_int_equal(lookup(good, name, AF_INET), 1);
    assert_int_equal(net.queries, 1);
}

static void nothing(struct request *r)
{
    begin(r, 0);
    reply(r);
}

static void a_name_without_addresses_ends_the_search(void **state)
{
    (void)state;
    search = "one.test";
    assert_int_equal(lookup(nothing, "host", AF_UNSPEC), EAI_NONAME);
    assert_int_equal(net.queries, 2);
}

/* Records */

static void chain(struct request *r)
{
    begin(r, 0);
    add_addr(r, "c.test", 1); /* before what leads to it */
    add_addr(r, "x.test", 66);
    add_cname(r, "b.test", "C.test");
    add_cname(r, "x.test", "y.test");
    add(r, "c.test", TXT, "\3abc", 4);
    add_cname(r, NULL, "b.test");
    add_addr(r, NULL, 67); /* beside a CNAME: not for this name any more */
    add_addr(r, "C.TEST", 2);
    reply(r);
}

static void chains_of_cnames_are_followed(void **state)
{
    (void)state;
    assert_int_equal(lookup(chain, "a.test", AF_INET), 2);
    assert_int_equal(addrs[0].addr[3], 1);
    assert_int_equal(addrs[1].addr[3], 2);
    assert_true(!strcmp(canon, "C.test") || !strcmp(canon, "c.test"));
}

static void circle(struct request *r)
{
    begin(r, 0);
    add_cname(r, NULL, "b.test");
    add_cname(r, "b.test", "a.test");
    add_addr(r, "a.test", 66);
    reply(r);
}

/* The owner is a pointer to itself, to what follows, to the header, or past the end. */
static int pointer;
static void bad_pointer(struct request *r)
{
    begin(r, 0);
    add_addr(r, NULL, 66);
    put16(r->out + r->query_len, pointer);
    reply(r);
}

static void wrong_length(struct request *r)
{
    begin(r, 0);
    add(r, NULL, r->type, "12345", 5);
    reply(r);
}

static void too_many_announced(struct request *r)
{
    begin(r, 0);
    add_addr(r, NULL, 66);
    r->out[6] = 0xff;
    reply(r);
}

static void answers_that_are_not_sound(void **state)
{
    static const int pointers[] = {0xc000, 0xc00b, 0xc01b, 0xc01c, 0xc01d, 0xffff, 0x8000, 0x4000};

    (void)state;
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        pointer = pointers[i];
        assert_int_equal(lookup(bad_pointer, "abc.test", AF_INET), EAI_FAIL);
    }
    assert_int_equal(lookup(circle, "a.test", AF_UNSPEC), EAI_FAIL);
    assert_int_equal(lookup(wrong_length, "a.test", AF_UNSPEC), EAI_FAIL);
    assert_int_equal(lookup(too_many_announced, "a.test", AF_UNSPEC), EAI_FAIL);
}

static int count_records(void *arg, int type, const void *data, int len, const void *message)
{
    (void)type;
    (void)data;
    (void)len;
    (void)message;
    ++*(int *)arg;
    return 0;
}

/* Each beginning of an answer, in memory of just its size. */
static void short_answers(void **state)
{
    static struct request r;

    (void)state;
    r.query_len = (size_t)test_res_mkquery(0, "a.test", 1, A, NULL, 0, NULL, r.query, 100);
    r.type = A;
    begin(&r, 0);
    add_cname(&r, NULL, "b.test");
    add_addr(&r, "b.test", 1);
    for (size_t n = 0; n <= r.n; n++) {
        unsigned char *copy = malloc(n ? n : 1);
        int records = 0;

        memcpy(copy, r.out, n);
        assert_int_equal(test_dns_parse(copy, (int)n, count_records, &records), n == r.n ? 0 : -1);
        assert_int_equal(records, n == r.n ? 2 : 0);
        /* If it says itself that it was cut, what is whole counts. */
        if (n >= 24) {
            copy[2] |= 2;
            records = 0;
            assert_int_equal(test_dns_parse(copy, (int)n, count_records, &records), 0);
            assert_int_equal(records, n == r.n ? 2 : n >= 44 ? 1 : 0);
        }
        free(copy);
    }
}

/* res_send */

static void res_send_fills_no_more_than_the_buffer(void **state)
{
    unsigned char q[100], *p;
    int n = test_res_mkquery(0, "a.test", 1, A, NULL, 0, NULL, q, sizeof q);

    (void)state;
    net.script = truncated;
    for (int size = 0; size < 1500; size += size < 20 ? 1 : 97) {
        p = malloc(size ? (size_t)size : 1);
        int got = test_res_send(q, n, p, size), whole = n + 40 * 16;

        assert_int_equal(got, size < whole ? size : whole);
        if (size > 2)
            assert_int_equal(p[2] & 2, size < whole ? 2 : 0);
        free(p);
    }
    p = malloc(512);
    assert_int_equal(test_res_send(q, 11, p, 512), -1);
    assert_int_equal(test_res_send(q, n - 1, p, 512), -1);
    assert_int_equal(test_res_send(q, n, p, -1), -1);
    q[5] = 2;
    assert_int_equal(test_res_send(q, n, p, 512), -1);
    free(p);
}

/* Without DNS */

static void etc_hosts(void **state)
{
    static char text[5000];

    (void)state;
    strcpy(text,
           "# comment one\n\n192.0.2.1 one uno # two\n2001:db8::1\tOne.Test one\r\nnothing one\n"
           "192.0.2.2");
    /* A line of any length. */
    for (int i = 0; i < 300; i++)
        sprintf(text + strlen(text), " name%d", i);
    strcat(text, "\n192.0.2.3 two\n192.0.2.4 last");
    hosts = text;
    assert_int_equal(lookup(no_such_name, "ONE", AF_INET), 1);
    assert_string_equal(canon, "one");
    assert_int_equal(addrs[0].addr[3], 1);
    assert_int_equal(lookup(no_such_name, "one", AF_UNSPEC), 2);
    assert_int_equal(lookup(no_such_name, "one.test", AF_INET6), 1);
    assert_int_equal(lookup(no_such_name, "one.test", AF_INET), EAI_NONAME);
    assert_int_equal(lookup(no_such_name, "name299", AF_INET), 1);
    assert_string_equal(canon, "name0");
    assert_int_equal(lookup(no_such_name, "last", AF_INET), 1);
    assert_int_equal(net.queries, 0);
    assert_int_equal(lookup(no_such_name, "two", AF_INET), 1);
    assert_int_equal(addrs[0].addr[3], 3);
    assert_int_equal(lookup(no_such_name, "ame1", AF_INET), EAI_NONAME);
    assert_int_equal(lookup(no_such_name, "comment", AF_INET), EAI_NONAME);
    assert_int_equal(net.queries, 2);
}

static void localhost_is_never_asked_for(void **state)
{
    (void)state;
    search = "one.test";
    for (const char **name = (const char *[]){"localhost", "LocalHost.", "a.b.localhost", NULL};
         *name; name++) {
        assert_int_equal(lookup(good, *name, AF_INET), 1);
        assert_memory_equal(addrs[0].addr, "\x7f\0\0\1", 4);
        assert_int_equal(lookup(good, *name, AF_UNSPEC), 2);
    }
    assert_int_equal(net.queries, 0);
    assert_int_equal(lookup(good, "notlocalhost", AF_INET), 1);
    assert_int_equal(net.queries, 1);
}

static void flags(void **state)
{
    static const unsigned char any[16];

    (void)state;
    net.script = good;
    assert_int_equal(test_lookup_name(addrs, canon, NULL, AF_UNSPEC, AI_PASSIVE), 2);
    assert_memory_equal(addrs[0].addr, any, 16);
    assert_int_equal(test_lookup_name(addrs, canon, "a.test", AF_INET, AI_NUMERICHOST), EAI_NONAME);
    assert_int_equal(test_lookup_name(addrs, canon, "a.test", AF_INET6, AI_V4MAPPED), 1);
    assert_int_equal(addrs[0].addr[0], 0x20);
    assert_int_equal(test_lookup_name(addrs, canon, "a.test", AF_INET6, AI_V4MAPPED | AI_ALL), 2);
    net.script = only_a;
    conf.nns = conf.attempts = conf.timeout = 1;
    assert_int_equal(test_lookup_name(addrs, canon, "a.test", AF_INET6, AI_V4MAPPED), 1);
    assert_int_equal(addrs[0].family, AF_INET6);
    assert_memory_equal(addrs[0].addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7", 16);
}

/* Threads */

static void *look_up_often(void *arg)
{
    struct address mine[MAXADDRS];
    char name[256], my_canon[256];
    intptr_t wrong = 0;

    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "n%d.t%d.test", i, (int)(intptr_t)arg);
        wrong += test_lookup_name(mine, my_canon, name, AF_UNSPEC, 0) != 2 ||
                 strcmp(my_canon, name) != 0;
    }
    return (void *)wrong;
}

static void threads_do_not_disturb_each_other(void **state)
{
    pthread_t t[8];
    void *wrong;

    (void)state;
    net.script = good;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, look_up_often, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(t[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void a_cancelled_thread_leaves_nothing(void **state)
{
    pthread_t t;
    void *result;

    (void)state;
    net.script = silent;
    assert_int_equal(pthread_create(&t, NULL, look_up_often, NULL), 0);
    while (net.queries < 2)
        usleep(1000);
    assert_int_equal(pthread_cancel(t), 0);
    assert_int_equal(pthread_join(t, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

#define WITH_SERVERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_built_with_every_length_checked),
        cmocka_unit_test(short_answers),
        WITH_SERVERS(ids_and_ports_are_not_to_be_guessed),
        WITH_SERVERS(only_the_servers_answer_to_the_question_counts),
        WITH_SERVERS(case_does_not_matter),
        WITH_SERVERS(a_truncated_answer_is_asked_for_over_tcp),
        WITH_SERVERS(tcp_answers_come_in_pieces),
        WITH_SERVERS(after_bad_tcp_the_next_server_is_asked),
        WITH_SERVERS(tcp_answers_are_checked_too),
        WITH_SERVERS(after_a_failure_the_next_server_is_asked),
        WITH_SERVERS(all_servers_fail_in_bounded_time),
        WITH_SERVERS(a_server_that_is_not_there_costs_no_time),
        WITH_SERVERS(silence_takes_the_time_that_is_configured),
        WITH_SERVERS(after_a_time_out_the_next_server_is_asked),
        WITH_SERVERS(one_family_is_better_than_none),
        WITH_SERVERS(the_search_list_is_tried_in_order),
        WITH_SERVERS(names_that_cannot_be),
        WITH_SERVERS(a_name_without_addresses_ends_the_search),
        WITH_SERVERS(chains_of_cnames_are_followed),
        WITH_SERVERS(answers_that_are_not_sound),
        WITH_SERVERS(res_send_fills_no_more_than_the_buffer),
        WITH_SERVERS(etc_hosts),
        WITH_SERVERS(localhost_is_never_asked_for),
        WITH_SERVERS(flags),
        WITH_SERVERS(threads_do_not_disturb_each_other),
        WITH_SERVERS(a_cancelled_thread_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
