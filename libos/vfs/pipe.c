/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs: a ring of bytes, made with the first open file of an inode and gone with the
 * last. One queue serves readers and writers. An end that is opened before the other end exists
 * waits for it (FIFOs only), or with O_NONBLOCK does not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iface/signal.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "vfs/open.h"
#include "vfs/pipe.h"

struct pipe {
    char *buf;
    uint32_t size;  /* of (buf), a power of two of whole pages */
    uint32_t limit; /* (size) may grow to it */
    uint32_t first; /* offset of the first byte */
    uint32_t count;
    unsigned readers, writers;        /* open files */
    uint64_t read_opens, write_opens; /* how many there have ever been */
    struct wait_queue wait;
};

/* POSIX: writes of so many bytes are not mixed with others. */
#define ATOMIC 4096u

static struct pipe *pipe_of(const struct file *f)
{
    return f->data;
}

static bool reads(const struct file *f)
{
    return (f->flags & FILE_ACCESS) != O_WRONLY;
}

static bool writes(const struct file *f)
{
    return (f->flags & FILE_ACCESS) != O_RDONLY;
}

/* Moves the contents to a buffer of (size) bytes, which has room for them. */
static int resize(struct pipe *p, uint32_t size)
{
    char *buf = page_alloc(size >> PAGE_SHIFT);

    if (!buf)
        return -ENOMEM;
    uint32_t head = (uint32_t)min_size(p->count, p->size - p->first);
    memcpy(buf, p->buf + p->first, head);
    memcpy(buf + head, p->buf, p->count - head);
    page_free(p->buf, p->size >> PAGE_SHIFT);
    p->buf = buf;
    p->size = size;
    p->first = 0;
    return 0;
}

static struct pipe *pipe_alloc(void)
{
    struct pipe *p = heap_alloc(sizeof *p);

    if (!p)
        return NULL;
    p->buf = page_alloc(1);
    if (!p->buf) {
        heap_free(p, sizeof *p);
        return NULL;
    }
    p->size = (uint32_t)PAGE_SIZE;
    p->limit = PIPE_DEFAULT;
    return p;
}

static void pipe_free(struct pipe *p)
{
    page_free(p->buf, p->size >> PAGE_SHIFT);
    heap_free(p, sizeof *p);
}

/* Copies out at most (n) bytes. */
static size_t take(struct pipe *p, char *buf, size_t n)
{
    n = min_size(n, p->count);
    size_t head = min_size(n, p->size - p->first);
    memcpy(buf, p->buf + p->first, head);
    memcpy(buf + head, p->buf, n - head);
    p->first = (p->first + (uint32_t)n) & (p->size - 1);
    p->count -= (uint32_t)n;
    return n;
}

/* Copies in at most (n) bytes. */
static size_t put(struct pipe *p, const char *buf, size_t n)
{
    n = min_size(n, p->size - p->count);
    uint32_t end = (p->first + p->count) & (p->size - 1);
    size_t head = min_size(n, p->size - end);
    memcpy(p->buf + end, buf, head);
    memcpy(p->buf, buf + head, n - head);
    p->count += (uint32_t)n;
    return n;
}

static size_t total_of(const struct iovec *iov, int n)
{
    size_t total = 0;

    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    return total;
}

static ssize_t pipe_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pipe *p = pipe_of(f);
    ssize_t done = 0;

    (void)pos;
    if (total_of(iov, n) == 0)
        return 0;
    while (p->count == 0) {
        if (p->writers == 0)
            return 0;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep(&p->wait, DEADLINE_NEVER, "read from an empty pipe");
        if (err == -EINTR && !signal_restarts())
            return -EINTR;
    }
    for (int i = 0; i < n && p->count > 0; i++)
        done += (ssize_t)take(p, iov[i].iov_base, iov[i].iov_len);
    wait_wake(&p->wait);
    return done;
}

/* Makes room for (wanted) bytes if the limit allows; less room is no error. */
static void make_room(struct pipe *p, size_t wanted)
{
    uint32_t size = p->size;

    while (size < p->limit && size - p->count < wanted)
        size *= 2;
    while (size > p->size && resize(p, size) != 0)
        size /= 2;
}

/* Whether a write of (total) bytes that has (left) to go can go on now. */
static bool can_put(struct pipe *p, size_t total, size_t left)
{
    make_room(p, left);
    size_t room = p->size - p->count;
    return total <= ATOMIC ? room >= left : room > 0;
}

/* Waits until can_put. Returns 0; -EPIPE with the signal raised, -EAGAIN, -EINTR. */
static int wait_for_room(struct file *f, size_t total, size_t left)
{
    struct pipe *p = pipe_of(f);

    for (;;) {
        if (p->readers == 0) {
            signal_raise_sigpipe();
            return -EPIPE;
        }
        if (can_put(p, total, left))
            return 0;
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep(&p->wait, DEADLINE_NEVER, "write to a full pipe");
        if (err == -EINTR && (left < total || !signal_restarts()))
            return -EINTR;
    }
}

static ssize_t pipe_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pipe *p = pipe_of(f);
    size_t total = total_of(iov, n), done = 0, skip = 0;
    int err = 0;

    (void)pos;
    if (total == 0)
        return 0;
    for (int i = 0; i < n && !err;) {
        if (skip == iov[i].iov_len) {
            i++;
            skip = 0;
            continue;
        }
        err = wait_for_room(f, total, total - done);
        if (!err) {
            size_t len = put(p, (const char *)iov[i].iov_base + skip, iov[i].iov_len - skip);
            skip += len;
            done += len;
            wait_wake(&p->wait);
        }
    }
    return done > 0 ? (ssize_t)done : err;
}

