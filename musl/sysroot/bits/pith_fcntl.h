/* SPDX-License-Identifier: MIT
 *
 * The end of <fcntl.h> of a Pith sysroot. Only fcntl with a command that makes a file send signals,
 * or takes a lease, or with one that is known only at run time, brings what does that. */
#ifndef _BITS_PITH_FCNTL_H
#define _BITS_PITH_FCNTL_H

#include <fcntl.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)

#ifdef __cplusplus
extern "C" {
#endif

int __pith_fcntl(int, int, ...);
int __pith_fcntl_async(int, int, ...);
int __pith_fcntl_any(int, int, ...) __asm__("fcntl");

/* F_SETLEASE */
#define __pith_fcntl_is_lease(__command) ((__command) == 1024)

/* F_SETOWN, F_SETSIG, F_SETOWN_EX: not all have names under every standard. */
#define __pith_fcntl_is_async(__command)                                                           \
    ((__command) == 8 || (__command) == 10 || (__command) == 15)

extern __inline __attribute__((__always_inline__, __gnu_inline__)) int fcntl(int __fd,
                                                                             int __command, ...)
{
    if (__builtin_constant_p(__command) && __pith_fcntl_is_async(__command))
        return __pith_fcntl_async(__fd, __command, __builtin_va_arg_pack());
    if (__builtin_constant_p(__command) && !__pith_fcntl_is_lease(__command))
        return __pith_fcntl(__fd, __command, __builtin_va_arg_pack());
    return __pith_fcntl_any(__fd, __command, __builtin_va_arg_pack());
}

#ifdef __cplusplus
}
#endif

#endif
#endif
