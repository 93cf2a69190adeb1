/* SPDX-License-Identifier: MIT
 *
 * Pointers that a program passes to system calls, checked before they are used: EFAULT, where Linux
 * says so, instead of a fault. What is checked stays good until the call blocks: afterwards
 * it is checked again (wait_sleep_vector, iface/wait.h). Implemented by
 * mm/user.c. */
#ifndef PITH_IFACE_USER_H
#define PITH_IFACE_USER_H

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include "base/base.h"

/* Whether the program may read, or write, all of (len) bytes at (addr). With (len) 0: true,
 * whatever the address. */
bool user_readable(const void *addr, size_t len);
bool user_writable(const void *addr, size_t len);

/* Answers an int to the program at (addr), as ioctl and its like do: 0, -EFAULT. */
static inline int user_give_int(long addr, int value)
{
    if (!user_writable((void *)addr, sizeof(value)))
        return -EFAULT;
    *(int *)addr = value;
    return 0;
}

/* Copies a structure of (size) bytes at (from) that later versions only append to: (known) bytes of
 * it to (to), zero where (size) is less. 0; -EFAULT; -E2BIG: what follows is not zero, or it is
 * larger than a page. */
must_check static inline int user_extended(void *to, size_t known, const void *from, size_t size)
{
    const char *bytes = from;

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (!user_readable(from, size))
        return -EFAULT;
    for (size_t i = known; i < size; i++)
        if (bytes[i] != 0)
            return -E2BIG;
    memset(to, 0, known);
    memcpy(to, from, min_size(size, known));
    return 0;
}

/* How many of the (len) bytes at (addr) the program may read, or with (write) write, from the first
 * one on. For transfers that stop where Linux's would. */
size_t user_prefix(const void *addr, size_t len, bool write);

/* Whether a process of Linux could have something in all of (len) bytes at (addr): what calls with
 * a length check before all else, even a length of 0. */
static inline bool user_range(long addr, size_t len)
{
    const unsigned long end = 0x7ffffffff000;

    return len <= end && (unsigned long)addr <= end - len;
}

/* The length of the string at (addr), without its NUL, if it ends within (max) bytes: at most max
 * - 1. -EFAULT if it meets memory that cannot be read first; -ENAMETOOLONG if it does not end. */
must_check ssize_t user_string(const char *addr, size_t max);

#endif
