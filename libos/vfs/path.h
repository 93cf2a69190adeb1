/* SPDX-License-Identifier: MIT
 *
 * From paths to inodes. The root directory and the current one are the process's; (dirfd) is a
 * descriptor of a directory or AT_FDCWD. The file systems are mounted by the first walk
 * (root_start). */
#ifndef PITH_VFS_PATH_H
#define PITH_VFS_PATH_H

#include "iface/fs.h"

#define PATH_FOLLOW (1u << 0) /* follow a symbolic link at the end too */
#define PATH_EMPTY  (1u << 1) /* an empty path is (dirfd) itself (AT_EMPTY_PATH) */
#define PATH_PARENT                                                                                \
    (1u << 2) /* the last name may be missing; a slash after it does not follow a link */

/* Limits of openat2(2), at the places of its RESOLVE_* bits, shifted. Only walks with one of them
 * look for it. */
#define PATH_LIMITS   3         /* how far RESOLVE_* are shifted */
#define PATH_ONE_FS   (1u << 3) /* RESOLVE_NO_XDEV: -EXDEV for what is on another file system */
#define PATH_NO_JUMPS (1u << 4) /* RESOLVE_NO_MAGICLINKS: -ELOOP for links that lead to inodes */
#define PATH_NO_LINKS                                                                              \
    (1u << 5)                  /* RESOLVE_NO_SYMLINKS: -ELOOP for any link that is to be followed */
#define PATH_BENEATH (1u << 6) /* RESOLVE_BENEATH: -EXDEV for what leads out of the start */
#define PATH_IN_ROOT (1u << 7) /* RESOLVE_IN_ROOT: the start is the root */

/* Where a walk ended. */
struct path {
    struct inode *dir;   /* directory of the last name, held; NULL if the path ends otherwise */
    struct name name;    /* in (dir): lies in the path that was given, or in (buf) */
    struct inode *inode; /* held; with PATH_PARENT NULL where there is no such name */
    bool slash;          /* a slash follows the last name */
    int dots;            /* the path ends in "." (1) or ".." (2) (then no dir) */
    char *buf;           /* from heap_alloc: paths of symbolic links; NULL if none */
    size_t buf_size;
};

/* Walks (path). Returns 0: the caller then calls path_put. Errors: -ENOENT, -ENOTDIR, -ELOOP (more
 * than 40 links), -ENAMETOOLONG, -EBADF (dirfd), -EFAULT (path), -EACCES, -ENOMEM, -EIO. */
must_check int path_walk(long dirfd, const char *path, unsigned flags, struct path *p);
void path_put(struct path *p);

/* The inode of (path), held by the caller. PATH_FOLLOW, PATH_EMPTY. Errors as path_walk. */
must_check int path_lookup(long dirfd, const char *path, unsigned flags, struct inode **out);

/* Writes the absolute path of (inode), with NUL, at the END of (buf) of (size) bytes and returns
 * where it starts. NULL: -ENOENT in *err when it has no name (any more) or is not below the root,
 * -ERANGE when (size) is too small. */
char *path_of(struct inode *inode, char *buf, size_t size, int *err);

/* The current and the root directory, not held; NULL before the first walk. Setting one, with a
 * directory. */
struct inode *path_cwd(void);
struct inode *path_root(void);
void path_set_cwd(struct inode *dir);
void path_set_root(struct inode *dir);

#endif
