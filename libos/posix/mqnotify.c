/* SPDX-License-Identifier: MIT
 *
 * mq_notify. For SIGEV_THREAD libc has a thread that reads from a pipe; sigev_signo is the
 * descriptor of the pipe's other end. */
#include <errno.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "posix/mqueue.h"
#include "posix/signal.h"

/* Once, as POSIX says: whoever wants to know of the next message asks again. */
static void notify(struct mqueue *q)
{
    struct file *f = q->listener;
    uint64_t pos = 0;

    if (f)
        (void)f->ops->writev(f, &(struct iovec){(char[]){1}, 1}, 1, &pos);
    else if (q->event.sigev_notify == SIGEV_SIGNAL && q->event.sigev_signo != 0) {
        siginfo_t info = signal_info(q->event.sigev_signo, SI_MESGQ);
        info.si_value = q->event.sigev_value;
        (void)signal_send(NULL, &info); /* where too many are queued it is lost, as on Linux */
    }
    mqueue_forget(q);
}

/* The file that (e) names, in (*listener), NULL where it names none. */
static int check(const struct sigevent *e, struct file **listener)
{
    *listener = NULL;
    switch (e->sigev_notify) {
    case SIGEV_NONE:
        return 0;
    case SIGEV_SIGNAL:
        return (unsigned)e->sigev_signo > SIGNALS ? -EINVAL : 0;
    case SIGEV_THREAD:
        *listener = file_get(e->sigev_signo);
        return *listener && file_writes(*listener) && (*listener)->ops->writev ? 0 : -EBADF;
    default:
        return -EINVAL;
    }
}

long pith_sys_mq_notify(long fd, long event)
{
    HOLD;
    const struct sigevent *e = (const struct sigevent *)event;
    struct file *listener = NULL;

    if (e && !user_readable(e, sizeof(*e)))
        return -EFAULT;
    int err = e ? check(e, &listener) : 0;
    if (err)
        return err;
    struct mqueue *q = mqueue_get(fd);
    if (!q)
        return -EBADF;
    if (!e) {
        mqueue_forget(q);
        return 0;
    }
    if (q->notify)
        return -EBUSY;
    if (listener)
        file_hold(listener);
    q->listener = listener;
    q->event = *e;
    q->notify = notify;
    return 0;
}
