/* SPDX-License-Identifier: MIT
 *
 * Making, naming and connecting sockets. What they do is net/'s business. */
#include <sys/socket.h>

#include "base/log.h"
#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/socket.h"

#define TYPE_MASK   0xf
#define TYPE_MAX    11 /* types are below */
#define DOMAIN_MAX  46
#define BACKLOG_MAX 4096 /* net.core.somaxconn */

/* Says once for each domain that programs know what is missing. */
static void report_missing(int domain)
{
    static uint64_t reported;
    const char *name = domain == AF_INET      ? "AF_INET"
                       : domain == AF_INET6   ? "AF_INET6"
                       : domain == AF_NETLINK ? "AF_NETLINK"
                       : domain == AF_PACKET  ? "AF_PACKET"
                                              : NULL;

    if (!name || reported >> domain & 1)
        return;
    reported |= 1ull << domain;
    log_line("socket(%s, ...) failed: this image has no such sockets; those of AF_UNIX work inside "
             "the program",
             name);
}

/* The family of (domain), or NULL. */
static const struct sock_family *family_of(int domain)
{
    if (domain == AF_UNIX)
        return &sock_family_unix;
    if (domain == AF_INET && &sock_family_inet)
        return &sock_family_inet;
    if (domain == AF_INET6 && &sock_family_inet6)
        return &sock_family_inet6;
    if (domain == AF_NETLINK && &sock_family_netlink)
        return &sock_family_netlink;
    if (domain == AF_PACKET && &sock_family_packet)
        return &sock_family_packet;
    report_missing(domain);
    return NULL;
}

static long make_socket(long domain, long type, long protocol, struct socket **out)
{
    if ((unsigned)domain >= DOMAIN_MAX)
        return -EAFNOSUPPORT;
    if ((type & TYPE_MASK) >= TYPE_MAX)
        return -EINVAL;
    const struct sock_family *family = family_of((int)domain);
    return family ? family->create((int)type & TYPE_MASK, (int)protocol, out) : -EAFNOSUPPORT;
}

/* Undoes the making of a socket that got no file. */
static void drop_socket(struct socket *s)
{
    s->ops->release(s);
    inode_put(&s->inode);
}

