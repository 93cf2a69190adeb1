/* SPDX-License-Identifier: MIT
 *
 * Pipes and FIFOs, made with the first open file of an inode and gone with the last. A pipe is a
 * ring of slots with a page each, as on Linux, so that the sizes of writes have the same effect: a
 * write goes into the last page if all of it, or what it has beyond whole pages, fits there; else
 * it takes pages of its own. A write of at most a page is so never torn. Packets (O_DIRECT) are
 * pages that nothing is added to and that are read at once. Pages that were read are kept for the
 * next writes.
 *
 * One queue serves readers and writers. Each sleeps only in its loop, and looks at everything again
 * afterwards. An end that is opened before the other end exists waits for it (FIFOs only), or with
 * O_NONBLOCK does not. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iface/signal.h"
#include "iface/user.h"
#include "mm/heap.h"
#include "mm/page.h"
#include "vfs/open.h"
#include "vfs/pipe.h"
#include "vfs/vector.h"

#define PAGE ((uint32_t)PAGE_SIZE)

#define HAS_DATA (POLLIN | POLLRDNORM)
#define HAS_ROOM (POLLOUT | POLLWRNORM)

static struct pipe *pipe_of(const struct file *f)
{
    return f->data;
}

static bool reads(const struct file *f)
{
    return (f->flags & FILE_ACCESS) != O_WRONLY;
}

static bool writes(const struct file *f)
{
    return (f->flags & FILE_ACCESS) != O_RDONLY;
}

struct pipe *pipe_from(const struct file *f)
{
    return f->inode && S_ISFIFO(f->inode->mode) && !(f->flags & O_PATH) ? pipe_of(f) : NULL;
}

static struct pipe *pipe_alloc(void)
{
    struct pipe *p = heap_alloc(sizeof(*p));

    if (!p)
        return NULL;
    p->slot_max = PIPE_DEFAULT / PAGE;
    p->slots = heap_alloc(p->slot_max * sizeof(*p->slots));
    if (!p->slots) {
        heap_free(p, sizeof(*p));
        return NULL;
    }
    return p;
}

char *pipe_page(struct pipe *p)
{
    char *page = p->spare;

    if (!page)
        return page_alloc(1);
    memcpy(&p->spare, page, sizeof(p->spare));
    p->spares--;
    return page;
}

void pipe_page_done(struct pipe *p, char *page)
{
    if (p->spares >= p->slot_max) {
        page_free(page, 1);
        return;
    }
    memcpy(page, &p->spare, sizeof(p->spare));
    p->spare = page;
    p->spares++;
}

static void pipe_free(struct pipe *p)
{
    while (p->used > 0)
        pipe_page_done(p, pipe_pop(p).page);
    while (p->spare)
        page_free(pipe_page(p), 1);
    heap_free(p->slots, p->slot_max * sizeof(*p->slots));
    heap_free(p, sizeof(*p));
}

struct pipe_slot *pipe_slot(struct pipe *p, uint32_t i)
{
    return &p->slots[(p->first + i) & (p->slot_max - 1)];
}

void pipe_push(struct pipe *p, struct pipe_slot slot)
{
    *pipe_slot(p, p->used++) = slot;
    wait_wake_events(&p->wait, HAS_DATA);
}

struct pipe_slot pipe_pop(struct pipe *p)
{
    struct pipe_slot slot = *pipe_slot(p, 0);

    p->first = (p->first + 1) & (p->slot_max - 1);
    p->used--;
    return slot;
}

void pipe_push_back(struct pipe *p, struct pipe_slot slot)
{
    p->first = (p->first - 1) & (p->slot_max - 1);
    p->lent--;
    p->used++;
    *pipe_slot(p, 0) = slot;
}

void pipe_emptied(struct pipe *p, bool was_full)
{
    if (was_full && !pipe_full(p))
        wait_wake_events(&p->wait, HAS_ROOM);
}

int pipe_wait_data(struct pipe *p, const struct iovec *iov, int n, bool nonblock)
{
    while (p->used == 0) {
        if (p->writers == 0)
            return 0;
        if (nonblock)
            return -EAGAIN;
        int err =
            wait_sleep_vector(&p->wait, iov, n, false, DEADLINE_NEVER, "read from an empty pipe");
        if (err)
            return err;
    }
    return 1;
}

int pipe_wait_room(struct pipe *p, const struct iovec *iov, int n, bool nonblock)
{
    for (;;) {
        if (p->readers == 0) {
            signal_raise_sigpipe();
            return -EPIPE;
        }
        if (!pipe_full(p))
            return 0;
        if (nonblock)
            return -EAGAIN;
        int err = wait_sleep_vector(&p->wait, iov, n, true, DEADLINE_NEVER, "write to a full pipe");
        if (err)
            return err;
    }
}

/* Takes at most (n) bytes of the first slot; the rest of a packet is lost. */
static size_t take(struct pipe *p, struct vector *to, size_t n)
{
    struct pipe_slot *s = pipe_slot(p, 0);
    size_t len = min_size(n, s->len);

    vector_put(to, s->page + s->off, len);
    s->off = (uint16_t)(s->off + len);
    s->len = (uint16_t)(s->len - len);
    if (s->len == 0 || s->packet)
        pipe_page_done(p, pipe_pop(p).page);
    return len;
}

