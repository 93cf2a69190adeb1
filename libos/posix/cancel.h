/* SPDX-License-Identifier: MIT
 *
 * What libc's pthread_cancel asks of the library OS (musl/src/thread/pthread_cancel.c). */
#ifndef PITH_POSIX_CANCEL_H
#define PITH_POSIX_CANCEL_H

/* Around a cancellation point, from before it looks for a request until after its call: nothing
 * interrupts the thread in between, so that a request that comes later finds it asleep in the call,
 * and ends that. Then signals may act. */
void cancel_hold(void);
void cancel_release(void);

/* For a signal handler: the call that it interrupts, if any, is to answer EINTR even where its
 * signal has SA_RESTART. */
void cancel_interrupt(void);

#endif
