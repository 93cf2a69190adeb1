/* SPDX-License-Identifier: MIT
 *
 * Writing to a console device. One chain is in flight at a time, and none when a write returns: the
 * monitor uses every transmit buffer before a poll returns (abi/device.h). A device without
 * PITH_CONSOLE_F_STATUS accepts everything, sooner or later. */
#include <errno.h>
#include <fcntl.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/wait.h"
#include "virtio/console_file.h"
#include "virtio/console_tx.h"

const volatile struct pith_console_config *console_config(const struct plat_device *dev)
{
    return dev->config_len >= sizeof(struct pith_console_config) ? dev->config : NULL;
}

int console_tx_start(struct console_tx *tx, const struct plat_device *dev)
{
    int err = virtq_start(&tx->queue, &dev->queue[PITH_CONSOLE_TX], tx->slots, CONSOLE_TX_PARTS);

    if (err)
        return err;
    tx->status = dev->features & PITH_CONSOLE_F_STATUS;
    tx->config = console_config(dev);
    tx->started = true;
    return 0;
}

/* Fills (parts) with what follows the first (skip) bytes of the vector. Returns how many it took,
 * or -EFAULT if a piece is not in guest memory: the device would take that for an attack. */
static int gather(struct virtq_part *parts, const struct iovec *iov, int n, size_t skip)
{
    int count = 0;

    for (int i = 0; i < n && count < CONSOLE_TX_PARTS; i++) {
        size_t len = iov[i].iov_len;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        const char *addr = (const char *)iov[i].iov_base + skip;
        len -= skip;
        skip = 0;
        if (!range_inside((uintptr_t)addr, len, (uintptr_t)plat_info.mem, plat_info.mem_len))
            return count > 0 ? count : -EFAULT;
        parts[count++] = (struct virtq_part){addr, (uint32_t)len};
    }
    return count;
}

/* Sends what follows the first (skip) bytes, once. Returns the bytes accepted, at least 1; -EAGAIN
 * (the host takes none now), or the host's error. */
static ssize_t send(struct console_tx *tx, const struct iovec *iov, int n, size_t skip,
                    nsec_t deadline)
{
    struct virtq_part parts[CONSOLE_TX_PARTS];
    uint32_t used, bytes;

    int count = gather(parts, iov, n, skip);
    if (count < 0)
        return count;
    int id = virtq_put(&tx->queue, parts, (unsigned)count, 0);
    if (id < 0)
        return id;
    for (;;) {
        wait_poll(deadline);
        id = virtq_take(&tx->queue, &used, &bytes);
        if (id != -EAGAIN)
            break;
        /* A device that keeps buffers: the caller's memory must stay until it is done with it. */
        deadline = DEADLINE_NEVER;
        if (signal_collect)
            signal_collect();
    }
    if (id < 0)
        return id;
    if (!tx->status)
        return bytes;
    int32_t accepted = (int32_t)used;
    if (accepted == 0 || accepted > (int64_t)bytes)
        return -EIO;
    return accepted;
}

static size_t total(const struct iovec *iov, int n)
{
    size_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += iov[i].iov_len;
    return sum;
}

/* Nothing tells that the host would take more. While there are other threads, a write looks again
 * after pauses in which they run; else it blocks in the host. */
static ssize_t tx_writev(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    struct console_tx *tx = f->data;
    bool wait = !(f->flags & O_NONBLOCK);
    size_t want = total(iov, n);
    size_t done = 0;
    ssize_t sent = 0;
    nsec_t pause = 0;

    (void)pos;
    if (!tx->started)
        return -EIO;
    while (done < want) {
        bool shared = wait && tx->status && console_pause && wait_others();
        sent = send(tx, iov, n, done, wait && !shared ? DEADLINE_NEVER : DEADLINE_NOW);
        if (sent > 0) {
            done += (size_t)sent;
            pause = 0;
        } else if (sent == -EAGAIN && shared) {
            int err = console_pause(iov, n, &pause);
            if (err)
                return done > 0 ? (ssize_t)done : err;
        } else if (sent == -EAGAIN && wait) {
            if (signal_due && signal_due()) {
                plat_hold |= HOLD_SIGNAL; /* for the end of the call, which holds nothing */
                return done > 0 ? (ssize_t)done : -EINTR;
            }
        } else {
            break;
        }
    }
    if (sent == -EPIPE)
        signal_raise_sigpipe();
    return done > 0 ? (ssize_t)done : sent;
}

const struct file_ops console_tx_ops = {
    .writev = tx_writev,
    .poll = console_poll,
    .ioctl = console_ioctl,
};
