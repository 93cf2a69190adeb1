/* SPDX-License-Identifier: MIT
 *
 * pipe and pipe2. */
#include "iface/hold.h"
#include "iface/user.h"
#include "pith_calls.h"
#include "posix/files.h"
#include "vfs/pipe.h"

/* Linux's O_NOTIFICATION_PIPE: pipes that the kernel itself writes to. */
#define NOTIFICATION O_EXCL

long pith_sys_pipe2(long fds, long flags)
{
    HOLD;
    int *out = (int *)fds;
    bool cloexec = flags & O_CLOEXEC;
    struct file *ends[2];

    if ((int)flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT | NOTIFICATION))
        return -EINVAL;
    if (flags & NOTIFICATION)
        return -ENOPKG;
    if (!user_writable(out, 2 * sizeof(*out)))
        return -EFAULT;
    int err = pipe_create(ends, (unsigned)flags & (O_NONBLOCK | O_DIRECT));
    if (err)
        return err;
    int reader = fd_install(ends[0], 0, cloexec);
    int writer = reader < 0 ? reader : fd_install(ends[1], 0, cloexec);
    if (writer < 0) {
        file_put(ends[1]);
        if (reader < 0)
            file_put(ends[0]);
        else
            fd_close(reader);
        return writer;
    }
    out[0] = reader;
    out[1] = writer;
    return 0;
}

long pith_sys_pipe(long fds)
{
    HOLD;
    return pith_sys_pipe2(fds, 0);
}
