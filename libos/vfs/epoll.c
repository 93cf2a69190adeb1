/* SPDX-License-Identifier: MIT
 *
 * epoll. An item is a file in a set. It is a waiter on the file's queue for as long as it lives;
 * a wake puts it on the set's list of ready items, and only these are looked at when somebody asks.
 * So asking costs as much as there is to tell, and nothing is allocated but by EPOLL_CTL_ADD.
 *
 * An item belongs to the open file, not to the descriptor: it goes with the last descriptor
 * (item_gone), and stays while there is another one, whatever its number. A file knows its
 * items, which are as good as always one or none, so they are found without a table.
 *
 * A set is a file too, which is readable while one of its items is ready; sets in sets may be
 * DEPTH_MAX deep. Threads that wait for the set are woken one for each item that becomes ready
 * (sleepers); whoever polls the set is told of all (pollers). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/list.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "vfs/epoll.h"
#include "vfs/fd.h"
#include "vfs/fdinfo.h"
#include "vfs/open.h"
#include "vfs/watch.h"

LINKS(console_poll);

/* Bits of epoll_event.events that say how to tell; with none but these an item is disabled. */
#define HOW       (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define ALWAYS    (EPOLLERR | EPOLLHUP)
#define EXCLUSIVE (EPOLLIN | EPOLLOUT | ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

#define DEPTH_MAX 4

struct epoll_item {
    struct file_watch watch;
    struct list ready; /* in ep->ready, or alone */
    struct list node;  /* in ep->items */
    struct epoll *ep;
    int fd;
    uint32_t events; /* wanted, and HOW */
    uint64_t data;
};

struct epoll {
    struct list items, ready;
    struct wait_queue sleepers, pollers;
    struct file *file;  /* the set itself */
    unsigned externals; /* items whose queue is external: while there are any, so are ours */
    unsigned depth;     /* valid in walk number (walk) */
    uint64_t walk;
};

static struct epoll *epoll_of(const struct file *f)
{
    return f->data;
}

static void item_gone(struct file_watch *w);

/* The item that (w) is, or the next one of its file; NULL: there is none. */
static struct epoll_item *item_from(struct file_watch *w)
{
    while (w && w->gone != item_gone)
        w = w->next;
    return w ? container_of(w, struct epoll_item, watch) : NULL;
}

/* Goes through the items of file (f). */
#define for_each_item(i, f)                                                                        \
    for (struct epoll_item *i = item_from((f)->watches); i; i = item_from(i->watch.next))

/* One more or less (by) of the items of (ep) has an external queue. */
static void count_external(struct epoll *ep, int by)
{
    bool before = ep->externals > 0;

    ep->externals += (unsigned)by;
    bool after = ep->externals > 0;
    ep->sleepers.external = ep->pollers.external = after;
    if (before != after)
        for_each_item(above, ep->file)
        {
            count_external(above->ep, after ? 1 : -1);
        }
}

/* The wanted events that (item) has. */
static uint32_t look(const struct epoll_item *item)
{
    struct wait_queue *q;

    return (uint32_t)item->watch.file->ops->poll(item->watch.file, &q) & item->events;
}

static void make_ready(struct epoll_item *item)
{
    struct epoll *ep = item->ep;

    if (list_empty(&item->ready))
        list_insert(&ep->ready, &item->ready);
    wait_wake_one(&ep->sleepers);
    wait_wake_events(&ep->pollers, POLLIN | POLLRDNORM);
}

/* Of several sets that want an event exclusively, those up to the first with a thread that waits
 * get it. */
static void item_woken(struct waiter *w)
{
    struct epoll_item *item = container_of(w, struct epoll_item, watch.waiter);
    struct wait_queue *q = w->queue;

    if (!(item->events & ~HOW) || (q->events && !(q->events & item->events)))
        return;
    if (item->events & EPOLLEXCLUSIVE) {
        if (q->taken)
            return;
        q->taken = item->ep->sleepers.first != NULL;
    }
    make_ready(item);
}

