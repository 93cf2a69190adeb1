/* SPDX-License-Identifier: MIT
 *
 * socket(2) where the domain is known to be AF_NETLINK: <bits/pith_socket.h>. */
#include "syscall.h"

extern const void *const pith_netlink_all_parts[];

int __pith_socket_netlink(int domain, int type, int protocol);

int __pith_socket_netlink(int domain, int type, int protocol)
{
    __asm__ volatile("" : : "r"(pith_netlink_all_parts));
    return (int)__syscall_ret((unsigned long)__syscall(SYS_socket, domain, type, protocol));
}
