/* SPDX-License-Identifier: MIT
 *
 * Cancellation. A request is a flag in the target's struct pthread and a signal, SIGCANCEL, that
 * interrupts what it blocks in. Cancellation points look at the flag before they call, and after a
 * call that was interrupted (syscall_arch.h). That no request falls between the look and the sleep
 * is for the library OS's blocking calls to see to: a signal that came after the call began ends it
 * with EINTR. */
#define _GNU_SOURCE
#include <string.h>
#include <ucontext.h>
#include "pthread_impl.h"
#include "pith_libc.h"

/* Acts on a request. Returns -ECANCELED to a thread whose cancellation is masked, which then is
 * disabled: what musl's own blocking functions ask for; else does not return. */
static long cancel_self(struct pthread *self)
{
    if (self->canceldisable == PTHREAD_CANCEL_ENABLE || self->cancelasync)
        pthread_exit(PTHREAD_CANCELED);
    self->canceldisable = PTHREAD_CANCEL_DISABLE;
    return -ECANCELED;
}

long __pith_cancel_begin(long n)
{
    struct pthread *self = __pthread_self();

    if (!self->cancel || self->canceldisable == PTHREAD_CANCEL_DISABLE)
        return 0;
    /* A masked request must not keep a descriptor open. */
    if (n == SYS_close && self->canceldisable != PTHREAD_CANCEL_ENABLE)
        return 0;
    return cancel_self(self);
}

long __pith_cancel_end(long n, long r)
{
    struct pthread *self = __pthread_self();

    /* close has closed even if it says EINTR: cancelling would make that look undone. */
    if (r == -EINTR && n != SYS_close && self->cancel &&
        self->canceldisable != PTHREAD_CANCEL_DISABLE)
        return cancel_self(self);
    return r;
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
    if (!self->cancel || !self->cancelasync || self->canceldisable == PTHREAD_CANCEL_DISABLE)
        return;
    /* Clean-up handlers run with the signals of the interrupted code; one request is enough. */
    mask.__bits[0] |= 1ul << (sig - 1);
    __syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, _NSIG / 8);
    cancel_self(self);
}

int pthread_cancel(pthread_t t)
{
    static volatile int ready;

    if (!ready) {
        /* No SA_RESTART: the interrupted call is to return. */
        struct sigaction sa = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_cancel};
        memset(&sa.sa_mask, -1, _NSIG / 8);
        __libc_sigaction(SIGCANCEL, &sa, 0);
        ready = 1;
    }
    a_store(&t->cancel, 1);
    if (t != __pthread_self())
        return pthread_kill(t, SIGCANCEL);
    if (t->canceldisable == PTHREAD_CANCEL_ENABLE && t->cancelasync)
        cancel_self(t);
    return 0;
}
