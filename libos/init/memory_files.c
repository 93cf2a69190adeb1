/* SPDX-License-Identifier: MIT
 *
 * Files without names, in a file system of their own that is mounted nowhere: memfd_create, shared
 * memory. */
#include <sys/sysmacros.h>

#include "iface/plat.h"
#include "ram/ram.h"

static struct ram_fs memory;

int memory_inode(mode_t mode, struct inode **out)
{
    const struct inode_new what = {.mode = S_IFREG | mode};
    int err = 0;

    if (!memory.fs.root)
        err = ram_start(&memory, "tmpfs", makedev(0, 1), NULL, plat_info.mem_len / 2, 0700);
    if (err)
        return err;
    struct inode *root = memory.fs.root;
    return root->ops->create(root, (struct name){"", 0}, &what, out);
}
