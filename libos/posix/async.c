/* SPDX-License-Identifier: MIT
 *
 * Files that send signals: F_SETOWN, F_SETSIG and O_ASYNC (fcntl(2)), and their forms as requests
 * of ioctl. The owner of a file is a watch of it, from the first of these calls on; it hears of
 * what the file's queue is told, and makes SIGIO of it while O_ASYNC is set, and SIGURG of urgent
 * data.
 *
 * Part of images whose program names a command or request that matters (docs/decisions/0061). */
#include <poll.h>
#include <sys/ioctl.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "posix/async.h"
#include "posix/clone.h"
#include "posix/files.h"
#include "posix/signal.h"
#include "vfs/watch.h"

/* Without signals there are no handlers: every signal takes its default action. */
SIGNAL_HOOK int signal_send(struct thread *t, const siginfo_t *info);

struct owner {
    struct file_watch watch;
    int type, id; /* F_OWNER_*; 0: nobody */
    int sig;      /* F_SETSIG; 0: SIGIO, without what siginfo_t says of the file */
    int fd;       /* by which O_ASYNC was set */
};

/* Named by libc's fcntl, so that the linker finds this file. */
const void *const async_parts[] = {(const void *)async_control};

static void owner_gone(struct file_watch *w)
{
    watch_remove(w);
    heap_free(container_of(w, struct owner, watch), sizeof(struct owner));
}

static struct owner *owner_of(const struct file *f)
{
    struct file_watch *w = f->watches;

    while (w && w->gone != owner_gone)
        w = w->next;
    return w ? container_of(w, struct owner, watch) : NULL;
}

/* Sends (info) to the owner (o). A thread that has ended gets nothing. */
static int send(const struct owner *o, const siginfo_t *info)
{
    struct thread *t = thread_by_id(o->id);

    if (!t && o->type != F_OWNER_PGRP)
        return 0;
    if (!signal_send) {
        if (info->si_signo != SIGURG)
            plat_die(info->si_signo);
        return 0;
    }
    return signal_send(o->type == F_OWNER_TID ? t : NULL, info);
}

static void send_plain(const struct owner *o, int sig)
{
    siginfo_t info = {.si_signo = sig, .si_code = SI_KERNEL};

    (void)send(o, &info);
}

/* Signals whose codes say something else. */
static bool has_codes(int sig)
{
    return sig == SIGILL || sig == SIGFPE || sig == SIGSEGV || sig == SIGBUS || sig == SIGTRAP ||
           sig == SIGCHLD || sig == SIGSYS;
}

/* Tells the owner of (code), a POLL_*, which poll would call (band), and of (fd). Where too many
 * signals are queued, SIGIO stands for those that are lost. */
static void tell_of(const struct owner *o, int fd, int code, int band)
{
    siginfo_t info = {.si_signo = o->sig, .si_code = has_codes(o->sig) ? SI_SIGIO : code};

    info.si_band = band;
    info.si_fd = fd;
    if (o->sig == 0 || send(o, &info))
        send_plain(o, SIGIO);
}

static void tell(const struct owner *o, int code, int band)
{
    tell_of(o, o->fd, code, band);
}

void async_tell(struct file *f, int fd, int code, int band)
{
    const struct owner *o = owner_of(f);

    if (o && o->id != 0)
        tell_of(o, fd, code, band);
}

/* What a queue is told without saying what it is is nothing to signal. */
static void owner_woken(struct waiter *w)
{
    const struct owner *o = container_of(w, struct owner, watch.waiter);
    const struct file *f = o->watch.file;
    unsigned events = w->queue->events;
    bool fifo = S_ISFIFO(f->inode ? f->inode->mode : f->mode), async = f->flags & O_ASYNC;

    if (o->id == 0)
        return;
    if (events & POLLPRI)
        send_plain(o, SIGURG);
    if (!async)
        return;
    if (events & POLLPRI && o->sig != 0)
        tell(o, POLL_PRI, POLLPRI | POLLRDBAND);
    if (events & POLLERR && !fifo)
        tell(o, POLL_ERR, POLLERR);
    else if (events & POLLHUP && !fifo)
        tell(o, POLL_HUP, POLLHUP | POLLERR);
    else if (events & POLLIN && file_reads(f))
        tell(o, POLL_IN, POLLIN | POLLRDNORM);
    if (events & POLLOUT && !(events & POLLIN && !fifo) && file_writes(f))
        tell(o, POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND);
}

/* The owner of (f), made if need be. NULL: out of memory. */
static struct owner *owner_make(struct file *f)
{
    struct owner *o = owner_of(f);
    struct wait_queue *q;

    if (o)
        return o;
    o = heap_alloc(sizeof(*o));
    if (!o)
        return NULL;
    watch_add(&o->watch, f, owner_gone);
    if (f->kind & FILE_SIGNALS) {
        (void)f->ops->poll(f, &q);
        wait_add(q, &o->watch.waiter, owner_woken);
    }
    return o;
}

