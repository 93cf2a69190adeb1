/* SPDX-License-Identifier: MIT
 *
 * futex(2) while there is one thread: nobody else waits, so waking finds nobody, and waiting ends
 * by the deadline or a signal handler. Waiting without either ends the machine with a report
 * (iface/wait.h). */
#include <errno.h>
#include <linux/futex.h>
#include <time.h>

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

/* FUTEX_WAKE_OP's operation on the second word: futex(2). Returns whether its comparison holds, or
 * -ENOSYS for operations that do not exist. */
static long wake_op(uint32_t *word, uint32_t code)
{
    int op = code >> 28 & 7;
    int cmp = code >> 24 & 15;
    /* Both arguments are signed and 12 bits wide. */
    int32_t op_arg = (int32_t)(code << 8) >> 20;
    int32_t cmp_arg = (int32_t)(code << 20) >> 20;
    int32_t old;

    if (code >> 28 & FUTEX_OP_OPARG_SHIFT)
        op_arg = 1 << (op_arg & 31);
    switch (op) {
    case FUTEX_OP_SET:
        old = (int32_t)__atomic_exchange_n(word, (uint32_t)op_arg, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ADD:
        old = (int32_t)__atomic_fetch_add(word, (uint32_t)op_arg, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_OR:
        old = (int32_t)__atomic_fetch_or(word, (uint32_t)op_arg, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_ANDN:
        old = (int32_t)__atomic_fetch_and(word, ~(uint32_t)op_arg, __ATOMIC_SEQ_CST);
        break;
    case FUTEX_OP_XOR:
        old = (int32_t)__atomic_fetch_xor(word, (uint32_t)op_arg, __ATOMIC_SEQ_CST);
        break;
    default:
        return -ENOSYS;
    }
    switch (cmp) {
    case FUTEX_OP_CMP_EQ:
        return old == cmp_arg;
    case FUTEX_OP_CMP_NE:
        return old != cmp_arg;
    case FUTEX_OP_CMP_LT:
        return old < cmp_arg;
    case FUTEX_OP_CMP_LE:
        return old <= cmp_arg;
    case FUTEX_OP_CMP_GT:
        return old > cmp_arg;
    case FUTEX_OP_CMP_GE:
        return old >= cmp_arg;
    default:
        return -ENOSYS;
    }
}

static bool is_word(long addr)
{
    return addr % (long)sizeof(uint32_t) == 0;
}

long pith_sys_futex(long addr, long op, long value, long timeout, long addr2, long value3)
{
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
    case FUTEX_WAKE_OP:
        if (!is_word(addr2))
            return -EINVAL;
        err = wake_op((uint32_t *)addr2, (uint32_t)value3);
        return err < 0 ? err : 0;
    default:
        return -ENOSYS;
    }
}
