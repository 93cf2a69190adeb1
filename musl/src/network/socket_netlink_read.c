/* SPDX-License-Identifier: MIT
 *
 * socket(2) for libc's own use of AF_NETLINK, which only reads. */
#include "syscall.h"

extern const void *const pith_netlink_parts[];

int __pith_socket_netlink_read(int domain, int type, int protocol);

int __pith_socket_netlink_read(int domain, int type, int protocol)
{
    __asm__ volatile("" : : "r"(pith_netlink_parts));
    return (int)__syscall_ret((unsigned long)__syscall(SYS_socket, domain, type, protocol));
}