static long set_owner(struct file *f, int type, int id)
{
    if (id < 0 || !thread_by_id(id))
        return -ESRCH;
    struct owner *o = owner_make(f);
    if (!o)
        return -ENOMEM;
    o->type = type;
    o->id = id;
    return 0;
}

int async_own(struct file *f)
{
    struct owner *o = owner_make(f);

    if (o && o->id == 0) {
        o->type = F_OWNER_PID;
        o->id = 1;
    }
    return o ? 0 : -ENOMEM;
}

void async_disown(struct file *f)
{
    struct owner *o = owner_of(f);

    if (o)
        o->id = o->sig = 0;
}

/* As F_SETOWN has it: negative for a process group. */
static long set_own(struct file *f, int id)
{
    if (id == INT_MIN)
        return -EINVAL;
    return id < 0 ? set_owner(f, F_OWNER_PGRP, -id) : set_owner(f, F_OWNER_PID, id);
}

static struct f_owner_ex get_owner(const struct file *f)
{
    const struct owner *o = owner_of(f);
    struct f_owner_ex owner = {F_OWNER_TID, 0};

    if (o) {
        owner.type = o->type;
        if (o->id == 1 || (o->type == F_OWNER_TID && thread_by_id(o->id)))
            owner.pid = o->id;
    }
    return owner;
}

static int get_own(const struct file *f)
{
    struct f_owner_ex owner = get_owner(f);

    return owner.type == F_OWNER_PGRP ? -owner.pid : owner.pid;
}

static long set_owner_ex(struct file *f, const struct f_owner_ex *user)
{
    if (!user_readable(user, sizeof(*user)))
        return -EFAULT;
    struct f_owner_ex owner = *user;
    if (owner.type != F_OWNER_TID && owner.type != F_OWNER_PID && owner.type != F_OWNER_PGRP)
        return -EINVAL;
    return set_owner(f, owner.type, owner.pid);
}

static long get_owner_ex(const struct file *f, struct f_owner_ex *user)
{
    if (!user_writable(user, sizeof(*user)))
        return -EFAULT;
    *user = get_owner(f);
    return 0;
}

static long set_sig(struct file *f, long sig)
{
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    struct owner *o = owner_make(f);
    if (!o)
        return -ENOMEM;
    o->sig = (int)sig;
    return 0;
}

/* Sets O_ASYNC as (on) says; a terminal that has no owner then gets the process. -ENOTTY: (f) cannot send signals. */
static long set_async(struct file *f, long fd, bool on)
{
    if (on == (bool)(f->flags & O_ASYNC))
        return 0;
    if (!(f->kind & FILE_SIGNALS))
        return -ENOTTY;
    struct owner *o = owner_make(f);
    if (!o)
        return -ENOMEM;
    o->fd = (int)fd;
    if (on && o->id == 0 && f->kind & FILE_TERMINAL) {
        o->type = F_OWNER_PID;
        o->id = 1;
    }
    f->flags ^= O_ASYNC;
    return 0;
}

long async_control(struct file *f, long fd, int command, long arg)
{
    long err;

    switch (command) {
    case F_SETFL:
        err = set_async(f, fd, arg & O_ASYNC);
        return err == -ENOMEM ? err : -ENOSYS;
    case F_SETOWN:
        return set_own(f, (int)arg);
    case F_GETOWN:
        return get_own(f);
    case F_SETOWN_EX:
        return set_owner_ex(f, (const struct f_owner_ex *)arg);
    case F_GETOWN_EX:
        return get_owner_ex(f, (struct f_owner_ex *)arg);
    case F_SETSIG:
        return set_sig(f, arg);
    case F_GETSIG:
        return owner_of(f) ? owner_of(f)->sig : 0;
    default:
        return -ENOSYS;
    }
}

long async_ioctl(long fd, unsigned request, long arg)
{
    HOLD;
    struct file *f = file_get(fd);
    if (!f)
        return -EBADF;
    bool socket = f->inode && S_ISSOCK(f->inode->mode);

    switch (request) {
    case FIOASYNC:
        if (!user_readable((const int *)arg, sizeof(int)))
            return -EFAULT;
        return set_async(f, fd, *(const int *)arg != 0);
    case FIOSETOWN:
    case SIOCSPGRP:
        if (!socket)
            return -ENOSYS;
        return user_readable((const int *)arg, sizeof(int)) ? set_own(f, *(const int *)arg)
                                                            : -EFAULT;
    case FIOGETOWN:
    case SIOCGPGRP:
        return socket ? user_give_int(arg, get_own(f)) : -ENOSYS;
    default:
        return -ENOSYS;
    }
}
