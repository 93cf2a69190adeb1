/* SPDX-License-Identifier: MIT
 *
 * The library OS runs to completion: while a thread is inside a system call no other thread runs
 * and no signal handler interrupts it, except where it sleeps (iface/wait.h). (plat_hold) says that
 * somebody is inside; the platform looks at it before it interrupts (abi/upcall.h), and leaves a
 * note where it would have. Every system call that touches state that is shared, or that the
 * program can make in two threads at once, starts with HOLD.
 *
 * Each thread has its own value: it is saved and set when threads are switched. */
#ifndef PITH_IFACE_HOLD_H
#define PITH_IFACE_HOLD_H

#include "base/base.h"

/* How many calls deep the thread is in the library OS, and HOLD_TICK, HOLD_SIGNAL. */
extern uint32_t plat_hold;

#define HOLD_TICK   0x80000000u /* set by the platform: it is another thread's turn */
#define HOLD_SIGNAL 0x40000000u /* set by posix/: a signal for this thread has come meanwhile */
#define HOLD_DEPTH  0x3fffffffu

/* Does what the notes ask for. Called with a depth of 0 and a note set; returns so without one, or
 * does not return. Implemented by thread/, linked with whatever can make the platform interrupt. */
__attribute__((weak, visibility("hidden"))) void hold_work(void);

/* Makes the platform interrupt from now on; again: nothing. Called by whatever has work while the
 * program computes: other threads, signals, packets that are to leave. Implemented by thread/. */
void upcall_start(void);

static inline int hold_begin(void)
{
    plat_hold++;
    __asm__ volatile("" : : : "memory");
    return 0;
}

static inline void hold_end(const int *unused)
{
    (void)unused;
    __asm__ volatile("" : : : "memory");
    if (unlikely((--plat_hold & ~(HOLD_TICK | HOLD_SIGNAL)) == 0 && plat_hold != 0) && hold_work)
        hold_work();
}

/* First among a function's declarations: held until it returns. */
#define HOLD const int held_ __attribute__((cleanup(hold_end), unused)) = hold_begin()

#endif
