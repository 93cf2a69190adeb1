/* SPDX-License-Identifier: MIT
 *
 * What the policy says of changes to files (iface/policy.h). */
#ifndef PITH_VFS_PERMIT_H
#define PITH_VFS_PERMIT_H

#include "vfs/path.h"

/* Whether what (p) names, of which the last part need not exist, may be made, changed or removed. Devices, pipes and
 * sockets, which keep nothing, always. 0, -EACCES; -ENAMETOOLONG: its path is longer than PATH_MAX. */
must_check int vfs_may_change(const struct path *p);

/* The same for something without a name that is made in the directory (dir). */
must_check int vfs_may_make_in(struct inode *dir);

#endif
