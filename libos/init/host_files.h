/* SPDX-License-Identifier: MIT */
#ifndef PITH_INIT_HOST_FILES_H
#define PITH_INIT_HOST_FILES_H

#include "iface/fs.h"

/* Makes the names in the root directory (root) that lead to files of the host, where there are any.
 * 0, or the errors of inode_ops.create. */
must_check int host_files_mount(struct inode *root);

#endif
