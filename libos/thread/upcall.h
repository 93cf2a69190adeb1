/* SPDX-License-Identifier: MIT
 *
 * Being interrupted: by the platform's ticks, for signals, and by faults of the program. */
#ifndef PITH_THREAD_UPCALL_H
#define PITH_THREAD_UPCALL_H

#include "arch/context.h"
#include "base/base.h"

/* The exceptions that signal_fault (posix/) takes: c->vector. */
#define UPCALL_NO_FAULT 256u

#endif
