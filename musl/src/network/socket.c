/* SPDX-License-Identifier: MIT
 *
 * socket(2) for any domain: <bits/pith_socket.h> says what else there is. */
#include <sys/socket.h>
#include "syscall.h"

/* Whoever names them has these families in the image (libos/net/inet/parts.c, netlink_parts.c,
 * packet_parts.c). */
extern const void *const pith_inet_parts[], *const pith_netlink_all_parts[];
extern const void *const pith_packet_parts[];

int socket(int domain, int type, int protocol)
{
    __asm__ volatile("" : : "r"(pith_inet_parts), "r"(pith_netlink_all_parts), "r"(pith_packet_parts));
    return (int)__syscall_ret((unsigned long)__syscall(SYS_socket, domain, type, protocol));
}
