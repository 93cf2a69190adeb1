/* SPDX-License-Identifier: MIT
 *
 * Cancellation: see cancel.h. */
#include "posix/cancel.h"

#include "iface/hold.h"
#include "thread/thread.h"

void cancel_hold(void)
{
    hold_begin();
}

void cancel_release(void)
{
    hold_end(NULL);
}

void cancel_interrupt(void)
{
    thread_self->signals.cut = true;
}
