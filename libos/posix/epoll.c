/* SPDX-License-Identifier: MIT
 *
 * The calls on epolls (vfs/epoll.c). */
#include <limits.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/mask.h"
#include "posix/timespec.h"
#include "vfs/epoll.h"

#define EVENTS_MAX (INT_MAX / (long)sizeof(struct epoll_event))

long pith_sys_epoll_create1(long flags)
{
    HOLD;
    if (flags & ~(long)EPOLL_CLOEXEC)
        return -EINVAL;
    return fd_install_new(epoll_new(), flags);
}

long pith_sys_epoll_create(long size)
{
    HOLD;
    return (int)size <= 0 ? -EINVAL : pith_sys_epoll_create1(0);
}

long pith_sys_epoll_ctl(long epfd, long op, long fd, long event)
{
    HOLD;
    struct epoll_event e = {0};

    if ((int)op != EPOLL_CTL_DEL) {
        if (!user_readable((const void *)event, sizeof(e)))
            return -EFAULT;
        e = *(const struct epoll_event *)event;
    }
    struct file *f = file_get(epfd), *target = f ? file_get(fd) : NULL;
    return target ? epoll_change(f, (int)op, target, (int)fd, &e) : -EBADF;
}

/* Checks the arguments of a wait. 0; -EBADF, -EINVAL, -EFAULT. */
static long check_wait(const struct file *f, long events, long max)
{
    if (!f)
        return -EBADF;
    if ((int)max <= 0 || (int)max > EVENTS_MAX)
        return -EINVAL;
    if (!user_range(events, (size_t)(int)max * sizeof(struct epoll_event)))
        return -EFAULT;
    return is_epoll(f) ? 0 : -EINVAL;
}

static long wait_on(long epfd, long events, long max, nsec_t deadline)
{
    struct file *f = file_get(epfd);
    long r = check_wait(f, events, max);

    if (r)
        return r;
    file_hold(f);
    r = epoll_collect(f, (struct epoll_event *)events, (int)max, deadline);
    file_put(f);
    return r;
}

static long wait_masked(long epfd, long events, long max, nsec_t deadline, const uint64_t *mask,
                        long size)
{
    long r = mask_begin(mask, size);

    if (r)
        return r;
    r = wait_on(epfd, events, max, deadline);
    mask_end(mask);
    return r;
}

long pith_sys_epoll_wait(long epfd, long events, long max, long timeout)
{
    HOLD;
    return wait_on(epfd, events, max, deadline_ms((int)timeout));
}

long pith_sys_epoll_pwait(long epfd, long events, long max, long timeout, long mask, long size)
{
    HOLD;
    return wait_masked(epfd, events, max, deadline_ms((int)timeout), (const uint64_t *)mask, size);
}

long pith_sys_epoll_pwait2(long epfd, long events, long max, long timeout, long mask, long size)
{
    HOLD;
    const struct timespec *t = (const struct timespec *)timeout;
    nsec_t deadline = DEADLINE_NEVER;

    if (t) {
        if (!user_readable(t, sizeof(*t)))
            return -EFAULT;
        if (!timespec_valid(t))
            return -EINVAL;
        nsec_t ns = timespec_ns(t);
        deadline = ns ? deadline_in(ns) : DEADLINE_NOW;
    }
    return wait_masked(epfd, events, max, deadline, (const uint64_t *)mask, size);
}
