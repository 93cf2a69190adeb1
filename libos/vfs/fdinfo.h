/* SPDX-License-Identifier: MIT
 *
 * What /proc/self/fdinfo tells of files of some kinds. Weak: defined where there are such files. */
#ifndef PITH_VFS_FDINFO_H
#define PITH_VFS_FDINFO_H

#include "iface/fs.h"

#define FDINFO_HOOK __attribute__((weak, visibility("hidden")))

/* False: (f) is none of that kind. */
FDINFO_HOOK bool eventfd_look(const struct file *f, uint64_t *count, bool *semaphore);
FDINFO_HOOK bool signalfd_look(const struct file *f, uint64_t *mask);

#endif
