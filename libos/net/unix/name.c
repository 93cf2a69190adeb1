/* SPDX-License-Identifier: MIT
 *
 * Names of sockets. One in a file system is an inode of type S_IFSOCK that knows its socket while
 * that is open; removing the name leaves the socket as it is, and closing the socket leaves the
 * name. Abstract names start with a NUL, and each type of socket has its own. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "unix/internal.h"
#include "vfs/open.h"
#include "vfs/path.h"

#define PATH_AT     offsetof(struct sockaddr_un, sun_path)
#define BUCKETS     64u
#define AUTO_DIGITS 5
#define AUTO_NAMES  (1u << (4 * AUTO_DIGITS))

static struct usock *abstract[BUCKETS];

static struct usock **bucket_of(const struct sockaddr_un *addr, socklen_t len, int type)
{
    uint32_t hash = 2166136261u ^ (uint32_t)type;

    for (size_t i = 0; i < len - PATH_AT; i++)
        hash = (hash ^ (unsigned char)addr->sun_path[i]) * 16777619u;
    return &abstract[(hash ^ hash >> 16) % BUCKETS];
}

static struct usock *find_abstract(const struct sockaddr_un *addr, socklen_t len, int type)
{
    struct usock *u = *bucket_of(addr, len, type);

    while (u && (u->sock.type != type || u->name->len != len ||
                 memcmp(u->name->addr.sun_path, addr->sun_path, len - PATH_AT) != 0))
        u = u->named;
    return u;
}

int name_check(const struct sockaddr_storage *addr, socklen_t len)
{
    if (len <= PATH_AT || len > sizeof(struct sockaddr_un) || addr->ss_family != AF_UNIX)
        return -EINVAL;
    return 0;
}

static struct uname *name_alloc(const struct sockaddr_un *addr, socklen_t len)
{
    struct uname *name = heap_alloc(sizeof(*name));

    if (name) {
        name->refs = 1;
        name->len = len;
        memcpy(&name->addr, addr, len);
    }
    return name;
}

void name_put(struct uname *name)
{
    if (name && --name->refs == 0)
        heap_free(name, sizeof(*name));
}

static int bind_abstract(struct usock *u, const struct sockaddr_un *addr, socklen_t len)
{
    struct usock **bucket = bucket_of(addr, len, u->sock.type);

    if (u->name)
        return -EINVAL;
    if (find_abstract(addr, len, u->sock.type))
        return -EADDRINUSE;
    u->name = name_alloc(addr, len);
    if (!u->name)
        return -ENOMEM;
    u->named = *bucket;
    *bucket = u;
    return 0;
}

/* Makes an inode for (u) where walk (p) ended. */
static int make_node(struct usock *u, struct path *p, struct inode **out)
{
    const struct inode_new what = {.mode = S_IFSOCK | (u->sock.inode.mode & 07777 & ~vfs_umask)};

    if (p->inode)
        return -EADDRINUSE;
    if (p->slash)
        return -ENOENT;
    if (!p->dir->ops->create)
        return -EPERM;
    if (u->name)
        return -EINVAL;
    int err = may_change_names(p->dir);
    return err ? err : p->dir->ops->create(p->dir, p->name, &what, out);
}

/* A name of a path is as long as the string, with its NUL. */
static int bind_path(struct usock *u, const struct sockaddr_un *addr)
{
    struct path p;
    int err = path_walk(AT_FDCWD, addr->sun_path, PATH_PARENT, &p);

    if (err)
        return err;
    struct uname *name = name_alloc(addr, (socklen_t)(PATH_AT + strlen(addr->sun_path) + 1));
    err = name ? make_node(u, &p, &u->bound) : -ENOMEM;
    path_put(&p);
    if (err) {
        name_put(name);
        return err;
    }
    u->bound->socket = u;
    u->name = name;
    return 0;
}

