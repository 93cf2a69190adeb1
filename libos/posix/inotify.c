/* SPDX-License-Identifier: MIT
 *
 * inotify(7). An inode has a list of its watches, which do not keep it: when it goes, they go. An
 * instance has a list of its watches and a queue of events, of which equal ones in a row are one.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/list.h"
#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/notify.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/fdinfo.h"
#include "vfs/path.h"
#include "vfs/vector.h"

/* As Linux has it in /proc/sys/fs/inotify. */
#define QUEUE_MAX 16384
#define WATCH_MAX 65536

/* Bits of a watch that are no events. */
#define OPTIONS                                                                                    \
    (IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR |      \
     IN_ONESHOT)
#define KNOWN (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | OPTIONS)

struct inotify_watch {
    struct list node;           /* of the instance */
    struct inotify_watch *next; /* of the inode */
    struct instance *instance;
    struct inode *inode;
    int wd;
    uint32_t mask;
};

struct event {
    struct list node;
    struct inotify_event head; /* head.len counts the padding of (name), too */
    char name[];               /* no NUL */
};

struct instance {
    struct list watches, events;
    unsigned count; /* of events */
    int last_wd;
    struct wait_queue wait;
};

unsigned notify_watches;

static size_t event_bytes(const struct inotify_event *head)
{
    return sizeof(struct event) + head->len;
}

static void event_free(struct instance *in, struct event *e)
{
    list_remove(&e->node);
    in->count--;
    heap_free(e, event_bytes(&e->head));
}

/* Whether the last event says the same already. */
static bool same_as_last(const struct instance *in, const struct inotify_event *head,
                         struct name name)
{
    if (list_empty(&in->events))
        return false;
    const struct event *last = list_entry(in->events.prev, struct event, node);
    return last->head.wd == head->wd && last->head.mask == head->mask &&
           last->head.cookie == head->cookie && last->head.len == head->len &&
           memcmp(last->name, name.text, name.len) == 0 &&
           (name.len == head->len || last->name[name.len] == '\0');
}

static void queue(struct instance *in, int wd, uint32_t mask, uint32_t cookie, struct name name)
{
    struct inotify_event head = {.wd = wd, .mask = mask, .cookie = cookie};

    if (name.len > 0)
        head.len = (uint32_t)align_up(name.len + 1, sizeof(head));
    if (same_as_last(in, &head, name))
        return;
    if (in->count >= QUEUE_MAX && mask != IN_Q_OVERFLOW) {
        queue(in, -1, IN_Q_OVERFLOW, 0, (struct name){"", 0});
        return;
    }
    struct event *e = heap_alloc(event_bytes(&head));
    if (!e)
        return;
    e->head = head;
    memcpy(e->name, name.text, name.len);
    list_insert(&in->events, &e->node);
    in->count++;
    wait_wake_events(&in->wait, POLLIN | POLLRDNORM);
}

/* Ends a watch, which its owner is told. */
static void watch_end(struct inotify_watch *w)
{
    struct inotify_watch **link = &w->inode->watches;

    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    list_remove(&w->node);
    notify_watches--;
    queue(w->instance, w->wd, IN_IGNORED, 0, (struct name){"", 0});
    heap_free(w, sizeof(*w));
}

static void tell(struct inode *watched, uint32_t event, uint32_t cookie, struct name name)
{
    for (struct inotify_watch *w = watched->watches, *next; w; w = next) {
        next = w->next;
        if (!(w->mask & event & IN_ALL_EVENTS))
            continue;
        queue(w->instance, w->wd, event, cookie, name);
        if (w->mask & IN_ONESHOT)
            watch_end(w);
    }
}

static uint32_t dir_bit(const struct inode *inode)
{
    return S_ISDIR(inode->mode) ? IN_ISDIR : 0;
}

void notify_self(struct inode *inode, uint32_t event)
{
    /* Nobody is told that a directory that was renamed is one. */
    tell(inode, event == IN_MOVE_SELF ? event : event | dir_bit(inode), 0, (struct name){"", 0});
}

void notify_file(struct inode *inode, uint32_t event)
{
    char name[NAME_MAX];
    struct inode *parent;
    ssize_t len = inode->ops->name ? inode->ops->name(inode, name, &parent) : -ENOENT;

    if (len > 0)
        tell(parent, event | dir_bit(inode), 0, (struct name){name, (size_t)len});
    notify_self(inode, event);
}

void notify_name(struct inode *dir, struct name name, const struct inode *inode, uint32_t event,
                 uint32_t cookie)
{
    tell(dir, event | dir_bit(inode), cookie, name);
}

void notify_gone(struct inode *inode)
{
    /* Nobody is told that a directory that was deleted is one. */
    if (inode->nlink == 0)
        tell(inode, IN_DELETE_SELF, 0, (struct name){"", 0});
    while (inode->watches)
        watch_end(inode->watches);
}

uint32_t notify_cookie(void)
{
    static uint32_t last;

    return ++last;
}

/* Copies one event out if it fits. Returns its length, or 0. */
static size_t give(struct instance *in, struct vector *to, size_t room)
{
    struct event *e = list_entry(in->events.next, struct event, node);
    size_t len = sizeof(e->head) + e->head.len;

    if (len > room)
        return 0;
    vector_put(to, &e->head, sizeof(e->head));
    vector_put(to, e->name, e->head.len);
    event_free(in, e);
    return len;
}