ssize_t pipe_read(struct pipe *p, const struct iovec *iov, int n, bool nonblock)
{
    struct vector to = {iov, 0};
    size_t total = vector_total(iov, n), done = 0;
    bool packet = false;

    if (total == 0)
        return 0;
    int r = pipe_wait_data(p, iov, n, nonblock);
    if (r <= 0)
        return r;
    bool was_full = pipe_full(p);
    while (done < total && p->used > 0 && !packet) {
        packet = pipe_slot(p, 0)->packet;
        done += take(p, &to, total - done);
    }
    pipe_emptied(p, was_full);
    return (ssize_t)done;
}

static ssize_t pipe_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)pos;
    return pipe_read(pipe_of(f), iov, n, f->flags & O_NONBLOCK);
}

/* Adds (n) bytes to the last page, if they fit there. */
static bool append(struct pipe *p, struct vector *from, size_t n)
{
    struct pipe_slot *s = p->used ? pipe_slot(p, p->used - 1) : NULL;

    if (!s || s->packet || n == 0 || s->off + s->len + n > PAGE)
        return false;
    vector_take(from, s->page + s->off + s->len, n);
    s->len = (uint16_t)(s->len + n);
    wait_wake_events(&p->wait, HAS_DATA);
    return true;
}

ssize_t pipe_write(struct pipe *p, const struct iovec *iov, int n, bool nonblock, bool packet)
{
    struct vector from = {iov, 0};
    size_t total = vector_total(iov, n), done = 0;
    int err = 0;

    if (total == 0)
        return 0;
    if (p->readers > 0 && append(p, &from, total % PAGE))
        done = total % PAGE;
    while (done < total) {
        err = pipe_wait_room(p, iov, n, nonblock);
        if (err)
            break;
        struct pipe_slot slot = {.page = pipe_page(p), .packet = packet};
        if (!slot.page) {
            err = -ENOMEM;
            break;
        }
        slot.len = (uint16_t)min_size(total - done, PAGE);
        vector_take(&from, slot.page, slot.len);
        pipe_push(p, slot);
        done += slot.len;
    }
    return done > 0 ? (ssize_t)done : err;
}

static ssize_t pipe_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    (void)pos;
    return pipe_write(pipe_of(f), iov, n, f->flags & O_NONBLOCK, f->flags & O_DIRECT);
}

static int pipe_poll(struct file *f, struct wait_queue **q)
{
    struct pipe *p = pipe_of(f);
    int bits = 0;

    *q = &p->wait;
    if (reads(f)) {
        if (p->used > 0)
            bits |= HAS_DATA;
        /* An end opened before there was a writer has not lost one yet: fifo_open set (pos). */
        if (p->writers == 0 && f->pos != p->write_opens + 1)
            bits |= POLLHUP;
    }
    if (writes(f)) {
        if (!pipe_full(p))
            bits |= HAS_ROOM;
        if (p->readers == 0)
            bits |= POLLERR;
    }
    return bits;
}

static long pipe_ioctl(struct file *f, unsigned long request, long arg)
{
    struct pipe *p = pipe_of(f);
    int count = 0;

    if (request != FIONREAD)
        return -ENOTTY;
    for (uint32_t i = 0; i < p->used; i++)
        count += pipe_slot(p, i)->len;
    return user_give_int(arg, count);
}

/* F_SETPIPE_SZ: at least (size) bytes of whole pages fit from now on. */
static long set_size(struct pipe *p, unsigned size)
{
    uint32_t max = 1;

    if (size > 1u << 31)
        return -EINVAL;
    if (size > PIPE_MAX)
        return -EPERM;
    while (max * PAGE < size)
        max *= 2;
    if (max < p->used + p->lent)
        return -EBUSY;
    struct pipe_slot *slots = heap_alloc(max * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < p->used; i++)
        slots[i] = *pipe_slot(p, i);
    heap_free(p->slots, p->slot_max * sizeof(*slots));
    bool was_full = pipe_full(p);
    p->slots = slots;
    p->slot_max = max;
    p->first = 0;
    pipe_emptied(p, was_full);
    return (long)max * PAGE;
}

