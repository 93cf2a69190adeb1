/* SPDX-License-Identifier: MIT
 *
 * Path walk. Components are looked up by the file systems themselves, which keep their names
 * hashed; there is no second cache of names. Every inode on the way is held, since a link may lead
 * away from it. A symbolic link is followed by walking on along a new string, its target and the
 * rest of the path; so links need no recursion. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "iface/cred.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "vfs/fd.h"
#include "vfs/mount.h"
#include "vfs/path.h"

#define MAX_LINKS 40

static struct inode *root_dir, *cwd;

struct fs *mount_list;

/* A walk on its way. */
struct walk {
    struct path *p;
    struct inode *at; /* held */
    struct inode *start; /* held, with PATH_BENEATH or PATH_IN_ROOT; else NULL */
    const char *rest; /* of the path */
    unsigned flags;   /* PATH_* */
    unsigned links;
};

static int start_root(void)
{
    struct fs *fs = root_start();

    if (!fs)
        return -ENOMEM;
    inode_hold(fs->root);
    inode_hold(fs->root);
    root_dir = cwd = fs->root;
    return 0;
}

struct inode *path_cwd(void)
{
    return cwd;
}

struct inode *path_root(void)
{
    return root_dir;
}

void path_set_cwd(struct inode *dir)
{
    inode_hold(dir);
    inode_put(cwd);
    cwd = dir;
}

void path_set_root(struct inode *dir)
{
    inode_hold(dir);
    inode_put(root_dir);
    root_dir = dir;
}

void mount_on(struct inode *dir, struct fs *fs)
{
    inode_hold(dir);
    dir->mounted = fs;
    fs->covered = dir;
    fs->next_mount = mount_list;
    mount_list = fs;
}

int mount_point(struct inode *dir, const char *name, mode_t mode, struct inode **out)
{
    const struct inode_new what = {.mode = S_IFDIR | mode};
    struct name text = {name, strlen(name)};
    int err = dir->ops->lookup(dir, text, out);

    if (err == -ENOENT && dir->ops->create)
        err = dir->ops->create(dir, text, &what, out);
    if (!err && !S_ISDIR((*out)->mode)) {
        inode_put(*out);
        err = -ENOTDIR;
    }
    return err;
}

/* Goes from *inode, held, to the root of what is mounted on it. */
static int cross_mounts(struct inode **inode)
{
    while ((*inode)->mounted) {
        struct fs *fs = (*inode)->mounted;
        int err = fs->root ? 0 : fs->start(fs);
        if (err)
            return err;
        inode_hold(fs->root);
        inode_put(*inode);
        *inode = fs->root;
    }
    return 0;
}

/* The parent of directory (at), not held: of a mounted root that of what it covers. */
static struct inode *parent_of(struct inode *at)
{
    if (at == root_dir)
        return at;
    while (!at->parent && at->fs->covered)
        at = at->fs->covered;
    return at->parent ? at->parent : at;
}

/* Goes to (dir), if the walk's limits allow to leave the file system. */
static int go_to(struct walk *w, struct inode *dir)
{
    if (w->flags & PATH_ONE_FS && dir->fs != w->at->fs)
        return -EXDEV;
    inode_hold(dir);
    inode_put(w->at);
    w->at = dir;
    return 0;
}

static int go_up(struct walk *w)
{
    if (w->start && w->at == w->start)
        return w->flags & PATH_BENEATH ? -EXDEV : 0;
    return go_to(w, parent_of(w->at));
}

static int go_to_root(struct walk *w)
{
    if (w->flags & PATH_BENEATH)
        return -EXDEV;
    return go_to(w, w->start ? w->start : root_dir);
}

