/* SPDX-License-Identifier: MIT
 *
 * Attributes of files: reading them in the forms of stat, statx and statfs, and changing mode,
 * owner and times. */
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/mount.h"
#include "vfs/path.h"

/* st_dev of files without an inode, which are the console's. */
#define CONSOLE_DEV makedev(0, 9)

static struct timespec to_timespec(nsec_t t)
{
    struct timespec ts = {t / NSEC_PER_SEC, t % NSEC_PER_SEC};

    if (ts.tv_nsec < 0) {
        ts.tv_nsec += NSEC_PER_SEC;
        ts.tv_sec--;
    }
    return ts;
}

/* Times beyond the years 1678 to 2262 become the first or the last that fits. */
static nsec_t from_timespec(int64_t sec, int64_t nsec)
{
    nsec_t t;

    if (__builtin_mul_overflow(sec, NSEC_PER_SEC, &t) || __builtin_add_overflow(t, nsec, &t))
        return sec < 0 ? INT64_MIN : INT64_MAX;
    return t;
}

static void fill(struct stat *st, struct inode *in)
{
    if (in->ops->refresh)
        in->ops->refresh(in);
    memset(st, 0, sizeof(*st));
    st->st_dev = in->fs->dev;
    st->st_ino = in->ino;
    st->st_nlink = in->nlink;
    st->st_mode = in->mode;
    st->st_uid = in->uid;
    st->st_gid = in->gid;
    st->st_rdev = in->rdev;
    st->st_size = S_ISBLK(in->mode) ? 0 : (off_t)in->size;
    st->st_blksize = (long)PAGE_SIZE;
    st->st_blocks = (blkcnt_t)in->blocks;
    st->st_atim = to_timespec(in->atime);
    st->st_mtim = to_timespec(in->mtime);
    st->st_ctim = to_timespec(in->ctime);
}

/* The same of a file that has no inode. */
static void fill_stream(struct stat *st, const struct file *f)
{
    memset(st, 0, sizeof(*st));
    st->st_dev = CONSOLE_DEV;
    st->st_ino = 1;
    st->st_nlink = 1;
    st->st_mode = f->mode;
    st->st_rdev = S_ISCHR(f->mode) ? makedev(5, 1) : 0;
    st->st_blksize = S_ISCHR(f->mode) ? 1024 : (long)PAGE_SIZE;
}

static long stat_file(long fd, struct stat *st)
{
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    if (f->inode)
        fill(st, f->inode);
    else
        fill_stream(st, f);
    return 0;
}

/* What statx says beyond stat. */
struct more {
    nsec_t btime;
    unsigned mount;
    bool mount_root; /* of what is mounted somewhere */
};

static struct more more_of(const struct inode *in)
{
    return (struct more){in->btime, mount_id(in->fs), in == in->fs->root};
}

/* How (flags) want a path to be walked. */
static unsigned walk_of(long flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) |
           (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
}

/* (more): where to put that, or NULL. */
static long stat_at(long dirfd, long path, long flags, struct stat *st, struct more *more)
{
    const char *text = (const char *)path;
    unsigned walk = walk_of(flags);
    struct inode *inode;

    if (flags & AT_EMPTY_PATH && !text)
        text = "";
    /* Such a descriptor may have a file that no path leads to. */
    if (flags & AT_EMPTY_PATH && (int)dirfd != AT_FDCWD && user_string(text, 1) == 0) {
        const struct file *f = fd_get(dirfd);
        if (more && f && f->inode)
            *more = more_of(f->inode);
        return stat_file(dirfd, st);
    }
    long err = path_lookup(dirfd, text, walk, &inode);
    if (err)
        return err;
    fill(st, inode);
    if (more)
        *more = more_of(inode);
    inode_put(inode);
    return 0;
}

/* Hands (st) over to the program. */
static long give(const struct stat *st, long result)
{
    if (!user_writable((void *)result, sizeof(*st)))
        return -EFAULT;
    *(struct stat *)result = *st;
    return 0;
}

long pith_sys_fstat(long fd, long result)
{
    HOLD;
    struct stat st;
    long err = stat_file(fd, &st);

    return err ? err : give(&st, result);
}

long pith_sys_newfstatat(long dirfd, long path, long result, long flags)
{
    HOLD;
    struct stat st;

    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    long err = stat_at(dirfd, path, flags, &st, NULL);
    return err ? err : give(&st, result);
}

