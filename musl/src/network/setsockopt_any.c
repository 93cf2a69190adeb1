/* SPDX-License-Identifier: MIT
 *
 * setsockopt(2) with any option: <bits/pith_socket.h> says what else there is. */
#include <sys/socket.h>

#undef setsockopt

/* Whoever names it can send without a copy (libos/net/inet/zerocopy.c). */
extern const void *const pith_zerocopy_parts[];

int setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __pith_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    __asm__ volatile("" : : "r"(pith_zerocopy_parts));
    return __pith_setsockopt(fd, level, name, value, len);
}
