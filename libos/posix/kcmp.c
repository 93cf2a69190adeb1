/* SPDX-License-Identifier: MIT
 *
 * kcmp(2): whether two descriptors are one open file. All else is one, as there is one process. */
#include <errno.h>
#include <linux/kcmp.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "vfs/fd.h"

/* 0: the same; 1, 2: which comes first, in an order that means nothing. */
static long compare_files(long one, long other)
{
    const struct file *a = fd_get(one), *b = fd_get(other);

    if (!a || !b)
        return -EBADF;
    return a == b ? 0 : a < b ? 1 : 2;
}

long pith_sys_kcmp(long pid, long pid2, long type, long one, long other)
{
    HOLD;
    if (!thread_exists(pid) || !thread_exists(pid2))
        return -ESRCH;
    switch ((int)type) {
    case KCMP_FILE:
        return compare_files(one, other);
    case KCMP_VM:
    case KCMP_FILES:
    case KCMP_FS:
    case KCMP_SIGHAND:
    case KCMP_IO:
    case KCMP_SYSVSEM:
        return 0;
    case KCMP_EPOLL_TFD:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}