/* Makes the target of (link), which w->at holds, and w->rest the new rest of the path. */
static int splice_target(struct walk *w, struct inode *link)
{
    size_t rest_len = strlen(w->rest);
    size_t target_max = link->size ? link->size : PATH_MAX;
    size_t size = target_max + rest_len + 1;
    char *buf = heap_alloc(size);

    if (!buf)
        return -ENOMEM;
    ssize_t n = link->ops->readlink(link, buf, target_max);
    if (n <= 0) {
        heap_free(buf, size);
        return n < 0 ? (int)n : -ENOENT;
    }
    memcpy(buf + n, w->rest, rest_len + 1);
    heap_free(w->p->buf, w->p->buf_size);
    w->p->buf = buf;
    w->p->buf_size = size;
    w->rest = buf;
    return *buf == '/' ? go_to_root(w) : 0;
}

/* Follows a link to an inode. */
static int jump(struct walk *w, struct inode *link, struct inode **inode)
{
    if (w->flags & PATH_NO_JUMPS)
        return -ELOOP;
    if (w->start)
        return -EXDEV;
    int err = link->ops->follow(link, inode);
    if (!err && w->flags & PATH_ONE_FS && (*inode)->fs != link->fs) {
        inode_put(*inode);
        *inode = NULL;
        err = -EXDEV;
    }
    return err;
}

/* Follows the symbolic link *inode, found in w->at. A link that leads to an inode replaces *inode;
 * after another one *inode is NULL and the walk goes on. Takes over the reference of *inode. */
static int follow(struct walk *w, struct inode **inode)
{
    struct inode *link = *inode;
    int err;

    *inode = NULL;
    if (++w->links > MAX_LINKS || w->flags & PATH_NO_LINKS)
        err = -ELOOP;
    else if (link->ops->follow)
        err = jump(w, link, inode);
    else
        err = splice_target(w, link);
    inode_put(link);
    return err;
}

/* Whether the symbolic link (inode), the last name if (last), is to be followed. */
static bool to_follow(const struct walk *w, const struct inode *inode, bool last)
{
    if (!S_ISLNK(inode->mode))
        return false;
    return !last || w->flags & PATH_FOLLOW || (w->p->slash && !(w->flags & PATH_PARENT));
}

/* The walk has come to its last name: fills in w->p. Takes over the references of (inode), NULL if
 * missing, and of w->at. */
static int finish(struct walk *w, struct name name, struct inode *inode)
{
    struct path *p = w->p;

    if (!inode && !(w->flags & PATH_PARENT)) {
        inode_put(w->at);
        return -ENOENT;
    }
    if (inode && p->slash && !S_ISDIR(inode->mode) && !(w->flags & PATH_PARENT)) {
        inode_put(inode);
        inode_put(w->at);
        return -ENOTDIR;
    }
    p->dir = w->at;
    p->name = name;
    p->inode = inode;
    return 0;
}

/* Looks up (name), the last one if (last). Returns 1: the walk is over, w->p is filled in; 0: goes
 * on at w->at; or an error, with w->at put. */
static int step(struct walk *w, struct name name, bool last)
{
    struct inode *child = NULL;
    int err = -ENOENT;

    if (likely(w->at->ops->lookup))
        err = w->at->ops->lookup(w->at, name, &child);
    if (unlikely(err == -ENOENT && last))
        return finish(w, name, NULL) ?: 1;
    if (!err && unlikely(to_follow(w, child, last))) {
        err = follow(w, &child);
        if (!err && !child)
            return 0;
    }
    if (!err && unlikely(child->mounted))
        err = w->flags & PATH_ONE_FS ? -EXDEV : cross_mounts(&child);
    if (unlikely(err)) {
        if (child)
            inode_put(child);
        inode_put(w->at);
        return err;
    }
    if (last)
        return finish(w, name, child) ?: 1;
    inode_put(w->at);
    w->at = child;
    return 0;
}

/* The path has ended at directory w->at without a last name. */
static int finish_at(struct walk *w)
{
    w->p->inode = w->at;
    return 0;
}

