/* SPDX-License-Identifier: MIT
 *
 * The end of <sys/ioctl.h> of a Pith sysroot. Only ioctl with a request that has to do
 * with signals of files, or with one that is known only at run time, brings what does these. */
#ifndef _BITS_PITH_IOCTL_H
#define _BITS_PITH_IOCTL_H

#include <sys/ioctl.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)

#ifdef __cplusplus
extern "C" {
#endif

int __pith_ioctl(int, int, ...);
int __pith_ioctl_async(int, int, ...) __asm__("ioctl");

#define __pith_ioctl_is_async(__request)                                                           \
    ((__request) == FIOASYNC || (__request) == FIOSETOWN || (__request) == SIOCSPGRP ||            \
     (__request) == FIOGETOWN || (__request) == SIOCGPGRP)

extern __inline __attribute__((__always_inline__, __gnu_inline__)) int ioctl(int __fd,
                                                                             int __request, ...)
{
    if (__builtin_constant_p(__request) && !__pith_ioctl_is_async(__request))
        return __pith_ioctl(__fd, __request, __builtin_va_arg_pack());
    return __pith_ioctl_async(__fd, __request, __builtin_va_arg_pack());
}

#ifdef __cplusplus
}
#endif

#endif
#endif
