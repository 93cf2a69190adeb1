/* SPDX-License-Identifier: MIT
 *
 * What musl/src/network uses of musl's stdio_impl.h, for host builds. */
#ifndef PITH_TESTS_LIBC_STDIO_IMPL_H
#define PITH_TESTS_LIBC_STDIO_IMPL_H

#include <stdio.h>

/* Opens the test's file of this path; the other arguments are not used. */
FILE *__fopen_rb_ca(const char *path, FILE *f, unsigned char *buf, size_t size);
#define __fclose_ca fclose

#endif
