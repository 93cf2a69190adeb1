/* SPDX-License-Identifier: MIT
 *
 * memfd_create. */
#include <errno.h>
#include <sys/mman.h>

#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"

/* Numbers of Linux that libc's headers lack. */
#define NOEXEC_SEAL 8
#define EXEC        16
#define SEAL_EXEC   0x20u

#define KNOWN (MFD_CLOEXEC | MFD_ALLOW_SEALING | NOEXEC_SEAL | EXEC)

/* "memfd:" and the name are one name of a file. */
#define NAME_LEN (255 - 6)

static int make_file(unsigned flags, struct file **out)
{
    struct inode *inode;
    struct file *f = file_alloc(O_RDWR | O_LARGEFILE);

    if (!f)
        return -ENOMEM;
    int err = memory_inode(flags & NOEXEC_SEAL ? 0666 : 0777, &inode);
    if (!err) {
        f->inode = inode;
        err = inode->ops->open(inode, f);
    }
    if (err) {
        file_free(f);
        return err;
    }
    if (flags & (MFD_ALLOW_SEALING | NOEXEC_SEAL))
        inode->seals = flags & NOEXEC_SEAL ? SEAL_EXEC : 0;
    *out = f;
    return 0;
}

long pith_sys_memfd_create(long name, long flag_bits)
{
    HOLD;
    unsigned flags = (unsigned)flag_bits;
    struct file *f;

    /* Huge pages are not to be had. */
    if (flags & ~(unsigned)KNOWN || (flags & EXEC && flags & NOEXEC_SEAL))
        return -EINVAL;
    ssize_t len = user_string((const char *)name, NAME_LEN + 1);
    if (len < 0)
        return len == -ENAMETOOLONG ? -EINVAL : len;
    int err = fd_reserve();
    if (!err)
        err = make_file(flags, &f);
    if (err)
        return err;
    int fd = fd_install(f, 0, flags & MFD_CLOEXEC);
    if (fd < 0)
        file_put(f);
    return fd;
}
