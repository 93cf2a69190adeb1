/* SPDX-License-Identifier: MIT
 *
 * Block requests. A request is a chain of a header (16 bytes to read), data, and a status byte (the
 * last that can be written), in whatever pieces the driver chose (virtio 1.2, 5.2.6 and 2.7.4). A
 * chain in which these cannot be found stops the device; a request that cannot be carried out is
 * answered with its error. */
#include "monitor/dev/block.h"

#include <errno.h>
#include <unistd.h>

#include "monitor/core/say.h"
#include "monitor/core/sys.h"

/* virtio 1.2, 5.2.6. */
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2 };

struct header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

_Static_assert(sizeof(struct header) == 16, "virtio 1.2, 5.2.6");

/* A request taken apart: the header is the monitor's own copy, the pieces of data are checked to be
 * guest memory. */
struct request {
    struct header header;
    struct iovec *in, *out; /* data to write to the guest, and to read from it */
    int in_count, out_count;
    uint8_t *status;
};

/* Takes the header off the front of the chain. */
static bool take_header(struct queue_chain *chain, struct request *r)
{
    char *to = (char *)&r->header;
    size_t missing = sizeof(r->header);
    int i = 0;
    while (missing > 0 && i < chain->readable) {
        struct iovec *v = &chain->iov[i];
        size_t n = min_size(missing, v->iov_len);
        if (!probe_copy(to, v->iov_base, n))
            return false;
        to += n;
        missing -= n;
        *v = (struct iovec){(char *)v->iov_base + n, v->iov_len - n};
        i += v->iov_len == 0;
    }
    r->out = chain->iov + i;
    r->out_count = chain->readable - i;
    return missing == 0;
}

/* Takes the status byte off the end of the chain. */
static bool take_status(struct queue_chain *chain, struct request *r)
{
    struct iovec *last = &chain->iov[chain->count - 1];
    r->in = chain->iov + chain->readable;
    r->in_count = chain->count - chain->readable;
    if (r->in_count == 0 || last->iov_len == 0)
        return false;
    last->iov_len--;
    r->status = (uint8_t *)last->iov_base + last->iov_len;
    return true;
}

static uint64_t total(const struct iovec *iov, int n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += iov[i].iov_len;
    return sum;
}

/* Moves all of (iov) to or from the file at (at), by system call (call). 0 or a negative error
 * number. */
static long move(int fd, long call, struct iovec *iov, int n, uint64_t at)
{
    for (;;) {
        for (; n > 0 && iov->iov_len == 0; n--)
            iov++;
        if (n == 0)
            return 0;
        long moved = sys4(call, fd, (long)iov, n, (long)at);
        if (moved == -EINTR)
            continue;
        if (moved < 0)
            return moved;
        if (moved == 0)
            return -EIO; /* the file is shorter than it was */
        at += (uint64_t)moved;
        for (size_t left = (size_t)moved; left > 0;) {
            size_t step = min_size(left, iov->iov_len);
            *iov = (struct iovec){(char *)iov->iov_base + step, iov->iov_len - step};
            left -= step;
            if (iov->iov_len == 0) {
                iov++;
                n--;
            }
        }
    }
}

static long transfer(const struct disk *d, const struct request *r)
{
    bool write = r->header.type == TYPE_OUT;
    struct iovec *iov = write ? r->out : r->in;
    int n = write ? r->out_count : r->in_count;
    uint64_t len = total(iov, n);
    uint64_t sectors = d->size / SECTOR;
    if (write && d->read_only)
        return -EROFS;
    if (len % SECTOR || len > INT32_MAX || r->header.sector > sectors ||
        len / SECTOR > sectors - r->header.sector)
        return -EINVAL;
    return move(d->fd, write ? SYS_pwritev2 : SYS_preadv2, iov, n, r->header.sector * SECTOR);
}

static long flush(const struct disk *d)
{
    if (d->read_only)
        return 0;
    return sys3(SYS_fdatasync, d->fd, 0, 0);
}

/* Carries the request out. Returns what is told as the used length, with the status in (*status).
 */
static uint32_t perform(const struct disk *d, const struct request *r, uint8_t *status)
{
    uint32_t len = r->header.type == TYPE_IN ? (uint32_t)total(r->in, r->in_count) : 0;
    long err;
    if (r->header.type == TYPE_IN || r->header.type == TYPE_OUT) {
        err = transfer(d, r);
    } else if (r->header.type == TYPE_FLUSH) {
        err = flush(d);
    } else {
        *status = STATUS_UNSUPP;
        return 1;
    }
    *status = err ? STATUS_IOERR : STATUS_OK;
    return err ? (uint32_t)err : len + 1;
}

static void stop(struct disk *d, const char *why)
{
    say("disk %s: %s; the device is stopped", d->name, why);
    d->stopped = true;
}

/* Carries out the next request. False if there is none, or the device has been stopped. */
static bool serve_one(struct disk *d)
{
    struct queue_chain chain;
    struct request r;
    uint8_t status;
    const char *why;
    int found = queue_peek(&d->queue, &chain, &why);
    if (found < 0)
        stop(d, why);
    if (found <= 0)
        return false;
    if (!take_header(&chain, &r)) {
        stop(d, "a request has no header, or one outside guest memory");
        return false;
    }
    if (!take_status(&chain, &r)) {
        stop(d, "a request has no room for its status");
        return false;
    }
    uint32_t used = perform(d, &r, &status);
    if (!probe_copy(r.status, &status, 1)) {
        stop(d, "the status of a request is in memory that cannot be written");
        return false;
    }
    queue_use(&d->queue, chain.head, used);
    return true;
}

int disks_serve(struct disks *ds)
{
    int used = 0;
    for (unsigned i = 0; i < ds->count; i++) {
        struct disk *d = &ds->dev[i];
        /* No more than the queue holds: a guest on another CPU could feed it for ever. */
        for (unsigned n = 0; n < QUEUE_SIZE && !d->stopped && serve_one(d); n++)
            used++;
    }
    return used;
}
