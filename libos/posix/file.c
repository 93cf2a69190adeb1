/* SPDX-License-Identifier: MIT
 *
 * Opening files, their length and storage, and listing directories. */
#include <dirent.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <string.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/lease.h"
#include "vfs/path.h"
#include "vfs/permit.h"

#ifndef FALLOC_FL_WRITE_ZEROES
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif

static long open_once(long dirfd, long path, long flags, long mode, unsigned limits)
{
    struct file *f;
    int err = fd_reserve();

    if (!err)
        err = vfs_open(dirfd, (const char *)path, (int)flags, (mode_t)mode, limits, &f);
    if (err)
        return err;
    int fd = fd_install(f, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}

static long open_file(long dirfd, long path, long flags, long mode, unsigned limits)
{
    long r;

    do
        r = open_once(dirfd, path, flags, mode, limits);
    while (call_again(r));
    return r;
}

long pith_sys_openat(long dirfd, long path, long flags, long mode)
{
    HOLD;
    return open_file(dirfd, path, flags, mode, 0);
}

#define RESOLVE_KNOWN                                                                              \
    (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |             \
     RESOLVE_IN_ROOT | RESOLVE_CACHED)
#define RESOLVE_SCOPED (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

/* Unlike its elders, openat2 refuses what it does not know or what makes no sense. */
static long check_how(const struct open_how *how)
{
    bool makes = how->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
    const uint64_t of_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

    if (how->flags & ~(uint64_t)OPEN_KNOWN || how->resolve & ~(uint64_t)RESOLVE_KNOWN ||
        (how->resolve & RESOLVE_SCOPED) == RESOLVE_SCOPED ||
        how->mode & ~(makes ? UINT64_C(07777) : 0))
        return -EINVAL;
    if (how->flags & O_PATH && how->flags & ~of_path)
        return -EINVAL;
    /* Everything is in memory; but what has to be written is not. */
    return how->resolve & RESOLVE_CACHED && (makes || how->flags & O_TRUNC) ? -EAGAIN : 0;
}

long pith_sys_openat2(long dirfd, long path, long from, long size)
{
    HOLD;
    struct open_how how;
    if ((size_t)size < sizeof(how))
        return -EINVAL;
    long err = user_extended(&how, sizeof(how), (const void *)from, (size_t)size);
    if (!err)
        err = check_how(&how);
    if (err)
        return err;
    unsigned limits = (unsigned)(how.resolve & ~(uint64_t)RESOLVE_CACHED) << PATH_LIMITS;
    return open_file(dirfd, path, (long)how.flags, (long)how.mode, limits);
}

long pith_sys_open(long path, long flags, long mode)
{
    HOLD;
    return pith_sys_openat(AT_FDCWD, path, flags, mode);
}

long pith_sys_creat(long path, long mode)
{
    HOLD;
    return pith_sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long pith_sys_umask(long mask)
{
    HOLD;
    mode_t before = vfs_umask;

    vfs_umask = (mode_t)mask & 0777;
    return (long)before;
}

static long sync_file(long fd)
{
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    return f->ops->fsync ? f->ops->fsync(f) : -EINVAL;
}

long pith_sys_fsync(long fd)
{
    HOLD;
    return sync_file(fd);
}

long pith_sys_fdatasync(long fd)
{
    HOLD;
    return sync_file(fd);
}

/* Every file system is in memory: only disks have something to be written. Weak: a program that
 * opens no files links no disks. */
__attribute__((weak, visibility("hidden"))) void block_sync(void);

long pith_sys_sync(void)
{
    HOLD;
    if (block_sync)
        block_sync();
    return 0;
}

long pith_sys_syncfs(long fd)
{
    HOLD;
    return file_get(fd) ? 0 : -EBADF;
}

#define SYNC_RANGE_FLAGS 7

long pith_sys_sync_file_range(long fd, long off, long n, long flags)
{
    HOLD;
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    if (flags & ~SYNC_RANGE_FLAGS || off < 0 || n < 0 || off > INT64_MAX - n)
        return -EINVAL;
    if (f->inode && (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode)))
        return 0;
    return -ESPIPE;
}

static long set_size(struct inode *inode, long size)
{
    struct inode_attr attr = {.which = ATTR_SIZE, .size = (uint64_t)size};

    if (attr.size > file_size_limit && attr.size > inode->size)
        return file_too_big();
    if (!inode->ops->setattr)
        return -EPERM;
    int err = inode->ops->setattr(inode, &attr);
    if (!err)
        notify_access(inode, true);
    return err;
}

static long truncate_once(long path, long size)
{
    struct path p;

    if (size < 0)
        return -EINVAL;
    long err = path_walk(AT_FDCWD, (const char *)path, PATH_FOLLOW, &p);
    if (err)
        return err;
    if (S_ISDIR(p.inode->mode))
        err = -EISDIR;
    else
        err = S_ISREG(p.inode->mode) ? may_access(p.inode, MAY_WRITE) : -EINVAL;
    if (!err)
        err = vfs_may_change(&p);
    if (!err && lease_break)
        err = lease_break(p.inode, O_WRONLY);
    if (!err)
        err = set_size(p.inode, size);
    path_put(&p);
    return err;
}

long pith_sys_truncate(long path, long size)
{
    HOLD;
    long r;

    do
        r = truncate_once(path, size);
    while (call_again(r));
    return r;
}

long pith_sys_ftruncate(long fd, long size)
{
    HOLD;
    struct file *f = file_get(fd);

    if (size < 0)
        return -EINVAL;
    if (!f)
        return -EBADF;
    if (!f->inode || !S_ISREG(f->inode->mode) || !file_writes(f))
        return -EINVAL;
    return set_size(f->inode, size);
}

/* Whether there is such a mode of fallocate, if not for these files. */
static bool known_mode(long mode)
{
    switch (mode & ~(long)FALLOC_FL_KEEP_SIZE) {
    case 0:
    case FALLOC_FL_ZERO_RANGE:
    case FALLOC_FL_UNSHARE_RANGE:
        return true;
    case FALLOC_FL_PUNCH_HOLE:
        return mode & FALLOC_FL_KEEP_SIZE;
    case FALLOC_FL_COLLAPSE_RANGE:
    case FALLOC_FL_INSERT_RANGE:
    case FALLOC_FL_WRITE_ZEROES:
        return !(mode & FALLOC_FL_KEEP_SIZE);
    default:
        return false;
    }
}

long pith_sys_fallocate(long fd, long mode, long off, long n)
{
    HOLD;
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    if (off < 0 || n <= 0)
        return -EINVAL;
    if (!known_mode(mode))
        return -EOPNOTSUPP;
    if (!file_writes(f))
        return -EBADF;
    if (f->inode && S_ISFIFO(f->inode->mode))
        return -ESPIPE;
    if (!f->inode || !S_ISREG(f->inode->mode))
        return -ENODEV;
    if (n > INT64_MAX - off)
        return -EFBIG;
    if (!f->ops->allocate)
        return -EOPNOTSUPP;
    int err = f->ops->allocate(f, (int)mode, (uint64_t)off, (uint64_t)n);
    if (!err)
        notify_access(f->inode, true);
    return err;
}

long pith_sys_fadvise64(long fd, long off, long n, long advice)
{
    HOLD;
    struct file *f = file_get(fd);

    (void)off;
    if (!f)
        return -EBADF;
    if (f->inode && S_ISFIFO(f->inode->mode))
        return -ESPIPE;
    return n < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

long pith_sys_readahead(long fd, long off, long n)
{
    HOLD;
    struct file *f = file_get(fd);

    (void)off, (void)n;
    if (!f || !file_reads(f))
        return -EBADF;
    return f->inode && S_ISREG(f->inode->mode) ? 0 : -EINVAL;
}

/* Where getdents puts records. */
struct listing {
    char *at;
    size_t room;
    bool old;   /* getdents, not getdents64: the type is the record's last byte */
    bool fault; /* a record could not be put where it belongs */
};

struct record {
    uint64_t ino;
    int64_t next_pos;
    uint16_t len;
    unsigned char type; /* getdents64 */
    char name[];
};
#define OLD_NAME (offsetof(struct record, type))
#define NEW_NAME (offsetof(struct record, name))

static bool add_record(void *arg, struct name name, uint64_t ino, unsigned char type,
                       uint64_t next_pos)
{
    struct listing *l = arg;
    size_t name_at = l->old ? OLD_NAME : NEW_NAME;
    /* The name's NUL, and for the old form the type. */
    size_t len = align_up(name_at + name.len + 1 + (l->old ? 1 : 0), 8);

    if (len > l->room)
        return false;
    l->fault = !user_writable(l->at, len);
    if (l->fault)
        return false;
    struct record *r = (struct record *)l->at;
    memset(l->at, 0, len);
    r->ino = ino;
    r->next_pos = (int64_t)next_pos;
    r->len = (uint16_t)len;
    memcpy(l->at + name_at, name.text, name.len);
    if (l->old)
        l->at[len - 1] = (char)type;
    else
        r->type = type;
    l->at += len;
    l->room -= len;
    return true;
}

/* Remembers in (arg), a bool, that there is an entry. */
static bool see_entry(void *arg, struct name name, uint64_t ino, unsigned char type,
                      uint64_t next_pos)
{
    (void)name, (void)ino, (void)type, (void)next_pos;
    *(bool *)arg = true;
    return false;
}

static long list(long fd, long buf, long n, bool old)
{
    struct file *f = file_get(fd);
    struct listing l = {(char *)buf, (size_t)n, old, false};
    bool more = false;

    if (!f)
        return -EBADF;
    if (!f->ops->readdir)
        return -ENOTDIR;
    if (f->inode->nlink == 0)
        return -ENOENT;
    int err = f->ops->readdir(f, &f->pos, add_record, &l);
    if (!err && l.at == (char *)buf && l.fault) {
        err = -EFAULT;
    } else if (!err && l.at == (char *)buf) {
        err = f->ops->readdir(f, &f->pos, see_entry, &more);
        if (!err && more)
            err = -EINVAL; /* (n) is too small for the next entry */
    }
    if (!err)
        notify_access(f->inode, false);
    return err ? err : l.at - (char *)buf;
}

long pith_sys_getdents64(long fd, long buf, long n)
{
    HOLD;
    return list(fd, buf, (unsigned)n, false);
}

long pith_sys_getdents(long fd, long buf, long n)
{
    HOLD;
    return list(fd, buf, (unsigned)n, true);
}