long pith_sys_stat(long path, long st)
{
    HOLD;
    return pith_sys_newfstatat(AT_FDCWD, path, st, 0);
}

long pith_sys_lstat(long path, long st)
{
    HOLD;
    return pith_sys_newfstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

/* struct statx as Linux has it; libc may not. */
struct statx_time {
    int64_t sec;
    uint32_t nsec;
    int32_t reserved;
};

struct statx_result {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, reserved;
    uint64_t ino, size, blocks, attributes_mask;
    struct statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mnt_id;
    uint64_t spare[13];
};
_Static_assert(sizeof(struct statx_result) == 256, "as Linux has it");

#define STATX_ALL_BITS       0xfffu
#define STATX_MNT_ID_BIT     0x1000u
#define STATX_UNIQUE_BIT     0x4000u  /* STATX_MNT_ID_UNIQUE: one number is both */
#define ATTR_MOUNT_ROOT      0x2000u  /* STATX_ATTR_MOUNT_ROOT */
#define ATTR_KNOWN           0x203000u /* with STATX_ATTR_AUTOMOUNT and _DAX, which no file has */
#define STATX_RESERVED_BIT   0x80000000u
#define AT_STATX_SYNC_BITS   0x6000
#define STATX_DONT_AND_FORCE 0x6000

static struct statx_time to_statx(struct timespec ts)
{
    return (struct statx_time){.sec = ts.tv_sec, .nsec = (uint32_t)ts.tv_nsec};
}

long pith_sys_statx(long dirfd, long path, long flags, long mask, long result)
{
    HOLD;
    struct statx_result *x = (struct statx_result *)result;
    struct stat st;
    struct more more = {.mount = 1};

    if ((unsigned)mask & STATX_RESERVED_BIT ||
        (flags & AT_STATX_SYNC_BITS) == STATX_DONT_AND_FORCE ||
        flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_BITS))
        return -EINVAL;
    long err = stat_at(dirfd, path, flags, &st, &more);
    if (err)
        return err;
    if (!user_writable(x, sizeof(*x)))
        return -EFAULT;
    *x = (struct statx_result){
        .mask = STATX_ALL_BITS |
                ((unsigned)mask & STATX_UNIQUE_BIT ? STATX_UNIQUE_BIT : STATX_MNT_ID_BIT),
        .attributes = more.mount_root ? ATTR_MOUNT_ROOT : 0,
        .attributes_mask = ATTR_KNOWN,
        .mnt_id = more.mount,
        .blksize = (uint32_t)st.st_blksize,
        .nlink = (uint32_t)st.st_nlink,
        .uid = st.st_uid,
        .gid = st.st_gid,
        .mode = (uint16_t)st.st_mode,
        .ino = st.st_ino,
        .size = (uint64_t)st.st_size,
        .blocks = (uint64_t)st.st_blocks,
        .atime = to_statx(st.st_atim),
        .btime = to_statx(to_timespec(more.btime)),
        .ctime = to_statx(st.st_ctim),
        .mtime = to_statx(st.st_mtim),
        .rdev_major = major(st.st_rdev),
        .rdev_minor = minor(st.st_rdev),
        .dev_major = major(st.st_dev),
        .dev_minor = minor(st.st_dev),
    };
    return 0;
}

/* The inode of (path), or of the descriptor where the path is empty or NULL and that is allowed;
 * held. */
static long find(long dirfd, long path, unsigned walk, struct inode **out)
{
    return path_lookup(dirfd, (const char *)path, walk, out);
}

/* The inode of an open file. -EBADF; -EOPNOTSUPP: it has none. Not held. */
static long inode_of(long fd, struct inode **out)
{
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    *out = f->inode;
    return f->inode ? 0 : -EOPNOTSUPP;
}

static long set_attr(struct inode *inode, const struct inode_attr *attr)
{
    if (!inode->ops->setattr)
        return -EPERM;
    int err = inode->ops->setattr(inode, attr);
    if (!err && notify_wanted()) {
        bool one_time = attr->which == ATTR_ATIME || attr->which == ATTR_MTIME;
        notify_file(inode, !one_time                  ? IN_ATTRIB
                           : attr->which & ATTR_ATIME ? IN_ACCESS
                                                      : IN_MODIFY);
    }
    return err;
}

