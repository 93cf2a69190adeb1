/* SPDX-License-Identifier: MIT
 *
 * The system calls on signals. The one process is 1, and its one thread too; kill reaches nobody
 * else. */
#include <errno.h>
#include <string.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/signal.h"
#include "posix/timespec.h"

/* The flags that Linux keeps of those asked for. */
#define ACTION_FLAGS                                                                               \
    (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |             \
     SA_RESETHAND | SIGNAL_RESTORER)

/* A set of signals as the calls take it, and the only size they accept. */
#define SET_SIZE ((long)sizeof(uint64_t))

static bool is_signal(long sig)
{
    return sig >= 1 && sig <= SIGNALS;
}

long pith_sys_rt_sigaction(long sig, long act, long old, long size)
{
    HOLD;
    const struct signal_action *new_action = (const struct signal_action *)act;
    struct signal_state *s = &signal_state;

    if (size != SET_SIZE || !is_signal(sig))
        return -EINVAL;
    if (new_action && (SIGNALS_FIXED & signal_bit((int)sig)))
        return -EINVAL;
    struct signal_action *current = &s->action[sig - 1];
    struct signal_action before = *current;
    if (new_action) {
        uint64_t bit = signal_bit((int)sig);
        *current = *new_action;
        current->flags &= ACTION_FLAGS;
        current->mask &= ~SIGNALS_FIXED;
        bool is_default = current->handler == (void *)SIG_DFL;
        s->handled = is_default ? s->handled & ~bit : s->handled | bit;
        if (current->handler == (void *)SIG_IGN ||
            (is_default && signal_ignored_by_default((int)sig)))
            signal_discard((int)sig);
        signal_update_caught();
    }
    if (old)
        *(struct signal_action *)old = before;
    return 0;
}

long pith_sys_rt_sigprocmask(long how, long set, long old, long size)
{
    HOLD;
    uint64_t before = signal_state.blocked;

    if (size != SET_SIZE)
        return -EINVAL;
    if (set) {
        uint64_t change = *(const uint64_t *)set;
        switch (how) {
        case SIG_BLOCK:
            change |= before;
            break;
        case SIG_UNBLOCK:
            change = before & ~change;
            break;
        case SIG_SETMASK:
            break;
        default:
            return -EINVAL;
        }
        signal_set_mask(change);
    }
    if (old)
        *(uint64_t *)old = before;
    if (set)
        signal_deliver();
    return 0;
}

long pith_sys_rt_sigpending(long set, long size)
{
    HOLD;
    if (size < 0 || size > SET_SIZE)
        return -EINVAL;
    signal_collect();
    uint64_t pending = signal_state.pending & signal_state.blocked;
    memcpy((void *)set, &pending, (size_t)size);
    return 0;
}

/* Sleeps until a handler has run. Somebody on the host may always send a signal, if only one that
 * ends the machine: this is no deadlock. */
static long wait_for_handler(const char *what)
{
    static struct wait_queue never_woken = WAIT_QUEUE_EXTERNAL_INIT;

    while (wait_sleep(&never_woken, DEADLINE_NEVER, what) != -EINTR)
        ;
    return -EINTR;
}

long pith_sys_rt_sigsuspend(long set, long size)
{
    HOLD;
    if (size != SET_SIZE)
        return -EINVAL;
    signal_mask_begin(*(const uint64_t *)set);
    long err = wait_for_handler("sigsuspend");
    signal_mask_end();
    return err;
}

long pith_sys_pause(void)
{
    HOLD;
    return wait_for_handler("pause");
}

/* Takes a pending signal of (set), or returns 0. */
static int take_one(uint64_t set, siginfo_t *info)
{
    signal_collect();
    uint64_t ready = signal_state.pending & set;
    if (!ready)
        return 0;
    int sig = __builtin_ctzll(ready) + 1;
    signal_take(sig, info);
    return sig;
}

long pith_sys_rt_sigtimedwait(long set, long info, long timeout, long size)
{
    HOLD;
    const struct timespec *ts = (const struct timespec *)timeout;
    struct signal_state *s = &signal_state;
    nsec_t deadline = DEADLINE_NEVER;
    siginfo_t taken;

    if (size != SET_SIZE)
        return -EINVAL;
    if (ts && !timespec_valid(ts))
        return -EINVAL;
    uint64_t wanted = *(const uint64_t *)set & ~SIGNALS_FIXED;
    if (ts)
        deadline = deadline_in(timespec_ns(ts));
    for (;;) {
        int sig = take_one(wanted, &taken);
        if (sig) {
            if (info)
                *(siginfo_t *)info = taken;
            return sig;
        }
        s->waited = wanted;
        signal_update_caught();
        int err = wait_sleep(&s->arrival, deadline, "sigtimedwait");
        s->waited = 0;
        signal_update_caught();
        if (err == -EINTR)
            return -EINTR;
        if (err == -ETIMEDOUT && !(s->pending & wanted))
            return -EAGAIN;
    }
}

long pith_sys_sigaltstack(long new_stack, long old)
{
    HOLD;
    const stack_t *ss = (const stack_t *)new_stack;
    stack_t *alt = &signal_state.alt;
    bool on = signal_on_alt((uintptr_t)__builtin_frame_address(0));
    stack_t before = *alt;

    before.ss_flags |= on ? SS_ONSTACK : alt->ss_size ? 0 : SS_DISABLE;
    if (ss) {
        unsigned mode = (unsigned)ss->ss_flags & ~SIGNAL_AUTODISARM;
        if (on)
            return -EPERM;
        if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
            return -EINVAL;
        if (mode != SS_DISABLE && ss->ss_size < SIGNAL_ALT_SIZE_MIN)
            return -ENOMEM;
        *alt = mode == SS_DISABLE ? (stack_t){0} : *ss;
        alt->ss_flags = (int)((unsigned)ss->ss_flags & SIGNAL_AUTODISARM);
    }
    if (old)
        *(stack_t *)old = before;
    return 0;
}

static long send_to_self(long sig, int code)
{
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    if (sig == 0)
        return 0;
    int err = signal_send((int)sig, code);
    signal_deliver();
    return err;
}

/* The one process is its own group, and everybody: 1, 0 and -1 all name it. */
long pith_sys_kill(long pid, long sig)
{
    HOLD;
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    if (pid != 1 && pid != 0 && pid != -1)
        return -ESRCH;
    return send_to_self(sig, SI_USER);
}

long pith_sys_tkill(long tid, long sig)
{
    HOLD;
    if (tid <= 0)
        return -EINVAL;
    if (tid != 1)
        return -ESRCH;
    return send_to_self(sig, SI_TKILL);
}

long pith_sys_tgkill(long tgid, long tid, long sig)
{
    HOLD;
    if (tgid <= 0)
        return -EINVAL;
    if (tgid != 1)
        return -ESRCH;
    return pith_sys_tkill(tid, sig);
}