static int walk(struct walk *w)
{
    const char *s = w->rest;

    for (;;) {
        while (*s == '/')
            s++;
        if (*s == '\0')
            return finish_at(w);
        int err = unlikely(!S_ISDIR(w->at->mode)) ? -ENOTDIR : may_access(w->at, MAY_EXEC);
        if (unlikely(err)) {
            inode_put(w->at);
            return err;
        }
        const char *end = s;
        while (*end != '/' && *end != '\0')
            end++;
        struct name name = {s, (size_t)(end - s)};
        w->p->slash = *end == '/';
        for (s = end; *s == '/'; s++)
            ;
        bool last = *s == '\0';
        if (unlikely(name.text[0] == '.' && name.len <= 2) &&
            (name.len == 1 || name.text[1] == '.')) {
            err = name.len == 2 ? go_up(w) : 0;
            if (unlikely(err)) {
                inode_put(w->at);
                return err;
            }
            w->p->dots = last ? (int)name.len : 0;
            continue;
        }
        if (unlikely(name.len > NAME_MAX)) {
            inode_put(w->at);
            return -ENAMETOOLONG;
        }
        /* A link's target goes in front of what follows it, slashes included. */
        w->rest = end;
        int r = step(w, name, last);
        if (r)
            return r < 0 ? r : 0;
        s = w->rest == end ? s : w->rest;
    }
}

/* Where the walk starts, held. */
static int starting_point(long dirfd, const char *path, unsigned flags, struct inode **out)
{
    bool absolute = *path == '/' && !(flags & PATH_IN_ROOT);
    struct inode *at = absolute ? root_dir : cwd;

    if (absolute && flags & PATH_BENEATH)
        return -EXDEV;
    if (!absolute && (int)dirfd != AT_FDCWD) {
        struct file *f = fd_get(dirfd);
        if (!f)
            return -EBADF;
        at = f->inode;
        if (!at || (!S_ISDIR(at->mode) && !(*path == '\0' && flags & PATH_EMPTY)))
            return -ENOTDIR;
    }
    inode_hold(at);
    *out = at;
    return 0;
}

int path_walk(long dirfd, const char *path, unsigned flags, struct path *p)
{
    struct walk w = {.p = p, .rest = path, .flags = flags};

    *p = (struct path){0};
    ssize_t len = user_string(path, PATH_MAX);
    if (unlikely(len < 0))
        return (int)len;
    if (len == 0 && !(flags & PATH_EMPTY))
        return -ENOENT;
    int err = unlikely(!root_dir) ? start_root() : 0;
    if (!err)
        err = starting_point(dirfd, path, flags, &w.at);
    if (!err && flags & (PATH_BENEATH | PATH_IN_ROOT)) {
        w.start = w.at;
        inode_hold(w.start);
    }
    if (!err)
        err = walk(&w);
    if (w.start)
        inode_put(w.start);
    if (unlikely(err && p->buf))
        heap_free(p->buf, p->buf_size);
    return err;
}

void path_put(struct path *p)
{
    if (p->dir)
        inode_put(p->dir);
    if (p->inode)
        inode_put(p->inode);
    if (unlikely(p->buf))
        heap_free(p->buf, p->buf_size);
}

int path_lookup(long dirfd, const char *path, unsigned flags, struct inode **out)
{
    struct path p;
    int err = path_walk(dirfd, path, flags, &p);

    if (err)
        return err;
    inode_hold(p.inode);
    *out = p.inode;
    path_put(&p);
    return 0;
}

char *path_of(struct inode *inode, char *buf, size_t size, int *err)
{
    char name[NAME_MAX];
    char *s = buf + size;
    bool any = false;

    *err = -ERANGE;
    if (size < 2)
        return NULL;
    *--s = '\0';
    while (inode != root_dir) {
        struct inode *parent;
        if (!inode->parent && inode->fs->covered && inode == inode->fs->root) {
            inode = inode->fs->covered;
            continue;
        }
        ssize_t n = inode->ops->name ? inode->ops->name(inode, name, &parent) : -ENOENT;
        if (n < 0) {
            *err = -ENOENT;
            return NULL;
        }
        if ((size_t)(s - buf) < (size_t)n + 1)
            return NULL;
        s -= n;
        memcpy(s, name, (size_t)n);
        *--s = '/';
        any = true;
        inode = parent;
    }
    if (!any)
        *--s = '/';
    *err = 0;
    return s;
}
