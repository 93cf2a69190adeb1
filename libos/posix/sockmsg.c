/* SPDX-License-Identifier: MIT
 *
 * Sending and receiving: sendto, sendmsg, recvfrom, recvmsg and those for many messages. */
#include <limits.h>
#include <sys/socket.h>
#include <time.h>

#include "iface/hold.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/socket.h"

#define FOR_32_BITS 0x80000000u /* MSG_CMSG_COMPAT: not for programs */

/* struct msghdr as Linux has it; libc's has padding in place of the upper halves. */
struct user_msg {
    void *name;
    int name_len;
    int unused;
    const struct iovec *iov;
    size_t iov_count;
    void *control;
    size_t control_len;
    unsigned flags;
    unsigned unused_end;
};

struct user_mmsg {
    struct user_msg msg;
    unsigned len;
    unsigned unused;
};

#define FEW_IOV       8
#define FEW_CONTROL   256
#define CONTROL_LIMIT 131072u /* net.core.optmem_max */

/* One message on its way: copies of what the program passed. */
struct call {
    struct sock_msg m;
    struct sockaddr_storage name;
    struct iovec *iov;
    struct iovec few[FEW_IOV];
    size_t control_size; /* of m.control from heap_alloc, or 0 */
    _Alignas(16) char control[FEW_CONTROL];
};

static long copy_iov(struct call *c, const struct iovec *from, size_t n)
{
    size_t total = 0;

    c->iov = c->few;
    if (n > IOV_MAX)
        return -EMSGSIZE;
    if (!user_readable(from, n * sizeof(*from)))
        return -EFAULT;
    if (n > FEW_IOV) {
        c->iov = heap_alloc(n * sizeof(*from));
        if (!c->iov)
            return -ENOMEM;
    }
    memcpy(c->iov, from, n * sizeof(*from));
    c->m.iov = c->iov;
    c->m.iov_count = (int)n;
    for (size_t i = 0; i < n; i++) {
        if ((ssize_t)c->iov[i].iov_len < 0)
            return -EINVAL;
        c->iov[i].iov_len = min_size(c->iov[i].iov_len, RW_MAX - total);
        total += c->iov[i].iov_len;
    }
    c->m.len = total;
    return 0;
}

static long copy_control(struct call *c, const void *from, size_t n)
{
    if (n > CONTROL_LIMIT)
        return -ENOBUFS;
    if (!user_readable(from, n))
        return -EFAULT;
    c->m.control = c->control;
    if (n > FEW_CONTROL) {
        c->m.control = heap_alloc(n);
        if (!c->m.control)
            return -ENOBUFS;
        c->control_size = n;
    }
    memcpy(c->m.control, from, n);
    c->m.control_len = n;
    return 0;
}

static void call_end(struct call *c)
{
    if (c->iov != c->few)
        heap_free(c->iov, (size_t)c->m.iov_count * sizeof(*c->iov));
    if (c->control_size)
        heap_free(c->m.control, c->control_size);
}

static void call_start(struct call *c, const struct file *f, unsigned flags, nsec_t timeo)
{
    if (f->flags & O_NONBLOCK)
        flags |= MSG_DONTWAIT;
    memset(&c->m, 0, sizeof(c->m));
    c->control_size = 0;
    c->iov = c->few;
    c->m.flags = flags;
    c->m.deadline = sock_deadline(flags & MSG_DONTWAIT, timeo);
}

/* The length of a message's name: 0 without one. Longer than any counts as the longest. */
static long name_length(const struct user_msg *u)
{
    if (!u->name)
        return 0;
    if (u->name_len < 0)
        return -EINVAL;
    return (long)min_size((size_t)u->name_len, sizeof(struct sockaddr_storage));
}

static long send_prepared(struct file *f, struct socket *s, struct call *c)
{
    if (!s->ops->send)
        return -EOPNOTSUPP;
    file_hold(f);
    long r = s->ops->send(s, &c->m);
    file_put(f);
    return r;
}

/* sendmsg on (f), a socket. (user) may be read. */
static long send_message(struct file *f, struct socket *s, const struct user_msg *user, long flags)
{
    struct user_msg u = *user;
    struct call c;
    long len = name_length(&u);

    call_start(&c, f, (unsigned)flags, s->sndtimeo);
    long err = len < 0 ? len : address_in((long)u.name, len, &c.name);
    if (!err)
        err = copy_iov(&c, u.iov, u.iov_count);
    if (!err && u.control_len)
        err = copy_control(&c, u.control, u.control_len);
    if (!err) {
        c.m.name = &c.name;
        c.m.name_len = (socklen_t)len;
        err = send_prepared(f, s, &c);
    }
    call_end(&c);
    return err;
}

