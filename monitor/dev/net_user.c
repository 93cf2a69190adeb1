/* SPDX-License-Identifier: MIT
 *
 * Packets to and from passt. One machine has at most one network of this kind, so there is one
 * buffer for what has come of the stream. */
#include "monitor/dev/net_user.h"

#include <errno.h>
#include <string.h>

#include "monitor/core/sys.h"
#include "monitor/dev/net_trace.h"

#define HERE       (-1l)
#define HEADER_LEN 12u
#define PREFIX_LEN 4u
#define FRAME_MAX  (14u + 65535)

static struct {
    uint8_t bytes[2 * (PREFIX_LEN + FRAME_MAX)];
    size_t at, end; /* what is not taken yet */
} in;

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Takes (skip) bytes off the front of a vector. */
static int cut(struct iovec *iov, int n, size_t skip)
{
    for (int i = 0; i < n; i++) {
        size_t here = min_size(skip, iov[i].iov_len);
        iov[i] = (struct iovec){(char *)iov[i].iov_base + here, iov[i].iov_len - here};
        skip -= here;
    }
    return n;
}

bool net_user_transmit(struct net *n, net_stop *stop)
{
    struct queue_chain chain;
    struct iovec iov[CHAIN_MAX + 1];
    size_t total = 0;
    const char *why;
    int found = queue_peek(&n->tx, &chain, &why);
    if (found < 0)
        stop(n, "transmit", why);
    if (found <= 0)
        return false;
    for (int i = 0; i < chain.count; i++)
        total += chain.iov[i].iov_len;
    if (total <= HEADER_LEN || total > HEADER_LEN + FRAME_MAX) {
        stop(n, "transmit", "a packet has no sound length");
        return false;
    }
    uint32_t len = (uint32_t)(total - HEADER_LEN);
    uint8_t prefix[PREFIX_LEN] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                                  (uint8_t)len};
    iov[0] = (struct iovec){prefix, PREFIX_LEN};
    memcpy(iov + 1, chain.iov, (size_t)chain.count * sizeof(iov[0]));
    cut(iov + 1, chain.count, HEADER_LEN);
    int count = cut(iov, chain.count + 1, n->sent);
    if (n->sent >= PREFIX_LEN + len) { /* the guest has changed what it had queued */
        stop(n, "transmit", "a packet became shorter");
        return false;
    }
    long done = sys6(SYS_pwritev2, n->fd, (long)iov, count, HERE, HERE, 0);
    n->full = done == -EAGAIN || (done > 0 && n->sent + (size_t)done < PREFIX_LEN + len);
    if (done < 0 && done != -EAGAIN && done != -EINTR) {
        stop(n, "transmit",
             done == -EFAULT ? "a packet is in memory that cannot be read" : "passt has ended");
        return false;
    }
    if (done < 0)
        return false;
    n->sent += (size_t)done;
    if (n->sent < PREFIX_LEN + len)
        return false;
    n->sent = 0;
    net_trace(n, NET_TRACE_OUT, chain.iov, chain.count, HEADER_LEN, len);
    queue_use(&n->tx, chain.head, 0);
    return true;
}

/* Whether a whole packet is in the buffer. */
static bool have_next(void)
{
    size_t have = in.end - in.at;
    return have >= PREFIX_LEN && have - PREFIX_LEN >= get_be32(in.bytes + in.at);
}

const void *net_user_next(struct net *n, size_t *len, net_stop *stop)
{
    if (!have_next()) {
        memmove(in.bytes, in.bytes + in.at, in.end - in.at);
        in.end -= in.at;
        in.at = 0;
        struct iovec room = {in.bytes + in.end, sizeof(in.bytes) - in.end};
        long got = sys6(SYS_preadv2, n->fd, (long)&room, 1, HERE, HERE, 0);
        if (got == 0 || (got < 0 && got != -EAGAIN && got != -EINTR))
            stop(n, "receive", "passt has ended");
        if (got <= 0)
            return NULL;
        in.end += (size_t)got;
    }
    if (in.end - in.at >= PREFIX_LEN && get_be32(in.bytes + in.at) > FRAME_MAX) {
        stop(n, "receive", "passt has sent a packet of no sound length");
        return NULL;
    }
    if (!have_next())
        return NULL;
    *len = get_be32(in.bytes + in.at);
    return in.bytes + in.at + PREFIX_LEN;
}

void net_user_taken(size_t len)
{
    in.at += PREFIX_LEN + len;
}
