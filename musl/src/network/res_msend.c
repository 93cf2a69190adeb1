/* SPDX-License-Identifier: MIT
 *
 * Sends queries to name servers and waits for their answers (RFC 1035 4.2, RFC 7766).
 *
 * The servers of resolv.conf are asked one after the other, each for (timeout) seconds at most, the
 * whole list (attempts) times. All queries without an answer go to the same server at once, each
 * from a socket of its own, that is, from a port of its own (RFC 5452 9.2). The sockets are
 * connected, so that only that server's datagrams arrive. Of these, what has not the query's id and
 * question is ignored. A server that answers with an error other than "no such name", or cannot be
 * reached, is left for the next one. An answer with the TC bit is asked for again over TCP, for
 * which the server has its time once more.
 *
 * All state is on the caller's stack. A thread may be cancelled while it waits. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "lookup.h"

/* Waits for a network that is still coming up: libos/net/inet. */
__attribute__((__weak__)) void inet_ready_names(void);

enum { HEADER_LEN = 12, QUERIES = 2, DNS_PORT = 53, MIN_ANSWER = 512, MAX_MESSAGE = 65535 };
enum { NO_ERROR = 0, NO_SUCH_NAME = 3 };

/* One query at one server. */
struct exchange {
    const unsigned char *query;
    unsigned char *answer; /* of (size) bytes */
    int query_len, question_len, size;
    int *answer_len; /* 0 until there is an answer that counts */
    int fd;          /* -1: nothing more is expected from this server */
    enum { UDP, TCP_SEND, TCP_RECEIVE } state;
    int done; /* TCP: bytes sent or received, with those of the prefix */
    unsigned char prefix[2];
    int64_t deadline;
};

struct exchanges {
    struct exchange x[QUERIES];
    int n;
    int reached; /* there was a socket for some query and server */
};

struct server {
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } a;
    socklen_t len;
    int64_t timeout;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int get16(const unsigned char *p)
{
    return p[0] << 8 | p[1];
}

/* The length of the one question of a query; 0 if there is another number of them, or none whole.
 */
static int question_len(const unsigned char *query, int len)
{
    int at = HEADER_LEN;

    if (len < HEADER_LEN || len > MAX_MESSAGE || get16(query + 4) != 1)
        return 0;
    while (at < len && query[at] != 0) {
        if (query[at] > 63)
            return 0;
        at += 1 + query[at];
    }
    return at + 5 <= len ? at + 5 - HEADER_LEN : 0;
}

/* Whether a message of (len) bytes answers the query. */
static int is_answer(const struct exchange *x, int len)
{
    const unsigned char *a = x->answer, *q = x->query;

    if (len < HEADER_LEN || a[0] != q[0] || a[1] != q[1] || !(a[2] & 0x80) || (a[2] ^ q[2]) & 0x78)
        return 0;
    /* Some servers do not repeat the question when they refuse it. */
    if (get16(a + 4) == 0)
        return (a[3] & 15) != NO_ERROR && (a[3] & 15) != NO_SUCH_NAME;
    if (get16(a + 4) != 1 || len < HEADER_LEN + x->question_len)
        return 0;
    /* Case does not matter in names. Lengths of labels are below 'A'; type and class are exact. */
    for (int i = HEADER_LEN; i < HEADER_LEN + x->question_len; i++) {
        int c = a[i] ^ q[i], letter = (q[i] | 0x20) >= 'a' && (q[i] | 0x20) <= 'z';

        if (c != 0 && (c != 0x20 || !letter || i >= HEADER_LEN + x->question_len - 4))
            return 0;
    }
    return 1;
}

static void stop(struct exchange *x)
{
    /* The descriptor stays until it is closed: close is a cancellation point. */
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}

static void stop_all(void *arg)
{
    struct exchanges *all = arg;

    for (int i = 0; i < all->n; i++)
        stop(&all->x[i]);
}

/* Returns 0, or -1 if there is no socket of this kind. A connection refused at once is not an error
 * here: nothing is expected then. */