static long sendmsg_once(long fd, long msg, long flags)
{
    const struct user_msg *u = (const struct user_msg *)msg;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    return user_readable(u, sizeof(*u)) ? send_message(f, s, u, flags) : -EFAULT;
}

long pith_sys_sendmsg(long fd, long msg, long flags)
{
    HOLD;
    long r;

    if ((unsigned)flags & FOR_32_BITS)
        return -EINVAL;
    do
        r = sendmsg_once(fd, msg, flags);
    while (call_again(r));
    return r;
}

static long sendto_once(long fd, long buf, long n, long flags, long addr, long addr_len)
{
    struct socket *s;
    struct file *f;
    struct call c;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    call_start(&c, f, (unsigned)flags, s->sndtimeo);
    if (addr)
        err = address_in(addr, addr_len, &c.name);
    if (err)
        return err;
    c.few[0] = (struct iovec){(void *)buf, min_size((size_t)n, RW_MAX)};
    c.m.iov = c.few;
    c.m.iov_count = 1;
    c.m.len = c.few[0].iov_len;
    c.m.name = &c.name;
    c.m.name_len = addr ? (socklen_t)addr_len : 0;
    return send_prepared(f, s, &c);
}

long pith_sys_sendto(long fd, long buf, long n, long flags, long addr, long addr_len)
{
    HOLD;
    long r;

    do
        r = sendto_once(fd, buf, n, flags, addr, addr_len);
    while (call_again(r));
    return r;
}

/* How many of a vector of messages to look at. */
static unsigned clamp_messages(long n)
{
    return (unsigned)n < IOV_MAX ? (unsigned)n : IOV_MAX;
}

static long sendmmsg_once(long fd, long msgs, long n, long flags)
{
    struct user_mmsg *user = (struct user_mmsg *)msgs;
    unsigned count = clamp_messages(n), done = 0;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    file_hold(f);
    for (; done < count && err >= 0; done++) {
        err = -EFAULT;
        if (user_writable(&user[done], sizeof(*user)))
            err = send_message(f, s, &user[done].msg, flags);
        if (err < 0)
            break;
        if (!user_writable(&user[done], sizeof(*user)))
            err = -EFAULT;
        else
            user[done].len = (unsigned)err;
    }
    file_put(f);
    return done > 0 ? (long)done : err < 0 ? err : 0;
}

long pith_sys_sendmmsg(long fd, long msgs, long n, long flags)
{
    HOLD;
    long r;

    if ((unsigned)flags & FOR_32_BITS)
        return -EINVAL;
    do
        r = sendmmsg_once(fd, msgs, n, flags);
    while (call_again(r));
    return r;
}

static long recv_prepared(struct file *f, struct socket *s, struct call *c)
{
    if (!s->ops->recv)
        return -EOPNOTSUPP;
    file_hold(f);
    long r = s->ops->recv(s, &c->m);
    file_put(f);
    return r;
}

/* Tells the program about a message of (n) bytes that came. Returns (n); -EFAULT, -EINVAL. */
static long put_results(const struct call *c, void *name, struct user_msg *user, long n)
{
    long err = 0;

    if (name)
        err = address_out(&c->name, (int)c->m.name_len, (long)name, &user->name_len);
    if (err)
        return err;
    if (!user_writable(user, sizeof(*user)))
        return -EFAULT;
    user->flags = c->m.result | (c->m.flags & MSG_CMSG_CLOEXEC);
    user->control_len = c->m.control_used;
    return n;
}

/* recvmsg on (f), a socket. (user) may be read. */
static long recv_message(struct file *f, struct socket *s, struct user_msg *user, long flags)
{
    struct user_msg u = *user;
    struct call c;
    long len = name_length(&u);

    call_start(&c, f, (unsigned)flags, s->rcvtimeo);
    long r = len < 0 ? len : copy_iov(&c, u.iov, u.iov_count);
    if (r >= 0) {
        c.m.name = u.name ? &c.name : NULL;
        c.m.control = u.control;
        c.m.control_len = u.control ? u.control_len : 0;
        r = recv_prepared(f, s, &c);
    }
    if (r >= 0)
        r = put_results(&c, u.name, user, r);
    call_end(&c);
    return r;
}

