/* SPDX-License-Identifier: MIT
 *
 * Opening disks, before the sandbox closes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/dev/block.h"

static int refuse(const struct disk *d, int err, const char *why)
{
    say("disk %s: %s: %s", d->name, d->path, why);
    return err;
}

/* The size in bytes, which is checked. */
static int measure(struct disk *d)
{
    struct stat st;
    if (fstat(d->fd, &st))
        return refuse(d, -errno, strerror(errno));
    if (S_ISREG(st.st_mode))
        d->size = (uint64_t)st.st_size;
    else if (!S_ISBLK(st.st_mode))
        return refuse(d, -EINVAL, "a disk must be a regular file or a block device");
    else if (ioctl(d->fd, BLKGETSIZE64, &d->size))
        return refuse(d, -errno, strerror(errno));
    if (d->size == 0)
        return refuse(d, -EINVAL, "the file is empty: give it a size first, as in truncate -s 1G");
    if (d->size % SECTOR)
        return refuse(d, -EINVAL, "the file's size is not a multiple of 512 bytes");
    return 0;
}

/* The lock belongs to the open file, whichever descriptor it has, and ends with the process. */
static int lock(const struct disk *d)
{
    struct flock all = {.l_type = d->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    if (!fcntl(d->fd, F_OFD_SETLK, &all))
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        return refuse(d, -EBUSY,
                      d->read_only ? "in use: another machine may write it"
                                   : "in use by another machine: two cannot have one disk, unless "
                                     "all use it with :ro");
    return refuse(d, -errno, strerror(errno));
}

/* Out of the way: low descriptors are placed one after the other, and some are others' yet. */
static int open_one(struct disk *d)
{
    /* O_NONBLOCK: not to wait for the other end of a FIFO. */
    int flags = (d->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = open(d->path, flags);
    if (fd < 0)
        return refuse(d, -errno, strerror(errno));
    d->fd = fcntl(fd, F_DUPFD_CLOEXEC, (int)DISK_FD_APART);
    if (d->fd < 0)
        return refuse(d, -errno, strerror(errno));
    close(fd);
    int err = measure(d);
    return err ? err : lock(d);
}

int disks_open(struct disks *ds)
{
    int err = 0;
    for (unsigned i = 0; i < ds->count && !err; i++)
        err = open_one(&ds->dev[i]);
    return err;
}

int disks_place(struct disks *ds, unsigned first_fd)
{
    for (unsigned i = 0; i < ds->count; i++) {
        int to = (int)(first_fd + i);
        if (dup2(ds->dev[i].fd, to) < 0)
            return -errno;
        close(ds->dev[i].fd);
        ds->dev[i].fd = to;
    }
    return 0;
}
