/* SPDX-License-Identifier: MIT
 *
 * The end of <sys/socket.h> of a Pith sysroot. socket(AF_UNIX, ...), the domain a constant, is the
 * system call alone, to which Unix sockets belong. For other constants a function makes the
 * families of that domain part of the image, too; and socket(2), for domains known only at run
 * time, all of them. Only setsockopt of SO_ZEROCOPY, or of an option of SOL_SOCKET that is known only
 * at run time, brings what sends without a copy. */
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
int __pith_socket_inet(int, int, int);
int __pith_socket_netlink(int, int, int);
int __pith_socket_packet(int, int, int);

extern __inline __attribute__((__always_inline__, __gnu_inline__)) int
socket(int __domain, int __type, int __protocol)
{
    if (__builtin_constant_p(__domain) && __domain == AF_UNIX)
        return (int)__pith_syscall_ret(
            (unsigned long)pith_sys_socket(AF_UNIX, __type, __protocol));
    if (__builtin_constant_p(__domain) && (__domain == AF_INET || __domain == AF_INET6))
        return __pith_socket_inet(__domain, __type, __protocol);
    if (__builtin_constant_p(__domain) && __domain == AF_NETLINK)
        return __pith_socket_netlink(__domain, __type, __protocol);
    if (__builtin_constant_p(__domain) && __domain == AF_PACKET)
        return __pith_socket_packet(__domain, __type, __protocol);
    return __pith_socket(__domain, __type, __protocol);
}

int __pith_setsockopt(int, int, int, const void *, socklen_t);
int __pith_setsockopt_any(int, int, int, const void *, socklen_t) __asm__("setsockopt");

extern __inline __attribute__((__always_inline__, __gnu_inline__)) int
setsockopt(int __fd, int __level, int __name, const void *__value, socklen_t __len)
{
    if (__builtin_constant_p(__level) &&
        (__level != SOL_SOCKET || (__builtin_constant_p(__name) && __name != SO_ZEROCOPY)))
        return __pith_setsockopt(__fd, __level, __name, __value, __len);
    return __pith_setsockopt_any(__fd, __level, __name, __value, __len);
}

#ifdef __cplusplus
}
#endif

#endif
#endif
