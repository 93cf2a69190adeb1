/* SPDX-License-Identifier: MIT
 *
 * Signals inside the program: what signal.c (the calls), signal_pending.c (who gets them),
 * signal_deliver.c and signal_frame.c (their effect) share. Other modules use iface/signal.h. */
#ifndef PITH_POSIX_SIGNAL_H
#define PITH_POSIX_SIGNAL_H

#include <signal.h>
#include "iface/signal.h"
#include "iface/wait.h"
#include "thread/thread.h"

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

/* One signal that is pending. */
struct signal_entry {
    struct signal_entry *next;
    siginfo_t info;
    /* Called once it is not pending any more: the owner's, to reuse or free. (info) is what whoever
     * took it gets, to be completed; NULL if it was dropped. */
    void (*done)(struct signal_entry *e, siginfo_t *info);
};

/* Of the process. */
struct signal_state {
    struct signal_action action[SIGNALS]; /* of signal N at N - 1, as in all tables here */
    struct signal_pending pending;        /* sent to the process: any thread may take them */
    uint64_t handled;                     /* those with a handler or ignored by the program */
    uint64_t masked; /* those that some thread has blocked or waited for at any time */
    unsigned queued; /* entries that signal_send has made */
};
extern struct signal_state signal_state;

extern struct wait_queue signal_arrival; /* woken when one that is waited for becomes pending */
extern struct wait_queue signal_watched; /* woken when any becomes pending: signalfds */

static inline uint64_t signal_bit(int sig)
{
    return 1ull << (sig - 1);
}

/* SIGKILL and SIGSTOP: cannot be caught, blocked or ignored. */
#define SIGNALS_FIXED (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))

/* Those whose default action is to stop the process: signal(7). */
#define SIGNALS_STOP                                                                               \
    (1ull << (SIGSTOP - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) | 1ull << (SIGTTOU - 1))

/* What si_code and sender of a signal are, where there is nothing else to say. */
static inline siginfo_t signal_info(int sig, int code)
{
    siginfo_t info = {.si_signo = sig, .si_code = code};

    info.si_pid = 1;
    return info;
}

/* Makes info->si_signo pending for (t), or for the process if (t) is NULL, unless it is ignored.
 * Returns 0; -EAGAIN if too many are queued, or there is no memory for what it carries. Acts on
 * nothing: threads notice at the end of their call, or are interrupted. */
int signal_send(struct thread *t, const siginfo_t *info);

/* The same with an entry of the caller's, which is in use until e->done is called: perhaps at once.
 * Cannot fail. It is pending beside others of the same number. */
void signal_send_entry(struct thread *t, struct signal_entry *e);

/* Takes a signal of (set) that is pending for the calling thread, its own first, faults before
 * others, lower numbers before higher, and describes it in (info). Returns its number, or 0. */
int signal_take(uint64_t set, siginfo_t *info);

/* What is pending for the calling thread. */
uint64_t signal_pending_set(void);

/* Drops what is pending for (t) alone, which ends. Weak: called where threads end. */
SIGNAL_HOOK void signal_thread_end(struct thread *t);

/* Drops every pending (sig). */
void signal_discard(int sig);

/* Whether (sig) would have no effect if it were not blocked. */
bool signal_is_ignored(int sig);

/* Sets the calling thread's mask, less SIGNALS_FIXED. Newly unblocked signals wait for the end of
 * the call. */
void signal_set_mask(uint64_t set);

/* Tells the platform which signals and faults to pass on; after changes of (handled) or
 * (masked). */
void signal_update_caught(void);

/* Whether the stack pointer (sp) is on the calling thread's alternate stack. */
bool signal_on_alt(uintptr_t sp);

/* Takes the default action of (sig). Returns if it has none, or is to stop. */
void signal_default_action(int sig);

/* Whether (sig) does nothing by default. */
bool signal_ignored_by_default(int sig);

/* The action for (sig), which is to be run: with SA_RESETHAND it is the default one from now on. */
struct signal_action signal_use_action(int sig);

/* The mask while a handler of (action) for (sig) runs. */
uint64_t signal_handler_mask(int sig, const struct signal_action *action);

#endif
