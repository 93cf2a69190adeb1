/* SPDX-License-Identifier: MIT
 *
 * ustat(2) and sysfs(2), which Linux keeps for programs of long ago. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/statfs.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "vfs/mount.h"
#include "vfs/path.h"

/* struct ustat as Linux has it; libc has none. */
struct ustat_result {
    int32_t free_blocks;
    uint64_t free_inodes;
    char name[6], pack[6]; /* always empty */
};
_Static_assert(sizeof(struct ustat_result) == 32, "as Linux has it");

/* The file system that is mounted somewhere with number (dev); NULL: none. */
static struct fs *mounted_as(dev_t dev)
{
    struct inode *root;

    for (struct fs *m = mount_list; m; m = m->next_mount)
        if (m->dev == dev)
            return m;
    if (path_lookup(AT_FDCWD, "/", PATH_FOLLOW, &root))
        return NULL;
    struct fs *fs = root->fs->dev == dev ? root->fs : NULL;
    inode_put(root);
    return fs;
}

long pith_sys_ustat(long dev, long result)
{
    HOLD;
    struct ustat_result *u = (struct ustat_result *)result;
    struct fs *fs = mounted_as((dev_t)(unsigned)dev);
    struct statfs st = {0};
    int err = fs ? 0 : -EINVAL;

    if (!err && fs->statfs)
        err = fs->statfs(fs, &st);
    if (err)
        return err;
    if (!user_writable(u, sizeof(*u)))
        return -EFAULT;
    memset(u, 0, sizeof(*u));
    u->free_blocks = (int32_t)st.f_bfree;
    u->free_inodes = st.f_ffree;
    return 0;
}

#define ELEMENT(type) type,
static const char *const types[] = {FS_TYPES(ELEMENT)};

static long index_of(const char *name)
{
    ssize_t len = user_string(name, PATH_MAX);

    if (len < 0)
        return len;
    for (unsigned i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i], name) == 0)
            return i;
    return -EINVAL;
}

static long give_name(unsigned long i, char *buf)
{
    if (i >= ARRAY_LEN(types))
        return -EINVAL;
    size_t size = strlen(types[i]) + 1;
    if (!user_writable(buf, size))
        return -EFAULT;
    memcpy(buf, types[i], size);
    return 0;
}

long pith_sys_sysfs(long option, long a, long b)
{
    HOLD;
    switch ((int)option) {
    case 1:
        return index_of((const char *)a);
    case 2:
        return give_name((unsigned)a, (char *)b);
    case 3:
        return ARRAY_LEN(types);
    default:
        return -EINVAL;
    }
}