static int pipe_poll(struct file *f, struct wait_queue **q)
{
    struct pipe *p = pipe_of(f);
    int bits = 0;

    *q = &p->wait;
    if (reads(f)) {
        if (p->count > 0)
            bits |= POLLIN | POLLRDNORM;
        /* An end opened before there was a writer has not lost one yet: fifo_open set (pos). */
        if (p->writers == 0 && f->pos != p->write_opens + 1)
            bits |= POLLHUP;
    }
    if (writes(f)) {
        if (p->limit - p->count >= ATOMIC)
            bits |= POLLOUT | POLLWRNORM;
        if (p->readers == 0)
            bits |= POLLERR;
    }
    return bits;
}

static long pipe_ioctl(struct file *f, unsigned long request, long arg)
{
    if (request != FIONREAD)
        return -ENOTTY;
    *(int *)arg = (int)pipe_of(f)->count;
    return 0;
}

/* F_SETPIPE_SZ: at least (size) bytes fit from now on. */
static long set_size(struct pipe *p, unsigned long size)
{
    uint32_t limit = (uint32_t)PAGE_SIZE;

    if (size > 1u << 31)
        return -EINVAL;
    if (size > PIPE_MAX)
        return -EPERM;
    while (limit < size)
        limit *= 2;
    if (limit < p->count)
        return -EBUSY;
    if (limit < p->size && resize(p, limit))
        return -ENOMEM;
    p->limit = limit;
    wait_wake(&p->wait);
    return (long)limit;
}

static long pipe_control(struct file *f, int command, long arg)
{
    struct pipe *p = pipe_of(f);

    if (command == F_GETPIPE_SZ)
        return (long)p->limit;
    return command == F_SETPIPE_SZ ? set_size(p, (unsigned)arg) : -EBADF;
}

static void leave(struct inode *inode, const struct file *f)
{
    struct pipe *p = inode->pipe;

    p->readers -= reads(f);
    p->writers -= writes(f);
    wait_wake(&p->wait);
    if (p->readers == 0 && p->writers == 0) {
        inode->pipe = NULL;
        pipe_free(p);
    }
}

static void pipe_release(struct file *f)
{
    leave(f->inode, f);
    file_free(f);
}

static const struct file_ops pipe_ops = {
    .readv = pipe_readv,
    .writev = pipe_writev,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .control = pipe_control,
    .release = pipe_release,
};

/* Makes (f), with its flags set, an end of the pipe of (inode). */
static int join(struct inode *inode, struct file *f)
{
    struct pipe *p = inode->pipe;

    if (!p) {
        p = pipe_alloc();
        if (!p)
            return -ENOMEM;
        inode->pipe = p;
    }
    f->ops = &pipe_ops;
    f->kind = FILE_STREAM;
    f->data = p;
    p->readers += reads(f);
    p->writers += writes(f);
    p->read_opens += reads(f);
    p->write_opens += writes(f);
    wait_wake(&p->wait);
    return 0;
}

int fifo_open(struct inode *inode, struct file *f)
{
    const struct pipe *old = inode->pipe;
    bool only_writes = !reads(f);

    if (only_writes && f->flags & O_NONBLOCK && (!old || old->readers == 0))
        return -ENXIO;
    int err = join(inode, f);
    if (err)
        return err;
    struct pipe *p = inode->pipe;
    uint64_t opens = only_writes ? p->read_opens : p->write_opens;
    if (!writes(f) && p->writers == 0 && f->flags & O_NONBLOCK) {
        f->pos = p->write_opens + 1;
        return 0;
    }
    while ((only_writes ? p->readers : p->writers) == 0 &&
           (only_writes ? p->read_opens : p->write_opens) == opens) {
        err = wait_sleep(&p->wait, DEADLINE_NEVER, "open a FIFO whose other end nobody opens");
        if (err == -EINTR && !signal_restarts()) {
            leave(inode, f);
            return -EINTR;
        }
    }
    return 0;
}

static int pipe_setattr(struct inode *inode, const struct inode_attr *attr)
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
    return 0;
}

static void pipe_evict(struct inode *inode)
{
    heap_free(inode, sizeof *inode);
}

static const struct inode_ops pipe_inode_ops = {
    .setattr = pipe_setattr,
    .open = fifo_open,
    .evict = pipe_evict,
};

static struct fs pipe_fs = {.type = "pipefs", .dev = 8};

static struct inode *pipe_inode(void)
{
    static uint64_t next_ino = 1;
    struct inode *in = heap_alloc(sizeof *in);

    if (!in)
        return NULL;
    in->ops = &pipe_inode_ops;
    in->fs = &pipe_fs;
    in->refs = 1;
    in->nlink = 1;
    in->ino = next_ino++;
    in->mode = S_IFIFO | 0600;
    in->atime = in->mtime = in->ctime = in->btime = clock_wall();
    return in;
}

/* An end with access (access) of the pipe of (inode), or NULL. */
static struct file *make_end(struct inode *inode, unsigned access, unsigned flags)
{
    struct file *f = file_alloc(access | flags);

    if (!f)
        return NULL;
    inode_hold(inode);
    f->inode = inode;
    if (join(inode, f)) {
        file_free(f);
        return NULL;
    }
    return f;
}

int pipe_create(struct file *ends[2], unsigned flags)
{
    struct inode *inode = pipe_inode();

    if (!inode)
        return -ENOMEM;
    ends[0] = make_end(inode, O_RDONLY, flags);
    ends[1] = ends[0] ? make_end(inode, O_WRONLY, flags) : NULL;
    inode_put(inode);
    if (ends[1])
        return 0;
    if (ends[0])
        pipe_release(ends[0]);
    return -ENOMEM;
}
