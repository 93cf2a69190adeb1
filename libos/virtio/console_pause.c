/* SPDX-License-Identifier: MIT
 *
 * Waiting for the console while other threads run: only with the scheduler. */
#include <errno.h>

#include "iface/wait.h"
#include "virtio/console_file.h"

/* In nanoseconds. */
#define PAUSE_FIRST 500000
#define PAUSE_MOST  8000000

int console_pause(const struct iovec *iov, int n, nsec_t *last)
{
    static struct wait_queue never_woken = WAIT_QUEUE_EXTERNAL_INIT;

    *last = *last ? min_size((size_t)(2 * *last), PAUSE_MOST) : PAUSE_FIRST;
    int err = wait_sleep_vector(&never_woken, iov, n, true, clock_monotonic() + *last,
                                "write to the console");
    return err == -ETIMEDOUT ? 0 : err;
}
