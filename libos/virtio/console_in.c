/* SPDX-License-Identifier: MIT
 *
 * Reading from the standard input, and polling the standard files. At most one buffer is with the
 * device, and what came is handed out before the next is posted. A blocked read that a signal
 * interrupts leaves its buffer posted; it is this file's, so what comes later is kept for the next
 * read. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "abi/device.h"
#include "virtio/console.h"
#include "virtio/console_file.h"
#include "virtio/virtq.h"

#define INPUT_BUFFER 4096

/* The receiving half of the device "stdio". Idle (nothing below holds), or posted, or has data
 * (count > 0), or ended. */
static struct {
    struct virtq queue;
    struct virtq_slot slot;
    bool started;
    bool status;           /* PITH_CONSOLE_F_STATUS */
    bool posted;           /* the buffer is with the device */
    bool probed;           /* it was posted by a poll, for one byte */
    bool ended;            /* the device has told the end of the input, or an error */
    int result;            /* then: 0 or the error, for one read to return */
    uint32_t first, count; /* data in the buffer */
    uint8_t buffer[INPUT_BUFFER];
} input;

static struct wait_queue input_wait = WAIT_QUEUE_EXTERNAL_INIT;

/* What poll says at the end of the input. */
static int end_bits(void)
{
    if (input.result < 0)
        return POLLIN | POLLERR;
    return S_ISCHR(console_stdin.mode) ? POLLIN | POLLRDNORM : POLLIN | POLLHUP;
}

static void post(size_t want)
{
    struct virtq_part part = {input.buffer, (uint32_t)min_size(want, INPUT_BUFFER)};

    if (input.posted)
        return;
    input.probed = false;
    int id = virtq_put(&input.queue, &part, 1, 1);
    if (id < 0) {
        input.ended = true;
        input.result = id;
        return;
    }
    input.posted = true;
}

/* Takes note of what the device has brought. */
static void collect(void)
{
    uint32_t used, bytes;

    if (!input.posted)
        return;
    int id = virtq_take(&input.queue, &used, &bytes);
    if (id == -EAGAIN)
        return;
    input.posted = false;
    int32_t got = id < 0 ? id : (int32_t)used;
    if (got > (int64_t)bytes || (got < 0 && !input.status))
        got = -EIO;
    if (got > 0) {
        input.first = 0;
        input.count = (uint32_t)got;
    } else {
        input.ended = true;
        input.result = got;
    }
    wait_wake_events(&input_wait, (unsigned)(got > 0 ? POLLIN | POLLRDNORM : end_bits()));
}

static struct wait_source input_source = {.fn = collect};

/* Copies data out to what follows the first (skip) bytes of the vector. Returns the bytes copied.
 */
static size_t hand_out(const struct iovec *iov, int n, size_t skip)
{
    size_t copied = 0;

    for (int i = 0; i < n && input.count > 0; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t len = min_size(iov[i].iov_len - skip, input.count);
        memcpy((char *)iov[i].iov_base + skip, input.buffer + input.first, len);
        skip = 0;
        input.first += (uint32_t)len;
        input.count -= (uint32_t)len;
        copied += len;
    }
    return copied;
}

/* Asks for one byte, to learn when there is input, unless that is known. */
static void probe(void)
{
    if (input.count > 0 || input.ended || input.posted)
        return;
    post(1);
    input.probed = true;
}

/* Data, or the end, once: -EAGAIN while there is neither. */
static ssize_t take(const struct iovec *iov, int n, size_t want)
{
    collect();
    if (input.count > 0) {
        size_t got = hand_out(iov, n, 0);
        if (got < want && input.probed) {
            /* A poll has taken the first byte: get what it left behind, if that is there by now. */
            post(want - got);
            wait_poll(DEADLINE_NOW);
            collect();
            got += hand_out(iov, n, got);
        }
        if (console_stdin.flags & O_ASYNC)
            probe(); /* its owner wants to hear of more */
        return (ssize_t)got;
    }
    if (input.ended) {
        input.ended = false;
        return input.result;
    }
    return -EAGAIN;
}

ssize_t console_readv(struct file *f, const struct iovec *iov, int n, uint64_t *pos)
{
    size_t want = 0;

    (void)pos;
    if (!input.started)
        return -EIO;
    for (int i = 0; i < n; i++)
        want += iov[i].iov_len;
    if (want == 0)
        return 0;
    for (;;) {
        ssize_t got = take(iov, n, want);
        if (got != -EAGAIN)
            return got;
        post(want);
        if (f->flags & O_NONBLOCK) {
            wait_poll(DEADLINE_NOW);
            return take(iov, n, want);
        }
        int err = wait_sleep_vector(&input_wait, iov, n, false, DEADLINE_NEVER,
                                    "read of the standard input");
        if (err)
            return err;
    }
}

static int in_poll(void)
{
    if (!input.started)
        return POLLERR;
    collect();
    if (input.count == 0 && !input.ended) {
        probe();
        wait_poll(DEADLINE_NOW);
    }
    if (input.count > 0)
        return POLLIN | POLLRDNORM;
    return input.ended ? end_bits() : 0;
}

int console_poll(struct file *f, struct wait_queue **q)
{
    static struct wait_queue never_woken = WAIT_QUEUE_EXTERNAL_INIT;

    if (f != &console_stdin) {
        *q = &never_woken;
        return POLLOUT | POLLWRNORM;
    }
    *q = &input_wait;
    return in_poll();
}

int console_in_count(void)
{
    collect();
    return (int)input.count;
}

void console_in_start(const struct plat_device *dev)
{
    if (virtq_start(&input.queue, &dev->queue[PITH_CONSOLE_RX], &input.slot, 1))
        return;
    input.status = dev->features & PITH_CONSOLE_F_STATUS;
    input.started = true;
    wait_source_add(&input_source);
}