static long set_mode(struct inode *inode, long mode)
{
    struct inode_attr attr = {.which = ATTR_MODE, .mode = (mode_t)mode & 07777};
    int err = may_as_owner(inode);

    if (err || S_ISLNK(inode->mode))
        return err ? err : -EOPNOTSUPP;
    /* Nobody gives a file the power of a group that is not theirs. */
    if (!cred_is_member(inode->gid) && !cred_may(CAP_FSETID))
        attr.mode &= ~(mode_t)S_ISGID;
    return set_attr(inode, &attr);
}

static long set_mode_at(long dirfd, long path, long mode, unsigned walk)
{
    struct inode *inode;
    long err = find(dirfd, path, walk, &inode);

    if (err)
        return err;
    err = set_mode(inode, mode);
    inode_put(inode);
    return err;
}

long pith_sys_fchmodat(long dirfd, long path, long mode)
{
    HOLD;
    return set_mode_at(dirfd, path, mode, PATH_FOLLOW);
}

long pith_sys_fchmodat2(long dirfd, long path, long mode, long flags)
{
    HOLD;
    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return set_mode_at(dirfd, path, mode, walk_of(flags));
}

long pith_sys_chmod(long path, long mode)
{
    HOLD;
    return pith_sys_fchmodat(AT_FDCWD, path, mode);
}

long pith_sys_fchmod(long fd, long mode)
{
    HOLD;
    struct inode *inode;
    long err = inode_of(fd, &inode);

    return err ? err : set_mode(inode, mode);
}

/* Root gives files to anybody; their owner, to a group that it is in. */
static bool may_give(const struct inode *inode, uid_t uid, gid_t gid)
{
    struct cred c = cred_current();

    if (cred_may(CAP_CHOWN))
        return true;
    if (uid != (uid_t)-1 && (c.fsuid != inode->uid || uid != inode->uid))
        return false;
    return gid == (gid_t)-1 ||
           (c.fsuid == inode->uid && (gid == inode->gid || cred_is_member(gid)));
}

/* A new owner takes a file's power to run as its owner away (chown(2)). */
static long set_owner(struct inode *inode, long uid, long gid)
{
    struct inode_attr attr = {.uid = (uid_t)uid, .gid = (gid_t)gid, .mode = inode->mode & 07777};

    if (!may_give(inode, attr.uid, attr.gid))
        return -EPERM;
    if (attr.uid != (uid_t)-1)
        attr.which |= ATTR_UID;
    if (attr.gid != (gid_t)-1)
        attr.which |= ATTR_GID;
    if (!S_ISDIR(inode->mode)) {
        attr.mode &= ~(mode_t)S_ISUID;
        if (attr.mode & S_IXGRP)
            attr.mode &= ~(mode_t)S_ISGID;
        if (attr.mode != (inode->mode & 07777))
            attr.which |= ATTR_MODE;
    }
    return set_attr(inode, &attr);
}

long pith_sys_fchownat(long dirfd, long path, long uid, long gid, long flags)
{
    HOLD;
    unsigned walk = walk_of(flags);
    struct inode *inode;

    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    long err = find(dirfd, path, walk, &inode);
    if (err)
        return err;
    err = set_owner(inode, uid, gid);
    inode_put(inode);
    return err;
}

