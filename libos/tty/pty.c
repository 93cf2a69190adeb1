/* SPDX-License-Identifier: MIT
 *
 * Pairs of master and slave (pty.h): reading, writing, waiting, and what each end's end does to the
 * other. Wakes for an end say nothing of what has come, so that they send no SIGIO, as on Linux. */
#include "tty/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#include "iface/cred.h"
#include "mm/heap.h"
#include "vfs/fd.h"
#include "vfs/open.h"
#include "vfs/vector.h"

#define HAS_DATA (POLLIN | POLLRDNORM)
#define HAS_ROOM (POLLOUT | POLLWRNORM)

#define PAIRS_MAX 4096 /* as on Linux, by default */

#define TENTH_OF_SECOND 100000000

struct pty *pty_list;

static uint32_t ring_room(const struct ring *r)
{
    return r->size - ring_count(r);
}

/* Where the next bytes of (r) lie, and how many there, at most (n). */
static uint8_t *ring_first(const struct ring *r, size_t n, size_t *len)
{
    uint32_t at = r->tail % r->size;

    *len = min_size(min_size(n, ring_count(r)), r->size - at);
    return r->data + at;
}

/* Adds (n) bytes, for which there is room. */
static void ring_put(struct ring *r, const void *from, size_t n)
{
    uint32_t at = r->head % r->size, first = (uint32_t)min_size(n, r->size - at);

    memcpy(r->data + at, from, first);
    memcpy(r->data, (const uint8_t *)from + first, n - first);
    r->head += (uint32_t)n;
}

static void ring_taken(struct ring *r, size_t n)
{
    r->tail += (uint32_t)n;
    if (r->tail >= r->size) {
        r->tail -= r->size;
        r->head -= r->size;
    }
}

void pty_status(struct pty *p, unsigned set, unsigned clear)
{
    if (!p->packet)
        return;
    p->status = (uint8_t)((p->status & ~clear) | set);
    wait_wake_events(&p->master_wait, POLLPRI | HAS_DATA);
}

void pty_flush_typed(struct pty *p)
{
    line_flush(&p->line);
    pty_status(p, TIOCPKT_FLUSHREAD, 0);
    pty_move(p);
}

void pty_flush_written(struct pty *p, size_t arrived)
{
    if (ring_count(&p->written) > arrived) {
        p->written.head = p->written.tail + (uint32_t)arrived;
        wait_wake_events(&p->slave_wait, HAS_ROOM);
    }
    pty_status(p, TIOCPKT_FLUSHWRITE, 0);
}

void pty_flush_waiting(struct pty *p)
{
    bool was_full = ring_room(&p->typed) == 0;

    ring_taken(&p->typed, ring_count(&p->typed));
    if (was_full)
        wait_wake_events(&p->master_wait, HAS_ROOM);
}

/* Shows the echo, as far as there is room. */
static void show_echo(struct pty *p)
{
    uint8_t out[64];
    size_t n;
    bool any = false;

    while ((n = line_echo(&p->line, out, min_size(sizeof(out), ring_room(&p->written)))) > 0) {
        ring_put(&p->written, out, n);
        any = true;
    }
    if (any)
        wait_wake_events(&p->master_wait, HAS_DATA);
}

/* Whether a write of the slave may have to wait. */
static bool is_full(const struct pty *p)
{
    return ring_room(&p->written) < 256;
}

/* Those who write may have room again. */
static void written_taken(struct pty *p, bool was_full)
{
    show_echo(p);
    if (was_full && !p->line.stopped)
        wait_wake_events(&p->slave_wait, HAS_ROOM);
}

void pty_flush_arrived(struct pty *p)
{
    bool was_full = is_full(p);

    ring_taken(&p->written, min_size(ring_count(&p->written), PTY_ARRIVED));
    written_taken(p, was_full);
}

void pty_act(struct pty *p, unsigned news)
{
    if (news & LINE_INTR)
        control_signal(p, SIGINT);
    if (news & LINE_QUIT)
        control_signal(p, SIGQUIT);
    if (news & LINE_SUSP)
        control_signal(p, SIGTSTP);
    if (news & LINE_STOP)
        pty_status(p, TIOCPKT_STOP, TIOCPKT_START);
    if (news & LINE_START) {
        pty_status(p, TIOCPKT_START, TIOCPKT_STOP);
        wait_wake_events(&p->slave_wait, HAS_ROOM);
    }
    if (news & LINE_READY)
        wait_wake_events(&p->slave_wait, HAS_DATA);
}

/* A signal drops what was typed before it, and what has not arrived. */
static void flush_by_key(struct pty *p, size_t arrived)
{
    pty_flush_written(p, arrived);
    pty_status(p, TIOCPKT_FLUSHREAD, 0);
}

void pty_move(struct pty *p)
{
    bool was_full = ring_room(&p->typed) == 0;
    size_t n, done, arrived = min_size(ring_count(&p->written), PTY_ARRIVED);
    unsigned news;

    do {
        const uint8_t *at = ring_first(&p->typed, SIZE_MAX, &n);
        done = line_input(&p->line, at, n, &news);
        ring_taken(&p->typed, done);
        if (news & LINE_FLUSH)
            flush_by_key(p, arrived);
        pty_act(p, news);
        show_echo(p);
    } while (done > 0);
    if (was_full && ring_room(&p->typed) > 0)
        wait_wake_events(&p->master_wait, HAS_ROOM);
}

