/* SPDX-License-Identifier: MIT
 *
 * For bugs of the library OS only, never for what a program, a device or the network may cause. */
#ifndef PITH_BASE_ASSERT_H
#define PITH_BASE_ASSERT_H

#include "base/base.h"

/* Stops the machine with a crash report whose reason is (what) at (file):(line). */
_Noreturn void assert_failed(const char *what, const char *file, int line);

#define ASSERT(cond)                                                                               \
    do {                                                                                           \
        if (unlikely(!(cond)))                                                                     \
            assert_failed(#cond, __FILE_NAME__, __LINE__);                                         \
    } while (0)

#endif
