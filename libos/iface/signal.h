/* SPDX-License-Identifier: MIT
 *
 * Signals, as far as whoever blocks or fails needs them. Implemented by posix/signal.c, and weak:
 * an image whose program never touches signals does not link it, and then these functions are NULL
 * and every signal takes its default action. The inline functions below know both cases. */
#ifndef PITH_IFACE_SIGNAL_H
#define PITH_IFACE_SIGNAL_H

#include <signal.h>
#include "base/base.h"
#include "iface/plat.h"

/* Hidden too: their addresses are constants of the link, whatever else is linked. */
#define SIGNAL_HOOK __attribute__((weak, visibility("hidden")))

struct cpu_context;
struct signal_entry;

/* Signals that have come and are not yet acted on. (first): one entry for each, oldest first, with
 * what it carries; a signal that found no memory for one is in (set) alone. */
struct signal_pending {
    uint64_t set; /* bit N-1 for signal N, as in all sets here */
    struct signal_entry *first;
};

/* What posix/ keeps of each thread, in struct thread. */
struct thread_signals {
    struct signal_pending pending;
    uint64_t blocked;
    uint64_t waited;     /* rt_sigtimedwait waits for these: they are not acted upon */
    uint64_t saved_mask; /* valid while (suspended) */
    bool suspended;      /* (blocked) is that of signal_mask_begin */
    bool restart;        /* what signal_restart answers */
    bool cut;            /* false there, asked for by a handler (posix/cancel.h) or
                            a wait with a time limit (net/sock) */
    stack_t alt;         /* sigaltstack; size 0: none */
};

/* Fetches what the host sent, and takes the action of every signal that is pending for the calling
 * thread and not blocked by it, which may end the machine. Handlers run on the caller's stack and
 * may leave by siglongjmp: call it where nothing is held. Returns whether a handler has run. */
SIGNAL_HOOK bool signal_deliver(void);

/* Fetches what the host sent, and tells whether a signal is pending that the calling thread does
 * not block and that is not ignored: signal_deliver will act. */
SIGNAL_HOOK bool signal_due(void);

/* Fetches what the host sent into the pending sets, and acts on nothing: for whoever must go on
 * waiting although plat_poll answers -EINTR. */
SIGNAL_HOOK void signal_collect(void);

/* Sends signal (sig), 1 to 64, to the calling thread as a fault of its call would, and acts on it
 * at the end of the call. Returns if it is caught, ignored or blocked. */
SIGNAL_HOOK void signal_raise(int sig);

/* Sends signal (sig), 1 to 64, to the process, as the kernel does: for terminals. */
SIGNAL_HOOK void signal_process(int sig);

/* Whether all handlers that the latest signal_deliver of this thread ran asked for interrupted
 * calls to be started over (SA_RESTART). */
SIGNAL_HOOK bool signal_restart(void);

/* Which signals are pending for the process, ignored, and have handlers. */
SIGNAL_HOOK void signal_tell(uint64_t *pending, uint64_t *ignored, uint64_t *caught);

/* Whether a signal of the host could still make a handler run. */
SIGNAL_HOOK bool signal_awaited(void);

/* The signal mask of a call that waits with one of its own (ppoll, pselect, sigsuspend): set (set)
 * until signal_mask_end. If a signal ended a wait in between, its handler runs in signal_mask_end,
 * before the first mask is back. */
SIGNAL_HOOK void signal_mask_begin(uint64_t set);
SIGNAL_HOOK void signal_mask_end(void);

/* For thread/upcall.c. (c) is of the calling thread, whose program it interrupted. signal_enter
 * acts on the signals that are due, so that (c) then goes on in a handler; signal_fault makes a
 * signal of the exception in (c). */
SIGNAL_HOOK void signal_enter(struct cpu_context *c);
SIGNAL_HOOK void signal_fault(struct cpu_context *c);

/* To be called where signals may act: whether a handler has run. */
static inline bool signal_check(void)
{
    return signal_deliver && signal_deliver();
}

/* What a call does whose wait ended with -EINTR, and that POSIX lets SA_RESTART start over (read,
 * write, futex ... but not poll, select, the sleeps and the waits for signals): the handlers run,
 * and true: it starts over; false: it answers -EINTR or what it has done so far. Handlers may leave
 * for good, so nothing must be held: neither references nor memory. */
static inline bool signal_restarts(void)
{
    signal_check();
    return !signal_restart || signal_restart();
}

/* What a write does that nobody will read: raises SIGPIPE, whose default action is the end of the
 * machine. Returns when the signal is caught, ignored or blocked. */
static inline void signal_raise_sigpipe(void)
{
    if (!signal_raise)
        plat_die(SIGPIPE);
    signal_raise(SIGPIPE);
}

#endif