void pty_send(struct pty *p, bool master, uint8_t c)
{
    struct ring *to = master ? &p->typed : &p->written;

    if (ring_room(to) == 0 || (master ? p->halted : p->line.halted))
        return;
    ring_put(to, &c, 1);
    if (master)
        pty_move(p);
    else
        wait_wake_events(&p->master_wait, HAS_DATA);
}

static struct pty *pty_of(const struct file *f)
{
    return f->data;
}

/* What a call does that wants to wait: 0 when woken; -EAGAIN, -EINTR, -ETIMEDOUT, -EFAULT. */
static int wait_for(const struct file *f, struct wait_queue *q, const struct iovec *iov, int n,
                    bool write, nsec_t deadline)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return wait_sleep_vector(q, iov, n, write, deadline,
                             write ? "write to a pseudo-terminal" : "read from a pseudo-terminal");
}

/* Takes what is there, at most (want) bytes, into (to). Returns how many; -EAGAIN. */
static ssize_t take_typed(struct pty *p, struct vector *to, size_t want)
{
    struct line_piece pieces[2];
    ssize_t got = line_take(&p->line, want, pieces);

    for (int i = 0; got > 0 && i < 2; i++)
        vector_put(to, pieces[i].at, pieces[i].len);
    if (got >= 0)
        pty_move(p);
    return got;
}

/* Reading without lines: MIN and TIME (termios(3)). */
static ssize_t read_raw(struct file *f, const struct iovec *iov, int n, size_t want)
{
    struct pty *p = pty_of(f);
    struct vector to = {iov, 0};
    const uint8_t *key = p->line.modes.key;
    size_t least = key[VMIN] ? key[VMIN] : 1, done = 0;
    nsec_t time = key[VTIME] * (nsec_t)TENTH_OF_SECOND, deadline = DEADLINE_NEVER;

    if (!key[VMIN])
        deadline = time ? clock_monotonic() + time : DEADLINE_NOW;
    while (done < want && done < least) {
        ssize_t got = take_typed(p, &to, want - done);
        if (got >= 0) {
            done += (size_t)got;
            if (key[VMIN] && time)
                deadline = clock_monotonic() + time;
            continue;
        }
        if (deadline == DEADLINE_NOW)
            break;
        int err = !p->master ? -EIO : wait_for(f, &p->slave_wait, iov, n, false, deadline);
        if (err == -ETIMEDOUT)
            break;
        if (err)
            return done > 0 ? (ssize_t)done : err;
    }
    return (ssize_t)done;
}

static bool has_lines(const struct pty *p)
{
    return p->line.modes.lflag & ICANON;
}

static ssize_t slave_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pty *p = pty_of(f);
    struct vector to = {iov, 0};
    size_t want = vector_total(iov, n);

    (void)pos;
    if (want == 0 || !p->master)
        return 0;
    for (;;) {
        if (!has_lines(p))
            return read_raw(f, iov, n, want);
        ssize_t got = take_typed(p, &to, want);
        if (got >= 0)
            return got;
        int err = wait_for(f, &p->slave_wait, iov, n, false, DEADLINE_NEVER);
        if (err || !p->master)
            return err ? err : -EIO;
    }
}

/* Writes what fits of the (n) bytes at (from). Returns how many it took. */
static size_t write_some(struct pty *p, const char *from, size_t n)
{
    uint8_t out[256];
    size_t done = 0, made, took;

    do {
        size_t room = p->line.stopped ? 0 : min_size(sizeof(out), ring_room(&p->written));
        took = line_output(&p->line, (const uint8_t *)from + done, n - done, out, room, &made);
        ring_put(&p->written, out, made);
        done += took;
    } while (took > 0 && done < n);
    return done;
}

static ssize_t slave_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pty *p = pty_of(f);
    struct vector from = {iov, 0};
    size_t want = vector_total(iov, n), done = 0;

    (void)pos;
    for (;;) {
        if (!p->master)
            return done > 0 ? (ssize_t)done : -EIO;
        uint32_t before = ring_count(&p->written);
        bool more = true;
        if (!p->line.stopped)
            line_due(&p->line);
        show_echo(p);
        while (more && done < want) {
            size_t len;
            const char *at = vector_next(&from, want - done, &len);
            size_t took = write_some(p, at, len);
            from.skip -= len - took;
            done += took;
            more = took == len;
        }
        if (ring_count(&p->written) != before)
            wait_wake_events(&p->master_wait, HAS_DATA);
        if (done == want)
            return (ssize_t)done;
        int err = wait_for(f, &p->slave_wait, iov, n, true, DEADLINE_NEVER);
        if (err)
            return done > 0 ? (ssize_t)done : err;
    }
}

