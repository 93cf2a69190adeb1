/* SPDX-License-Identifier: MIT
 *
 * Pointers that a program passes to system calls, checked before they are used: EFAULT, where Linux
 * says so, instead of a fault. What is checked stays good until the call blocks. Implemented by
 * mm/user.c. */
#ifndef PITH_IFACE_USER_H
#define PITH_IFACE_USER_H

#include <sys/types.h>
#include "base/base.h"

/* Whether the program may read, or write, all of (len) bytes at (addr). With (len) 0: true,
 * whatever the address. */
bool user_readable(const void *addr, size_t len);
bool user_writable(const void *addr, size_t len);

/* The length of the string at (addr), without its NUL, if it ends within (max) bytes: at most max
 * - 1. -EFAULT if it meets memory that cannot be read first; -ENAMETOOLONG if it does not end. */
must_check ssize_t user_string(const char *addr, size_t max);

#endif
