/* SPDX-License-Identifier: MIT
 *
 * Leases: F_SETLEASE, F_GETLEASE (fcntl(2)). A lease belongs to an open file and goes with it. Who
 * opens the file against it sends the owner of the open file (async.c) a signal, and waits until
 * the lease is given up or lowered, or its time is over.
 *
 * Part of images whose program names the command (docs/decisions/0061). */
#include <poll.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "posix/async.h"
#include "posix/files.h"
#include "posix/lease.h"
#include "vfs/watch.h"

/* Linux's /proc/sys/fs/lease-break-time. */
#define BREAK_TIME (45 * NSEC_PER_SEC)

struct lease {
    struct file_watch watch;
    struct lease *next;
    int type;     /* F_RDLCK, F_WRLCK */
    int target;   /* what it is to become; the same as (type): it stays */
    nsec_t until; /* when it becomes that by itself */
    int fd;       /* by which it was taken */
};

/* Named by libc's fcntl, so that the linker finds this file. */
const void *const lease_parts[] = {(const void *)lease_control};

static struct lease *leases;
static struct wait_queue given_up;

static void lease_gone(struct file_watch *w)
{
    struct lease *l = container_of(w, struct lease, watch), **link = &leases;

    while (*link != l)
        link = &(*link)->next;
    *link = l->next;
    watch_remove(w);
    heap_free(l, sizeof(*l));
    wait_wake(&given_up);
}

/* (type) is F_UNLCK: the lease is gone afterwards, and with it, as on Linux, the owner of the file.
 */
static void become(struct lease *l, int type)
{
    if (type == F_UNLCK) {
        async_disown(l->watch.file);
        lease_gone(&l->watch);
        return;
    }
    l->type = l->target = type;
    wait_wake(&given_up);
}

static struct lease *lease_of(const struct file *f)
{
    struct lease *l = leases;

    while (l && l->watch.file != f)
        l = l->next;
    return l;
}

/* Whether another open file than (f) of its inode is in the way of a lease: one that writes, or
 * with (all) any. */
static bool is_open_elsewhere(const struct file *f, bool all)
{
    for (unsigned fd = 0; fd < fd_table.size; fd++) {
        const struct file *other = fd_table.files[fd];
        if (other && other != f && other->inode == f->inode && !(other->flags & O_PATH) &&
            (all || file_writes(other)))
            return true;
    }
    return false;
}

/* Whether (f) may have a lease of (type) beside those that there are. 0; -EAGAIN. */
static int check_others(const struct file *f, int type)
{
    if (type == F_RDLCK ? file_writes(f) || is_open_elsewhere(f, false)
                        : is_open_elsewhere(f, true))
        return -EAGAIN;
    for (const struct lease *l = leases; l; l = l->next)
        if (l->watch.file != f && l->watch.file->inode == f->inode &&
            (type == F_WRLCK || l->target == F_UNLCK))
            return -EAGAIN;
    return 0;
}

static long set_lease(struct file *f, long fd, int type)
{
    struct lease *l = lease_of(f);

    if (f->inode && may_as_owner(f->inode) != 0)
        return -EACCES;
    if (!f->inode || !S_ISREG(f->inode->mode) ||
        (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK))
        return -EINVAL;
    int err = type == F_UNLCK ? (l ? 0 : -EAGAIN) : check_others(f, type);
    if (err)
        return err;
    if (!l) {
        l = heap_alloc(sizeof(*l));
        if (!l || async_own(f) != 0) {
            heap_free(l, sizeof(*l));
            return -ENOMEM;
        }
        watch_add(&l->watch, f, lease_gone);
        l->fd = (int)fd;
        l->next = leases;
        leases = l;
    }
    become(l, type);
    return 0;
}

/* What is to have been given up by now is. */
static void end_late(void)
{
    for (struct lease *l = leases, *next; l; l = next) {
        next = l->next;
        if (l->target != l->type && clock_monotonic() >= l->until)
            become(l, l->target);
    }
}

long lease_control(struct file *f, long fd, int command, long arg)
{
    end_late();
    const struct lease *l = lease_of(f);

    if (command == F_GETLEASE)
        return l ? l->target : F_UNLCK;
    return set_lease(f, fd, (int)arg);
}

/* Asks the first lease that is in the way of an open that reads, or with (writes) writes, and is
 * not asked yet. Returns when the last of those asked ends by itself, 0: none is in the way. */
static nsec_t ask(const struct inode *inode, bool writes)
{
    int target = writes ? F_UNLCK : F_RDLCK;
    nsec_t last = 0;

    for (struct lease *l = leases; l; l = l->next) {
        if (l->watch.file->inode != inode || (!writes && l->type == F_RDLCK))
            continue;
        if (l->target != target && l->target != F_UNLCK) {
            l->target = target;
            l->until = clock_monotonic() + BREAK_TIME;
            async_tell(l->watch.file, l->fd, POLL_MSG, POLLIN | POLLRDNORM | POLLMSG);
        }
        last = l->until > last ? l->until : last;
    }
    return last;
}

int lease_break(struct inode *inode, unsigned flags)
{
    nsec_t until;
    int err = 0;

    inode_hold(inode);
    while (!err && (until = ask(inode, (flags & O_ACCMODE) != O_RDONLY)) != 0) {
        if (flags & O_NONBLOCK)
            err = -EAGAIN;
        else
            err = wait_sleep(&given_up, until, "open of a file with a lease");
        if (err == -ETIMEDOUT)
            err = 0;
        end_late();
    }
    inode_put(inode);
    return err;
}