static int open_socket(struct exchange *x, const struct server *s, int type)
{
    stop(x);
    x->fd = socket(s->a.sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return -1;
    x->done = 0;
    x->deadline = now_ms() + s->timeout;
    if (connect(x->fd, &s->a.sa, s->len) < 0 && errno != EINPROGRESS)
        stop(x);
    return 0;
}

static int start(struct exchange *x, const struct server *s)
{
    x->state = UDP;
    if (open_socket(x, s, SOCK_DGRAM) < 0)
        return -1;
    if (x->fd >= 0 && send(x->fd, x->query, (size_t)x->query_len, MSG_NOSIGNAL) < 0)
        stop(x);
    return 0;
}

/* The answer is whole, as far as it fits. */
static void finish(struct exchange *x, int len)
{
    int code = x->answer[3] & 15;

    if (code == NO_ERROR || code == NO_SUCH_NAME)
        *x->answer_len = len;
    stop(x);
}

static int would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* One datagram at a time: however many come, the deadline is looked at. */
static void receive_udp(struct exchange *x, const struct server *s)
{
    ssize_t n = recv(x->fd, x->answer, (size_t)x->size, 0);

    if (n < 0) {
        /* The port was unreachable, for example. */
        if (!would_block())
            stop(x);
    } else if (is_answer(x, (int)n)) {
        if (x->answer[2] & 2) {
            x->state = TCP_SEND;
            open_socket(x, s, SOCK_STREAM);
        } else {
            finish(x, (int)n);
        }
    }
}

static void send_tcp(struct exchange *x)
{
    unsigned char prefix[2] = {(unsigned char)(x->query_len >> 8), (unsigned char)x->query_len};
    int in_prefix = x->done < 2 ? x->done : 2, in_query = x->done - in_prefix;
    struct iovec parts[2] = {
        {prefix + in_prefix, (size_t)(2 - in_prefix)},
        {(void *)(uintptr_t)(x->query + in_query), (size_t)(x->query_len - in_query)},
    };
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t n = sendmsg(x->fd, &m, MSG_NOSIGNAL);

    if (n < 0) {
        if (!would_block())
            stop(x);
        return;
    }
    x->done += (int)n;
    if (x->done == 2 + x->query_len) {
        x->state = TCP_RECEIVE;
        x->done = 0;
    }
}

static void receive_tcp(struct exchange *x)
{
    for (;;) {
        int len = x->done < 2 ? 0 : get16(x->prefix);
        int want = len < x->size ? len : x->size;
        ssize_t n = x->done < 2
                        ? recv(x->fd, x->prefix + x->done, (size_t)(2 - x->done), 0)
                        : recv(x->fd, x->answer + x->done - 2, (size_t)(want + 2 - x->done), 0);

        if (n <= 0) {
            if (n == 0 || !would_block())
                stop(x);
            return;
        }
        x->done += (int)n;
        if (x->done < 2)
            continue;
        len = get16(x->prefix);
        want = len < x->size ? len : x->size;
        if (len < HEADER_LEN) {
            stop(x);
            return;
        }
        if (x->done < want + 2)
            continue;
        if (!is_answer(x, want)) {
            stop(x);
            return;
        }
        if (len > want)
            x->answer[2] |= 2;
        finish(x, want);
        return;
    }
}

/* Waits until something arrives for one of the exchanges or the time of one is over. Returns 0 when
 * nothing more is expected. */
static int step(struct exchanges *all, const struct server *s)
{
    struct pollfd p[QUERIES];
    int64_t now = now_ms(), wait = -1;

    for (int i = 0; i < all->n; i++) {
        struct exchange *x = &all->x[i];

        if (x->fd >= 0 && x->deadline <= now)
            stop(x);
        p[i] = (struct pollfd){x->fd, x->state == TCP_SEND ? POLLOUT : POLLIN, 0};
        if (x->fd >= 0 && (wait < 0 || x->deadline - now < wait))
            wait = x->deadline - now;
    }
    if (wait < 0)
        return 0;
    if (poll(p, (nfds_t)all->n, (int)wait) <= 0)
        return 1;
    for (int i = 0; i < all->n; i++) {
        struct exchange *x = &all->x[i];

        if (p[i].fd < 0 || !p[i].revents)
            continue;
        if (x->state == UDP)
            receive_udp(x, s);
        else if (x->state == TCP_SEND)
            send_tcp(x);
        else
            receive_tcp(x);
    }
    return 1;
}

static struct server server_of(const struct address *a, unsigned timeout)
{
    /* A timeout of 0 would leave no time for any answer. */
    struct server s = {.timeout = timeout ? (int64_t)timeout * 1000 : 1000};

    if (a->family == AF_INET6) {
        s.a.in6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT), .sin6_scope_id = a->scopeid};
        memcpy(&s.a.in6.sin6_addr, a->addr, 16);
        s.len = sizeof s.a.in6;
    } else {
        s.a.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
        memcpy(&s.a.in.sin_addr, a->addr, 4);
        s.len = sizeof s.a.in;
    }
    return s;
}

static int missing(const struct exchanges *all)
{
    int n = 0;

    for (int i = 0; i < all->n; i++)
        n += *all->x[i].answer_len == 0;
    return n;
}

static void ask(struct exchanges *all, const struct resolvconf *conf)
{
    unsigned attempts = conf->attempts ? conf->attempts : 1;

    for (unsigned round = 0; round < attempts; round++) {
        for (unsigned k = 0; k < conf->nns && missing(all); k++) {
            struct server s = server_of(&conf->ns[k], conf->timeout);

            for (int i = 0; i < all->n; i++)
                if (!*all->x[i].answer_len && start(&all->x[i], &s) == 0)
                    all->reached = 1;
            while (step(all, &s))
                ;
        }
    }
}

/* Gets answers[i], of (asize) bytes, at least 512, and its length alens[i] for each query. The
 * length is 0 if no server gave one; a longer answer is cut and has the TC bit. Returns 0; -1 with
 * errno if a query is no message of one question, or no socket could be had for any server. */
int __res_msend_rc(int nqueries, const unsigned char *const *queries, const int *qlens,
                   unsigned char *const *answers, int *alens, int asize,
                   const struct resolvconf *conf)
{
    struct exchanges all = {.n = nqueries};

    if (nqueries < 0 || nqueries > QUERIES || asize < MIN_ANSWER) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < nqueries; i++) {
        int question = question_len(queries[i], qlens[i]);

        alens[i] = 0;
        all.x[i] = (struct exchange){.query = queries[i],
                                     .answer = answers[i],
                                     .query_len = qlens[i],
                                     .question_len = question,
                                     .size = asize,
                                     .answer_len = &alens[i],
                                     .fd = -1};
        if (!question) {
            errno = EINVAL;
            return -1;
        }
    }
    pthread_cleanup_push(stop_all, &all);
    ask(&all, conf);
    pthread_cleanup_pop(1);
    return all.reached || nqueries == 0 ? 0 : -1;
}

int __res_msend(int nqueries, const unsigned char *const *queries, const int *qlens,
                unsigned char *const *answers, int *alens, int asize)
{
    struct resolvconf conf;

    if (inet_ready_names)
        inet_ready_names();
    if (__get_resolv_conf(&conf, 0, 0) < 0)
        return -1;
    return __res_msend_rc(nqueries, queries, qlens, answers, alens, asize, &conf);
}
