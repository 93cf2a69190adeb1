/* SPDX-License-Identifier: MIT
 *
 * fcntl and flock. */
#include <limits.h>
#include <sys/file.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/async.h"
#include "posix/files.h"
#include "posix/lease.h"
#include "vfs/lock.h"

/* What F_SETFL changes. */
#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* Numbers of Linux that libc's headers may lack. */
#define DUPFD_QUERY    1027
#define CREATED_QUERY  1028
#define RW_HINT_GET    1035
#define RW_HINT_SET    1036
#define RW_HINT_LONGEST 5
#ifndef F_NOTIFY
#define F_NOTIFY 1026
#endif

/* Makes l_start of (fl) absolute and l_len not negative. 0; -EINVAL, -EOVERFLOW. */
static long normalise(const struct file *f, struct flock *fl)
{
    off_t base = 0, end;

    if (fl->l_whence == SEEK_CUR)
        base = (off_t)f->pos;
    else if (fl->l_whence == SEEK_END)
        base = f->inode ? (off_t)f->inode->size : 0;
    else if (fl->l_whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, fl->l_start, &base))
        return -EOVERFLOW;
    if (base < 0)
        return -EINVAL;
    if (fl->l_len > 0 && __builtin_add_overflow(base, fl->l_len - 1, &end))
        return -EOVERFLOW;
    if (fl->l_len < 0) {
        if (__builtin_add_overflow(base, fl->l_len, &base) || base < 0)
            return -EINVAL;
        fl->l_len = -fl->l_len;
    }
    fl->l_whence = SEEK_SET;
    fl->l_start = base;
    return 0;
}

static long get_lock(struct file *f, struct file *owner, struct flock *user)
{
    struct flock fl = *user;

    if (fl.l_type != F_RDLCK && fl.l_type != F_WRLCK)
        return -EINVAL;
    long err = normalise(f, &fl);
    if (err)
        return err;
    if (f->inode)
        lock_get(f->inode, owner, &fl);
    else
        fl.l_type = F_UNLCK;
    if (!user_writable(user, sizeof(*user)))
        return -EFAULT;
    if (fl.l_type == F_UNLCK)
        user->l_type = F_UNLCK;
    else
        *user = fl;
    return 0;
}

static long set_lock(struct file *f, struct file *owner, const struct flock *user, bool wait)
{
    struct flock fl = *user;
    long err = normalise(f, &fl);

    if (err)
        return err;
    if (fl.l_type != F_RDLCK && fl.l_type != F_WRLCK && fl.l_type != F_UNLCK)
        return -EINVAL;
    if ((fl.l_type == F_RDLCK && !file_reads(f)) || (fl.l_type == F_WRLCK && !file_writes(f)))
        return -EBADF;
    if (!f->inode)
        return 0;
    file_hold(f);
    err = lock_set(f->inode, owner, &fl, wait);
    file_put(f);
    return err;
}

static long record_lock(struct file *f, int command, long arg)
{
    struct flock *fl = (struct flock *)arg;
    bool open_file = command >= F_OFD_GETLK;
    struct file *owner = open_file ? f : NULL;

    if (!user_readable(fl, sizeof(*fl)))
        return -EFAULT;
    if (open_file && fl->l_pid != 0)
        return -EINVAL;
    if (command == F_GETLK || command == F_OFD_GETLK)
        return get_lock(f, owner, fl);
    return set_lock(f, owner, fl, command == F_SETLKW || command == F_OFD_SETLKW);
}

static long duplicate(struct file *f, long min, bool cloexec)
{
    if ((unsigned long)min >= fd_limit())
        return -EINVAL;
    file_hold(f);
    int fd = fd_install(f, (unsigned)min, cloexec);
    if (fd < 0)
        file_put(f);
    return fd;
}

/* Whether F_SETFL takes (flags). 0; -EPERM, -EINVAL. */
static long check_flags(const struct file *f, unsigned flags)
{
    const struct inode *in = f->inode;
    bool direct = in && (S_ISREG(in->mode) || S_ISBLK(in->mode) || S_ISFIFO(in->mode));

    if (flags & ~f->flags & O_NOATIME && in && may_as_owner(in) != 0)
        return -EPERM;
    return flags & O_DIRECT && !direct ? -EINVAL : 0;
}

/* How long what is written will stay: kept, since nothing is ever written to a device. */
static long write_hint(struct inode *in, int command, uint64_t *hint)
{
    if (command == RW_HINT_GET) {
        if (!user_writable(hint, sizeof(*hint)))
            return -EFAULT;
        *hint = in->write_hint;
        return 0;
    }
    if (may_as_owner(in) != 0)
        return -EPERM;
    if (!user_readable(hint, sizeof(*hint)))
        return -EFAULT;
    if (*hint > RW_HINT_LONGEST)
        return -EINVAL;
    in->write_hint = (unsigned char)*hint;
    return 0;
}

/* Commands that need a file that can do more than O_PATH's. */
static long control(struct file *f, long fd, int command, long arg)
{
    switch (command) {
    case F_SETFL:
        f->flags = (f->flags & ~(unsigned)SETTABLE) | ((unsigned)arg & SETTABLE);
        return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return record_lock(f, command, arg);
    case F_GETOWN:
    case F_GETSIG:
        return 0;
    case F_SETLEASE:
        return lease_control ? lease_control(f, fd, command, arg) : -EINVAL;
    case F_GETLEASE:
        return lease_control ? lease_control(f, fd, command, arg) : F_UNLCK;
    case F_ADD_SEALS:
    case F_GET_SEALS:
        return f->ops->control && f->inode && S_ISREG(f->inode->mode)
                   ? f->ops->control(f, command, arg)
               : command == F_ADD_SEALS && !file_writes(f) ? -EPERM
                                                           : -EINVAL;
    case F_NOTIFY:
        if (arg == 0)
            return 0;
        return f->inode && S_ISDIR(f->inode->mode) ? -EINVAL : -ENOTDIR;
    case RW_HINT_GET:
    case RW_HINT_SET:
        return f->inode ? write_hint(f->inode, command, (uint64_t *)arg) : -EINVAL;
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        return f->ops->control ? f->ops->control(f, command, arg) : -EBADF;
    default:
        return -EINVAL;
    }
}

long pith_sys_fcntl(long fd, long command, long arg)
{
    HOLD;
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    switch ((int)command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(f, (int)arg, (int)command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_cloexec((unsigned)fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
        fd_set_cloexec((unsigned)fd, arg & FD_CLOEXEC);
        return 0;
    case F_GETFL:
        return (long)f->flags;
    case DUPFD_QUERY:
        return fd_get(arg) ? fd_get(arg) == f : -EBADF;
    case CREATED_QUERY:
        return (f->kind & FILE_CREATED) != 0;
    default:
        if (f->flags & O_PATH)
            return -EBADF;
        long r = command == F_SETFL ? check_flags(f, (unsigned)arg) : 0;
        if (r)
            return r;
        if (async_control) {
            r = async_control(f, fd, (int)command, arg);
            if (r != -ENOSYS)
                return r;
        }
        return control(f, fd, (int)command, arg);
    }
}

long pith_sys_flock(long fd, long op)
{
    HOLD;
    struct file *f = file_get(fd);
    int kind = (int)op & ~LOCK_NB;

    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
        return -EINVAL;
    if (!f)
        return -EBADF;
    if (!f->inode)
        return 0;
    file_hold(f);
    long err = lock_whole(f->inode, f, (int)op);
    file_put(f);
    return err;
}
