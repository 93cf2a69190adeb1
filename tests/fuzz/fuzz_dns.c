/* SPDX-License-Identifier: MIT
 *
 * Answers of name servers, first to the parser as they are, then to a lookup as answers to its two
 * queries. Checks that what the caller gets lies inside of the message, that names in it can be
 * expanded there, and that results are addresses that the answers contain.
 *
 * The input: a byte of the family; two of the length of the first answer; then both answers, each
 * with its flags and number of records before the answer section.
 *
 * sources: musl/src/network/res_mkquery.c musl/src/network/dns_parse.c
 * sources: musl/src/network/lookup_name.c
 * cflags:  -Itests/unit/libc
 * ldflags: -Wl,--wrap=socket */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libc/lookup.h"
#include "libc/stdio_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int __wrap_socket(int domain, int type, int protocol);

enum { TYPE_CNAME = 5, TYPE_PTR = 12, FLAGS = 4 };

static const uint8_t *answer[2];
static size_t answer_len[2];

static void check(int what)
{
    if (!what)
        abort();
}

/* Nothing can be reached: sorting does not ask the host. */
int __wrap_socket(int domain, int type, int protocol)
{
    (void)domain;
    (void)type;
    (void)protocol;
    return -1;
}

int __get_resolv_conf(struct resolvconf *conf, char *search, size_t size)
{
    *conf = (struct resolvconf){.nns = 1, .attempts = 1, .ndots = 1, .timeout = 1};
    snprintf(search, size, "b.test");
    return 0;
}

int __lookup_ipliteral(struct address buf[static 1], const char *name, int family)
{
    (void)buf;
    (void)name;
    (void)family;
    return 0;
}

FILE *__fopen_rb_ca(const char *path, FILE *f, unsigned char *buf, size_t size)
{
    (void)path;
    (void)f;
    (void)buf;
    (void)size;
    return fmemopen((void *)(uintptr_t) "::1 x\n", 6, "r");
}

/* As the real one leaves it: the query's id and question, and all else from outside. */
int __res_msend_rc(int nqueries, const unsigned char *const *queries, const int *qlens,
                   unsigned char *const *answers, int *alens, int asize,
                   const struct resolvconf *conf)
{
    check(nqueries >= 1 && nqueries <= 2 && conf->nns == 1);
    check(nqueries == 1 || memcmp(queries[0], queries[1], 2) != 0);
    for (int i = 0; i < nqueries; i++) {
        alens[i] = 0;
        if (answer_len[i] < FLAGS)
            continue;
        size_t n = answer_len[i] - FLAGS, room = (size_t)(asize - qlens[i]);

        memcpy(answers[i], queries[i], (size_t)qlens[i]);
        answers[i][2] |= 0x80 | (answer[i][0] & 2);
        answers[i][3] = answer[i][1];
        memcpy(answers[i] + 6, answer[i] + 2, 2);
        memcpy(answers[i] + qlens[i], answer[i] + FLAGS, n < room ? n : room);
        alens[i] = qlens[i] + (int)(n < room ? n : room);
    }
    return 0;
}

struct whole {
    const uint8_t *bytes;
    int len, calls;
};

static int on_record(void *arg, int type, const void *data, int len, const void *message)
{
    struct whole *w = arg;
    const uint8_t *p = data;
    char name[1025]; /* "\\123" for each byte */

    check(message == w->bytes && len >= 0 && p >= w->bytes + 12 && p + len <= w->bytes + w->len);
    if (type == TYPE_CNAME || type == TYPE_PTR)
        check(dn_expand(w->bytes, w->bytes + w->len, p, name, sizeof name) == len);
    return ++w->calls > 100 ? -1 : 0;
}

static int contains(const struct address *a)
{
    size_t n = a->family == AF_INET ? 4 : 16;

    return (answer_len[0] && memmem(answer[0], answer_len[0], a->addr, n)) ||
           (answer_len[1] && memmem(answer[1], answer_len[1], a->addr, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
    struct address addrs[MAXADDRS];
    char canon[256];
    struct whole w = {bytes, (int)len, 0};

    if (len > 4096)
        return 0;
    int r = test_dns_parse(bytes, (int)len, on_record, &w);
    check(r == 0 || r == -1);
    if (len < 3)
        return 0;
    size_t first = (size_t)(bytes[1] << 8 | bytes[2]), rest = len - 3;

    answer[0] = bytes + 3;
    answer_len[0] = first < rest ? first : rest;
    answer[1] = answer[0] + answer_len[0];
    answer_len[1] = rest - answer_len[0];
    int n = test_lookup_name(addrs, canon, "a", families[bytes[0] % 3], 0);
    check(n <= MAXADDRS && n != 0 && memchr(canon, 0, sizeof canon));
    for (int i = 0; i < n; i++)
        check(contains(&addrs[i]));
    return 0;
}
