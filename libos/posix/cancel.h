/* SPDX-License-Identifier: MIT
 *
 * What libc's pthread_cancel asks of the library OS (musl/src/thread/pthread_cancel.c). */
#ifndef PITH_POSIX_CANCEL_H
#define PITH_POSIX_CANCEL_H

/* For a signal handler: the call that it interrupts, if any, is to answer EINTR even where its
 * signal has SA_RESTART. */
void cancel_interrupt(void);

#endif
