/* SPDX-License-Identifier: MIT
 *
 * Files: the contract between the descriptor table and path walk (vfs/), the file systems (fs/) and
 * whatever else can stand behind a descriptor (console, pipes, sockets).
 *
 * Errors are negative Linux error numbers. Permissions are checked by the
 * callers (iface/cred.h).
 *
 * Reference counts: an inode lives while a name, an open file, a mount, a subdirectory or a caller
 * holds it (inode_hold, inode_put); with the last reference inode_ops.evict frees it. */
#ifndef PITH_IFACE_FS_H
#define PITH_IFACE_FS_H

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/base.h"
#include "iface/clock.h"
#include "iface/wait.h"

/* Of Linux; libc's headers may lack them. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE  (1 << 1)
#define RENAME_WHITEOUT  (1 << 2)
#endif

struct inode;
struct file;
struct mapping;
struct statfs;

/* A file system that is mounted somewhere. Lives for ever. */
struct fs {
    const char *type; /* as in /proc/mounts: "ramfs", "devtmpfs", "proc" */
    dev_t dev;        /* st_dev of its inodes */
    struct inode *root;
    bool xattrs; /* its inodes keep extended attributes: it calls xattrs_free */
    /* Sets (root), when the mount is first crossed and root is still NULL. 0, -ENOMEM, -EIO. */
    int (*start)(struct fs *fs);
    int (*statfs)(struct fs *fs, struct statfs *st);
    struct inode *covered; /* the directory that it is mounted on, held; NULL for the root */
    struct fs *next_mount; /* list of all mounts (vfs/mount.h) */
};

/* What a name can be created as: by the type in (mode). */
struct inode_new {
    mode_t mode;        /* S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFCHR, S_IFSOCK | permissions */
    dev_t rdev;         /* S_IFCHR */
    const char *target; /* S_IFLNK */
    size_t target_len;
    bool nameless; /* S_IFREG created without a name: it never gets one (O_TMPFILE | O_EXCL) */
};

/* Which attributes inode_ops.setattr changes. */
#define ATTR_MODE  (1u << 0)
#define ATTR_UID   (1u << 1)
#define ATTR_GID   (1u << 2)
#define ATTR_SIZE  (1u << 3)
#define ATTR_ATIME (1u << 4)
#define ATTR_MTIME (1u << 5)

struct inode_attr {
    unsigned which;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    uint64_t size;
    nsec_t atime, mtime;
};

/* A name in a path: not NUL-terminated, 1 to 255 bytes, never "." or "..". */
struct name {
    const char *text;
    size_t len;
};

/* Operations of an inode. Those on directories get a directory; a NULL operation answers EPERM,
 * lookup ENOENT. */
struct inode_ops {
    /* Finds (name) in (dir); (*out) then holds a reference. -ENOENT, -ENOMEM, -EIO. */
    int (*lookup)(struct inode *dir, struct name name, struct inode **out);
    /* Makes a new inode called (name) that does not exist yet; with an empty name one without a
     * name (O_TMPFILE). (*out) then holds a reference. -ENOSPC, -ENOMEM, -EROFS. */
    int (*create)(struct inode *dir, struct name name, const struct inode_new *what,
                  struct inode **out);
    /* One more name for (target), no directory, of the same file system. */
    int (*link)(struct inode *dir, struct name name, struct inode *target);
    /* Removes a name. (victim) is what lookup gave for it; a directory must be empty (-ENOTEMPTY).
     */
    int (*unlink)(struct inode *dir, struct name name, struct inode *victim);
    /* Renames (what) within one file system, replacing (over) if not NULL. The caller has checked
     * types and that no directory moves below itself; over a directory that is not empty:
     * -ENOTEMPTY. (flags): of renameat2(2), RENAME_EXCHANGE, both change places, or
     * RENAME_WHITEOUT, which leaves a device 0:0 behind. */
    int (*rename)(struct inode *from, struct name old, struct inode *what, struct inode *to,
                  struct name name, struct inode *over, unsigned flags);
    /* Copies the target of a symbolic link, at most (size) bytes, no NUL. Returns its length. */
    ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
    /* A symbolic link that leads to an inode and not to a path (/proc/self/fd/1): (*out) then holds
     * a reference. NULL: the link has a path. */
    int (*follow)(struct inode *inode, struct inode **out);
    /* Copies the name under which (inode) is found in (*parent), not held, into (buf) of NAME_MAX
     * bytes, no NUL. Returns its length; -ENOENT if it has none (any more). Any one of several. */
    ssize_t (*name)(struct inode *inode, char *buf, struct inode **parent);
    int (*setattr)(struct inode *inode, const struct inode_attr *attr);
    /* Brings sizes and times that are not kept in struct inode up to date, before stat. */
    void (*refresh)(struct inode *inode);
    /* Sets up (file) on (inode): ops, kind, and data if needed; flags may have O_NOCTTY meanwhile.
     * Called once per open, which is
     * undone with -Exxx; file_ops.release is its counterpart. May block (FIFOs). */
    int (*open)(struct inode *inode, struct file *file);
    /* The page (first) of the file, inside its size, as memory that page_show can show the program,
     * and in (*n), at most what it was, how many pages behind it follow there. These pages are
     * then the file's contents as long as it has mappings, but for mapping_truncated. NULL: out of
     * memory or space. */
    char *(*share)(struct inode *inode, uint64_t first, uint64_t *n);
    /* The last reference is gone: free everything. The caller then puts (parent). */
    void (*evict)(struct inode *inode);
};

