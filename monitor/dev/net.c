/* SPDX-License-Identifier: MIT
 *
 * Packets in and out. */
#include "monitor/dev/net.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "monitor/core/say.h"
#include "monitor/core/sys.h"
#include "monitor/dev/net_trace.h"
#include "monitor/dev/net_user.h"

#define HERE (-1l)

/* The longest packet with offloads: the header of virtio, Ethernet, 64 KiB. */
#define PACKET_MAX (12u + 14 + 65535)

#define HEADER_LEN     12u
#define NUM_BUFFERS_AT 10u /* in the header: virtio 1.2, 5.1.6 */

/* Packets in each direction in one poll: a guest on another CPU could feed it for ever. */
#define BATCH 128

static void stop(struct net *n, const char *queue, const char *why)
{
    say("%s: %s queue: %s; the device is stopped", n->name, queue, why);
    n->stopped = true;
}

static bool transmit_one(struct net *n)
{
    struct queue_chain chain;
    const char *why;
    if (n->stream)
        return net_user_transmit(n, stop);
    int found = queue_peek(&n->tx, &chain, &why);
    if (found < 0)
        stop(n, "transmit", why);
    if (found <= 0)
        return false;
    long done = sys6(SYS_pwritev2, n->fd, (long)chain.iov, chain.count, HERE, HERE, 0);
    n->full = done == -EAGAIN;
    if (n->full)
        return false;
    if (done > (long)HEADER_LEN)
        net_trace(n, NET_TRACE_OUT, chain.iov, chain.count, HEADER_LEN, (size_t)done - HEADER_LEN);
    /* What the host refuses is lost, as packets are. */
    queue_use(&n->tx, chain.head, 0);
    return true;
}

/* Adds a chain behind those of (p), which has room for it. */
static void add(struct net_posted *p, const struct queue_chain *c)
{
    if (p->part >= NET_PARTS_MAX || p->chain >= NET_PARTS_MAX) {
        memmove(p->iov, p->iov + p->part, p->parts * sizeof(p->iov[0]));
        memmove(p->buffer, p->buffer + p->chain, p->chains * sizeof(p->buffer[0]));
        p->part = p->chain = 0;
    }
    size_t room = 0;
    for (int i = 0; i < c->count; i++)
        room += c->iov[i].iov_len;
    memcpy(p->iov + p->part + p->parts, c->iov, (size_t)c->count * sizeof(c->iov[0]));
    p->parts += (unsigned)c->count;
    p->buffer[p->chain + p->chains].head = c->head;
    p->buffer[p->chain + p->chains].parts = (uint16_t)c->count;
    p->buffer[p->chain + p->chains++].room = room;
    p->room += room;
}

/* Makes the buffers at hand hold (want) bytes, or as many parts as one call takes. False: there are
 * not enough. */
static bool gather(struct net *n, size_t want)
{
    struct net_posted *p = &n->posted;
    struct queue_chain c;
    const char *why;

    while (p->room < want && p->chains < NET_PARTS_MAX) {
        int found = queue_peek_ahead(&n->rx, p->chains, &c, &why);
        if (found < 0) {
            stop(n, "receive", why);
            return false;
        }
        if (found == 0 || p->parts + (unsigned)c.count > NET_PARTS_MAX)
            break;
        add(p, &c);
    }
    return p->chains > 0 && (p->room >= want || p->chains == NET_PARTS_MAX);
}

/* Gives the guest the chains that hold a packet of (len) bytes, with their number in the packet's
 * header. Returns how many. */
