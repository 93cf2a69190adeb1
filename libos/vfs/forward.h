/* SPDX-License-Identifier: MIT
 *
 * Files that hand everything on to other files which live for ever: /dev/tty, and /dev/stdin opened
 * anew. */
#ifndef PITH_VFS_FORWARD_H
#define PITH_VFS_FORWARD_H

#include "iface/fs.h"

struct forward {
    struct file *in, *out; /* FILE_STATIC; where reads and where writes go */
};

/* Sets up (f), of which inode and flags are set, to hand on to (to), which lives for ever too. */
void forward_open(struct file *f, const struct forward *to);

#endif
