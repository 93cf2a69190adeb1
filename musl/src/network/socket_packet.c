/* SPDX-License-Identifier: MIT
 *
 * socket(2) where the domain is known to be AF_PACKET: <bits/pith_socket.h>. */
#include "syscall.h"

extern const void *const pith_packet_parts[];

int __pith_socket_packet(int domain, int type, int protocol);

int __pith_socket_packet(int domain, int type, int protocol)
{
    __asm__ volatile("" : : "r"(pith_packet_parts));
    return (int)__syscall_ret((unsigned long)__syscall(SYS_socket, domain, type, protocol));
}
