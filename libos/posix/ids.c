/* SPDX-License-Identifier: MIT
 *
 * The system calls on user and group ids. They follow Linux's rules for a process that starts as
 * root, so that programs can give up root and see that it is gone, and say what the ids then allow.
 */
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "base/base.h"
#include "iface/cred.h"
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"

#define GROUPS_MAX 64

struct ids {
    uint32_t real, effective, saved, fs;
};

static struct ids user, group;
static gid_t groups[GROUPS_MAX];
static int group_count;

#define KEEP ((uint32_t)-1)

static bool is_root(void)
{
    return user.effective == 0;
}

static bool owns(const struct ids *i, uint32_t id)
{
    return id == i->real || id == i->effective || id == i->saved;
}

void cred_get(struct cred *c)
{
    *c = (struct cred){user.real,       user.effective, user.saved, group.real,
                       group.effective, group.saved,    user.fs,    group.fs};
}

/* Whether (gid) is (first) or one of the supplementary groups. */
static bool is_member(gid_t gid, gid_t first)
{
    for (int i = 0; i < group_count; i++)
        if (groups[i] == gid)
            return true;
    return gid == first;
}

bool cred_in_group(gid_t gid)
{
    return is_member(gid, group.fs);
}

/* POSIX, 4.7 "File Access Permissions". With (real), access(2) asks: not as whom files are opened.
 */
bool cred_allows(uid_t owner, gid_t of_group, mode_t mode, unsigned may, bool real)
{
    uint32_t id = real ? user.real : user.fs;

    if (id == 0)
        return !(may & MAY_EXEC) || S_ISDIR(mode) || mode & 0111;
    if (id == owner)
        mode >>= 6;
    else if (is_member(of_group, real ? group.real : group.fs))
        mode >>= 3;
    return (mode & may) == may;
}

long pith_sys_getuid(void)
{
    return user.real;
}

long pith_sys_geteuid(void)
{
    return user.effective;
}

long pith_sys_getgid(void)
{
    return group.real;
}

long pith_sys_getegid(void)
{
    return group.effective;
}

/* setuid and setgid: root sets all, others the effective id to one that they have. */
static long set_one(struct ids *i, uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (is_root())
        i->real = i->saved = id;
    else if (id != i->real && id != i->saved)
        return -EPERM;
    i->effective = i->fs = id;
    return 0;
}

long pith_sys_setuid(long id)
{
    HOLD;
    return set_one(&user, (uint32_t)id);
}

long pith_sys_setgid(long id)
{
    HOLD;
    return set_one(&group, (uint32_t)id);
}

static long set_real_effective(struct ids *i, uint32_t real, uint32_t effective)
{
    struct ids n = *i;

    if (real != KEEP) {
        if (!is_root() && real != i->real && real != i->effective)
            return -EPERM;
        n.real = real;
    }
    if (effective != KEEP) {
        if (!is_root() && !owns(i, effective))
            return -EPERM;
        n.effective = effective;
    }
    if (real != KEEP || (effective != KEEP && effective != i->real))
        n.saved = n.effective;
    n.fs = n.effective;
    *i = n;
    return 0;
}

long pith_sys_setreuid(long real, long effective)
{
    HOLD;
    return set_real_effective(&user, (uint32_t)real, (uint32_t)effective);
}

long pith_sys_setregid(long real, long effective)
{
    HOLD;
    return set_real_effective(&group, (uint32_t)real, (uint32_t)effective);
}

static long set_all(struct ids *i, uint32_t real, uint32_t effective, uint32_t saved)
{
    if (!is_root() &&
        ((real != KEEP && !owns(i, real)) || (effective != KEEP && !owns(i, effective)) ||
         (saved != KEEP && !owns(i, saved))))
        return -EPERM;
    if (real != KEEP)
        i->real = real;
    if (effective != KEEP)
        i->effective = effective;
    if (saved != KEEP)
        i->saved = saved;
    i->fs = i->effective;
    return 0;
}

long pith_sys_setresuid(long real, long effective, long saved)
{
    HOLD;
    return set_all(&user, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

long pith_sys_setresgid(long real, long effective, long saved)
{
    HOLD;
    return set_all(&group, (uint32_t)real, (uint32_t)effective, (uint32_t)saved);
}

static long give(long result, uint32_t id)
{
    if (!user_writable((void *)result, sizeof(id)))
        return -EFAULT;
    *(uint32_t *)result = id;
    return 0;
}

static long give_all(const struct ids *i, long real, long effective, long saved)
{
    long err = give(real, i->real);

    if (!err)
        err = give(effective, i->effective);
    return err ? err : give(saved, i->saved);
}

long pith_sys_getresuid(long real, long effective, long saved)
{
    HOLD;
    return give_all(&user, real, effective, saved);
}

long pith_sys_getresgid(long real, long effective, long saved)
{
    HOLD;
    return give_all(&group, real, effective, saved);
}

/* These answer what was set before, and say nothing of errors. */
static long set_fs(struct ids *i, uint32_t id)
{
    uint32_t before = i->fs;

    if (id != KEEP && (is_root() || owns(i, id) || id == i->fs))
        i->fs = id;
    return before;
}

long pith_sys_setfsuid(long id)
{
    HOLD;
    return set_fs(&user, (uint32_t)id);
}

long pith_sys_setfsgid(long id)
{
    HOLD;
    return set_fs(&group, (uint32_t)id);
}

long pith_sys_getgroups(long size, long list)
{
    HOLD;
    if ((int)size < 0 || (size != 0 && (int)size < group_count))
        return -EINVAL;
    if (size != 0 && !user_writable((void *)list, (size_t)group_count * sizeof(groups[0])))
        return -EFAULT;
    if (size != 0)
        memcpy((void *)list, groups, (size_t)group_count * sizeof(groups[0]));
    return group_count;
}

/* Linux takes 65,536 groups; so many make no sense for one user, and here there is room for 64. */
long pith_sys_setgroups(long count, long list)
{
    HOLD;
    if (!is_root())
        return -EPERM;
    unsigned n = (unsigned)count;
    if (n > 65536)
        return -EINVAL;
    if (n > GROUPS_MAX)
        return -ENOMEM;
    if (!user_readable((const void *)list, n * sizeof(groups[0])))
        return -EFAULT;
    for (unsigned i = 0; i < n; i++)
        if (((const gid_t *)list)[i] == KEEP)
            return -EINVAL;
    for (unsigned i = 0; i < n; i++) {
        gid_t next = ((const gid_t *)list)[i];
        unsigned at = i;
        for (; at > 0 && groups[at - 1] > next; at--)
            groups[at] = groups[at - 1];
        groups[at] = next;
    }
    group_count = (int)n;
    return 0;
}
