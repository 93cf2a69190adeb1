/* SPDX-License-Identifier: MIT
 *
 * The interface between the parts of musl's resolver, as its src/network/lookup.h has it, for host
 * builds of musl/src/network. */
#ifndef PITH_TESTS_LIBC_LOOKUP_H
#define PITH_TESTS_LIBC_LOOKUP_H

#include <stddef.h>
#include <stdint.h>
#include "resolv.h"

enum { MAXNS = 3, MAXADDRS = 48 };

struct address {
    int family;
    unsigned scopeid;
    uint8_t addr[16];
    int sortkey;
};

struct resolvconf {
    struct address ns[MAXNS];
    unsigned nns, attempts, ndots;
    unsigned timeout;
};

int __lookup_name(struct address buf[static MAXADDRS], char canon[static 256], const char *name,
                  int family, int flags);
int __lookup_ipliteral(struct address buf[static 1], const char *name, int family);
int __get_resolv_conf(struct resolvconf *conf, char *search, size_t search_size);
int __res_msend_rc(int nqueries, const unsigned char *const *queries, const int *qlens,
                   unsigned char *const *answers, int *alens, int asize,
                   const struct resolvconf *conf);
int __dns_parse(const unsigned char *bytes, int len,
                int (*callback)(void *, int, const void *, int, const void *), void *arg);

#endif
