/* SPDX-License-Identifier: MIT
 *
 * Paths for the policy: those that lead here once links are followed. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "iface/policy.h"
#include "vfs/permit.h"

static char buf[PATH_MAX]; /* whoever is inside a call is alone (iface/hold.h), and nothing here sleeps */

static int check(struct inode *inode, struct name last)
{
    size_t room = sizeof(buf) - last.len - 1;
    int err = 0;

    if (last.len >= sizeof(buf) - 1)
        return -ENAMETOOLONG;
    char *path = path_of(inode, buf, room, &err);
    if (!path) /* removed, or never named: nobody will find it */
        return err == -ERANGE ? -ENAMETOOLONG : 0;
    size_t len = strlen(path);
    if (last.len) {
        len = len == 1 ? 0 : len; /* the root's slash */
        path[len++] = '/';
        memcpy(path + len, last.text, last.len);
        len += last.len;
    }
    return policy_may_change(path, len);
}

int vfs_may_make_in(struct inode *dir)
{
    return policy_on_files() ? check(dir, (struct name){"", 0}) : 0;
}

int vfs_may_change(const struct path *p)
{
    if (!policy_on_files())
        return 0;
    if (p->inode && !S_ISREG(p->inode->mode) && !S_ISDIR(p->inode->mode) &&
        !S_ISLNK(p->inode->mode))
        return 0;
    if (!p->dir)
        return check(p->inode, (struct name){"", 0});
    return check(p->dir, p->name);
}
