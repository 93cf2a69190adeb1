/* SPDX-License-Identifier: MIT
 *
 * Locks on files. The locks of an inode are two lists, made with the first lock and freed with the
 * last. Ranges of one owner never overlap, and those of one type never touch: a new one is merged
 * with its like and cuts the others. What a change needs is allocated before anything is changed.
 */
#include <errno.h>
#include <sys/file.h>

#include "iface/signal.h"
#include "mm/heap.h"
#include "vfs/lock.h"

struct lock_range {
    struct list link;
    struct file *owner; /* NULL: the process */
    short type;         /* F_RDLCK, F_WRLCK */
    off_t start, last;  /* inclusive */
};

struct lock_whole {
    struct list link;
    struct file *owner;
    bool exclusive;
};

#define OWN_PID 1

static void drop_state(struct inode *inode)
{
    struct inode_locks *locks = inode->locks;

    if (list_empty(&locks->ranges) && list_empty(&locks->whole) && locks->waiters == 0) {
        heap_free(locks, sizeof *locks);
        inode->locks = NULL;
    }
}

static void free_range(struct lock_range *r)
{
    list_remove(&r->link);
    heap_free(r, sizeof *r);
}

static void free_whole(struct lock_whole *w)
{
    list_remove(&w->link);
    heap_free(w, sizeof *w);
}

static void owner_gone(struct inode *inode, struct file *owner)
{
    struct inode_locks *locks = inode->locks;
    struct list *next;

    for (struct list *pos = locks->ranges.next; pos != &locks->ranges; pos = next) {
        struct lock_range *r = list_entry(pos, struct lock_range, link);
        next = pos->next;
        if (r->owner == owner)
            free_range(r);
    }
    for (struct list *pos = locks->whole.next; pos != &locks->whole; pos = next) {
        struct lock_whole *w = list_entry(pos, struct lock_whole, link);
        next = pos->next;
        if (w->owner == owner)
            free_whole(w);
    }
    wait_wake(&locks->wait);
    drop_state(inode);
}

static int make_state(struct inode *inode)
{
    if (inode->locks)
        return 0;
    struct inode_locks *locks = heap_alloc(sizeof *locks);
    if (!locks)
        return -ENOMEM;
    list_init(&locks->ranges);
    list_init(&locks->whole);
    locks->closed = owner_gone;
    inode->locks = locks;
    return 0;
}

/* Sleeps until the locks of (inode) change. 0; -EINTR. */
static int wait_for_change(struct inode *inode)
{
    struct inode_locks *locks = inode->locks;

    locks->waiters++;
    int err = wait_sleep(&locks->wait, DEADLINE_NEVER, "wait for a lock on a file");
    locks->waiters--;
    return err == -EINTR && signal_restarts() ? 0 : err;
}

/* The first and last byte of (fl). */
static void bounds(const struct flock *fl, off_t *start, off_t *last)
{
    *start = fl->l_start;
    *last = fl->l_len ? fl->l_start + (fl->l_len - 1) : INT64_MAX;
}

/* A lock that keeps (owner) from having [start, last] with (type), or NULL. */
static struct lock_range *in_the_way(struct inode_locks *locks, struct file *owner, short type,
                                     off_t start, off_t last)
{
    list_for_each(pos, &locks->ranges)
    {
        struct lock_range *r = list_entry(pos, struct lock_range, link);
        if (r->owner != owner && r->start <= last && r->last >= start &&
            (type == F_WRLCK || r->type == F_WRLCK))
            return r;
    }
    return NULL;
}

void lock_get(struct inode *inode, struct file *owner, struct flock *fl)
{
    struct lock_range *r = NULL;
    off_t start, last;

    bounds(fl, &start, &last);
    if (inode->locks)
        r = in_the_way(inode->locks, owner, fl->l_type, start, last);
    if (!r) {
        fl->l_type = F_UNLCK;
        return;
    }
    fl->l_type = r->type;
    fl->l_whence = SEEK_SET;
    fl->l_start = r->start;
    fl->l_len = r->last == INT64_MAX ? 0 : r->last - r->start + 1;
    fl->l_pid = r->owner ? -1 : OWN_PID;
}