static int slave_poll(struct file *f, struct wait_queue **q)
{
    struct pty *p = pty_of(f);
    const uint8_t *key = p->line.modes.key;
    int bits = 0;

    *q = &p->slave_wait;
    if (!p->master)
        return HAS_DATA | HAS_ROOM | POLLERR | POLLHUP;
    if (line_has(&p->line, has_lines(p) || key[VTIME] || !key[VMIN] ? 1 : key[VMIN]))
        bits |= HAS_DATA;
    if (!p->line.stopped && ring_room(&p->written) >= LINE_WIDEST)
        bits |= HAS_ROOM;
    return bits;
}

static long slave_ioctl(struct file *f, unsigned long request, long arg)
{
    return pty_ioctl(pty_of(f), f, false, request, arg);
}

static void slave_release(struct file *f)
{
    struct pty *p = pty_of(f);

    if (--p->slaves == 0 && p->master) {
        p->lost = true;
        wait_wake(&p->master_wait);
    }
    file_free(f);
    inode_put(&p->inode);
}

static const struct file_ops slave_ops = {
    .readv = slave_readv,
    .writev = slave_writev,
    .poll = slave_poll,
    .ioctl = slave_ioctl,
    .release = slave_release,
};

int pty_open_slave(struct pty *p, struct file *f, bool noctty)
{
    if (!p->master || p->locked)
        return -EIO;
    if (p->exclusive[0] && !cred_may(CAP_SYS_ADMIN))
        return -EBUSY;
    inode_hold(&p->inode);
    p->slaves++;
    p->lost = false;
    f->ops = &slave_ops;
    f->data = p;
    f->kind = FILE_STREAM | FILE_TERMINAL | FILE_SIGNALS;
    if (!noctty && (f->flags & FILE_ACCESS) != O_WRONLY)
        control_take(p);
    return 0;
}

static ssize_t master_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pty *p = pty_of(f);
    struct vector to = {iov, 0};
    size_t want = min_size(vector_total(iov, n), PTY_ARRIVED), done = 0, len;

    (void)pos;
    if (want == 0)
        return 0;
    while (ring_count(&p->written) == 0 && !(p->packet && p->status)) {
        if (p->lost)
            return -EIO;
        int err = wait_for(f, &p->master_wait, iov, n, false, DEADLINE_NEVER);
        if (err)
            return err;
    }
    if (p->packet) {
        vector_put(&to, &p->status, 1); /* TIOCPKT_DATA is 0 */
        done = 1;
        if (p->status) {
            p->status = 0;
            return 1;
        }
    }
    bool was_full = is_full(p);
    while (done < want && ring_count(&p->written) > 0) {
        const uint8_t *at = ring_first(&p->written, want - done, &len);
        vector_put(&to, at, len);
        ring_taken(&p->written, len);
        done += len;
    }
    written_taken(p, was_full);
    return (ssize_t)done;
}

static ssize_t master_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct pty *p = pty_of(f);
    struct vector from = {iov, 0};
    size_t want = vector_total(iov, n), done = 0, len;

    (void)pos;
    while (done < want) {
        size_t room = p->halted ? 0 : ring_room(&p->typed);
        if (room == 0) {
            int err = wait_for(f, &p->master_wait, iov, n, true, DEADLINE_NEVER);
            if (err)
                return done > 0 ? (ssize_t)done : err;
            continue;
        }
        const char *at = vector_next(&from, min_size(want - done, room), &len);
        ring_put(&p->typed, at, len);
        done += len;
        pty_move(p);
    }
    return (ssize_t)done;
}

static int master_poll(struct file *f, struct wait_queue **q)
{
    struct pty *p = pty_of(f);
    int bits = p->lost ? POLLHUP : 0;

    *q = &p->master_wait;
    if (p->packet && p->status)
        bits |= POLLPRI | HAS_DATA;
    if (ring_count(&p->written) > 0)
        bits |= HAS_DATA;
    if (!p->halted && ring_room(&p->typed) > 0)
        bits |= HAS_ROOM;
    return bits;
}

static long master_ioctl(struct file *f, unsigned long request, long arg)
{
    return pty_ioctl(pty_of(f), f, true, request, arg);
}

static void master_release(struct file *f)
{
    struct pty *p = pty_of(f), **link = &pty_list;

    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    p->master = false;
    control_lost(p);
    wait_wake(&p->slave_wait);
    pts_unname(p);
    file_free(f);
    inode_put(&p->inode);
}

static const struct file_ops master_ops = {
    .readv = master_readv,
    .writev = master_writev,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};

int pty_open_master(struct file *f)
{
    struct pty **link = &pty_list, *p;
    unsigned number = 0;

    for (; *link && (*link)->number == number; number++)
        link = &(*link)->next;
    if (number == PAIRS_MAX)
        return -ENOSPC;
    p = heap_alloc(sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->number = number;
    p->master = p->locked = true;
    p->typed = (struct ring){.size = PTY_TYPED, .data = p->typed_data};
    p->written = (struct ring){.size = PTY_WRITTEN, .data = p->written_data};
    line_init(&p->line);
    pts_name(p);
    p->next = *link;
    *link = p;
    f->ops = &master_ops;
    f->data = p;
    f->kind = FILE_STREAM | FILE_TERMINAL | FILE_SIGNALS;
    return 0;
}