struct inode_locks;

struct inode {
    const struct inode_ops *ops;
    struct fs *fs;
    uint32_t refs;
    uint32_t nlink;
    uint64_t ino;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    dev_t rdev;
    uint64_t size;
    uint64_t blocks; /* of 512 bytes */
    nsec_t atime, mtime, ctime, btime;
    struct inode *parent;      /* of a directory, held; NULL for the root of a file system */
    struct fs *mounted;        /* what is mounted on this directory, or NULL */
    struct inode_locks *locks; /* fcntl and flock state, NULL while there are none (vfs/lock.h) */
    union {
        void *pipe;   /* S_IFIFO: its pipe while open (vfs/pipe.h) */
        void *socket; /* S_IFSOCK: the socket that is bound to it (net/unix), or NULL */
    };
    struct mapping *mappings; /* those of it in the program's memory (posix/mapping.h), or NULL */
    unsigned seals;           /* F_SEAL_* */
    unsigned char write_hint; /* F_SET_RW_HINT */
    struct inotify_watch *watches; /* posix/inotify.c, NULL if none */
    struct xattr *xattrs;          /* posix/xattr.c, NULL if none */
};

/* For inode_ops.evict, when inode->xattrs is not NULL. Implemented by posix/xattr.c, and weak:
 * without it there are none. */
__attribute__((weak, visibility("hidden"))) void xattrs_free(struct inode *inode);

static inline void inode_hold(struct inode *inode)
{
    inode->refs++;
}

/* Evicts (inode), whose last reference is gone. Implemented by vfs/. */
void inode_unused(struct inode *inode);

static inline void inode_put(struct inode *inode)
{
    if (--inode->refs == 0)
        inode_unused(inode);
}

/* inode_ops.setattr of an inode that keeps its mode, owner and times only in itself: all but
 * ATTR_SIZE. Returns 0. Implemented by vfs/. */
int inode_take_attr(struct inode *inode, const struct inode_attr *attr);

/* open of a FIFO, for inode_ops.open of any file system. Implemented by vfs/. What can make a FIFO, or
 * finds some in its files, says LINKS(fifo_open); others may refer to it as a weak symbol. */
int fifo_open(struct inode *inode, struct file *file);

/* open of a device node, for inode_ops.open of any file system: of the device in /dev that has its
 * number. -ENXIO: there is none. Implemented by fs/dev; weak, as a part of what mknod brings. */
__attribute__((weak, visibility("hidden"))) int device_open(struct inode *inode, struct file *file);

/* For file_ops.map of files whose inode_ops has share: makes (len) bytes at (at), PAGE_BEYOND pages
 * of the program, a mapping of the file from page (first) on. -ENOMEM: the pages are unmapped then.
 * Implemented by posix/. */
int mapping_of_file(struct file *f, bool shared, void *at, size_t len, uint64_t first);

/* For these file systems, when inode->mappings is not NULL. The file is about to end at (size),
 * earlier than before: its pages behind are not seen any more afterwards, and may be freed. */
void mapping_truncated(struct inode *inode, uint64_t size);

/* The file ended at (size) before, and now later. */
void mapping_grown(struct inode *inode, uint64_t size);

/* Whether the program may write the file through a shared mapping. */
bool mapping_is_writable(const struct inode *inode);

/* A mapping of a file in the program's memory: page (first) of (inode) is at (start). */
struct mapped {
    uintptr_t start, end;
    uint64_t first;
    struct inode *inode;
    bool shared;
};

/* The first one that ends behind (addr). False: there is none. Implemented by posix/, and weak:
 * without it there are none. */
__attribute__((weak, visibility("hidden"))) bool mapping_tell(uintptr_t addr, struct mapped *out);

/* RLIMIT_FSIZE, UINT64_MAX for none: no file may grow beyond. Kept by vfs/, heeded by file systems.
 */
extern uint64_t file_size_limit;

/* Raises SIGXFSZ, for a file that would pass file_size_limit. Returns -EFBIG if that returns. */
int file_too_big(void);

/* Frees a file in file_ops.release, and puts its inode. Implemented by vfs/. */
void file_free(struct file *f);

/* One directory entry for file_ops.readdir; returns false when the caller has no more room. */
typedef bool (*readdir_fn)(void *arg, struct name name, uint64_t ino, unsigned char type,
                           uint64_t next_pos);