static void item_remove(struct epoll_item *item)
{
    const struct wait_queue *q = item->watch.waiter.queue;
    bool external = q && q->external;

    watch_remove(&item->watch);
    list_remove(&item->ready);
    list_remove(&item->node);
    if (external)
        count_external(item->ep, -1);
    heap_free(item, sizeof(*item));
}

static void item_gone(struct file_watch *w)
{
    item_remove(container_of(w, struct epoll_item, watch));
}

/* Walks over sets that hold each other see each set once. */
static uint64_t walk_number;

/* How deep the sets in (ep) go; more than DEPTH_MAX if (target) is among them. */
static unsigned depth_below(struct epoll *ep, const struct epoll *target)
{
    if (ep == target)
        return DEPTH_MAX + 1;
    if (ep->walk == walk_number)
        return ep->depth;
    ep->walk = walk_number;
    ep->depth = 0;
    list_for_each(node, &ep->items)
    {
        const struct file *f = list_entry(node, struct epoll_item, node)->watch.file;
        if (is_epoll(f))
            ep->depth = (unsigned)max_size(ep->depth, 1 + depth_below(epoll_of(f), target));
    }
    return ep->depth;
}

/* In how many sets in each other (ep) lies. */
static unsigned depth_above(struct epoll *ep)
{
    if (ep->walk == walk_number)
        return ep->depth;
    ep->walk = walk_number;
    ep->depth = 0;
    for_each_item(i, ep->file)
    {
        ep->depth = (unsigned)max_size(ep->depth, 1 + depth_above(i->ep));
    }
    return ep->depth;
}

/* Whether (inner) may become an item of (ep). */
static bool may_nest(struct epoll *ep, struct epoll *inner)
{
    walk_number++;
    unsigned below = depth_below(inner, ep);
    walk_number++;
    return below + 1 + depth_above(ep) <= DEPTH_MAX;
}

static int item_add(struct epoll *ep, struct file *target, int fd, const struct epoll_event *event)
{
    struct epoll_item *item = heap_alloc(sizeof(*item));
    struct wait_queue *q = NULL;

    if (!item)
        return -ENOMEM;
    item->ep = ep;
    item->fd = fd;
    item->events = event->events | ALWAYS;
    item->data = event->data.u64;
    list_init(&item->ready);
    list_init(&item->node);
    list_insert(&ep->items, &item->node);
    watch_add(&item->watch, target, item_gone);
    bool ready = (uint32_t)target->ops->poll(target, &q) & item->events;
    if (q) {
        wait_add(q, &item->watch.waiter, item_woken);
        if (q->external)
            count_external(ep, 1);
    }
    if (ready)
        make_ready(item);
    return 0;
}

static struct epoll_item *item_find(const struct epoll *ep, const struct file *target, int fd)
{
    for_each_item(item, target)
    {
        if (item->ep == ep && item->fd == fd)
            return item;
    }
    return NULL;
}

static int item_modify(struct epoll_item *item, const struct epoll_event *event)
{
    if (item->events & EPOLLEXCLUSIVE)
        return -EINVAL;
    item->events = event->events | ALWAYS;
    item->data = event->data.u64;
    if (look(item))
        make_ready(item);
    return 0;
}

/* What Linux finds wrong with the call before it looks for the item. */
static int check(struct file *f, int op, const struct file *target, const struct epoll_event *event)
{
    if (!target->ops->poll)
        return -EPERM;
    if (f == target || !is_epoll(f))
        return -EINVAL;
    if (op != EPOLL_CTL_DEL && event->events & EPOLLEXCLUSIVE) {
        if (op == EPOLL_CTL_MOD)
            return -EINVAL;
        if (op == EPOLL_CTL_ADD && (is_epoll(target) || event->events & ~(uint32_t)EXCLUSIVE))
            return -EINVAL;
    }
    if (op == EPOLL_CTL_ADD && is_epoll(target) && !may_nest(epoll_of(f), epoll_of(target)))
        return -ELOOP;
    return 0;
}