int name_autobind(struct usock *u)
{
    static const char digits[] = "0123456789abcdef";
    static uint32_t next;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int err = -EADDRINUSE;

    if (u->name)
        return 0;
    for (uint32_t tries = 0; err == -EADDRINUSE && tries < AUTO_NAMES; tries++) {
        uint32_t n = ++next;
        for (int i = 0; i < AUTO_DIGITS; i++)
            addr.sun_path[1 + i] = digits[n >> 4 * (AUTO_DIGITS - 1 - i) & 15];
        err = bind_abstract(u, &addr, PATH_AT + 1 + AUTO_DIGITS);
    }
    return err == -EADDRINUSE ? -ENOSPC : err;
}

int name_for_credentials(struct usock *u)
{
    return u->sock.options & SOCK_PASSCRED ? name_autobind(u) : 0;
}

/* The address as the family has it: a path that fills it has a NUL behind it. */
static void take_addr(const struct sockaddr_storage *from, socklen_t len, struct sockaddr_un *to,
                      char *end)
{
    memcpy(to, from, sizeof(*to));
    *end = '\0';
    memset((char *)to + len, 0, sizeof(*to) - len);
}

int unix_bind(struct socket *s, const struct sockaddr_storage *from, socklen_t len)
{
    struct {
        struct sockaddr_un un;
        char end;
    } addr;
    struct usock *u = to_unix(s);

    if (len == PATH_AT && from->ss_family == AF_UNIX)
        return name_autobind(u);
    int err = name_check(from, len);
    if (err)
        return err;
    take_addr(from, len, &addr.un, &addr.end);
    return addr.un.sun_path[0] ? bind_path(u, &addr.un) : bind_abstract(u, &addr.un, len);
}

static int find_path(const struct sockaddr_un *addr, int type, struct usock **out)
{
    struct inode *inode;
    int err = path_lookup(AT_FDCWD, addr->sun_path, PATH_FOLLOW, &inode);

    if (err)
        return err;
    err = may_access(inode, MAY_WRITE);
    struct usock *u = S_ISSOCK(inode->mode) ? inode->socket : NULL;
    if (!u && S_ISSOCK(inode->mode) && strcmp(addr->sun_path, LOG_PATH) == 0)
        u = log_socket();
    inode_put(inode);
    if (err || !u)
        return err ? err : -ECONNREFUSED;
    *out = u;
    return u->sock.type == type ? 0 : -EPROTOTYPE;
}

int name_find(const struct sockaddr_storage *from, socklen_t len, int type, struct usock **out)
{
    struct {
        struct sockaddr_un un;
        char end;
    } addr;
    int err = 0;

    take_addr(from, len, &addr.un, &addr.end);
    if (addr.un.sun_path[0])
        err = find_path(&addr.un, type, out);
    else if (!(*out = find_abstract(&addr.un, len, type)))
        err = -ECONNREFUSED;
    if (!err)
        usock_hold(*out);
    return err;
}

socklen_t name_copy(const struct usock *u, struct sockaddr_storage *to)
{
    if (!u->name)
        return 0;
    memcpy(to, &u->name->addr, u->name->len);
    return u->name->len;
}

int unix_name(struct socket *s, bool peer, struct sockaddr_storage *addr)
{
    const struct usock *u = peer ? to_unix(s)->peer : to_unix(s);

    if (!u)
        return -ENOTCONN;
    socklen_t len = name_copy(u, addr);
    if (len == 0) {
        addr->ss_family = AF_UNIX;
        len = PATH_AT;
    }
    return (int)len;
}

void name_release(struct usock *u)
{
    if (u->bound) {
        u->bound->socket = NULL;
        inode_put(u->bound);
        u->bound = NULL;
    } else if (u->name && u->name->addr.sun_path[0] == '\0') {
        struct usock **link = bucket_of(&u->name->addr, u->name->len, u->sock.type);
        while (*link && *link != u)
            link = &(*link)->named;
        if (*link)
            *link = u->named;
    }
}
