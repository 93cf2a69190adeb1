/* SPDX-License-Identifier: MIT
 *
 * musl's, but that a request with a priority below 0 is refused, as POSIX has it. */
#include <aio.h>
#include <errno.h>

static int __pith_aio_read(struct aiocb *cb);
static int __pith_aio_write(struct aiocb *cb);
#define aio_read    __pith_aio_read
#define aio_write   __pith_aio_write
#define aio_read64  __pith_aio_read64
#define aio_write64 __pith_aio_write64
#include <aio.c>
#undef aio_read
#undef aio_write
#undef aio_read64
#undef aio_write64

static int refused(struct aiocb *cb)
{
    if (cb->aio_reqprio >= 0)
        return 0;
    cb->__err = errno = EINVAL;
    cb->__ret = -1;
    return -1;
}

int aio_read(struct aiocb *cb)
{
    return refused(cb) ? -1 : __pith_aio_read(cb);
}

int aio_write(struct aiocb *cb)
{
    return refused(cb) ? -1 : __pith_aio_write(cb);
}

weak_alias(aio_read, aio_read64);
weak_alias(aio_write, aio_write64);