long pith_sys_chown(long path, long uid, long gid)
{
    HOLD;
    return pith_sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long pith_sys_lchown(long path, long uid, long gid)
{
    HOLD;
    return pith_sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long pith_sys_fchown(long fd, long uid, long gid)
{
    HOLD;
    struct inode *inode;
    long err = inode_of(fd, &inode);

    return err ? err : set_owner(inode, uid, gid);
}

/* One of the two times of utimensat. False: it is not sound. */
static bool take_time(const struct timespec *ts, struct inode_attr *attr, unsigned which)
{
    nsec_t t;

    if (ts->tv_nsec == UTIME_OMIT)
        return true;
    if (ts->tv_nsec == UTIME_NOW)
        t = clock_wall();
    else if (ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC)
        t = from_timespec(ts->tv_sec, ts->tv_nsec);
    else
        return false;
    attr->which |= which;
    if (which == ATTR_ATIME)
        attr->atime = t;
    else
        attr->mtime = t;
    return true;
}

/* Whoever may write a file may make its times those of now; other times are its owner's to set. */
static int may_set_times(const struct inode *inode, bool both_now)
{
    int err = may_as_owner(inode);

    return err && both_now ? may_access(inode, MAY_WRITE) : err;
}

/* utimensat: (path) 0 is the descriptor itself. (times): two, or NULL for now. */
static long set_times(long dirfd, long path, const struct timespec *times, long flags)
{
    static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    unsigned walk = walk_of(flags);
    const struct timespec *both = times ? times : now;
    struct inode_attr attr = {0};
    struct inode *inode;
    long err;

    if (both[0].tv_nsec == UTIME_OMIT && both[1].tv_nsec == UTIME_OMIT)
        return 0;
    bool both_now = both[0].tv_nsec == UTIME_NOW && both[1].tv_nsec == UTIME_NOW;
    bool valid = take_time(&both[0], &attr, ATTR_ATIME) && take_time(&both[1], &attr, ATTR_MTIME);
    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (path == 0 && (int)dirfd != AT_FDCWD) {
        if (flags)
            return -EINVAL;
        err = inode_of(dirfd, &inode);
        if (!err)
            err = valid ? may_set_times(inode, both_now) : -EINVAL;
        return err ? err : set_attr(inode, &attr);
    }
    err = find(dirfd, path, walk, &inode);
    if (err)
        return err;
    err = valid ? may_set_times(inode, both_now) : -EINVAL;
    if (!err)
        err = set_attr(inode, &attr);
    inode_put(inode);
    return err;
}

long pith_sys_utimensat(long dirfd, long path, long times, long flags)
{
    HOLD;
    const struct timespec *ts = (const struct timespec *)times;

    if (ts && !user_readable(ts, 2 * sizeof(*ts)))
        return -EFAULT;
    return set_times(dirfd, path, ts, flags);
}

long pith_sys_futimesat(long dirfd, long path, long times)
{
    HOLD;
    const struct timeval *tv = (const struct timeval *)times;
    struct timespec ts[2];

    if (!tv)
        return set_times(dirfd, path, NULL, 0);
    if (!user_readable(tv, 2 * sizeof(*tv)))
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
            return -EINVAL;
        ts[i] = (struct timespec){tv[i].tv_sec, tv[i].tv_usec * 1000};
    }
    return set_times(dirfd, path, ts, 0);
}

long pith_sys_utimes(long path, long times)
{
    HOLD;
    return pith_sys_futimesat(AT_FDCWD, path, times);
}

long pith_sys_utime(long path, long times)
{
    HOLD;
    const struct utimbuf *t = (const struct utimbuf *)times;

    if (!t)
        return set_times(AT_FDCWD, path, NULL, 0);
    if (!user_readable(t, sizeof(*t)))
        return -EFAULT;
    const struct timespec ts[2] = {{t->actime, 0}, {t->modtime, 0}};
    return set_times(AT_FDCWD, path, ts, 0);
}

/* (inode): NULL for a file without one that is made by a call (eventfd ...). */
static long fs_stat(struct inode *inode, long result)
{
    struct statfs *st = (struct statfs *)result;

    if (!user_writable(st, sizeof(*st)))
        return -EFAULT;
    *st = (struct statfs){.f_bsize = PAGE_SIZE, .f_frsize = PAGE_SIZE, .f_namelen = 255};
    if (!inode) {
        st->f_type = 0x09041934; /* ANON_INODE_FS_MAGIC */
        return 0;
    }
    if (inode->fs->statfs)
        return inode->fs->statfs(inode->fs, st);
    if (strcmp(inode->fs->type, "proc") == 0)
        st->f_type = 0x9fa0;
    else if (strcmp(inode->fs->type, "pipefs") == 0)
        st->f_type = 0x50495045;
    else if (S_ISSOCK(inode->mode))
        st->f_type = 0x534f434b;
    else
        st->f_type = 0x01021994; /* devtmpfs is one of those in memory */
    return 0;
}

long pith_sys_statfs(long path, long result)
{
    HOLD;
    struct inode *inode;
    long err = find(AT_FDCWD, path, PATH_FOLLOW, &inode);

    if (err)
        return err;
    err = fs_stat(inode, result);
    inode_put(inode);
    return err;
}

long pith_sys_fstatfs(long fd, long result)
{
    HOLD;
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    return f->inode || f->ops->name ? fs_stat(f->inode, result) : -ENOSYS;
}
