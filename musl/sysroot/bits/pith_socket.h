/* SPDX-License-Identifier: MIT
 *
 * The end of <sys/socket.h> of a Pith sysroot. socket(AF_UNIX, ...), the domain a constant, is the
 * system call alone, to which Unix sockets belong. The function socket(2), for all other domains
 * and for those known only at run time, makes the internet families part of the image, too. */
#ifndef _BITS_PITH_SOCKET_H
#define _BITS_PITH_SOCKET_H

#include <sys/socket.h>

#if defined(__GNUC__) && defined(__OPTIMIZE__)

#ifdef __cplusplus
extern "C" {
#endif

long pith_sys_socket(long, long, long) __attribute__((__visibility__("hidden")));
long __pith_syscall_ret(unsigned long);
int __pith_socket(int, int, int) __asm__("socket");

extern __inline __attribute__((__always_inline__, __gnu_inline__)) int
socket(int __domain, int __type, int __protocol)
{
    if (__builtin_constant_p(__domain) && __domain == AF_UNIX)
        return (int)__pith_syscall_ret(
            (unsigned long)pith_sys_socket(AF_UNIX, __type, __protocol));
    return __pith_socket(__domain, __type, __protocol);
}

#ifdef __cplusplus
}
#endif

#endif
#endif
