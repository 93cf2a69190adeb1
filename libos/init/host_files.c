/* SPDX-License-Identifier: MIT
 *
 * Files of the host that the monitor has opened for a program that a configure script runs: the
 * program leaves its result in conftest.val in the current folder, which is / here. So
 * /conftest.val leads to the console device of that name, in images and runs that have it; others
 * see nothing of all this. */
#include <errno.h>
#include <sys/sysmacros.h>

#include "abi/device.h"
#include "iface/plat.h"
#include "init/host_files.h"
#include "vfs/forward.h"
#include "vfs/mount.h"
#include "vfs/tree.h"
#include "virtio/console.h"

#define CONFTEST "conftest.val"

static int open_conftest(struct inode *inode, struct file *f)
{
    static struct forward forward;
    struct file *console;

    (void)inode;
    int err = console_open(CONFTEST, &console);
    if (err)
        return err;
    forward = (struct forward){console, console};
    forward_open(f, &forward);
    return 0;
}

static const struct tree_node files[] = {
    {.name = CONFTEST, .mode = S_IFCHR | 0200, .open = open_conftest},
};

static const struct tree_node folder = {
    .name = "",
    .mode = S_IFDIR | 0555,
    .children = files,
    .count = ARRAY_LEN(files),
};

static int host_start(struct fs *fs)
{
    return tree_start(fs, &folder);
}

static struct fs host_fs = {.type = "hostfiles", .dev = makedev(0, 6), .start = host_start};

int host_files_mount(struct inode *root)
{
    static const struct inode_new link = {.mode = S_IFLNK | 0777,
                                          .target = "/host/" CONFTEST,
                                          .target_len = sizeof("/host/" CONFTEST) - 1};
    struct plat_device dev;
    struct inode *made;

    if (plat_device_find(PITH_DEVICE_CONSOLE, CONFTEST, &dev))
        return 0;
    int err = mount_point(root, "host", 0555, &made);
    if (err)
        return err;
    mount_on(made, &host_fs);
    inode_put(made);
    err = root->ops->create(root, (struct name){CONFTEST, sizeof(CONFTEST) - 1}, &link, &made);
    if (!err)
        inode_put(made);
    return err;
}
