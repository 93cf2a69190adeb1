/* SPDX-License-Identifier: MIT
 *
 * Cancellation. A request is a flag in the target's struct pthread and a signal, SIGCANCEL, that
 * ends what it blocks in. Cancellation points look at the flag before they call, and after a call
 * that was interrupted (syscall_arch.h). From before the look until the call has come back the
 * thread is held in the library OS, so no request falls between the look and the sleep: the signal
 * is pending when the call is about to sleep, and it does not. */
#define _GNU_SOURCE
#include <string.h>
#include <ucontext.h>
#include "pthread_impl.h"
#include "pith_libc.h"

/* libos/posix/cancel.h */
void cancel_interrupt(void);

/* How many cancellation points deep a thread is: there is more than one when a handler makes calls.
 * musl keeps something else here on other machines. One that was left by longjmp counts on, and
 * then a request may end a call with EINTR that it should have left alone. */
#define depth sysinfo

/* Acts on a request. Returns -ECANCELED to a thread whose cancellation is masked, which then is
 * disabled: what musl's own blocking functions ask for; else does not return. */
static long cancel_self(struct pthread *self)
{
    if (self->canceldisable == PTHREAD_CANCEL_ENABLE || self->cancelasync)
        pthread_exit(PTHREAD_CANCELED);
    self->canceldisable = PTHREAD_CANCEL_DISABLE;
    return -ECANCELED;
}

/* Both for calls while a request is there, which are rare: apart, so that all others cost little. */
static __attribute__((noinline, cold)) long begin_requested(struct pthread *self, long n)
{
    /* A masked request must not keep a descriptor open. */
    bool masked = self->canceldisable != PTHREAD_CANCEL_ENABLE;

    if (self->canceldisable == PTHREAD_CANCEL_DISABLE || (n == SYS_close && masked))
        return 0;
    self->depth--;
    thread_release();
    return cancel_self(self);
}

static __attribute__((noinline, cold)) long end_interrupted(long n)
{
    struct pthread *self = __pthread_self();

    /* close has closed even if it says EINTR: cancelling would make that look undone. */
    if (n != SYS_close && self->cancel && self->canceldisable != PTHREAD_CANCEL_DISABLE)
        return cancel_self(self);
    return -EINTR;
}

long __pith_cancel_begin(long n)
{
    struct pthread *self = __pthread_self();

    thread_hold();
    self->depth++;
    return self->cancel ? begin_requested(self, n) : 0;
}

long __pith_cancel_end(long n, long r)
{
    __pthread_self()->depth--;
    thread_release();
    return r == -EINTR ? end_interrupted(n) : r;
}

void __testcancel(void)
{
    struct pthread *self = __pthread_self();

    if (self->cancel && self->canceldisable == PTHREAD_CANCEL_ENABLE)
        cancel_self(self);
}

static void on_cancel(int sig, siginfo_t *info, void *context)
{
    struct pthread *self = __pthread_self();
    sigset_t mask = ((ucontext_t *)context)->uc_sigmask;

    (void)info;
    if (!self->cancel || self->canceldisable == PTHREAD_CANCEL_DISABLE)
        return;
    if (!self->cancelasync) {
        if (self->depth)
            cancel_interrupt();
        return;
    }
    /* Clean-up handlers run with the signals of the interrupted code; one request is enough. */
    mask.__bits[0] |= 1ul << (sig - 1);
    __syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, _NSIG / 8);
    cancel_self(self);
}

int pthread_cancel(pthread_t t)
{
    static volatile int ready;

    if (!ready) {
        /* Calls that are no cancellation points start over. */
        struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
                               .sa_sigaction = on_cancel};
        memset(&sa.sa_mask, -1, _NSIG / 8);
        __libc_sigaction(SIGCANCEL, &sa, 0);
        ready = 1;
    }
    a_store(&t->cancel, 1);
    /* A thread that has it disabled looks once it is enabled; its calls are left alone. */
    if (t != __pthread_self())
        return t->canceldisable == PTHREAD_CANCEL_DISABLE ? 0 : pthread_kill(t, SIGCANCEL);
    if (t->canceldisable == PTHREAD_CANCEL_ENABLE && t->cancelasync)
        cancel_self(t);
    return 0;
}
