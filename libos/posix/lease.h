/* SPDX-License-Identifier: MIT
 *
 * Leases of files. */
#ifndef PITH_POSIX_LEASE_H
#define PITH_POSIX_LEASE_H

#include "vfs/lease.h"

/* F_SETLEASE and F_GETLEASE of (f), which goes by (fd). Weak: where programs use these. */
__attribute__((weak, visibility("hidden"))) long lease_control(struct file *f, long fd, int command,
                                                               long arg);

#endif
