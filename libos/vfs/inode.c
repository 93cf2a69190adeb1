/* SPDX-License-Identifier: MIT
 *
 * The end of inodes and open files. */
#include <errno.h>
#include <fcntl.h>

#include "iface/notify.h"
#include "iface/signal.h"
#include "mm/heap.h"
#include "vfs/fd.h"
#include "vfs/lock.h"
#include "vfs/open.h"

void inode_unused(struct inode *inode)
{
    /* A directory holds its parent: a loop, since a chain of removed directories may go at once. */
    while (inode) {
        struct inode *parent = inode->parent;
        if (unlikely(inode->watches))
            notify_gone(inode);
        inode->ops->evict(inode);
        inode = parent && --parent->refs == 0 ? parent : NULL;
    }
}

uint64_t file_size_limit = UINT64_MAX;

int file_too_big(void)
{
    if (!signal_raise)
        plat_die(SIGXFSZ);
    signal_raise(SIGXFSZ);
    return -EFBIG;
}

int inode_take_attr(struct inode *inode, const struct inode_attr *attr)
{
    if (attr->which & ATTR_MODE)
        inode->mode = (inode->mode & S_IFMT) | (attr->mode & 07777);
    if (attr->which & ATTR_UID)
        inode->uid = attr->uid;
    if (attr->which & ATTR_GID)
        inode->gid = attr->gid;
    if (attr->which & ATTR_ATIME)
        inode->atime = attr->atime;
    if (attr->which & ATTR_MTIME)
        inode->mtime = attr->mtime;
    inode->ctime = clock_wall();
    return 0;
}

struct file *file_alloc(unsigned flags)
{
    struct file *f = heap_alloc(sizeof *f);

    if (f) {
        f->refs = 1;
        f->flags = flags;
    }
    return f;
}

void file_free(struct file *f)
{
    struct inode *inode = f->inode;

    if (inode) {
        if (unlikely(inode->locks))
            inode->locks->closed(inode, f);
        if (notify_wanted() && !(f->flags & O_PATH))
            notify_file(inode, f->flags & FILE_ACCESS ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
        inode_put(inode);
    }
    if (!(f->kind & FILE_STATIC))
        heap_free(f, sizeof *f);
}
