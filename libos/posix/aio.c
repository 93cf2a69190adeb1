/* SPDX-License-Identifier: MIT
 *
 * Linux's asynchronous input and output (io_submit(2)), as libaio uses it. All that is asked for
 * is done by the time io_submit returns, as on Linux where files are in memory, but for waiting
 * until a file is ready (IOCB_CMD_POLL); what is asynchronous is how it is told. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/aio.h"
#include "posix/io.h"
#include "posix/mask.h"
#include "posix/timespec.h"
#include "vfs/watch.h"

LINKS(console_poll);

/* Of Linux (linux/aio_abi.h), which libc has no header for. */
enum { PREAD, PWRITE, FSYNC, FDSYNC, POLL = 5, NOOP, PREADV, PWRITEV };

#define FLAG_EVENTFD 1u
#define EVENTS_MAX   65536u /* of all contexts: /proc/sys/fs/aio-max-nr */
#define EVENTS_LEAST 64u    /* of one: Linux gives more than was asked for, too */

struct iocb {
    uint64_t data;
    uint32_t key, rw_flags;
    uint16_t opcode;
    int16_t priority;
    uint32_t fd;
    uint64_t buf, nbytes;
    int64_t offset;
    uint64_t reserved;
    uint32_t flags, event_fd;
};

struct event {
    uint64_t data, iocb;
    int64_t result, result2;
};

_Static_assert(sizeof(struct iocb) == 64 && sizeof(struct event) == 32, "as Linux's");

/* As Linux has it at the address that is the context's number: libaio looks there, and others take
 * events from it themselves, so (head) may be anything. */
struct ring {
    uint32_t id, size, head, tail;
    uint32_t magic, compatible, incompatible, header;
    struct event events[];
};

#define RING_MAGIC 0xa10a10a1u

#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct context {
    unsigned asked; /* events, of io_setup */
    unsigned users; /* calls that are inside, and io_setup */
    bool gone;
    struct context *next;
    struct wait_queue wait;
    struct poll *polls;
    unsigned poll_count;
    struct ring ring;
};

/* A file that is waited for; if it goes, so does this. */
struct poll {
    struct file_watch watch;
    struct context *context;
    struct poll *next;
    struct iocb *where;
    uint64_t data;
    unsigned wanted;    /* POLL* */
    struct file *event; /* an eventfd, held, or NULL */
};

static struct context *contexts;
static unsigned all_asked;

static struct context *find(long id)
{
    struct context *c = contexts;

    while (c && (long)&c->ring != id)
        c = c->next;
    return c;
}

static void drop(struct context *c)
{
    if (--c->users == 0)
        heap_free(c, sizeof(*c) + c->ring.size * sizeof(struct event));
}

long pith_sys_io_setup(long events, long id)
{
    HOLD;
    unsigned asked = (unsigned)events, size;

    if (!user_writable((void *)id, sizeof(long)))
        return -EFAULT;
    if (*(long *)id || asked == 0 || asked > INT_MAX / sizeof(struct event))
        return -EINVAL;
    if (asked > EVENTS_MAX - all_asked)
        return -EAGAIN;
    size = (asked > EVENTS_LEAST ? asked : EVENTS_LEAST) + 1; /* a ring is never full */
    struct context *c = heap_alloc(sizeof(*c) + size * sizeof(struct event));
    if (!c)
        return -ENOMEM;
    memset(c, 0, sizeof(*c));
    c->asked = asked;
    c->ring = (struct ring){
        .size = size, .magic = RING_MAGIC, .compatible = 1, .header = sizeof(struct ring)};
    c->users = 1;
    c->next = contexts;
    contexts = c;
    all_asked += asked;
    *(long *)id = (long)&c->ring;
    return 0;
}

static unsigned events_in(const struct context *c)
{
    const struct ring *r = &c->ring;

    return (r->tail + r->size - r->head % r->size) % r->size;
}

static void tell(struct context *c, uint64_t data, const struct iocb *where, long result,
                 struct file *event)
{
    struct ring *r = &c->ring;

    r->events[r->tail % r->size] = (struct event){
        .data = data,
        .iocb = (uint64_t)where,
        .result = result,
    };
    r->tail = (r->tail + 1) % r->size;
    wait_wake(&c->wait);
    if (event)
        eventfd_add(event);
}

static void poll_end(struct poll *p)
{
    struct context *c = p->context;
    struct poll **link = &c->polls;

    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    c->poll_count--;
    watch_remove(&p->watch);
    if (p->event)
        file_put(p->event);
    heap_free(p, sizeof(*p));
}

static void poll_gone(struct file_watch *w)
{
    poll_end(container_of(w, struct poll, watch));
}

