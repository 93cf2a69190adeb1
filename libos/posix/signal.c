/* SPDX-License-Identifier: MIT
 *
 * The system calls on signals. The one process is 1, and so is its first thread; kill reaches
 * nobody else. */
#include <errno.h>
#include <string.h>

#include "iface/hold.h"
#include "pith_calls.h"
#include "posix/clone.h"
#include "posix/signal.h"
#include "posix/timespec.h"
#include "iface/user.h"
#include "thread/sched.h"

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
    struct signal_state *s = &signal_state;

    if (size != SET_SIZE)
        return -EINVAL;
    if (act && !user_readable((void *)act, sizeof(struct signal_action)))
        return -EFAULT;
    if (!is_signal(sig))
        return -EINVAL;
    if (act && (SIGNALS_FIXED & signal_bit((int)sig)))
        return -EINVAL;
    struct signal_action *current = &s->action[sig - 1];
    struct signal_action before = *current;
    if (act) {
        uint64_t bit = signal_bit((int)sig);
        *current = *(const struct signal_action *)act;
        current->flags &= ACTION_FLAGS;
        current->mask &= ~SIGNALS_FIXED;
        bool is_default = current->handler == (void *)SIG_DFL;
        s->handled = is_default ? s->handled & ~bit : s->handled | bit;
        if (signal_is_ignored((int)sig))
            signal_discard((int)sig);
        signal_update_caught();
    }
    if (old) {
        if (!user_writable((void *)old, sizeof(before)))
            return -EFAULT;
        *(struct signal_action *)old = before;
    }
    return 0;
}