int epoll_change(struct file *f, int op, struct file *target, int fd,
                 const struct epoll_event *event)
{
    int err = check(f, op, target, event);

    if (err)
        return err;
    struct epoll *ep = epoll_of(f);
    struct epoll_item *item = item_find(ep, target, fd);
    switch (op) {
    case EPOLL_CTL_ADD:
        return item ? -EEXIST : item_add(ep, target, fd, event);
    case EPOLL_CTL_MOD:
        return item ? item_modify(item, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!item)
            return -ENOENT;
        item_remove(item);
        return 0;
    default:
        return -EINVAL;
    }
}

/* Tells of at most (max) ready items, in order. To look at a file may wake its items: what comes of
 * it is part of what was seen. Those that were not looked at stay in front. */
static int scan(struct epoll *ep, struct epoll_event *events, int max)
{
    struct list todo;
    int n = 0;

    list_init(&todo);
    list_splice(&todo, &ep->ready);
    while (n < max && !list_empty(&todo)) {
        struct epoll_item *item = list_entry(todo.next, struct epoll_item, ready);
        list_remove(&item->ready);
        uint32_t bits = look(item);
        list_remove(&item->ready);
        if (!bits)
            continue;
        if (!user_writable(&events[n], sizeof(*events))) {
            list_insert(todo.next, &item->ready);
            n = n > 0 ? n : -EFAULT;
            break;
        }
        events[n].events = bits;
        events[n].data.u64 = item->data;
        n++;
        if (item->events & EPOLLONESHOT)
            item->events &= HOW;
        else if (!(item->events & EPOLLET))
            list_insert(&ep->ready, &item->ready);
    }
    list_splice(ep->ready.next, &todo);
    return n;
}

int epoll_collect(struct file *f, struct epoll_event *events, int max, nsec_t deadline)
{
    struct epoll *ep = epoll_of(f);
    int n, err = 0;

    while ((n = scan(ep, events, max)) == 0 && err != -ETIMEDOUT) {
        if (deadline == DEADLINE_NOW) {
            wait_look(ep->externals > 0);
            err = -ETIMEDOUT;
        } else {
            err = wait_sleep(&ep->sleepers, deadline, "epoll_wait");
        }
        if (err == -EINTR)
            return -EINTR;
    }
    if (!list_empty(&ep->ready))
        wait_wake_one(&ep->sleepers);
    return n;
}

/* Readable if an item on the list of ready ones still is. */
static int set_poll(struct file *f, struct wait_queue **q)
{
    struct epoll *ep = epoll_of(f);

    *q = &ep->pollers;
    while (!list_empty(&ep->ready)) {
        struct epoll_item *item = list_entry(ep->ready.next, struct epoll_item, ready);
        if (look(item))
            return POLLIN | POLLRDNORM;
        list_remove(&item->ready);
    }
    return 0;
}

static void set_release(struct file *f)
{
    struct epoll *ep = epoll_of(f);

    while (!list_empty(&ep->items))
        item_remove(list_entry(ep->items.next, struct epoll_item, node));
    heap_free(ep, sizeof(*ep));
    file_free(f);
}

const struct file_ops epoll_ops = {
    .poll = set_poll,
    .release = set_release,
    .name = "anon_inode:[eventpoll]",
};

void epoll_look(const struct file *f, void *arg,
                void (*each)(void *arg, int fd, const struct file *target, uint32_t events,
                             uint64_t data))
{
    if (!is_epoll(f))
        return;
    list_for_each(node, &epoll_of(f)->items)
    {
        const struct epoll_item *i = list_entry(node, struct epoll_item, node);
        each(arg, i->fd, i->watch.file, i->events, i->data);
    }
}

struct file *epoll_new(void)
{
    struct epoll *ep = heap_alloc(sizeof(*ep));
    struct file *f = file_anonymous(&epoll_ops, ep, O_RDWR);

    if (!f) {
        heap_free(ep, sizeof(*ep));
        return NULL;
    }
    list_init(&ep->items);
    list_init(&ep->ready);
    ep->file = f;
    return f;
}
