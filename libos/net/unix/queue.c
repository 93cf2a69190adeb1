/* SPDX-License-Identifier: MIT
 *
 * Messages and queues of them. Large pieces all have the same size, and a few free ones are kept:
 * pages that are in the cache, and need not be zeroed. */
#include <string.h>

#include "mm/heap.h"
#include "mm/page.h"
#include "unix/internal.h"

#define HEADER     sizeof(struct umsg)
#define PIECE_MIN  496u  /* of streams: small writes share one */
#define HEAP_LIMIT 2032u /* beyond, whole pages */
#define PIECE_MAX  65536u
#define SPARE_MAX  4u

/* Free pieces of PIECE_MAX bytes; linked by (node.next). */
static struct umsg *spares;
static unsigned spare_count;

/* The bytes that a message of (room) takes. */
static size_t bytes_of(size_t room)
{
    return room + HEADER <= HEAP_LIMIT ? room + HEADER : align_up(room + HEADER, PAGE_SIZE);
}

static struct umsg *take_spare(void)
{
    struct umsg *m = spares;

    spares = (struct umsg *)m->node.next;
    spare_count--;
    return m;
}

static struct umsg *alloc_bytes(size_t bytes)
{
    if (bytes == PIECE_MAX && spares)
        return take_spare();
    return bytes > HEAP_LIMIT ? page_alloc(bytes >> PAGE_SHIFT) : heap_alloc(bytes);
}

static void free_bytes(struct umsg *m, size_t bytes)
{
    if (bytes == PIECE_MAX && spare_count < SPARE_MAX) {
        m->node.next = (struct list *)spares;
        spares = m;
        spare_count++;
    } else if (bytes > HEAP_LIMIT) {
        page_free(m, bytes >> PAGE_SHIFT);
    } else {
        heap_free(m, bytes);
    }
}

struct umsg *msg_alloc(size_t len, bool less)
{
    size_t bytes = bytes_of(len);
    struct umsg *m;

    if (less) {
        bytes = bytes < PIECE_MIN ? PIECE_MIN : min_size(bytes, PIECE_MAX);
        if (bytes > PIECE_MAX / 2)
            bytes = PIECE_MAX;
    }
    while (!(m = alloc_bytes(bytes))) {
        if (!less || bytes <= PIECE_MIN)
            return NULL;
        bytes = bytes > PAGE_SIZE ? align_up(bytes / 2, PAGE_SIZE) : PIECE_MIN;
    }
    memset(m, 0, HEADER);
    m->room = (uint32_t)(bytes - HEADER);
    return m;
}

/* What (m) counts for: messages of no bytes must not be for free. */
static size_t charge_of(const struct umsg *m)
{
    return HEADER + m->end - m->start;
}

/* (u) has (n) bytes less on their way. */
static void discharge(struct usock *u, size_t n)
{
    bool could = can_send(u);

    u->charged -= n;
    if (!could && can_send(u))
        wait_wake_events(&u->sock.wait, READY_OUT);
}

void msg_free(struct umsg *m)
{
    if (m->sender) {
        discharge(m->sender, charge_of(m));
        usock_put(m->sender);
    }
    if (m->files)
        files_drop(m->files);
    free_bytes(m, m->room + HEADER);
}

void queue_put(struct usock *to, struct umsg *m, struct usock *from)
{
    usock_hold(from);
    m->sender = from;
    from->charged += charge_of(m);
    list_insert(&to->queue, &m->node);
    to->queue_len++;
    to->queue_bytes += m->end - m->start;
    wait_wake_events(&to->sock.wait, READY_IN);
}

void queue_take(struct usock *u, struct umsg *m)
{
    list_remove(&m->node);
    if (u->urgent == m)
        u->urgent = NULL;
    u->queue_len--;
    u->queue_bytes -= m->end - m->start;
    wait_wake(&u->room);
}

void msg_grow(struct usock *to, struct umsg *m, size_t n)
{
    m->end += (uint32_t)n;
    m->sender->charged += n;
    to->queue_bytes += n;
    wait_wake_events(&to->sock.wait, READY_IN);
}

void msg_shrink(struct usock *u, struct umsg *m, size_t n)
{
    m->start += (uint32_t)n;
    u->queue_bytes -= n;
    discharge(m->sender, n);
}

struct umsg *queue_first(const struct usock *u)
{
    return list_empty(&u->queue) ? NULL : list_entry(u->queue.next, struct umsg, node);
}

struct umsg *queue_next(const struct usock *u, const struct umsg *m)
{
    return m->node.next == &u->queue ? NULL : list_entry(m->node.next, struct umsg, node);
}

void queue_clear(struct usock *u)
{
    struct umsg *m;

    while ((m = queue_first(u))) {
        queue_take(u, m);
        msg_free(m);
    }
}

int wait_to_send(struct usock *u, struct sock_msg *m)
{
    for (;;) {
        if (u->sock.error)
            return sock_error(&u->sock);
        if (u->sock.shut & SOCK_SHUT_WR)
            return -EPIPE;
        if (u->charged < u->sock.sndbuf)
            return 0;
        int err = sock_msg_wait(&u->sock.wait, m, "send to a full socket");
        if (err)
            return err;
    }
}
