/* SPDX-License-Identifier: MIT
 *
 * futex(2) while there is one thread: nobody else waits, so waking finds nobody, and waiting ends
 * by the deadline or a signal handler. Waiting without either ends the machine with a report
 * (iface/wait.h). FUTEX_WAKE_OP and priority inheritance are between threads: ENOSYS. */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

#include "iface/hold.h"
#include "iface/signal.h"
#include "iface/wait.h"
#include "pith_calls.h"
#include "posix/timespec.h"

/* The deadline of a wait: without FUTEX_WAIT_BITSET's absolute times, a duration. */
static int wait_deadline(const struct timespec *ts, bool absolute, bool wall, nsec_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (!ts)
        return 0;
    if (!timespec_valid(ts))
        return -EINVAL;
    nsec_t ns = timespec_ns(ts);
    *deadline = !absolute ? deadline_in(ns) : wall ? deadline_at_wall(ns) : ns;
    return 0;
}

static long futex_wait(const uint32_t *word, uint32_t value, nsec_t deadline)
{
    struct wait_queue never_woken = WAIT_QUEUE_INIT;

    for (;;) {
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value)
            return -EAGAIN;
        int err = wait_sleep(&never_woken, deadline, "futex (a lock, condition or thread)");
        if (err == -EINTR && deadline == DEADLINE_NEVER && signal_restarts())
            continue;
        if (err)
            return err;
    }
}

static bool is_word(long addr)
{
    return addr % (long)sizeof(uint32_t) == 0;
}

long pith_sys_futex(long addr, long op, long value, long timeout, long addr2, long value3)
{
    HOLD;
    const struct timespec *ts = (const struct timespec *)timeout;
    uint32_t *word = (uint32_t *)addr;
    long command = op & FUTEX_CMD_MASK;
    bool wall = op & FUTEX_CLOCK_REALTIME;
    nsec_t deadline;
    long err;

    if (wall && command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    if (!is_word(addr))
        return -EINVAL;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        if (command == FUTEX_WAIT_BITSET && (uint32_t)value3 == 0)
            return -EINVAL;
        err = wait_deadline(ts, command == FUTEX_WAIT_BITSET, wall, &deadline);
        return err ? err : futex_wait(word, (uint32_t)value, deadline);
    case FUTEX_WAKE:
        return 0;
    case FUTEX_WAKE_BITSET:
        return (uint32_t)value3 == 0 ? -EINVAL : 0;
    case FUTEX_CMP_REQUEUE:
    case FUTEX_REQUEUE:
        /* (timeout) is a number of waiters here. */
        if ((int)value < 0 || (int)timeout < 0 || !is_word(addr2))
            return -EINVAL;
        if (command == FUTEX_CMP_REQUEUE &&
            __atomic_load_n(word, __ATOMIC_SEQ_CST) != (uint32_t)value3)
            return -EAGAIN;
        return 0;
    default:
        return -ENOSYS;
    }
}
