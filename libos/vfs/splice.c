/* SPDX-License-Identifier: MIT
 *
 * Splicing. Pages move from pipe to pipe as they are; to and from other files bytes are copied,
 * once. While a file is read or written other threads may run: the page in question is in no pipe
 * meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mm/page.h"
#include "vfs/splice.h"

LINKS(console_readv);

/* The position for a transfer to or from pages of ours. */
static uint64_t *pos_of(const struct file *f, uint64_t *pos)
{
    return f->kind & FILE_SEEKABLE ? pos : NULL;
}

/* Reads from (in), which with (nonblock) does not wait, whatever its flags say. */
static ssize_t read_page(struct file *in, const struct iovec *iov, uint64_t *pos, bool nonblock)
{
    unsigned before = in->flags;

    pos = pos_of(in, pos);
    if (!nonblock)
        return in->ops->readv(in, iov, 1, pos);
    in->flags |= O_NONBLOCK;
    ssize_t got = in->ops->readv(in, iov, 1, pos);
    in->flags = before;
    return got;
}

ssize_t splice_in(struct file *in, uint64_t *pos, struct pipe *out, size_t n, bool nonblock)
{
    size_t done = 0;
    ssize_t err = pipe_wait_room(out, NULL, 0, nonblock);

    while (!err && done < n && !pipe_full(out)) {
        char *page = pipe_page(out);
        if (!page)
            err = -ENOMEM;
        struct iovec iov = {page, min_size(n - done, PAGE_SIZE)};
        ssize_t got = page ? read_page(in, &iov, pos, nonblock) : 0;
        /* The file may have let others run, who filled the pipe. */
        if (got > 0 && pipe_full(out))
            err = pipe_wait_room(out, NULL, 0, false);
        if (got > 0 && out->readers > 0 && !pipe_full(out)) {
            pipe_push(out, (struct pipe_slot){.page = page, .len = (uint16_t)got});
            done += (size_t)got;
        } else if (page) {
            pipe_page_done(out, page);
        }
        if (got <= 0 || (size_t)got < iov.iov_len) {
            err = got < 0 ? got : err;
            break;
        }
    }
    return done > 0 ? (ssize_t)done : err;
}

ssize_t splice_out(struct pipe *in, struct file *out, uint64_t *pos, size_t n, bool nonblock)
{
    size_t done = 0;
    ssize_t err = 0;

    while (done < n && (in->used > 0 || done == 0)) {
        err = pipe_wait_data(in, NULL, 0, nonblock);
        if (err <= 0)
            break;
        bool was_full = pipe_full(in);
        struct pipe_slot s = pipe_pop(in);
        struct iovec iov = {s.page + s.off, min_size(n - done, s.len)};
        in->lent++;
        err = out->ops->writev(out, &iov, 1, pos_of(out, pos));
        size_t put = err > 0 ? (size_t)err : 0;
        s.off = (uint16_t)(s.off + put);
        s.len = (uint16_t)(s.len - put);
        done += put;
        if (s.len > 0 && !(s.packet && put > 0)) {
            pipe_push_back(in, s);
        } else {
            pipe_page_done(in, s.page);
            in->lent--;
        }
        pipe_emptied(in, was_full);
        if (put < iov.iov_len)
            break;
    }
    return done > 0 ? (ssize_t)done : err;
}

/* Moves at most (n) bytes of slot (i) of (in), the first one unless (keep), to (out), which has
 * room. Returns how many, or -ENOMEM. */
static ssize_t move(struct pipe *in, uint32_t i, struct pipe *out, size_t n, bool keep)
{
    struct pipe_slot *s = pipe_slot(in, i), made = *s;

    if (!keep && n >= s->len) {
        pipe_push(out, pipe_pop(in));
        return made.len;
    }
    made.page = pipe_page(out);
    if (!made.page)
        return -ENOMEM;
    made.len = (uint16_t)min_size(n, s->len);
    memcpy(made.page + made.off, s->page + s->off, made.len);
    if (!keep) {
        s->off = (uint16_t)(s->off + made.len);
        s->len = (uint16_t)(s->len - made.len);
    }
    pipe_push(out, made);
    return made.len;
}

/* Waits until (in) has data and (out) has room at the same time. 1; 0, -EAGAIN and so on. */
static int wait_both(struct pipe *in, struct pipe *out, bool nonblock)
{
    for (;;) {
        int r = pipe_wait_room(out, NULL, 0, nonblock);
        if (!r)
            r = pipe_wait_data(in, NULL, 0, nonblock);
        if (r <= 0 || !pipe_full(out))
            return r;
    }
}

ssize_t splice_pipes(struct pipe *in, struct pipe *out, size_t n, bool nonblock, bool keep)
{
    size_t done = 0;
    uint32_t i = 0;
    ssize_t r = wait_both(in, out, nonblock);

    if (r <= 0)
        return r;
    bool was_full = pipe_full(in);
    while (done < n && i < in->used && !pipe_full(out)) {
        r = move(in, i, out, n - done, keep);
        if (r < 0)
            break;
        done += (size_t)r;
        i += keep;
    }
    pipe_emptied(in, was_full);
    return done > 0 ? (ssize_t)done : r;
}