/* Takes [start, last] out of (r). (*spare) is used for the second part where two are left. */
static void cut(struct lock_range *r, off_t start, off_t last, struct lock_range **spare)
{
    if (r->start < start && r->last > last) {
        struct lock_range *tail = *spare;
        *spare = NULL;
        tail->owner = r->owner;
        tail->type = r->type;
        tail->start = last + 1;
        tail->last = r->last;
        list_insert(r->link.next, &tail->link);
        r->last = start - 1;
    } else if (r->start < start) {
        r->last = start - 1;
    } else if (r->last > last) {
        r->start = last + 1;
    } else {
        free_range(r);
    }
}

/* Puts (fresh), with its bounds and type set, among the ranges of its owner; with F_UNLCK it only
 * cuts. Returns whether (fresh) is in use. */
static bool apply(struct inode_locks *locks, struct lock_range *fresh, struct lock_range **spare)
{
    struct list *next;

    for (struct list *pos = locks->ranges.next; pos != &locks->ranges; pos = next) {
        struct lock_range *r = list_entry(pos, struct lock_range, link);
        next = pos->next;
        if (r->owner != fresh->owner)
            continue;
        bool overlaps = r->start <= fresh->last && r->last >= fresh->start;
        bool touches = (r->last != INT64_MAX && r->last + 1 == fresh->start) ||
                       (fresh->last != INT64_MAX && fresh->last + 1 == r->start);
        if (r->type == fresh->type && (overlaps || touches)) {
            fresh->start = r->start < fresh->start ? r->start : fresh->start;
            fresh->last = r->last > fresh->last ? r->last : fresh->last;
            free_range(r);
        } else if (overlaps) {
            cut(r, fresh->start, fresh->last, spare);
        }
    }
    if (fresh->type == F_UNLCK)
        return false;
    list_insert(&locks->ranges, &fresh->link);
    return true;
}

int lock_set(struct inode *inode, struct file *owner, const struct flock *fl, bool wait)
{
    off_t start, last;
    int err = make_state(inode);

    if (err)
        return err;
    bounds(fl, &start, &last);
    while (fl->l_type != F_UNLCK && in_the_way(inode->locks, owner, fl->l_type, start, last)) {
        err = wait ? wait_for_change(inode) : -EAGAIN;
        if (err) {
            drop_state(inode);
            return err;
        }
    }
    struct lock_range *fresh = heap_alloc(sizeof *fresh), *spare = heap_alloc(sizeof *spare);
    bool used = false;
    if (!fresh || !spare) {
        err = -ENOMEM;
    } else {
        *fresh =
            (struct lock_range){.owner = owner, .type = fl->l_type, .start = start, .last = last};
        used = apply(inode->locks, fresh, &spare);
        wait_wake(&inode->locks->wait);
    }
    if (!used)
        heap_free(fresh, sizeof *fresh);
    heap_free(spare, sizeof *spare);
    drop_state(inode);
    return err;
}

/* The flock of (owner), or of another one that excludes (exclusive) or shared. */
static struct lock_whole *find_whole(struct inode_locks *locks, struct file *owner, bool own,
                                     bool exclusive)
{
    list_for_each(pos, &locks->whole)
    {
        struct lock_whole *w = list_entry(pos, struct lock_whole, link);
        if (own ? w->owner == owner : w->owner != owner && (exclusive || w->exclusive))
            return w;
    }
    return NULL;
}

int lock_whole(struct inode *inode, struct file *owner, int op)
{
    bool exclusive = (op & ~LOCK_NB) == LOCK_EX;
    int err = make_state(inode);

    if (err)
        return err;
    struct lock_whole *w = find_whole(inode->locks, owner, true, false);
    bool wanted = (op & ~LOCK_NB) != LOCK_UN;
    if (w && wanted && w->exclusive == exclusive)
        return 0;
    /* A change of type gives the old lock up first: others may come between (flock(2)). */
    if (w) {
        free_whole(w);
        wait_wake(&inode->locks->wait);
    }
    while (!err && wanted && find_whole(inode->locks, owner, false, exclusive))
        err = op & LOCK_NB ? -EWOULDBLOCK : wait_for_change(inode);
    if (!err && wanted) {
        w = heap_alloc(sizeof *w);
        if (w) {
            w->owner = owner;
            w->exclusive = exclusive;
            list_insert(&inode->locks->whole, &w->link);
        } else {
            err = -ENOLCK;
        }
    }
    drop_state(inode);
    return err;
}
