/* SPDX-License-Identifier: MIT
 *
 * What all sockets have in common: their inodes and open files, and waiting. */
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "iface/socket.h"
#include "iface/user.h"
#include "thread/thread.h"
#include "vfs/open.h"

#define GET_STAMP    0x8906 /* SIOCGSTAMP: libc's headers have other numbers, too */
#define GET_STAMP_NS 0x8907

#define BUFFER_DEFAULT 212992u

static struct socket *sock_of(struct inode *inode)
{
    return container_of(inode, struct socket, inode);
}

static void sock_evict(struct inode *inode)
{
    struct socket *s = sock_of(inode);

    s->ops->destroy(s);
}

static const struct inode_ops sock_inode_ops = {.setattr = inode_take_attr, .evict = sock_evict};

static struct fs sock_fs = {.type = "sockfs", .dev = 9};

void sock_init(struct socket *s, const struct sock_ops *ops, int domain, int type, int protocol)
{
    static uint64_t next_ino = 1;
    struct inode *in = &s->inode;

    in->ops = &sock_inode_ops;
    in->fs = &sock_fs;
    in->refs = 1;
    in->nlink = 1;
    in->ino = next_ino++;
    in->mode = S_IFSOCK | 0777;
    s->ops = ops;
    s->domain = domain;
    s->type = type;
    s->protocol = protocol;
    s->sndbuf = s->rcvbuf = BUFFER_DEFAULT;
    s->rcvlowat = 1;
    s->peek_off = -1;
    s->rcvtimeo = s->sndtimeo = DEADLINE_NEVER;
}

int sock_error(struct socket *s)
{
    int err = s->error;

    s->error = 0;
    return -err;
}

nsec_t sock_deadline(bool nonblock, nsec_t timeo)
{
    nsec_t deadline;

    if (nonblock)
        return DEADLINE_NOW;
    if (timeo == DEADLINE_NEVER || __builtin_add_overflow(clock_monotonic(), timeo, &deadline))
        return DEADLINE_NEVER;
    return deadline;
}

int sock_wait(struct wait_queue *q, nsec_t deadline, const char *what)
{
    if (deadline == DEADLINE_NOW)
        return -EAGAIN;
    int err = wait_sleep(q, deadline, what);
    if (err == -ETIMEDOUT)
        return -EAGAIN;
    /* As on Linux, SA_RESTART does not count for calls with a time limit. */
    if (err == -EINTR && deadline != DEADLINE_NEVER)
        thread_self->signals.cut = true;
    return err;
}

static size_t total_of(const struct iovec *iov, int n)
{
    size_t total = 0;

    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    return total;
}

static struct sock_msg message_of(const struct file *f, const struct iovec *iov, int n,
                                  const uint64_t *pos, nsec_t timeo)
{
    bool nonblock = f->flags & O_NONBLOCK;

    return (struct sock_msg){
        .iov = iov,
        .iov_count = n,
        .own = !pos,
        .trusted = true, /* the caller of the operation has checked them */
        .len = total_of(iov, n),
        .flags = nonblock ? MSG_DONTWAIT : 0,
        .deadline = sock_deadline(nonblock, timeo),
    };
}

static ssize_t file_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct socket *s = f->data;
    struct sock_msg m = message_of(f, iov, n, pos, s->rcvtimeo);

    if (m.len == 0)
        return 0;
    return s->ops->recv ? s->ops->recv(s, &m) : -EOPNOTSUPP;
}

static ssize_t file_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct socket *s = f->data;
    struct sock_msg m = message_of(f, iov, n, pos, s->sndtimeo);

    return s->ops->send ? s->ops->send(s, &m) : -EOPNOTSUPP;
}

static ssize_t file_write_in_place(struct file *f, const char *at, size_t n)
{
    struct socket *s = f->data;
    struct iovec iov = {(char *)(uintptr_t)at, n};
    struct sock_msg m = message_of(f, &iov, 1, NULL, s->sndtimeo);

    m.stays = true;
    return s->ops->send ? s->ops->send(s, &m) : -EOPNOTSUPP;
}

static int file_poll(struct file *f, struct wait_queue **q)
{
    struct socket *s = f->data;

    *q = &s->wait;
    return s->ops->poll(s);
}

/* Requests on network interfaces where there are none: their list is empty. */
static long no_interface(unsigned long request, long arg)
{
    struct ifconf *list = (struct ifconf *)arg;

    if (request != SIOCGIFCONF)
        return -ENODEV;
    if (!user_writable(list, sizeof(*list)))
        return -EFAULT;
    list->ifc_len = 0;
    return 0;
}

/* SIOCGSTAMP, SIOCGSTAMPNS: when the last message came. */
static long give_stamp(struct socket *s, bool ns, long arg)
{
    if (s->stamp == 0)
        return -ENOENT;
    if (s->stamp == SOCK_STAMP_NOW)
        s->stamp = clock_wall();
    const long t[2] = {s->stamp / NSEC_PER_SEC, s->stamp % NSEC_PER_SEC / (ns ? 1 : 1000)};
    if (!user_writable((void *)arg, sizeof(t)))
        return -EFAULT;
    memcpy((void *)arg, t, sizeof(t));
    return 0;
}

static long file_ioctl(struct file *f, unsigned long request, long arg)
{
    struct socket *s = f->data;
    long r = s->ops->ioctl ? s->ops->ioctl(s, request, arg) : -ENOTTY;

    if (r == -ENOTTY && s->domain != AF_UNIX && (request == GET_STAMP || request == GET_STAMP_NS))
        return give_stamp(s, request == GET_STAMP_NS, arg);
    if (r == -ENOTTY && request >= SIOCADDRT && request < SIOCDEVPRIVATE)
        r = sock_interface_ioctl ? sock_interface_ioctl(request, arg) : no_interface(request, arg);
    return r;
}

static void file_release(struct file *f)
{
    struct socket *s = f->data;

    s->file = NULL;
    s->ops->release(s);
    file_free(f);
}

static const struct file_ops sock_file_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .write_in_place = file_write_in_place,
    .poll = file_poll,
    .ioctl = file_ioctl,
    .release = file_release,
};

struct file *sock_file(struct socket *s, unsigned flags)
{
    struct file *f = file_alloc(O_RDWR | flags);

    if (!f)
        return NULL;
    s->inode.atime = s->inode.mtime = s->inode.ctime = s->inode.btime = clock_wall();
    f->ops = &sock_file_ops;
    f->inode = &s->inode;
    f->kind = FILE_STREAM | FILE_SIGNALS;
    f->data = s;
    s->file = f;
    return f;
}

struct socket *sock_of_file(const struct file *f)
{
    return f->ops == &sock_file_ops ? f->data : NULL;
}