/* Operations of an open file. (pos) points to the position to use and advance, and is NULL for
 * files without one if the buffers are the library OS's own, not the program's; (n) is at least 1,
 * and the lengths add up to at most 0x7ffff000. NULL operations: readv and writev EINVAL, poll
 * always ready, ioctl ENOTTY, readdir ENOTDIR, fsync EINVAL, allocate EOPNOTSUPP, map ENODEV.
 *
 * Every image has the console's files, few call all their operations: a file of functions that call
 * readv, poll or ioctl of whatever they get says LINKS(console_readv), console_poll, console_ioctl.
 */
struct file_ops {
    ssize_t (*readv)(struct file *f, const struct iovec *iov, int n, uint64_t *pos);
    ssize_t (*writev)(struct file *f, const struct iovec *iov, int n, uint64_t *pos);
    /* Both for bytes that neither change nor go, and so need not be copied, as those of the image's
     * files. in_place: how many lie at (*at) of those at (off), which is below the file's size; 0,
     * or NULL: they may change. write_in_place: writev for such bytes; NULL: it copies. */
    size_t (*in_place)(struct file *f, uint64_t off, const char **at);
    ssize_t (*write_in_place)(struct file *f, const char *at, size_t n);
    /* Returns the POLL* bits that hold now; (*q) is what to sleep on until they may change: always
     * the same queue, which lives as long as (f). A wake that tells which bits have come
     * (wait_wake_events) saves those that wait for others the look: nothing comes that is not
     * told, but it may be there no longer. */
    int (*poll)(struct file *f, struct wait_queue **q);
    long (*ioctl)(struct file *f, unsigned long request, long arg);
    /* Commands of fcntl(2) that only some files know (F_SETPIPE_SZ). NULL: -EBADF. */
    long (*control)(struct file *f, int command, long arg);
    /* Hands the entries from *pos on to (fn), "." and ".." included, until it returns false or all
     * are done; advances *pos past those taken. */
    int (*readdir)(struct file *f, uint64_t *pos, readdir_fn fn, void *arg);
    int (*fsync)(struct file *f);
    /* fallocate(2) with its mode bits. */
    int (*allocate)(struct file *f, int mode, uint64_t off, uint64_t len);
    /* The offset of the next data (hole false) or hole from (off) on, as SEEK_DATA and SEEK_HOLE.
     */
    int64_t (*seek_data)(struct file *f, uint64_t off, bool hole);
    /* mmap: as mapping_of_file. NULL: the file cannot be mapped. */
    int (*map)(struct file *f, bool shared, void *at, size_t len, uint64_t first);
    /* The last descriptor of this open file is closed and no call uses it: undo open, then
     * file_free. NULL for files that are FILE_STATIC and have nothing to undo. */
    void (*release)(struct file *f);
    /* What /proc/self/fd shows of a file that has no inode: "anon_inode:[eventfd]". */
    const char *name;
};

#define FILE_SEEKABLE    (1u << 0) /* has a position: pread, lseek */
#define FILE_STREAM      (1u << 1) /* pipe-like: lseek answers ESPIPE */
#define FILE_NO_POSITION (1u << 3) /* lseek does nothing and answers 0 */
#define FILE_STATIC      (1u << 2) /* not allocated: never freed */
#define FILE_SINK        (1u << 4) /* writev does not look at what it is given */
#define FILE_TERMINAL    (1u << 5) /* output to it is buffered by lines */
#define FILE_SIGNALS     (1u << 6) /* can be told to send signals: O_ASYNC */
#define FILE_CREATED     (1u << 7) /* the open made it: F_CREATED_QUERY */

/* An open file description (POSIX): what dup'ed descriptors share. */
struct file {
    const struct file_ops *ops;
    struct inode *inode; /* NULL for pipes and the like without a name */
    void *data;          /* of the implementation */
    uint64_t pos;
    uint32_t refs;              /* descriptors, and calls that may block */
    uint32_t flags;             /* O_* of open: access mode and status flags */
    uint32_t kind;              /* FILE_* */
    mode_t mode;                /* st_mode where there is no inode */
    struct file_watch *watches; /* vfs/watch.h, NULL if none */
};

/* Makes a regular file in memory that has no name, of permissions (mode), held for the caller, and
 * which F_ADD_SEALS refuses. -ENOMEM, -ENOSPC. Defined by init/. */
int memory_inode(mode_t mode, struct inode **out);

/* The console's three files, for descriptors 0, 1 and 2. Defined by init/, made of virtio/. */
extern struct file *const stdio_files[3];

/* The console is no longer the terminal that controls the program (TIOCNOTTY). Defined by init/. */
extern bool console_released;

static inline bool console_controls(void)
{
    return S_ISCHR(stdio_files[0]->mode) && !console_released;
}

/* Makes the root file system with everything that is mounted in it; called by the first path walk.
 * Returns it with (root) set, or NULL when there is not enough memory. Defined by init/. */
struct fs *root_start(void);

#endif
