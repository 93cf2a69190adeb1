/* SPDX-License-Identifier: MIT
 *
 * Descriptors of processes, of which there is one. It never ends while somebody could ask. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/files.h"

/* Of Linux: a thread instead of its process; to whom a signal goes. */
#define PIDFD_THREAD         O_EXCL
#define SIGNAL_THREAD        1u
#define SIGNAL_PROCESS       2u
#define SIGNAL_PROCESS_GROUP 4u

static int pidfd_poll(struct file *f, struct wait_queue **q)
{
    (void)f;
    *q = NULL;
    return 0;
}

static const struct file_ops pidfd_ops = {
    .poll = pidfd_poll,
    .release = file_free,
    .name = "anon_inode:[pidfd]",
};

/* In f->data: not a thread's number, but the process. */
#define WHOLE (-1l)

long pith_sys_pidfd_open(long pid, long flags)
{
    HOLD;
    bool thread = flags & PIDFD_THREAD;

    if ((unsigned)flags & ~(unsigned)(O_NONBLOCK | PIDFD_THREAD) || (int)pid <= 0)
        return -EINVAL;
    if (!thread_exists(pid))
        return -ESRCH;
    if (pid != 1 && !thread)
        return -ENOENT;
    struct file *f = file_anonymous(&pidfd_ops, (void *)(thread ? pid : WHOLE),
                                    O_RDWR | ((unsigned)flags & O_NONBLOCK));
    return fd_install_new(f, O_CLOEXEC);
}

/* The file if (fd) is a descriptor of the process. */
static struct file *get(long fd)
{
    struct file *f = fd_get((int)fd);

    return f && f->ops == &pidfd_ops ? f : NULL;
}

long pith_sys_pidfd_send_signal(long fd, long sig, long info, long flags)
{
    HOLD;
    const struct file *f = get(fd);
    unsigned scope = (unsigned)flags;

    if (scope & ~(SIGNAL_THREAD | SIGNAL_PROCESS | SIGNAL_PROCESS_GROUP) || (scope & (scope - 1)))
        return -EINVAL;
    if (!f)
        return -EBADF;
    bool thread = scope ? scope == SIGNAL_THREAD : (long)f->data != WHOLE;
    long tid = (long)f->data == WHOLE ? 1 : (long)f->data;
    if (!info)
        return thread ? pith_sys_tgkill(1, tid, (int)sig) : pith_sys_kill(1, (int)sig);
    if (!user_readable((void *)info, sizeof(siginfo_t)))
        return -EFAULT;
    if (((const siginfo_t *)info)->si_signo != (int)sig)
        return -EINVAL;
    return thread ? pith_sys_rt_tgsigqueueinfo(1, tid, (int)sig, info)
                  : pith_sys_rt_sigqueueinfo(1, (int)sig, info);
}

long pith_sys_pidfd_getfd(long fd, long target, long flags)
{
    HOLD;
    if ((unsigned)flags)
        return -EINVAL;
    struct file *f = get(fd) ? fd_get((int)target) : NULL;
    if (!f)
        return -EBADF;
    file_hold(f);
    return fd_install_new(f, O_CLOEXEC);
}