long pith_sys_rt_sigprocmask(long how, long set, long old, long size)
{
    HOLD;
    uint64_t before = thread_self->signals.blocked;

    if (size != SET_SIZE)
        return -EINVAL;
    if (set) {
        if (!user_readable((void *)set, SET_SIZE))
            return -EFAULT;
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
    if (old) {
        if (!user_writable((void *)old, SET_SIZE))
            return -EFAULT;
        *(uint64_t *)old = before;
    }
    return 0;
}

long pith_sys_rt_sigpending(long set, long size)
{
    HOLD;
    if (size < 0 || size > SET_SIZE)
        return -EINVAL;
    if (!user_writable((void *)set, (size_t)size))
        return -EFAULT;
    signal_collect();
    uint64_t pending = signal_pending_set() & thread_self->signals.blocked;
    memcpy((void *)set, &pending, (size_t)size);
    return 0;
}

/* Sleeps until a handler is to run. Somebody on the host may always send a signal, if only one that
 * ends the machine: this is no deadlock. */
static long wait_for_handler(const char *what)
{
    static struct wait_queue never_woken = WAIT_QUEUE_EXTERNAL_INIT;

    do {
        while (wait_sleep(&never_woken, DEADLINE_NEVER, what) != -EINTR)
            ;
        /* Another thread may have taken it meanwhile. */
    } while (!signal_deliver());
    return -EINTR;
}

long pith_sys_rt_sigsuspend(long set, long size)
{
    HOLD;
    if (size != SET_SIZE)
        return -EINVAL;
    if (!user_readable((void *)set, SET_SIZE))
        return -EFAULT;
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

/* The siginfo_t of a taken signal, for a program that wants it. */
static long put_info(long info, const siginfo_t *taken)
{
    if (!info)
        return 0;
    if (!user_writable((void *)info, sizeof(*taken)))
        return -EFAULT;
    *(siginfo_t *)info = *taken;
    return 0;
}

long pith_sys_rt_sigtimedwait(long set, long info, long timeout, long size)
{
    HOLD;
    const struct timespec *ts = (const struct timespec *)timeout;
    struct thread_signals *s = &thread_self->signals;
    nsec_t deadline = DEADLINE_NEVER;
    siginfo_t taken;

    if (size != SET_SIZE)
        return -EINVAL;
    if (!user_readable((void *)set, SET_SIZE) || (ts && !user_readable(ts, sizeof(*ts))))
        return -EFAULT;
    if (ts && !timespec_valid(ts))
        return -EINVAL;
    uint64_t wanted = *(const uint64_t *)set & ~SIGNALS_FIXED;
    if (ts)
        deadline = deadline_in(timespec_ns(ts));
    signal_state.masked |= wanted;
    signal_update_caught();
    for (;;) {
        signal_collect();
        int sig = signal_take(wanted, &taken);
        if (sig) {
            long err = put_info(info, &taken);
            return err ? err : sig;
        }
        s->waited = wanted;
        int err = wait_sleep(&signal_arrival, deadline, "sigtimedwait");
        s->waited = 0;
        if (signal_pending_set() & wanted)
            continue;
        if (err == -EINTR)
            return -EINTR;
        if (err == -ETIMEDOUT)
            return -EAGAIN;
    }
}

long pith_sys_sigaltstack(long new_stack, long old)
{
    HOLD;
    const stack_t *ss = (const stack_t *)new_stack;
    stack_t *alt = &thread_self->signals.alt;
    bool on = signal_on_alt((uintptr_t)__builtin_frame_address(0));
    stack_t before = *alt;

    before.ss_flags |= on ? SS_ONSTACK : alt->ss_size ? 0 : SS_DISABLE;
    if (ss) {
        if (!user_readable(ss, sizeof(*ss)))
            return -EFAULT;
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
    if (old) {
        if (!user_writable((void *)old, sizeof(before)))
            return -EFAULT;
        *(stack_t *)old = before;
    }
    return 0;
}

/* Sends to the thread (tid), or to the process for 0. */
static long send_to(long tid, const siginfo_t *info)
{
    struct thread *t = NULL;

    if (tid == 1 && !sched_find)
        t = &thread_main;
    else if (tid && sched_find)
        t = sched_find((int)tid);
    if (tid && !t)
        return -ESRCH;
    return info->si_signo ? signal_send(t, info) : 0;
}

/* The one process is its own group, and everybody: 1, 0 and -1 all name it, and so does each thread. */
long pith_sys_kill(long pid, long sig)
{
    HOLD;
    if ((int)pid != 0 && (int)pid != -1 && !thread_exists(pid))
        return -ESRCH;
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    siginfo_t info = signal_info((int)sig, SI_USER);
    return send_to(0, &info);
}

long pith_sys_tkill(long tid, long sig)
{
    HOLD;
    if (tid <= 0 || sig < 0 || sig > SIGNALS)
        return -EINVAL;
    siginfo_t info = signal_info((int)sig, SI_TKILL);
    return send_to(tid, &info);
}

long pith_sys_tgkill(long tgid, long tid, long sig)
{
    HOLD;
    if (tgid <= 0)
        return -EINVAL;
    if (tgid != 1)
        return tid <= 0 || sig < 0 || sig > SIGNALS ? -EINVAL : -ESRCH;
    return pith_sys_tkill(tid, sig);
}

/* The program says all of siginfo_t itself, but to another process it cannot claim to be the
 * kernel. (tid) 0: to the process. */
static long queue_info(long pid, long tid, long sig, long uinfo)
{
    if (!user_readable((void *)uinfo, sizeof(siginfo_t)))
        return -EFAULT;
    siginfo_t info = *(const siginfo_t *)uinfo;
    if (pid != 1)
        return info.si_code >= 0 || info.si_code == SI_TKILL ? -EPERM : -ESRCH;
    if (sig < 0 || sig > SIGNALS)
        return -EINVAL;
    info.si_signo = (int)sig;
    return send_to(tid, &info);
}

long pith_sys_rt_sigqueueinfo(long pid, long sig, long uinfo)
{
    HOLD;
    return queue_info(pid, 0, sig, uinfo);
}

long pith_sys_rt_tgsigqueueinfo(long tgid, long tid, long sig, long uinfo)
{
    HOLD;
    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    return queue_info(tgid, tid, sig, uinfo);
}
