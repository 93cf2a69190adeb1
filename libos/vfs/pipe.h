/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs. A pipe starts with one page of buffer and grows as it fills, to PIPE_DEFAULT
 * bytes or what F_SETPIPE_SZ says. */
#ifndef PITH_VFS_PIPE_H
#define PITH_VFS_PIPE_H

#include "iface/fs.h"

#define PIPE_DEFAULT 65536u
#define PIPE_MAX     (1u << 20)

/* A new pipe: ends[0] to read and ends[1] to write, with status flags (flags) (O_NONBLOCK ...), one
 * reference each. Returns 0; -ENOMEM. */
must_check int pipe_create(struct file *ends[2], unsigned flags);

#endif
