/* SPDX-License-Identifier: MIT
 *
 * The system calls on user and group ids. They follow Linux's rules for a process that starts as
 * root, so that programs can give up root and see that it is gone. They are the calling thread's;
 * libc makes them all threads' (creds.h). */
#include <errno.h>
#include <string.h>

#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/creds.h"

#define GROUPS_MAX 65536

#define KEEP ((uint32_t)-1)

static bool owns(const struct ids *i, uint32_t id)
{
    return id == i->real || id == i->effective || id == i->saved;
}

long pith_sys_getuid(void)
{
    return cred_current().uid;
}

long pith_sys_geteuid(void)
{
    return cred_current().euid;
}

long pith_sys_getgid(void)
{
    return cred_current().gid;
}

long pith_sys_getegid(void)
{
    return cred_current().egid;
}

/* The ids that a call is about. */
static struct ids *which(struct creds *c, bool users)
{
    return users ? &c->user : &c->group;
}

static struct ids current(bool users)
{
    const struct creds *c = creds_of(thread_self);

    return users ? c->user : c->group;
}

/* Makes (n) the calling thread's ids. 0, -ENOMEM. */
static long set(bool users, const struct ids *n)
{
    struct creds *c = creds_change();

    if (!c)
        return -ENOMEM;
    struct ids before = *which(c, users);
    *which(c, users) = *n;
    if (users)
        creds_adjust(c, &before);
    return 0;
}

static bool may_set_any(bool users)
{
    return cred_may(users ? CAP_SETUID : CAP_SETGID);
}

/* setuid and setgid: root sets all, others the effective id to one that they have. */
static long set_one(bool users, uint32_t id)
{
    struct ids n = current(users);

    if (id == KEEP)
        return -EINVAL;
    if (may_set_any(users))
        n.real = n.saved = id;
    else if (id != n.real && id != n.saved)
        return -EPERM;
    n.effective = n.fs = id;
    return set(users, &n);
}

long pith_sys_setuid(long id)
{
    HOLD;
    return set_one(true, (uint32_t)id);
}

long pith_sys_setgid(long id)
{
    HOLD;
    return set_one(false, (uint32_t)id);
}

static long set_real_effective(bool users, uint32_t real, uint32_t effective)
{
    struct ids was = current(users), n = was;
    bool any = may_set_any(users);

    if (real != KEEP) {
        if (!any && real != was.real && real != was.effective)
            return -EPERM;
        n.real = real;
    }
    if (effective != KEEP) {
        if (!any && !owns(&was, effective))
            return -EPERM;
        n.effective = effective;
    }
    if (real != KEEP || (effective != KEEP && effective != was.real))
        n.saved = n.effective;
    n.fs = n.effective;
    return set(users, &n);
}

long pith_sys_setreuid(long real, long effective)
{
    HOLD;
    return set_real_effective(true, (uint32_t)real, (uint32_t)effective);
}

long pith_sys_setregid(long real, long effective)
{
    HOLD;
    return set_real_effective(false, (uint32_t)real, (uint32_t)effective);
}

static long set_all(bool users, uint32_t real, uint32_t effective, uint32_t saved)
{
    struct ids n = current(users);

    if (!may_set_any(users) &&
        ((real != KEEP && !owns(&n, real)) || (effective != KEEP && !owns(&n, effective)) ||
         (saved != KEEP && !owns(&n, saved))))
        return -EPERM;
    if (real != KEEP)
        n.real = real;
    if (effective != KEEP)
        n.effective = effective;
    if (saved != KEEP)
        n.saved = saved;
    n.fs = n.effective;
    return set(users, &n);
}

long pith_sys_setresuid(long real, long effective, long saved)
{
    HOLD;
    return set_all(true, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

long pith_sys_setresgid(long real, long effective, long saved)
{
    HOLD;
    return set_all(false, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

static long give(long result, uint32_t id)
{
    if (!user_writable((void *)result, sizeof(id)))
        return -EFAULT;
    *(uint32_t *)result = id;
    return 0;
}

static long give_all(bool users, long real, long effective, long saved)
{
    struct ids i = current(users);
    long err = give(real, i.real);

    if (!err)
        err = give(effective, i.effective);
    return err ? err : give(saved, i.saved);
}

long pith_sys_getresuid(long real, long effective, long saved)
{
    HOLD;
    return give_all(true, real, effective, saved);
}

long pith_sys_getresgid(long real, long effective, long saved)
{
    HOLD;
    return give_all(false, real, effective, saved);
}

/* These answer what was set before, and say nothing of errors. */
static long set_fs(bool users, uint32_t id)
{
    struct ids was = current(users);

    if (id == KEEP || id == was.fs || !(may_set_any(users) || owns(&was, id)))
        return was.fs;
    struct creds *c = creds_change();
    if (!c)
        return was.fs;
    which(c, users)->fs = id;
    if (users)
        creds_adjust_files(c, was.fs);
    return was.fs;
}

long pith_sys_setfsuid(long id)
{
    HOLD;
    return set_fs(true, (uint32_t)id);
}

long pith_sys_setfsgid(long id)
{
    HOLD;
    return set_fs(false, (uint32_t)id);
}

long pith_sys_getgroups(long size, long list)
{
    HOLD;
    const struct creds *c = creds_of(thread_self);
    size_t len = c->group_count * sizeof(gid_t);

    if ((int)size < 0 || (size != 0 && (unsigned)size < c->group_count))
        return -EINVAL;
    if (size != 0 && !user_writable((void *)list, len))
        return -EFAULT;
    if (size != 0 && len)
        memcpy((void *)list, c->groups, len);
    return c->group_count;
}

static void sort(gid_t *g, unsigned n)
{
    for (unsigned gap = n / 2; gap > 0; gap /= 2) {
        for (unsigned i = gap; i < n; i++) {
            gid_t next = g[i];
            unsigned at = i;
            for (; at >= gap && g[at - gap] > next; at -= gap)
                g[at] = g[at - gap];
            g[at] = next;
        }
    }
}

long pith_sys_setgroups(long count, long list)
{
    HOLD;
    const gid_t *from = (const gid_t *)list;
    unsigned n = (unsigned)count;
    size_t len = n * sizeof(*from);

    if (!cred_may(CAP_SETGID))
        return -EPERM;
    if (n > GROUPS_MAX)
        return -EINVAL;
    if (!user_readable(from, len))
        return -EFAULT;
    for (unsigned i = 0; i < n; i++)
        if (from[i] == KEEP)
            return -EINVAL;
    gid_t *groups = n ? heap_alloc(len) : NULL;
    struct creds *c = !n || groups ? creds_change() : NULL;
    if (!c) {
        heap_free(groups, len);
        return -ENOMEM;
    }
    if (n)
        memcpy(groups, from, len);
    sort(groups, n);
    heap_free(c->groups, c->group_count * sizeof(gid_t));
    c->groups = groups;
    c->group_count = n;
    return 0;
}