/* A file for (s), whose reference it takes over whatever happens. */
static long make_file(struct socket *s, long type, struct file **out)
{
    *out = sock_file(s, type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
    if (*out)
        return 0;
    drop_socket(s);
    return -ENOMEM;
}

/* A descriptor for (f), whose reference it takes over whatever happens. */
static long make_descriptor(struct file *f, long type)
{
    int fd = fd_install(f, 0, type & SOCK_CLOEXEC);

    if (fd < 0)
        file_put(f);
    return fd;
}

long pith_sys_socket(long domain, long type, long protocol)
{
    HOLD;
    struct socket *s;
    struct file *f;

    if (type & ~(long)(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    long err = make_socket(domain, type, protocol, &s);
    if (!err)
        err = make_file(s, type, &f);
    return err ? err : make_descriptor(f, type);
}

static long make_pair(long domain, long type, long protocol, struct file *out[2])
{
    struct socket *s[2];
    long err = make_socket(domain, type, protocol, &s[0]);

    if (err)
        return err;
    err = make_socket(domain, type, protocol, &s[1]);
    if (!err) {
        err = s[0]->ops->pair ? s[0]->ops->pair(s[0], s[1]) : -EOPNOTSUPP;
        if (err)
            drop_socket(s[1]);
    }
    if (err) {
        drop_socket(s[0]);
        return err;
    }
    err = make_file(s[0], type, &out[0]);
    if (err) {
        drop_socket(s[1]);
        return err;
    }
    err = make_file(s[1], type, &out[1]);
    if (err)
        file_put(out[0]);
    return err;
}

long pith_sys_socketpair(long domain, long type, long protocol, long fds)
{
    HOLD;
    int *out = (int *)fds;
    struct file *f[2];

    if (type & ~(long)(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    long err = fd_reserve();
    if (err)
        return err;
    if (!user_writable(out, 2 * sizeof(*out)))
        return -EFAULT;
    err = make_pair(domain, type, protocol, f);
    if (err)
        return err;
    long first = make_descriptor(f[0], type);
    if (first < 0) {
        file_put(f[1]);
        return first;
    }
    long second = make_descriptor(f[1], type);
    if (second < 0) {
        fd_close(first);
        return second;
    }
    out[0] = (int)first;
    out[1] = (int)second;
    return 0;
}

long pith_sys_bind(long fd, long addr, long len)
{
    HOLD;
    struct sockaddr_storage name;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (!err)
        err = address_in(addr, len, &name);
    if (err)
        return err;
    return s->ops->bind ? s->ops->bind(s, &name, (socklen_t)len) : -EOPNOTSUPP;
}

long pith_sys_listen(long fd, long backlog)
{
    HOLD;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    unsigned most = (unsigned)backlog < BACKLOG_MAX ? (unsigned)backlog : BACKLOG_MAX;
    return s->ops->listen ? s->ops->listen(s, (int)most) : -EOPNOTSUPP;
}

/* Accepts a connection of (f), held. */
static long accept_one(struct file *f, struct socket *s, long addr, long addr_len, long flags)
{
    nsec_t deadline = sock_deadline(f->flags & O_NONBLOCK, s->rcvtimeo);
    struct sockaddr_storage name = {0};
    struct socket *conn;
    struct file *out;
    long err = fd_reserve();

    if (!err)
        err = s->ops->accept ? s->ops->accept(s, deadline, &conn) : -EOPNOTSUPP;
    if (err)
        return err;
    err = make_file(conn, flags, &out);
    if (err)
        return err;
    if (addr) {
        int len = conn->ops->name(conn, true, &name);
        err = len < 0 ? -ECONNABORTED : address_out(&name, len, addr, (int *)addr_len);
        if (err) {
            file_put(out);
            return err;
        }
    }
    return make_descriptor(out, flags);
}

static long accept_once(long fd, long addr, long addr_len, long flags)
{
    struct socket *s;
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    if (flags & ~(long)(SOCK_CLOEXEC | SOCK_NONBLOCK))
        return -EINVAL;
    s = sock_of_file(f);
    if (!s)
        return -ENOTSOCK;
    file_hold(f);
    long r = accept_one(f, s, addr, addr_len, flags);
    file_put(f);
    return r;
}

long pith_sys_accept4(long fd, long addr, long addr_len, long flags)
{
    HOLD;
    long r;

    do
        r = accept_once(fd, addr, addr_len, flags);
    while (call_again(r));
    return r;
}

long pith_sys_accept(long fd, long addr, long addr_len)
{
    return pith_sys_accept4(fd, addr, addr_len, 0);
}

static long connect_once(long fd, long addr, long len)
{
    struct sockaddr_storage name;
    struct socket *s;
    struct file *f;
    long err = file_get(fd) ? address_in(addr, len, &name) : -EBADF;

    if (!err)
        err = socket_get(fd, &f, &s);
    if (err)
        return err;
    if (!s->ops->connect)
        return -EOPNOTSUPP;
    file_hold(f);
    err = s->ops->connect(s, &name, (socklen_t)len,
                          sock_deadline(f->flags & O_NONBLOCK, s->sndtimeo));
    file_put(f);
    return err;
}

long pith_sys_connect(long fd, long addr, long len)
{
    HOLD;
    long r;

    do
        r = connect_once(fd, addr, len);
    while (call_again(r));
    return r;
}

long pith_sys_shutdown(long fd, long how)
{
    HOLD;
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    if ((int)how < SHUT_RD || (int)how > SHUT_RDWR)
        return -EINVAL;
    return s->ops->shutdown ? s->ops->shutdown(s, (unsigned)how + 1) : -EOPNOTSUPP;
}

static long get_name(long fd, bool peer, long addr, long addr_len)
{
    struct sockaddr_storage name = {0};
    struct socket *s;
    struct file *f;
    long err = socket_get(fd, &f, &s);

    if (err)
        return err;
    int len = s->ops->name(s, peer, &name);
    return len < 0 ? len : address_out(&name, len, addr, (int *)addr_len);
}

long pith_sys_getsockname(long fd, long addr, long addr_len)
{
    HOLD;
    return get_name(fd, false, addr, addr_len);
}

long pith_sys_getpeername(long fd, long addr, long addr_len)
{
    HOLD;
    return get_name(fd, true, addr, addr_len);
}