static int give(struct net *n, struct net_posted *p, size_t len)
{
    uint16_t used = 0;
    for (size_t left = len; left > 0 && used < p->chains; used++)
        left -= min_size(left, p->buffer[p->chain + used].room);
    if (!probe_copy((char *)p->iov[p->part].iov_base + NUM_BUFFERS_AT, &used, sizeof(used))) {
        stop(n, "receive", "a buffer is in memory that cannot be written");
        return 0;
    }
    for (int i = 0; i < used; i++, p->chain++, p->chains--) {
        size_t room = p->buffer[p->chain].room, here = min_size(len, room);
        queue_use(&n->rx, p->buffer[p->chain].head, (uint32_t)here);
        len -= here;
        p->part += p->buffer[p->chain].parts;
        p->parts -= p->buffer[p->chain].parts;
        p->room -= room;
    }
    return used;
}

/* Copies a packet of (len) bytes, which is in the monitor's memory, behind a header without a word.
 */
static bool fill(struct net *n, const struct net_posted *p, const char *from, size_t len)
{
    static const char header[HEADER_LEN];
    size_t done = HEADER_LEN;
    bool ok = probe_copy(p->iov[p->part].iov_base, header, HEADER_LEN);
    for (unsigned i = 0; i < p->parts && len > 0 && ok; i++, done = 0) {
        const struct iovec *to = &p->iov[p->part + i];
        size_t here = min_size(to->iov_len - done, len);
        ok = probe_copy((char *)to->iov_base + done, from, here);
        from += here;
        len -= here;
    }
    if (!ok)
        stop(n, "receive", "a buffer is in memory that cannot be written");
    return ok;
}

static int receive_user(struct net *n)
{
    struct net_posted *p = &n->posted;
    size_t len;
    n->starved = false;
    const char *packet = net_user_next(n, &len, stop);
    if (!packet)
        return 0;
    n->starved = !gather(n, HEADER_LEN + len);
    if (n->starved || n->stopped)
        return 0;
    if (p->iov[p->part].iov_len < HEADER_LEN || p->room < HEADER_LEN + len) {
        stop(n, "receive", "buffers are too small for a packet");
        return 0;
    }
    if (!fill(n, p, packet, len))
        return 0;
    net_trace(n, NET_TRACE_IN, &(struct iovec){(char *)packet, len}, 1, 0, len);
    net_user_taken(len);
    return give(n, p, HEADER_LEN + len);
}

static int receive_one(struct net *n)
{
    struct net_posted *p = &n->posted;
    if (n->stream)
        return receive_user(n);
    size_t want = n->offloads ? PACKET_MAX : HEADER_LEN + 18u + n->mtu;
    n->starved = !gather(n, want);
    if (n->starved || n->stopped)
        return 0;
    if (p->iov[p->part].iov_len < HEADER_LEN) {
        stop(n, "receive", "a buffer has no room for the header");
        return 0;
    }
    long len = sys6(SYS_preadv2, n->fd, (long)(p->iov + p->part), p->parts, HERE, HERE, 0);
    if (len == -EFAULT)
        stop(n, "receive", "a buffer is in memory that cannot be written");
    if (len == 0)
        stop(n, "receive", "the gate of its policy has ended");
    if (len <= (long)HEADER_LEN)
        return 0;
    net_trace(n, NET_TRACE_IN, p->iov + p->part, p->parts, HEADER_LEN, (size_t)len - HEADER_LEN);
    return give(n, p, (size_t)len);
}

int nets_serve(struct nets *ns)
{
    int used = 0;
    for (unsigned i = 0; i < ns->count; i++) {
        struct net *n = &ns->dev[i];
        for (int sent = 0; sent < BATCH && !n->stopped && transmit_one(n); sent++)
            ;
        for (int got = 0, now = 1; got < BATCH && now && !n->stopped; got++) {
            now = receive_one(n);
            used += now;
        }
    }
    ns->received += (unsigned)used;
    return used;
}

bool net_wants_input(struct net *n)
{
    return !n->stopped && !n->starved && n->rx.rings;
}

bool nets_want_input(struct nets *ns)
{
    for (unsigned i = 0; i < ns->count; i++)
        if (net_wants_input(&ns->dev[i]))
            return true;
    return false;
}

bool net_wants_output(const struct net *n)
{
    return !n->stopped && n->full;
}
