/* SPDX-License-Identifier: MIT
 *
 * Packets in and out. */
#include "monitor/dev/net.h"

#include <errno.h>
#include <sys/syscall.h>

#include "monitor/core/say.h"
#include "monitor/core/sys.h"
#include "monitor/dev/net_user.h"

#define HERE (-1l)

/* The longest packet with offloads: the header of virtio, Ethernet, 64 KiB. */
#define PACKET_MAX (12u + 14 + 65535)

/* Buffers for one packet, over several chains of the guest. */
#define PARTS_MAX 64

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
    if (!n->host)
        return net_user_transmit(n, stop);
    int found = queue_peek(&n->tx, &chain, &why);
    if (found < 0)
        stop(n, "transmit", why);
    if (found <= 0)
        return false;
    long done = sys6(SYS_pwritev2, n->fd, (long)chain.iov, chain.count, HERE, HERE, 0);
    if (done == -EAGAIN)
        return false;
    /* What the host refuses is lost, as packets are. */
    queue_use(&n->tx, &chain, 0);
    return true;
}

/* The buffers that the guest has posted, up to one packet's. */
struct posted {
    struct iovec iov[PARTS_MAX];
    int count;
    struct queue_chain chain[PARTS_MAX];
    int chains;
};

static bool gather(struct net *n, size_t want, struct posted *p)
{
    size_t have = 0;
    const char *why;

    p->count = p->chains = 0;
    while (have < want && p->chains < PARTS_MAX) {
        struct queue_chain *c = &p->chain[p->chains];
        int found = queue_peek_ahead(&n->rx, (unsigned)p->chains, c, &why);
        if (found < 0) {
            stop(n, "receive", why);
            return false;
        }
        if (found == 0 || p->count + c->count > PARTS_MAX)
            break;
        for (int i = 0; i < c->count; i++) {
            p->iov[p->count++] = c->iov[i];
            have += c->iov[i].iov_len;
        }
        p->chains++;
    }
    return p->chains > 0 && (have >= want || p->chains == PARTS_MAX);
}

/* Gives the chains that hold a packet of (len) bytes to the guest. Returns how many. */
static int give(struct net *n, const struct posted *p, size_t len)
{
    int used = 0;
    for (; used < p->chains && len > 0; used++) {
        const struct queue_chain *c = &p->chain[used];
        size_t room = 0;
        for (int i = 0; i < c->count; i++)
            room += c->iov[i].iov_len;
        size_t here = min_size(room, len);
        queue_use(&n->rx, c, (uint32_t)here);
        len -= here;
    }
    return used;
}

/* How many chains a packet of (len) bytes takes. */
static uint16_t chains_of(const struct posted *p, size_t len)
{
    uint16_t n = 0;
    for (; n < p->chains && len > 0; n++)
        for (int i = 0; i < p->chain[n].count; i++)
            len -= min_size(len, p->chain[n].iov[i].iov_len);
    return n;
}

/* Writes the number of buffers, which is known last. */
static bool number(struct net *n, const struct posted *p, size_t len)
{
    uint16_t buffers = chains_of(p, len);
    if (probe_copy((char *)p->iov[0].iov_base + NUM_BUFFERS_AT, &buffers, sizeof(buffers)))
        return true;
    stop(n, "receive", "a buffer is in memory that cannot be written");
    return false;
}

/* Copies a packet of (len) bytes, which is in the monitor's memory, behind a header without a word.
 */
static bool fill(struct net *n, const struct posted *p, const char *from, size_t len)
{
    static const char header[HEADER_LEN];
    size_t done = HEADER_LEN;
    bool ok = probe_copy(p->iov[0].iov_base, header, HEADER_LEN);
    for (int i = 0; i < p->count && len > 0 && ok; i++, done = 0) {
        size_t here = min_size(p->iov[i].iov_len - done, len);
        ok = probe_copy((char *)p->iov[i].iov_base + done, from, here);
        from += here;
        len -= here;
    }
    if (!ok)
        stop(n, "receive", "a buffer is in memory that cannot be written");
    return ok;
}

static int receive_user(struct net *n)
{
    struct posted p;
    size_t len, room = 0;
    n->starved = false;
    const char *packet = net_user_next(n, &len, stop);
    if (!packet)
        return 0;
    n->starved = !gather(n, HEADER_LEN + len, &p);
    if (n->starved || n->stopped)
        return 0;
    for (int i = 0; i < p.count; i++)
        room += p.iov[i].iov_len;
    if (p.iov[0].iov_len < HEADER_LEN || room < HEADER_LEN + len) {
        stop(n, "receive", "buffers are too small for a packet");
        return 0;
    }
    if (!fill(n, &p, packet, len) || !number(n, &p, HEADER_LEN + len))
        return 0;
    net_user_taken(len);
    return give(n, &p, HEADER_LEN + len);
}

static int receive_one(struct net *n)
{
    struct posted p;
    if (!n->host)
        return receive_user(n);
    size_t want = n->offloads ? PACKET_MAX : HEADER_LEN + 18u + n->mtu;
    n->starved = !gather(n, want, &p);
    if (n->starved || n->stopped)
        return 0;
    if (p.iov[0].iov_len < HEADER_LEN) {
        stop(n, "receive", "a buffer has no room for the header");
        return 0;
    }
    long len = sys6(SYS_preadv2, n->fd, (long)p.iov, p.count, HERE, HERE, 0);
    if (len == -EFAULT)
        stop(n, "receive", "a buffer is in memory that cannot be written");
    if (len <= (long)HEADER_LEN)
        return 0;
    if (!number(n, &p, (size_t)len))
        return 0;
    return give(n, &p, (size_t)len);
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
    return used;
}

bool net_wants_input(struct net *n)
{
    return !n->stopped && !n->starved && n->rx.rings;
}

bool net_wants_output(const struct net *n)
{
    return !n->stopped && n->full;
}
