/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs. */
#ifndef PITH_VFS_PIPE_H
#define PITH_VFS_PIPE_H

#include "iface/fs.h"

#define PIPE_DEFAULT 65536u
#define PIPE_MAX     (1u << 20) /* F_SETPIPE_SZ allows no more */

/* A new pipe: ends[0] to read and ends[1] to write, with status flags (flags) (O_NONBLOCK,
 * O_DIRECT), one reference each. Returns 0; -ENOMEM. */
must_check int pipe_create(struct file *ends[2], unsigned flags);

/* The rest is for splice.c, which moves pages in and out. Who uses a pipe holds a file of it. */

struct pipe_slot {
    char *page;
    uint16_t off, len; /* the bytes to read next */
    bool packet;       /* ends with this page, and what is read of it takes all of it */
};

struct pipe {
    struct pipe_slot *slots; /* a ring */
    uint32_t slot_max;       /* a power of two */
    uint32_t first, used;
    uint32_t lent; /* slots that were taken and may come back: they count as used */
    uint32_t spares;
    char *spare;               /* pages kept, each of which starts with the next one's address */
    unsigned readers, writers; /* open files */
    uint64_t read_opens, write_opens; /* how many there have ever been */
    struct wait_queue wait;
};

/* The pipe of (f), NULL if that is none. */
struct pipe *pipe_from(const struct file *f);

static inline bool pipe_full(const struct pipe *p)
{
    return p->used + p->lent >= p->slot_max;
}

/* Slot number (i), counted from the first one. */
struct pipe_slot *pipe_slot(struct pipe *p, uint32_t i);

/* Adds a slot behind the last one, and wakes readers: there is room. */
void pipe_push(struct pipe *p, struct pipe_slot slot);

/* Takes the first slot; its page is the caller's. Puts one in front: it was lent. */
struct pipe_slot pipe_pop(struct pipe *p);
void pipe_push_back(struct pipe *p, struct pipe_slot slot);

/* Wakes writers if the pipe, which was full if (was_full), is not any more. */
void pipe_emptied(struct pipe *p, bool was_full);

/* A page for a slot, NULL: out of memory; and one that no slot needs any more. */
char *pipe_page(struct pipe *p);
void pipe_page_done(struct pipe *p, char *page);

/* Waits until there is something to read into (iov): 1; 0: there is no writer; -EAGAIN, -EINTR;
 * -EFAULT: meanwhile the program has lost access to (iov), as wait_sleep_vector says. */
must_check int pipe_wait_data(struct pipe *p, const struct iovec *iov, int n, bool nonblock);

/* Waits until there is a free slot, to be filled from (iov). 0; -EPIPE with the signal raised,
 * -EAGAIN, -EINTR, -EFAULT. */
must_check int pipe_wait_room(struct pipe *p, const struct iovec *iov, int n, bool nonblock);

/* Reads and writes as file_ops do. */
ssize_t pipe_read(struct pipe *p, const struct iovec *iov, int n, bool nonblock);
ssize_t pipe_write(struct pipe *p, const struct iovec *iov, int n, bool nonblock, bool packet);

#endif
