/* SPDX-License-Identifier: MIT
 *
 * socket(2) for any domain: <bits/pith_socket.h> says what else there is. */
#include <sys/socket.h>
#include "syscall.h"

/* Whoever names it has the internet families in the image (libos/net/inet/parts.c). */
extern const void *const pith_inet_parts[];

int socket(int domain, int type, int protocol)
{
    __asm__ volatile("" : : "r"(pith_inet_parts));
    return (int)__syscall_ret((unsigned long)__syscall(SYS_socket, domain, type, protocol));
}