/* Ends (p) as an event, in this order: the file and the eventfd may be the same. */
static void poll_tell(struct poll *p, long result)
{
    const struct poll was = *p;

    if (was.event)
        file_hold(was.event);
    poll_end(p);
    tell(was.context, was.data, was.where, result, was.event);
    if (was.event)
        file_put(was.event);
}

static void poll_woken(struct waiter *w)
{
    struct poll *p = container_of(w, struct poll, watch.waiter);
    struct file *f = p->watch.file;
    struct wait_queue *q = w->queue;
    unsigned has = q->events;

    /* As on Linux, what has come is told as the wake says it, wanted or not; ends are looked up. */
    if (has == 0 || has & (POLLERR | POLLHUP))
        has = (unsigned)f->ops->poll(f, &q) & p->wanted;
    if (!(has & p->wanted))
        return;
    poll_tell(p, has);
}

/* Waits for what (io) says of (f), unless it is there already: 0 and (*result). 1: it waits, and
 * has taken over (event). */
static long poll_start(struct context *c, struct file *f, const struct iocb *io, struct iocb *where,
                       struct file *event, long *result)
{
    unsigned wanted = (unsigned)io->buf | POLLERR | POLLHUP;
    struct wait_queue *q;

    if (io->buf > UINT16_MAX || io->nbytes || io->offset || io->rw_flags)
        return -EINVAL;
    *result = (f->ops->poll ? f->ops->poll(f, &q) : ALWAYS_READY) & (int)wanted;
    if (*result)
        return 0;
    struct poll *p = heap_alloc(sizeof(*p));
    if (!p)
        return -EAGAIN;
    p->context = c;
    p->where = where;
    p->data = io->data;
    p->wanted = wanted;
    p->event = event;
    p->next = c->polls;
    c->polls = p;
    c->poll_count++;
    if (q->external)
        c->wait.external = true;
    watch_add(&p->watch, f, poll_gone);
    wait_add(q, &p->watch.waiter, poll_woken);
    return 1;
}

long pith_sys_io_destroy(long id)
{
    HOLD;
    struct context *c = find(id), **at = &contexts;

    if (!c)
        return -EINVAL;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    all_asked -= c->asked;
    while (c->polls)
        poll_end(c->polls);
    c->gone = true;
    wait_wake(&c->wait);
    drop(c);
    return 0;
}

/* 0, with the result of the transfer in *result; or why it cannot be begun. */
static long move(struct file *f, const struct iocb *io, bool write, long *result)
{
    transfer_fn fn = mover(f, write);
    uint64_t pos = (uint64_t)io->offset;
    struct iovec one = {(void *)io->buf, io->nbytes};
    bool vector = io->opcode == PREADV || io->opcode == PWRITEV;

    if (!fn)
        return -EBADF;
    if (fn == no_transfer || io->offset < 0 || (f->inode && S_ISDIR(f->inode->mode)))
        return -EINVAL;
    long err = vector ? vector_check((const struct iovec *)io->buf, (long)io->nbytes, false)
               : user_range((long)io->buf, io->nbytes) ? 0
                                                       : -EFAULT;
    if (err)
        return err;
    if (io->rw_flags) {
        const struct iovec *parts = vector ? (const struct iovec *)io->buf : &one;
        long n = vector ? (long)io->nbytes : 1;
        long fd = (int)io->fd, at = (long)pos, flags = io->rw_flags;
        *result = write ? pith_sys_pwritev2(fd, (long)parts, n, at, 0, flags)
                        : pith_sys_preadv2(fd, (long)parts, n, at, 0, flags);
        return *result == -EOPNOTSUPP || *result == -EINVAL ? *result : 0;
    }
    *result = vector ? transfer_vector(f, fn, (long)io->buf, (long)io->nbytes, &pos, write)
                     : transfer_one(f, fn, (long)io->buf, (long)io->nbytes, &pos, write);
    return 0;
}

static long perform(struct file *f, const struct iocb *io, long *result)
{
    switch (io->opcode) {
    case PREAD:
    case PREADV:
        return move(f, io, false, result);
    case PWRITE:
    case PWRITEV:
        return move(f, io, true, result);
    case FSYNC:
    case FDSYNC:
        if (io->buf || io->nbytes || io->offset || io->rw_flags)
            return -EINVAL;
        if (!f->ops->fsync)
            return -EINVAL;
        *result = f->ops->fsync(f);
        return 0;
    default:
        return -EINVAL;
    }
}

