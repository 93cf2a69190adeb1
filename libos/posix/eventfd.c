/* SPDX-License-Identifier: MIT
 *
 * eventfd(2): a counter behind a descriptor. */
#include <poll.h>
#include <sys/eventfd.h>

#include "iface/hold.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/aio.h"
#include "posix/files.h"
#include "vfs/fdinfo.h"
#include "vfs/vector.h"

struct event {
    uint64_t count; /* at most UINT64_MAX - 1 */
    bool semaphore; /* a read takes 1, not all */
    struct wait_queue wait;
};

static ssize_t event_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct event *e = f->data;

    (void)pos;
    if (vector_total(iov, n) < sizeof(e->count))
        return -EINVAL;
    while (e->count == 0) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep_vector(&e->wait, iov, n, false, DEADLINE_NEVER, "read of an eventfd");
        if (err)
            return err;
    }
    uint64_t value = e->semaphore ? 1 : e->count;
    e->count -= value;
    vector_put(&(struct vector){iov, 0}, &value, sizeof(value));
    wait_wake_events(&e->wait, POLLOUT);
    return sizeof(value);
}

static ssize_t write_one(struct file *f, const struct iovec *iov)
{
    struct event *e = f->data;
    uint64_t value;

    if (iov->iov_len != sizeof(value))
        return -EINVAL;
    memcpy(&value, iov->iov_base, sizeof(value));
    if (value == UINT64_MAX)
        return -EINVAL;
    while (UINT64_MAX - e->count <= value) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        int err = wait_sleep(&e->wait, DEADLINE_NEVER, "write to an eventfd");
        if (err)
            return err;
    }
    e->count += value;
    wait_wake_events(&e->wait, POLLIN);
    return sizeof(value);
}

/* Each part is a write of its own, as on Linux. */
static ssize_t event_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    ssize_t done = 0, r = 0;

    (void)pos;
    for (int i = 0; i < n && r >= 0; i++) {
        r = write_one(f, &iov[i]);
        if (r > 0)
            done += r;
    }
    return done > 0 ? done : r;
}

static int event_poll(struct file *f, struct wait_queue **q)
{
    struct event *e = f->data;

    *q = &e->wait;
    return (e->count > 0 ? POLLIN : 0) | (e->count < UINT64_MAX - 1 ? POLLOUT : 0);
}

static void event_release(struct file *f)
{
    heap_free(f->data, sizeof(struct event));
    file_free(f);
}

static const struct file_ops event_ops = {
    .readv = event_readv,
    .writev = event_writev,
    .poll = event_poll,
    .release = event_release,
    .name = "anon_inode:[eventfd]",
};

bool eventfd_look(const struct file *f, uint64_t *count, bool *semaphore)
{
    const struct event *e = f->data;

    if (f->ops != &event_ops)
        return false;
    *count = e->count;
    *semaphore = e->semaphore;
    return true;
}

bool eventfd_is(const struct file *f)
{
    return f->ops == &event_ops;
}

void eventfd_add(struct file *f)
{
    struct event *e = f->data;

    e->count += e->count < UINT64_MAX - 1;
    wait_wake_events(&e->wait, POLLIN);
}

long pith_sys_eventfd2(long count, long flags)
{
    HOLD;
    if ((int)flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    struct event *e = heap_alloc(sizeof(*e));
    struct file *f = file_anonymous(&event_ops, e, O_RDWR | ((unsigned)flags & O_NONBLOCK));
    if (!f) {
        heap_free(e, sizeof(*e));
        return -ENOMEM;
    }
    e->count = (unsigned)count;
    e->semaphore = flags & EFD_SEMAPHORE;
    return fd_install_new(f, flags);
}

long pith_sys_eventfd(long count)
{
    HOLD;
    return pith_sys_eventfd2(count, 0);
}
