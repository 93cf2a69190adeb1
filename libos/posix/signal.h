/* SPDX-License-Identifier: MIT
 *
 * Signals inside the program: what signal.c (the calls) and signal_deliver.c (their effect) share.
 * Others use iface/signal.h. There is one thread, so the mask and the pending set of the thread and
 * of the process are one. */
#ifndef PITH_POSIX_SIGNAL_H
#define PITH_POSIX_SIGNAL_H

#include <signal.h>
#include "iface/signal.h"
#include "iface/wait.h"

#define SIGNALS 64

/* struct sigaction as Linux's rt_sigaction takes it on x86-64, which differs from libc's. */
struct signal_action {
    void (*handler)(int, siginfo_t *, void *); /* or SIG_DFL, SIG_IGN */
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* Linux's, for which libc's headers have no name, or one that depends on the libc. */
#define SIGNAL_RESTORER     0x04000000ul /* of signal_action.flags */
#define SIGNAL_AUTODISARM   (1u << 31)   /* of stack_t.ss_flags */
#define SIGNAL_ALT_SIZE_MIN 2048u        /* MINSIGSTKSZ */

struct signal_state {
    struct signal_action action[SIGNALS]; /* of signal N at N - 1, as in all tables here */
    uint64_t blocked;
    uint64_t pending;
    uint64_t handled;          /* those with a handler or ignored by the program */
    uint64_t waited;           /* rt_sigtimedwait waits for these: they are not acted upon */
    uint64_t saved_mask;       /* valid while (suspended) */
    bool suspended;            /* (blocked) is that of signal_mask_begin */
    bool restart;              /* what signal_restart answers */
    uint16_t queued[SIGNALS];  /* how often it is pending: real-time signals queue up */
    int8_t code[SIGNALS];      /* si_code of the latest */
    stack_t alt;               /* sigaltstack; size 0: none */
    struct wait_queue arrival; /* woken when one of (waited) becomes pending */
};
extern struct signal_state signal_state;

static inline uint64_t signal_bit(int sig)
{
    return 1ull << (sig - 1);
}

/* SIGKILL and SIGSTOP: cannot be caught, blocked or ignored. */
#define SIGNALS_FIXED (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))

/* Makes (sig) pending with si_code (code), unless it is ignored. Returns 0; -EAGAIN if a real-time
 * signal has queued up too often. Acts on nothing: signal_deliver does. */
int signal_send(int sig, int code);

/* Takes one (sig), which is pending, off the pending set and describes it in (info). */
void signal_take(int sig, siginfo_t *info);

/* Drops every pending (sig). */
void signal_discard(int sig);

/* Sets the mask, less SIGNALS_FIXED. Newly unblocked signals wait for signal_deliver. */
void signal_set_mask(uint64_t set);

/* Tells the platform which signals to pass on; after changes of (handled), (blocked) or (waited).
 */
void signal_update_caught(void);

/* Whether the stack pointer (sp) is on the alternate stack. */
bool signal_on_alt(uintptr_t sp);

/* Whether (sig) does nothing by default. */
bool signal_ignored_by_default(int sig);

#endif
