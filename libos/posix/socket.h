/* SPDX-License-Identifier: MIT
 *
 * What the calls on sockets share. */
#ifndef PITH_POSIX_SOCKET_H
#define PITH_POSIX_SOCKET_H

#include <string.h>

#include "iface/socket.h"
#include "iface/user.h"
#include "posix/files.h"

/* socket(2) for the families that are part of the image. */
long socket_make(long domain, long type, long protocol);

/* The socket behind descriptor (fd), and its file. 0; -EBADF, -ENOTSOCK. Not held. */
static inline long socket_get(long fd, struct file **f, struct socket **s)
{
    *f = file_get(fd);
    if (!*f)
        return -EBADF;
    *s = sock_of_file(*f);
    return *s ? 0 : -ENOTSOCK;
}

/* Copies an address of the program. 0; -EINVAL (length), -EFAULT. */
static inline long address_in(long addr, long len, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof(*to));
    if ((unsigned)len > sizeof(*to))
        return -EINVAL;
    if (!user_readable((const void *)addr, (unsigned)len))
        return -EFAULT;
    memcpy(to, (const void *)addr, (unsigned)len);
    return 0;
}

/* Gives the program an address of (len) bytes, cut to the length at (user_len), where then the
 * whole length stands. 0; -EINVAL, -EFAULT. */
static inline long address_out(const struct sockaddr_storage *from, int len, long addr,
                               int *user_len)
{
    if (!user_writable(user_len, sizeof(*user_len)))
        return -EFAULT;
    int room = *user_len;
    if (room < 0)
        return -EINVAL;
    size_t n = min_size((size_t)room, (size_t)len);
    if (!user_writable((void *)addr, n))
        return -EFAULT;
    memcpy((void *)addr, from, n);
    *user_len = len;
    return 0;
}

#endif