static ssize_t inotify_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct instance *in = f->data;
    struct vector to = {iov, 0};
    size_t room = vector_total(iov, n), done = 0, len;

    (void)pos;
    while (list_empty(&in->events)) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep_vector(&in->wait, iov, n, false, DEADLINE_NEVER,
                                    "read of an inotify descriptor");
        if (err)
            return err;
    }
    while (!list_empty(&in->events) && (len = give(in, &to, room - done)) > 0)
        done += len;
    return done > 0 ? (ssize_t)done : -EINVAL;
}

static int inotify_poll(struct file *f, struct wait_queue **q)
{
    struct instance *in = f->data;

    *q = &in->wait;
    return list_empty(&in->events) ? 0 : POLLIN | POLLRDNORM;
}

static long inotify_ioctl(struct file *f, unsigned long request, long arg)
{
    const struct instance *in = f->data;
    size_t bytes = 0;

    if (request != FIONREAD)
        return -ENOTTY;
    list_for_each(node, &in->events)
    {
        bytes += sizeof(struct inotify_event) + list_entry(node, struct event, node)->head.len;
    }
    return user_give_int(arg, (int)bytes);
}

static void inotify_release(struct file *f)
{
    struct instance *in = f->data;

    while (!list_empty(&in->watches))
        watch_end(list_entry(in->watches.next, struct inotify_watch, node));
    while (!list_empty(&in->events))
        event_free(in, list_entry(in->events.next, struct event, node));
    heap_free(in, sizeof(*in));
    file_free(f);
}

static const struct file_ops inotify_ops = {
    .readv = inotify_readv,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .release = inotify_release,
    .name = "anon_inode:inotify",
};

long pith_sys_inotify_init1(long flags)
{
    HOLD;
    if ((int)flags & ~(IN_CLOEXEC | IN_NONBLOCK))
        return -EINVAL;
    struct instance *in = heap_alloc(sizeof(*in));
    struct file *f = file_anonymous(&inotify_ops, in, O_RDONLY | (unsigned)flags);
    if (!f) {
        heap_free(in, sizeof(*in));
        return -ENOMEM;
    }
    f->kind |= FILE_SIGNALS;
    list_init(&in->watches);
    list_init(&in->events);
    return fd_install_new(f, flags);
}

long pith_sys_inotify_init(void)
{
    HOLD;
    return pith_sys_inotify_init1(0);
}

/* The instance of (fd). -EBADF, -EINVAL. */
static long find(long fd, struct instance **out)
{
    struct file *f = file_get(fd);

    if (!f)
        return -EBADF;
    *out = f->data;
    return f->ops == &inotify_ops ? 0 : -EINVAL;
}

/* Watches (inode) for (mask), or changes the watch that there is. Returns its number. */
static long watch(struct instance *in, struct inode *inode, uint32_t mask)
{
    struct inotify_watch *w = inode->watches;

    while (w && w->instance != in)
        w = w->next;
    if (w && mask & IN_MASK_CREATE)
        return -EEXIST;
    if (w) {
        w->mask = (mask & IN_MASK_ADD ? w->mask : 0) | mask;
        return w->wd;
    }
    if (notify_watches >= WATCH_MAX)
        return -ENOSPC;
    w = heap_alloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    w->instance = in;
    w->inode = inode;
    w->mask = mask;
    w->wd = ++in->last_wd;
    w->next = inode->watches;
    inode->watches = w;
    list_insert(&in->watches, &w->node);
    notify_watches++;
    return w->wd;
}

long pith_sys_inotify_add_watch(long fd, long path, long mask)
{
    HOLD;
    uint32_t bits = (uint32_t)mask;
    struct instance *in;
    struct inode *inode;

    if (!(bits & KNOWN))
        return -EINVAL;
    if (!file_get(fd))
        return -EBADF;
    if (bits & IN_MASK_ADD && bits & IN_MASK_CREATE)
        return -EINVAL;
    long r = find(fd, &in);
    if (!r)
        r = path_lookup(AT_FDCWD, (const char *)path, bits & IN_DONT_FOLLOW ? 0 : PATH_FOLLOW,
                        &inode);
    if (r)
        return r;
    r = bits & IN_ONLYDIR && !S_ISDIR(inode->mode) ? -ENOTDIR : may_access(inode, MAY_READ);
    if (!r)
        r = watch(in, inode, bits);
    inode_put(inode);
    return r;
}

void inotify_look(const struct file *f, void *arg,
                  void (*each)(void *arg, int wd, const struct inode *inode, uint32_t mask))
{
    if (f->ops != &inotify_ops)
        return;
    list_for_each(node, &((const struct instance *)f->data)->watches)
    {
        const struct inotify_watch *w = list_entry(node, struct inotify_watch, node);
        each(arg, w->wd, w->inode, w->mask & (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK));
    }
}

long pith_sys_inotify_rm_watch(long fd, long wd)
{
    HOLD;
    struct instance *in;
    long err = find(fd, &in);

    if (err)
        return err;
    list_for_each(node, &in->watches)
    {
        struct inotify_watch *w = list_entry(node, struct inotify_watch, node);
        if (w->wd == (int)wd) {
            watch_end(w);
            return 0;
        }
    }
    return -EINVAL;
}
