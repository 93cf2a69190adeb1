/* SPDX-License-Identifier: MIT
 *
 * Files by handles: name_to_handle_at(2), open_by_handle_at(2). A handle is the number of an inode
 * in a RAM file system, which no other one gets; the file is looked for by it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "ram/ram.h"
#include "vfs/mount.h"
#include "vfs/path.h"

#define HANDLE_BYTES_MAX 128u  /* MAX_HANDLE_SZ */
#define HANDLE_TYPE      0x50  /* none of Linux's */
#define FID              0x200 /* AT_HANDLE_FID: it need not be opened */

struct handle {
    uint32_t bytes; /* room behind this, or what is used of it */
    int32_t type;
    unsigned char data[];
};

static long give_handle(const struct inode *inode, struct handle *h, int *mount)
{
    uint32_t room;

    if (!ram_is(inode->fs))
        return -EOPNOTSUPP;
    if (!user_writable(h, sizeof(*h)))
        return -EFAULT;
    room = h->bytes;
    if (room > HANDLE_BYTES_MAX)
        return -EINVAL;
    if (!user_writable(mount, sizeof(*mount)) ||
        (room >= sizeof(inode->ino) && !user_writable(h->data, sizeof(inode->ino))))
        return -EFAULT;
    *mount = (int)mount_id(inode->fs);
    h->bytes = sizeof(inode->ino);
    if (room < sizeof(inode->ino))
        return -EOVERFLOW;
    h->type = HANDLE_TYPE;
    memcpy(h->data, &inode->ino, sizeof(inode->ino));
    return 0;
}

long pith_sys_name_to_handle_at(long dirfd, long path, long handle, long mount, long flags)
{
    HOLD;
    unsigned walk =
        (flags & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? PATH_EMPTY : 0);
    struct inode *inode;

    if ((int)flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | FID))
        return -EINVAL;
    long err = path_lookup(dirfd, (const char *)path, walk, &inode);
    if (err)
        return err;
    err = give_handle(inode, (struct handle *)handle, (int *)mount);
    inode_put(inode);
    return err;
}

/* The inode that (h) leads to in the file system that (dirfd) is in, held. */
static long find(long dirfd, const struct handle *h, struct inode **out)
{
    uint64_t ino;

    if (!user_readable(h, sizeof(*h)))
        return -EFAULT;
    if (h->bytes == 0 || h->bytes > HANDLE_BYTES_MAX)
        return -EINVAL;
    if (!user_readable(h->data, h->bytes))
        return -EFAULT;
    const struct file *f = (int)dirfd == AT_FDCWD ? NULL : fd_get(dirfd);
    if ((int)dirfd != AT_FDCWD && !f)
        return -EBADF;
    if (!cred_may(CAP_DAC_READ_SEARCH))
        return -EPERM;
    struct inode *at = f ? f->inode : path_cwd();
    if (!at || !ram_is(at->fs) || h->type != HANDLE_TYPE || h->bytes != sizeof(ino))
        return -ESTALE;
    memcpy(&ino, h->data, sizeof(ino));
    return ram_find(at->fs, ino, out);
}

static long open_once(long dirfd, long handle, long flags)
{
    struct inode *inode;
    struct file *f;
    long err = fd_reserve();

    if (!err)
        err = find(dirfd, (const struct handle *)handle, &inode);
    if (err)
        return err;
    err = vfs_open_inode(inode, (int)flags & ~(O_CREAT | O_EXCL), &f);
    inode_put(inode);
    return err ? err : fd_install_new(f, flags);
}

long pith_sys_open_by_handle_at(long dirfd, long handle, long flags)
{
    HOLD;
    long r;

    do
        r = open_once(dirfd, handle, flags);
    while (call_again(r));
    return r;
}
