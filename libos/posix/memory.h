/* SPDX-License-Identifier: MIT
 *
 * What other calls than those of mem.c do with the program's memory. */
#ifndef PITH_POSIX_MEMORY_H
#define PITH_POSIX_MEMORY_H

#include "iface/fs.h"

/* mmap of (len) bytes, whole pages, of (file). Returns the address, or what mmap answers. */
long memory_map_file(struct file *file, uintptr_t addr, size_t len, int prot, unsigned flags,
                     uint64_t pos);

/* Undoes whatever the program has mapped in whole pages of a range. 0; -ENOMEM: nothing has
 * changed.
 */
must_check int memory_unmap(void *at, size_t len);

/* Whether the program has something at all pages of the range, or it is part of the image or the
 * first stack. */
bool memory_is_mapped(uintptr_t addr, size_t len);

/* What was set of RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK, in bytes; UINT64_MAX until then. Kept by mem.c. */
struct memory_limits {
    uint64_t space, data, locked;
};
extern struct memory_limits memory_limits;

/* Whether anything of the program's is in the range. */
bool memory_is_used(uintptr_t addr, size_t len);

#endif
