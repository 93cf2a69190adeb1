/* SPDX-License-Identifier: MIT
 *
 * Moving bytes between pipes and files without a buffer of the program. */
#ifndef PITH_VFS_SPLICE_H
#define PITH_VFS_SPLICE_H

#include "vfs/pipe.h"

/* Each moves at most (n) bytes, (n) not 0, and returns how many; 0 at the end of the input; or what
 * kept it from moving any: -EAGAIN (nonblock), -EINTR, -EPIPE, -ENOMEM, and errors of the file.
 * The caller holds the files. */

/* From file (in), which is no pipe, at (*pos), which advances, to (out). Waits only for the first
 * free slot. */
ssize_t splice_in(struct file *in, uint64_t *pos, struct pipe *out, size_t n, bool nonblock);

/* From (in) to file (out), which is no pipe, at (*pos), which advances. */
ssize_t splice_out(struct pipe *in, struct file *out, uint64_t *pos, size_t n, bool nonblock);

/* From pipe to pipe, two different ones; with (keep) as copies. */
ssize_t splice_pipes(struct pipe *in, struct pipe *out, size_t n, bool nonblock, bool keep);

#endif
