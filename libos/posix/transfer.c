/* SPDX-License-Identifier: MIT
 *
 * process_vm_readv(2) and process_vm_writev(2), of this process: the only one. What they are for
 * here is reading memory that may be inaccessible, without a fault. */
#include <errno.h>
#include <string.h>

#include "iface/hold.h"
#include "mm/heap.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/files.h"
#include "vfs/vector.h"

/* A call. The vectors are copies: what is written may be the program's own ones. */
struct transfer {
    struct vector near;
    const struct iovec *far;
    size_t near_left; /* bytes of (near) */
    bool write;       /* to (far) */
};

/* Moves (n) bytes, at most what is left of the near side, between it and (far). Returns how many,
 * fewer where either side is inaccessible. */
static size_t move_part(struct transfer *t, char *far, size_t n)
{
    size_t good = user_prefix(far, n, t->write);

    for (size_t done = 0, len; done < good; done += len) {
        char *near = vector_next(&t->near, good - done, &len);
        size_t usable = user_prefix(near, len, !t->write);
        memmove(t->write ? far + done : near, t->write ? near : far + done, usable);
        if (usable < len)
            return done + usable;
    }
    return good;
}

static long move(struct transfer *t, size_t parts)
{
    long total = 0;

    for (size_t i = 0; i < parts && t->near_left > 0; i++) {
        size_t n = min_size(t->far[i].iov_len, t->near_left);
        size_t moved = move_part(t, t->far[i].iov_base, n);
        total += (long)moved;
        t->near_left -= moved;
        if (moved < n)
            return total > 0 ? total : -EFAULT;
    }
    return total;
}

static long transfer(int pid, const long vectors[4], long flags, bool write)
{
    const struct iovec *near = (const struct iovec *)vectors[0];
    const struct iovec *far = (const struct iovec *)vectors[2];
    long near_parts = vectors[1], far_parts = vectors[3];

    if (flags != 0)
        return -EINVAL;
    long err = vector_check(near, near_parts, false);
    size_t total = err ? 0 : vector_total(near, (int)near_parts);
    if (err || total == 0)
        return err;
    err = vector_check(far, far_parts, true);
    if (err || vector_total(far, (int)far_parts) == 0)
        return err;
    if (!thread_exists(pid))
        return -ESRCH;
    size_t near_size = (size_t)near_parts * sizeof(*near);
    size_t size = near_size + (size_t)far_parts * sizeof(*far);
    char *copy = heap_alloc(size);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, near, near_size);
    memcpy(copy + near_size, far, size - near_size);
    struct transfer t = {.near = {.iov = (const struct iovec *)copy},
                         .far = (const struct iovec *)(copy + near_size),
                         .near_left = min_size(total, RW_MAX),
                         .write = write};
    long result = move(&t, (size_t)far_parts);
    heap_free(copy, size);
    return result;
}

long pith_sys_process_vm_readv(long pid, long near, long near_parts, long far, long far_parts,
                               long flags)
{
    HOLD;
    return transfer((int)pid, (const long[]){near, near_parts, far, far_parts}, flags, false);
}

long pith_sys_process_vm_writev(long pid, long near, long near_parts, long far, long far_parts,
                                long flags)
{
    HOLD;
    return transfer((int)pid, (const long[]){near, near_parts, far, far_parts}, flags, true);
}
