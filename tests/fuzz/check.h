/* SPDX-License-Identifier: MIT
 *
 * What a fuzzer asserts: it ends where that does not hold, and says which line. */
#ifndef PITH_TESTS_FUZZ_CHECK_H
#define PITH_TESTS_FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define check(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "line %d: %s\n", __LINE__, #what);                                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
