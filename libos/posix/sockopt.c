/* SPDX-License-Identifier: MIT
 *
 * setsockopt and getsockopt. */
#include <netinet/in.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/socket.h"

long pith_sys_setsockopt(long fd, long level, long name, long value, long len)
{
    HOLD;
    _Alignas(8) char copy[SOCK_OPTION_MAX];
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    if ((int)len < 0 ||
        (level == SOL_SOCKET && name != SO_BINDTODEVICE && (size_t)len < sizeof(int)))
        return -EINVAL;
    /* What is longer than any option counts as far as the longest. */
    size_t n = min_size((size_t)(int)len, sizeof(copy));
    if (!user_readable((const void *)value, n))
        return -EFAULT;
    memcpy(copy, (const void *)value, n);
    return sock_setopt(s, (int)level, (int)name, copy, (socklen_t)n);
}

long pith_sys_getsockopt(long fd, long level, long name, long value, long value_len)
{
    HOLD;
    _Alignas(8) char copy[SOCK_OPTION_MAX];
    int *len = (int *)value_len;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    if (!user_readable(len, sizeof(*len)))
        return -EFAULT;
    if (*len < 0)
        return -EINVAL;
    socklen_t n = (socklen_t)min_size((size_t)*len, sizeof(copy));
    if (level == SOL_IP && name == IP_MSFILTER) { /* says of which group */
        if (!user_readable((const void *)value, n))
            return -EFAULT;
        memcpy(copy, (const void *)value, n);
    }
    err = sock_getopt(s, (int)level, (int)name, copy, &n);
    if (err)
        return err;
    if (!user_writable((void *)value, n) || !user_writable(len, sizeof(*len)))
        return -EFAULT;
    memcpy((void *)value, copy, n);
    *len = (int)n;
    return 0;
}
