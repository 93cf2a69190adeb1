/* SPDX-License-Identifier: MIT
 *
 * Finding an inode of a RAM file system by its number: through all its directories. */
#include <errno.h>
#include <sys/stat.h>

#include "ram/internal.h"

bool ram_is(const struct fs *fs)
{
    return fs && fs->xattrs; /* of no other kind */
}

/* The number of the slot behind that of (child), a directory, in its parent (dir). */
static uint32_t slot_behind(const struct ram_inode *dir, const struct ram_inode *child)
{
    uint32_t i = 0;

    while (dir->dir.slots[i].entry != child->entry)
        i++;
    return i + 1;
}

/* The next child of (dir) from slot (*i) on that is inode (ino) or a directory, held. 0, and NULL:
 * there is none. */
static int next_child(struct ram_inode *dir, uint32_t *i, uint64_t ino, struct ram_inode **out)
{
    struct inode *inode;
    int err = dir_complete(dir);

    *out = NULL;
    while (!err && *i < dir->dir.slot_count) {
        const struct ram_entry *e = dir->dir.slots[(*i)++].entry;
        if (!e ||
            (!S_ISDIR(e->type) && (e->inode ? e->inode->inode.ino : (uint64_t)e->lower + 1) != ino))
            continue;
        err = dir->inode.ops->lookup(&dir->inode, (struct name){e->name, e->len}, &inode);
        if (!err)
            *out = to_ram(inode);
        break;
    }
    return err;
}

int ram_find(struct fs *fs, uint64_t ino, struct inode **out)
{
    struct ram_inode *dir = to_ram(fs->root), *child;
    uint32_t i = 0;
    int err = 0;

    inode_hold(&dir->inode);
    while (!err && dir->inode.ino != ino) {
        err = S_ISDIR(dir->inode.mode) ? next_child(dir, &i, ino, &child) : -ESTALE;
        if (!err && child) {
            i = 0;
        } else if (!err && dir->inode.parent) {
            child = to_ram(dir->inode.parent);
            inode_hold(&child->inode);
            i = slot_behind(child, dir);
        } else {
            err = err ? err : -ESTALE;
            break;
        }
        inode_put(&dir->inode);
        dir = child;
    }
    if (err)
        inode_put(&dir->inode);
    else
        *out = &dir->inode;
    return err;
}
