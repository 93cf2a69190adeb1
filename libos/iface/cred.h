/* SPDX-License-Identifier: MIT
 *
 * Who the calling thread is, and what it may do by that. Implemented by posix/creds.c, and weak: without it nothing
 * has changed the ids or the capabilities, all of them are root's, and root may do everything. */
#ifndef PITH_IFACE_CRED_H
#define PITH_IFACE_CRED_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/types.h>

#include "base/base.h"
#include "iface/fs.h"

struct cred {
    uid_t uid, euid, suid;
    gid_t gid, egid, sgid;
    uid_t fsuid;
    gid_t fsgid;
};

#define CAP_BIT(cap) (1ull << (cap))

/* Root's, which are all that permit anything here: nobody sets clocks, loads modules ... */
#define CAPS_ALL                                                                                   \
    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) |               \
     CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETGID) |         \
     CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETPCAP) | CAP_BIT(CAP_NET_BIND_SERVICE) |                  \
     CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_IPC_LOCK) |                       \
     CAP_BIT(CAP_IPC_OWNER) | CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_SYS_ADMIN) |                   \
     CAP_BIT(CAP_SYS_NICE) | CAP_BIT(CAP_SYS_RESOURCE) | CAP_BIT(CAP_MKNOD))

/* What /proc says of a thread. */
struct cred_told {
    struct cred ids;
    const gid_t *groups;
    unsigned group_count;
    uint64_t inheritable, permitted, effective, ambient;
};

/* What is done with an inode, as bits of access(2). */
#define MAY_EXEC  1u /* run; of a directory: look names up */
#define MAY_WRITE 2u
#define MAY_READ  4u

#define CRED_HOOK __attribute__((weak, visibility("hidden")))
struct thread;
CRED_HOOK void cred_get(struct cred *c);
CRED_HOOK void cred_tell(const struct thread *t, struct cred_told *told);
CRED_HOOK bool cred_allows(uid_t owner, gid_t group, mode_t mode, unsigned may);
CRED_HOOK void cred_as_real(bool on); /* from here to there cred_allows goes by the real ids */
CRED_HOOK bool cred_in_group(gid_t gid);
CRED_HOOK bool cred_has(unsigned cap);

static inline struct cred cred_current(void)
{
    struct cred c = {0};

    if (cred_get)
        cred_get(&c);
    return c;
}

/* Whether it may do all of (may) with what belongs to (owner) and (group) and has (mode). */
static inline bool cred_permits(uid_t owner, gid_t group, mode_t mode, unsigned may)
{
    return likely(!cred_allows) || cred_allows(owner, group, mode, may);
}

/* Whether it is in group (gid). */
static inline bool cred_is_member(gid_t gid)
{
    return cred_in_group ? cred_in_group(gid) : gid == 0;
}

/* What opening with (flags) does. */
static inline unsigned may_of_open(int flags)
{
    static const unsigned modes[] = {
        [O_RDONLY] = MAY_READ, [O_WRONLY] = MAY_WRITE, [O_RDWR] = MAY_READ | MAY_WRITE,
        [O_WRONLY | O_RDWR] = MAY_READ | MAY_WRITE};

    return modes[flags & 3] | (flags & O_TRUNC ? MAY_WRITE : 0);
}

/* Whether it has capability (cap), CAP_*. */
static inline bool cred_may(unsigned cap)
{
    return likely(!cred_has) || cred_has(cap);
}

/* Whether the program may do all of (may) with (inode): 0, -EACCES. */
must_check static inline int may_access(const struct inode *inode, unsigned may)
{
    return cred_permits(inode->uid, inode->gid, inode->mode, may) ? 0 : -EACCES;
}

/* Whether it may add names to directory (dir), or take them away: 0, -EACCES. */
must_check static inline int may_change_names(const struct inode *dir)
{
    return may_access(dir, MAY_WRITE | MAY_EXEC);
}

/* Whether it may do what only the owner of (inode) may: 0, -EPERM. */
must_check static inline int may_as_owner(const struct inode *inode)
{
    return cred_current().fsuid == inode->uid || cred_may(CAP_FOWNER) ? 0 : -EPERM;
}

/* Whether it may take (inode) out of (dir), from where only the owners of either may take something if its sticky
 * bit is set: 0, -EACCES, -EPERM. */
must_check static inline int may_remove(const struct inode *dir, const struct inode *inode)
{
    int err = may_change_names(dir);

    if (!err && dir->mode & S_ISVTX && may_as_owner(dir) != 0)
        err = may_as_owner(inode);
    return err;
}

#endif
