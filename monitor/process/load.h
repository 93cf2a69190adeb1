/* SPDX-License-Identifier: MIT
 *
 * Guest memory and the image in it, as the monitor maps them. */
#ifndef PITH_MONITOR_LOAD_H
#define PITH_MONITOR_LOAD_H

#include "monitor/core/machine.h"

/* Opens the image file (path) and checks it; fills m->image, m->file and m->file_len. Returns the
 * descriptor, at least 3; else a negative error number with *why in words: -ENOEXEC for a file that
 * is not an image, -ENOENT and the like for one that cannot be had. */
must_check int load_open(struct machine *m, const char *path, const char **why);

/* Reserves guest memory for m->layout at a random guest address near (random), or always at the
 * same one if (no_aslr), with an equally long inaccessible area behind it, and maps the image from
 * (fd), relocated, and boot and shared area and stack, all writable. Fills m->mem and m->mem_base.
 * The memory stays when this fails: the caller ends. Returns 0; -ENOEXEC, -ENOMEM or -EIO with *why
 * in words. */
must_check int load_image(struct machine *m, int fd, uint64_t random, bool no_aslr,
                          const char **why);

/* Makes the boot area read-only. 0 or a negative error number. */
must_check int load_seal(struct machine *m);

/* Unmaps the copy of the image that the kernel made when it was executed by name, whose entry point
 * lies at (entry). */
void load_unmap_kernel_copy(const struct machine *m, uintptr_t entry);

#endif
