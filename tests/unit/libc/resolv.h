/* SPDX-License-Identifier: MIT
 *
 * What musl/src/network includes of musl's <resolv.h>, for host builds. Names that the host's C
 * library has too are changed. */
#ifndef PITH_TESTS_LIBC_RESOLV_H
#define PITH_TESTS_LIBC_RESOLV_H

#define weak_alias(old, new) _Static_assert(1, "the host has its own")

#define __res_mkquery test_res_mkquery
#define __res_send    test_res_send
#define __res_msend   test_res_msend
#define __dns_parse   test_dns_parse
#define __lookup_name test_lookup_name
#define __dn_expand   dn_expand

int __res_mkquery(int op, const char *name, int class, int type, const unsigned char *data,
                  int datalen, const unsigned char *newrr, unsigned char *buf, int buflen);
int __res_send(const unsigned char *msg, int msglen, unsigned char *answer, int anslen);
int __res_msend(int nqueries, const unsigned char *const *queries, const int *qlens,
                unsigned char *const *answers, int *alens, int asize);
int dn_expand(const unsigned char *base, const unsigned char *end, const unsigned char *from,
              char *to, int size);

#endif
