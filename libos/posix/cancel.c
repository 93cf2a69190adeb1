/* SPDX-License-Identifier: MIT
 *
 * Cancellation: see cancel.h. */
#include "posix/cancel.h"

#include "thread/thread.h"

void cancel_interrupt(void)
{
    thread_self->signals.cut = true;
}
