/* SPDX-License-Identifier: MIT
 *
 * The host's side of console devices (abi/device.h): standard input and output, standard error, and
 * further files that were opened before the sandbox closed. */
#ifndef PITH_MONITOR_CONSOLE_H
#define PITH_MONITOR_CONSOLE_H

#include <stdint.h>

#include "base/base.h"
#include "monitor/dev/net.h"
#include "monitor/dev/queue.h"

#define CONSOLES_MAX 3

struct console {
    const char *name;
    int in, out;   /* descriptors; -1: the device does not have this direction */
    bool stopped;  /* a queue was malformed: no buffer is used any more */
    bool out_full; /* (out) answered EAGAIN, or a signal is due: ask before writing */
    bool in_empty; /* (in) answered EAGAIN: it does not block, so it must be waited for */
    struct queue rx, tx;
};

/* All consoles of a machine, and what waiting depends on. */
struct consoles {
    struct console dev[CONSOLES_MAX];
    unsigned count;
    struct nets *nets;       /* served with them; NULL: none */
    const uint64_t *pending; /* not 0: a signal is due, do not block */
    int64_t (*now)(void);    /* monotonic clock, ns */
};

/* Makes a system call that may block, unless a signal is due: then, or when one comes while it
 * waits, the result is -EINTR. No signal can slip in between the check and the wait. Else returns
 * the result of system call (number), whose arguments from the fifth on are 0. */
long wait_call(const uint64_t *pending, long number, long a, long b, long c, long d);

/* Serves all queues as PITH_HC_POLL says (abi/hypercall.h), with its results. A descriptor that is
 * not set to non-blocking may block in the middle of a long write whatever the deadline. */
long consoles_poll(struct consoles *cs, int64_t deadline);

#endif
