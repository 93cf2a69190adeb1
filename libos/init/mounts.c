/* SPDX-License-Identifier: MIT
 *
 * What is mounted where: RAM over the image's own file system, with /dev, /proc, /dev/shm and /tmp.
 * Happens at the first path walk; programs that open no file link nothing of it. */
#include <sys/sysmacros.h>

#include "base/log.h"
#include "dev/dev.h"
#include "iface/plat.h"
#include "init/host_files.h"
#include "proc/proc.h"
#include "ram/ram.h"
#include "rom/rom.h"
#include "vfs/mount.h"
#include "vfs/tree.h"

static struct rom rom;
static struct ram_fs root, shm;

/* The image's own file system, or NULL where there is none. */
static const struct lower *image_files(void)
{
    if (plat_info.root_len == 0)
        return NULL;
    if (rom_open(&rom, plat_info.root, plat_info.root_len) != 0) {
        log_line("the root file system inside the image is damaged: starting with an empty one");
        return NULL;
    }
    return &rom.lower;
}

/* Mounts (fs), or nothing if NULL, on directory (name) of (dir), which is made with permissions
 * (mode) if missing. */
static int mount_at(struct inode *dir, const char *name, mode_t mode, struct fs *fs)
{
    struct inode *point;
    int err = mount_point(dir, name, mode, &point);

    if (err) {
        log_line("cannot make the directory %s in the root file system", name);
        return err;
    }
    if (fs)
        mount_on(point, fs);
    inode_put(point);
    return 0;
}

/* Makes files of the network in /etc; of the internet sockets (net/inet/etc.c), weak. 0, -ENOMEM. */
struct text;
__attribute__((weak, visibility("hidden"))) int etc_start(struct inode *etc,
                                                          void (*hostname)(struct text *t));

static int network_files(void)
{
    struct inode *etc;
    int err = etc_start ? mount_point(root.fs.root, "etc", 0755, &etc) : 0;

    if (err || !etc_start)
        return err;
    err = etc_start(etc, proc_hostname);
    inode_put(etc);
    return err;
}

/* Half the memory for files here, and as much in /dev/shm, as on Linux: a limit, not a reservation.
 */
static int make_mounts(void)
{
    uint64_t limit = plat_info.mem_len / 2;
    int err = ram_start(&root, "ramfs", makedev(0, 2), image_files(), limit, 0755);

    if (!err)
        err = mount_at(root.fs.root, "dev", 0755, &dev_fs);
    if (!err)
        err = mount_at(root.fs.root, "proc", 0555, &proc_fs);
    if (!err)
        err = mount_at(root.fs.root, "tmp", 01777, NULL);
    if (!err)
        err = mount_at(root.fs.root, "etc", 0755, NULL);
    if (!err)
        err = network_files();
    if (!err)
        err = dev_fs.start(&dev_fs);
    if (!err)
        err = ram_start(&shm, "tmpfs", makedev(0, 3), NULL, limit, 01777);
    if (!err)
        err = mount_at(dev_fs.root, "shm", 01777, &shm.fs);
    if (!err && &pts_fs)
        err = mount_at(dev_fs.root, "pts", 0755, &pts_fs);
    if (!err)
        err = host_files_mount(root.fs.root);
    return err;
}

struct fs *root_start(void)
{
    return make_mounts() == 0 ? &root.fs : NULL;
}
