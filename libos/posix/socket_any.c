/* SPDX-License-Identifier: MIT
 *
 * socket(2) where the domain may be any: the image gets all families. Where it is the constant
 * AF_UNIX, <sys/socket.h> has pith_unix_socket called instead, and the image gets Unix sockets
 * only. */
#include "pith_calls.h"
#include "posix/socket.h"

extern const void *const inet_parts[]; /* the families are weak (iface/socket.h), this is not */

long pith_sys_socket(long domain, long type, long protocol)
{
    __asm__ volatile("" : : "r"(inet_parts));
    return socket_make(domain, type, protocol);
}
