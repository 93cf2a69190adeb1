/* SPDX-License-Identifier: MIT
 *
 * signalfd(2): reads take signals that are pending for the thread that reads. */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/signal.h"
#include "vfs/fdinfo.h"
#include "vfs/vector.h"

struct signals {
    uint64_t set;
};

static struct signalfd_siginfo describe(const siginfo_t *info)
{
    struct signalfd_siginfo s = {
        .ssi_signo = (uint32_t)info->si_signo,
        .ssi_errno = info->si_errno,
        .ssi_code = info->si_code,
    };

    /* Which fields count, Linux tells by the code: faults have an address, timers a number. */
    if (info->si_code > 0 && info->si_code != SI_KERNEL) {
        s.ssi_addr = (uintptr_t)info->si_addr;
        return s;
    }
    if (info->si_code == SI_TIMER) {
        s.ssi_tid = (uint32_t)info->si_timerid;
        s.ssi_overrun = (uint32_t)info->si_overrun;
    } else {
        s.ssi_pid = (uint32_t)info->si_pid;
        s.ssi_uid = info->si_uid;
    }
    if (info->si_code < 0) {
        s.ssi_ptr = (uintptr_t)info->si_value.sival_ptr;
        s.ssi_int = info->si_value.sival_int;
    }
    return s;
}

/* Takes a signal of (f), waits for the first one, to fill (iov). 0; -EAGAIN, -EINTR,
 * -EFAULT. */
static int take(struct file *f, bool wait, const struct iovec *iov, int n, siginfo_t *info)
{
    const struct signals *s = f->data;

    for (;;) {
        signal_collect();
        if (signal_take(s->set, info))
            return 0;
        if (!wait)
            return -EAGAIN;
        int err =
            wait_sleep_vector(&signal_watched, iov, n, false, DEADLINE_NEVER, "read of a signalfd");
        if (err)
            return err;
    }
}

static ssize_t signalfd_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct signalfd_siginfo s;
    size_t room = vector_total(iov, n), done = 0;
    struct vector to = {iov, 0};
    int err = room < sizeof(s) ? -EINVAL : 0;

    (void)pos;
    while (!err && room - done >= sizeof(s)) {
        siginfo_t info;
        err = take(f, done == 0 && !(f->flags & O_NONBLOCK), iov, n, &info);
        if (err)
            break;
        s = describe(&info);
        vector_put(&to, &s, sizeof(s));
        done += sizeof(s);
    }
    return done > 0 ? (ssize_t)done : err;
}

static int signalfd_poll(struct file *f, struct wait_queue **q)
{
    const struct signals *s = f->data;

    *q = &signal_watched;
    signal_collect();
    return signal_pending_set() & s->set ? POLLIN : 0;
}

static void signalfd_release(struct file *f)
{
    heap_free(f->data, sizeof(struct signals));
    file_free(f);
}

static const struct file_ops signalfd_ops = {
    .readv = signalfd_readv,
    .poll = signalfd_poll,
    .release = signalfd_release,
    .name = "anon_inode:[signalfd]",
};

bool signalfd_look(const struct file *f, uint64_t *mask)
{
    if (f->ops != &signalfd_ops)
        return false;
    *mask = ((const struct signals *)f->data)->set;
    return true;
}

/* Signals that nobody acts on are still to reach signalfds: the host must pass them on. */
static void watch(struct signals *s, uint64_t set)
{
    s->set = set & ~SIGNALS_FIXED;
    wait_wake(&signal_watched);
}

long pith_sys_signalfd4(long fd, long set, long size, long flags)
{
    HOLD;
    if (size != sizeof(uint64_t) || (int)flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    if (!user_readable((const void *)set, sizeof(uint64_t)))
        return -EFAULT;
    uint64_t wanted = *(const uint64_t *)set;
    if ((int)fd != -1) {
        struct file *f = file_get(fd);
        if (!f)
            return -EBADF;
        if (f->ops != &signalfd_ops)
            return -EINVAL;
        watch(f->data, wanted);
        return (int)fd;
    }
    struct signals *s = heap_alloc(sizeof(*s));
    struct file *f = file_anonymous(&signalfd_ops, s, O_RDWR | (unsigned)flags);
    if (!f) {
        heap_free(s, sizeof(*s));
        return -ENOMEM;
    }
    watch(s, wanted);
    return fd_install_new(f, flags);
}

long pith_sys_signalfd(long fd, long set, long size)
{
    HOLD;
    return pith_sys_signalfd4(fd, set, size, 0);
}