static long recvmsg_once(long fd, long msg, long flags)
{
    struct user_msg *u = (struct user_msg *)msg;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    return user_readable(u, sizeof(*u)) ? recv_message(f, s, u, flags) : -EFAULT;
}

long pith_sys_recvmsg(long fd, long msg, long flags)
{
    HOLD;
    long r;

    if ((unsigned)flags & FOR_32_BITS)
        return -EINVAL;
    do
        r = recvmsg_once(fd, msg, flags);
    while (call_again(r));
    return r;
}

static long recvfrom_once(long fd, long buf, long n, long flags, long addr, long addr_len)
{
    struct socket *s;
    struct file *f;
    struct call c;
    long r = socket_get(fd, &f, &s);

    if (r)
        return r;
    call_start(&c, f, (unsigned)flags, s->rcvtimeo);
    c.few[0] = (struct iovec){(void *)buf, min_size((size_t)n, RW_MAX)};
    c.m.iov = c.few;
    c.m.iov_count = 1;
    c.m.len = c.few[0].iov_len;
    c.m.name = addr ? &c.name : NULL;
    r = recv_prepared(f, s, &c);
    if (r >= 0 && addr) {
        long err = address_out(&c.name, (int)c.m.name_len, addr, (int *)addr_len);
        r = err ? err : r;
    }
    return r;
}

long pith_sys_recvfrom(long fd, long buf, long n, long flags, long addr, long addr_len)
{
    HOLD;
    long r;

    do
        r = recvfrom_once(fd, buf, n, flags, addr, addr_len);
    while (call_again(r));
    return r;
}

/* Receives up to (count) messages. Returns how many, or the error of the first. An error after the
 * first is left for the next call. */
static long recv_many(struct file *f, struct socket *s, struct user_mmsg *user, unsigned count,
                      long flags, nsec_t deadline)
{
    unsigned done = 0;
    long r = sock_error(s);

    while (done < count && r >= 0) {
        struct user_mmsg *u = &user[done];
        r = -EFAULT;
        if (user_writable(u, sizeof(*u)))
            r = recv_message(f, s, &u->msg, flags & ~(long)MSG_WAITFORONE);
        if (r >= 0 && !user_writable(u, sizeof(*u)))
            r = -EFAULT;
        if (r < 0)
            break;
        u->len = (unsigned)r;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline != DEADLINE_NEVER && clock_monotonic() >= deadline)
            break;
    }
    if (done == 0)
        return r;
    if (r < 0 && r != -EAGAIN && r != -EINTR)
        s->error = (int)-r;
    return done;
}

/* The deadline that a time-out of recvmmsg sets. 0; -EFAULT, -EINVAL. */
static long deadline_in(const struct timespec *t, nsec_t *deadline)
{
    nsec_t ns;

    *deadline = DEADLINE_NEVER;
    if (!t)
        return 0;
    if (!user_readable(t, sizeof(*t)))
        return -EFAULT;
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if (!__builtin_mul_overflow(t->tv_sec, NSEC_PER_SEC, &ns) &&
        !__builtin_add_overflow(ns, t->tv_nsec, &ns) &&
        !__builtin_add_overflow(ns, clock_monotonic(), &ns))
        *deadline = ns;
    return 0;
}

static long recvmmsg_once(long fd, long msgs, long n, long flags, long timeout)
{
    struct timespec *t = (struct timespec *)timeout;
    struct socket *s;
    struct file *f;
    nsec_t deadline;
    long r = deadline_in(t, &deadline);

    if (!r)
        r = socket_get(fd, &f, &s);
    if (r)
        return r;
    file_hold(f);
    r = recv_many(f, s, (struct user_mmsg *)msgs, clamp_messages(n), flags, deadline);
    file_put(f);
    if (r > 0 && deadline != DEADLINE_NEVER) {
        nsec_t left = deadline - clock_monotonic();
        if (left < 0)
            left = 0;
        if (!user_writable(t, sizeof(*t)))
            return -EFAULT;
        *t = (struct timespec){left / NSEC_PER_SEC, left % NSEC_PER_SEC};
    }
    return r;
}

long pith_sys_recvmmsg(long fd, long msgs, long n, long flags, long timeout)
{
    HOLD;
    long r;

    if ((unsigned)flags & FOR_32_BITS)
        return -EINVAL;
    do
        r = recvmmsg_once(fd, msgs, n, flags, timeout);
    while (call_again(r));
    return r;
}