static long submit_one(struct context *c, struct iocb *where)
{
    struct iocb io;
    struct file *event = NULL;
    long result = 0;

    if (!user_readable(where, sizeof(io)))
        return -EFAULT;
    io = *where;
    if (io.reserved || io.nbytes > (uint64_t)SSIZE_MAX)
        return -EINVAL;
    if (events_in(c) + c->poll_count >= c->ring.size - 1)
        return -EAGAIN;
    struct file *f = fd_get((int)io.fd);
    if (!f || f->flags & O_PATH)
        return -EBADF;
    if (io.flags & FLAG_EVENTFD) {
        event = fd_get((int)io.event_fd);
        if (!event)
            return -EBADF;
        if (!eventfd_is || !eventfd_is(event))
            return -EINVAL;
    }
    if (!user_writable(&where->key, sizeof(where->key)))
        return -EFAULT;
    where->key = 0;
    if (event)
        file_hold(event);
    file_hold(f);
    long err =
        io.opcode == POLL ? poll_start(c, f, &io, where, event, &result) : perform(f, &io, &result);
    file_put(f);
    if (err > 0)
        return 0;
    if (!err)
        tell(c, io.data, where, result, event);
    if (event)
        file_put(event);
    return err;
}

long pith_sys_io_submit(long id, long n, long list)
{
    HOLD;
    struct context *c = find(id);
    struct iocb **iocbs = (struct iocb **)list;
    long done = 0, err = 0;

    if (!c || n < 0)
        return -EINVAL;
    n = n < c->ring.size ? n : c->ring.size;
    c->users++;
    for (; done < n && !c->gone; done++) {
        err = user_readable(&iocbs[done], sizeof(*iocbs)) ? submit_one(c, iocbs[done]) : -EFAULT;
        if (err)
            break;
    }
    drop(c);
    return done > 0 ? done : err;
}

/* As many as there are now, at most (max). -EFAULT. */
static long take(struct context *c, struct event *to, long max)
{
    struct ring *r = &c->ring;
    long done = 0;

    for (; done < max && events_in(c) > 0; done++) {
        if (!user_writable(&to[done], sizeof(*to)))
            return done > 0 ? done : -EFAULT;
        to[done] = r->events[r->head % r->size];
        r->head = (r->head % r->size + 1) % r->size;
    }
    return done;
}

static long get_events(long id, long min, long max, struct event *to, nsec_t deadline)
{
    struct context *c = find(id);
    long done = 0;

    if (!c || min < 0 || min > max)
        return -EINVAL;
    c->users++;
    for (;;) {
        long r = take(c, to + done, max - done);
        if (r < 0) {
            done = done > 0 ? done : r;
            break;
        }
        done += r;
        if (done >= min || done == max || deadline == DEADLINE_NOW)
            break;
        int err = wait_sleep(&c->wait, deadline, "io_getevents");
        if (c->gone || err) {
            if (done == 0)
                done = c->gone ? -EINVAL : err == -ETIMEDOUT ? 0 : err;
            break;
        }
    }
    drop(c);
    return done;
}

/* 0; -EFAULT. A time before now is now. */
static long deadline_of(const struct timespec *t, nsec_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (!t)
        return 0;
    if (!user_readable(t, sizeof(*t)))
        return -EFAULT;
    nsec_t ns = timespec_valid(t) ? timespec_ns(t) : 0;
    *deadline = ns ? deadline_in(ns) : DEADLINE_NOW;
    return 0;
}

long pith_sys_io_getevents(long id, long min, long max, long events, long timeout)
{
    HOLD;
    nsec_t deadline;
    long err = deadline_of((const struct timespec *)timeout, &deadline);

    return err ? err : get_events(id, min, max, (struct event *)events, deadline);
}

/* (sigmask): a pointer to a set of signals, and its size. */
long pith_sys_io_pgetevents(long id, long min, long max, long events, long timeout, long sigmask)
{
    HOLD;
    struct {
        const uint64_t *set;
        long size;
    } mask = {NULL, 0};
    nsec_t deadline;
    long err = deadline_of((const struct timespec *)timeout, &deadline);

    if (!err && sigmask) {
        if (!user_readable((void *)sigmask, sizeof(mask)))
            return -EFAULT;
        memcpy(&mask, (void *)sigmask, sizeof(mask));
    }
    if (!err)
        err = mask_begin(mask.set, mask.size);
    if (err)
        return err;
    err = get_events(id, min, max, (struct event *)events, deadline);
    mask_end(mask.set);
    return err;
}

/* Only waiting for a file can be cancelled: it is told as an event then. */
long pith_sys_io_cancel(long id, long iocb, long event)
{
    HOLD;
    struct iocb *where = (struct iocb *)iocb;
    struct context *c = find(id);

    (void)event;
    if (!user_readable(where, sizeof(*where)))
        return -EFAULT;
    struct poll *p = c && where->key == 0 ? c->polls : NULL;
    while (p && p->where != where)
        p = p->next;
    if (!p)
        return -EINVAL;
    poll_tell(p, 0);
    return -EINPROGRESS;
}