static long pipe_control(struct file *f, int command, long arg)
{
    struct pipe *p = pipe_of(f);

    if (command == F_GETPIPE_SZ)
        return (long)p->slot_max * PAGE;
    return command == F_SETPIPE_SZ ? set_size(p, (unsigned)arg) : -EBADF;
}

static void leave(struct inode *inode, const struct file *f)
{
    struct pipe *p = inode->pipe;

    p->readers -= reads(f);
    p->writers -= writes(f);
    if (p->readers == 0 && p->writers == 0) {
        inode->pipe = NULL;
        pipe_free(p);
    } else if (p->readers == 0 || p->writers == 0) {
        wait_wake_events(&p->wait, HAS_DATA | HAS_ROOM | POLLERR | POLLHUP);
    }
}

static void pipe_release(struct file *f)
{
    leave(f->inode, f);
    file_free(f);
}

static const struct file_ops pipe_ops = {
    .readv = pipe_readv,
    .writev = pipe_writev,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .control = pipe_control,
    .release = pipe_release,
};

/* Makes (f), with its flags set, an end of the pipe of (inode). */
static int join(struct inode *inode, struct file *f)
{
    struct pipe *p = inode->pipe;

    if (!p) {
        p = pipe_alloc();
        if (!p)
            return -ENOMEM;
        inode->pipe = p;
    }
    f->ops = &pipe_ops;
    f->kind = FILE_STREAM | FILE_SIGNALS;
    f->data = p;
    p->readers += reads(f);
    p->writers += writes(f);
    p->read_opens += reads(f);
    p->write_opens += writes(f);
    wait_wake(&p->wait);
    return 0;
}

int fifo_open(struct inode *inode, struct file *f)
{
    const struct pipe *old = inode->pipe;
    bool only_writes = !reads(f);

    if ((f->flags & FILE_ACCESS) == FILE_ACCESS)
        return -EINVAL;
    if (only_writes && f->flags & O_NONBLOCK && (!old || old->readers == 0))
        return -ENXIO;
    int err = join(inode, f);
    if (err)
        return err;
    struct pipe *p = inode->pipe;
    uint64_t opens = only_writes ? p->read_opens : p->write_opens;
    if (!writes(f) && p->writers == 0 && f->flags & O_NONBLOCK) {
        f->pos = p->write_opens + 1;
        return 0;
    }
    while ((only_writes ? p->readers : p->writers) == 0 &&
           (only_writes ? p->read_opens : p->write_opens) == opens) {
        err = wait_sleep(&p->wait, DEADLINE_NEVER, "open a FIFO whose other end nobody opens");
        if (err) {
            leave(inode, f);
            return err;
        }
    }
    return 0;
}

static void pipe_evict(struct inode *inode)
{
    heap_free(inode, sizeof *inode);
}

static const struct inode_ops pipe_inode_ops = {
    .setattr = inode_take_attr,
    .open = join, /* by /proc/self/fd: waits for nobody, other than a FIFO */
    .evict = pipe_evict,
};

static struct fs pipe_fs = {.type = "pipefs", .dev = 8};

static struct inode *pipe_inode(void)
{
    static uint64_t next_ino = 1;
    struct inode *in = heap_alloc(sizeof *in);

    if (!in)
        return NULL;
    in->ops = &pipe_inode_ops;
    in->fs = &pipe_fs;
    in->refs = 1;
    in->nlink = 1;
    in->ino = next_ino++;
    in->mode = S_IFIFO | 0600;
    in->atime = in->mtime = in->ctime = in->btime = clock_wall();
    return in;
}

/* An end with access (access) of the pipe of (inode), or NULL. */
static struct file *make_end(struct inode *inode, unsigned access, unsigned flags)
{
    struct file *f = file_alloc(access | flags);

    if (!f)
        return NULL;
    inode_hold(inode);
    f->inode = inode;
    if (join(inode, f)) {
        file_free(f);
        return NULL;
    }
    return f;
}

int pipe_create(struct file *ends[2], unsigned flags)
{
    struct inode *inode = pipe_inode();

    if (!inode)
        return -ENOMEM;
    ends[0] = make_end(inode, O_RDONLY, flags & ~(unsigned)O_DIRECT);
    ends[1] = ends[0] ? make_end(inode, O_WRONLY, flags) : NULL;
    inode_put(inode);
    if (ends[1])
        return 0;
    if (ends[0])
        pipe_release(ends[0]);
    return -ENOMEM;
}
